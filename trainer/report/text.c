/* The report on a terminal. */
#include "trainer/cli/table.h"
#include "trainer/report/report.h"

#include <math.h>
#include <stdio.h>

static double number_of(const json_t *object, const char *key)
{
    const json_t *member = json_object_get(object, key);
    return json_is_number(member) ? json_number_value(member) : NAN;
}

static void print_nll(const json_t *nll, const char *name, const char *key)
{
    const json_t *of = json_object_get(nll, key);
    printf("  %-28s %10.4f +- %.4f\n", name, number_of(of, "mean"),
           number_of(of, "standard_error"));
}

static void print_gain(const json_t *gain)
{
    double mean = number_of(gain, "mean"), error = number_of(gain, "standard_error");
    const char *over = json_string_value(json_object_get(gain, "over"));
    const char *verdict = mean > 2 * error    ? "better than the"
                          : mean < -2 * error ? "worse than the"
                                              : "not clearly different from the";
    printf("  the model is %s %s: %+.4f +- %.4f nats a row\n", verdict, over, mean, error);
}

/* The members of a column's two objects beside its own, for the table. */
static json_t *flat_column(const json_t *column)
{
    json_t *data = json_object_get(column, "data"), *samples = json_object_get(column, "samples");
    return json_pack(
        "{s:O, s:O, s:O, s:O, s:O, s:O, s:O}", "name", json_object_get(column, "name"), "data_mean",
        json_object_get(data, "mean"), "data_sd", json_object_get(data, "standard_deviation"),
        "mean", json_object_get(samples, "mean"), "sd",
        json_object_get(samples, "standard_deviation"), "ks",
        json_object_get(column, "ks_distance"), "p", json_object_get(column, "p_value"));
}

static void print_columns(const json_t *report)
{
    static const struct adv_column shown[] = {
        {"name", "column", 0},     {"data_mean", "mean", 4}, {"data_sd", "std. dev.", 4},
        {"mean", "of samples", 4}, {"sd", "std. dev.", 4},   {"ks", "KS distance", 3},
        {"p", "p-value", 3},
    };
    json_t *rows = json_array(), *column;
    size_t i;
    json_array_foreach(json_object_get(report, "columns"), i, column)
    {
        json_array_append_new(rows, flat_column(column));
    }
    adv_table_print(shown, sizeof shown / sizeof *shown, rows);
    json_decref(rows);
}

void adv_report_print(const json_t *report)
{
    const json_t *nll = json_object_get(report, "held_out_nll");
    const json_t *classifier = json_object_get(report, "classifier");
    printf("negative log-density of %lld held-out rows, in nats a row\n",
           (long long)json_integer_value(json_object_get(nll, "rows")));
    char mixture[48];
    snprintf(mixture, sizeof mixture, "mixture of %lld Gaussians",
             (long long)json_integer_value(
                 json_object_get(json_object_get(nll, "mixture"), "components")));
    print_nll(nll, "model", "model");
    print_nll(nll, "Gaussian", "gaussian");
    print_nll(nll, mixture, "mixture");
    print_gain(json_object_get(nll, "gain"));
    printf("\nsamples beside %s\n", json_string_value(json_object_get(report, "compared_with")));
    print_columns(report);
    if (json_is_object(classifier))
        printf("\na classifier tells samples from data with accuracy %.3f +- %.3f (0.5: not at "
               "all)\n",
               number_of(classifier, "accuracy"), number_of(classifier, "standard_error"));
}
