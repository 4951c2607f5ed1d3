/* The report on a terminal. */
#include "trainer/cli/table.h"
#include "trainer/report/report.h"

#include <advect/extra/memory.h>

#include <math.h>
#include <stdio.h>

double adv_report_number(const json_t *object, const char *key)
{
    const json_t *member = json_object_get(object, key);
    return json_is_number(member) ? json_number_value(member) : NAN;
}

const char *adv_report_verdict(const json_t *gain)
{
    double mean = adv_report_number(gain, "mean"),
           error = adv_report_number(gain, "standard_error");
    return mean > 2 * error ? "better than" : mean < -2 * error ? "worse than" : "about as good as";
}

static void print_nll(const json_t *of, const char *name)
{
    printf("  %-30s %10.4f +- %.4f", name, adv_report_number(of, "mean"),
           adv_report_number(of, "standard_error"));
    const json_t *gain = json_object_get(of, "gain");
    if (gain)
        printf("   the model is %s it: %+.4f +- %.4f", adv_report_verdict(gain),
               adv_report_number(gain, "mean"), adv_report_number(gain, "standard_error"));
    putchar('\n');
}

struct adv_report_name adv_report_baseline(const json_t *nll, const char *baseline)
{
    struct adv_report_name name;
    bool given = json_is_true(json_object_get(nll, "given_context"));
    long long n = (long long)json_integer_value(
        json_object_get(json_object_get(nll, baseline), "components"));
    if (n > 1)
        snprintf(name.text, sizeof name.text, "%s of %lld Gaussians",
                 given ? "regression" : "mixture", n);
    else
        snprintf(name.text, sizeof name.text, "%s", given ? "linear regression" : "Gaussian");
    return name;
}

void adv_report_print_densities(const json_t *nll)
{
    static const char *const baselines[] = {"gaussian", "mixture"};
    print_nll(json_object_get(nll, "model"), "this model");
    for (size_t i = 0; i < ADV_COUNT(baselines); i++) {
        const json_t *of = json_object_get(nll, baselines[i]);
        char name[96];
        if (!of || (i > 0 && json_integer_value(json_object_get(of, "components")) < 2))
            continue;
        snprintf(name, sizeof name, "a %s", adv_report_baseline(nll, baselines[i]).text);
        print_nll(of, name);
    }
}

void adv_report_warn(const json_t *report, const char *command)
{
    const json_t *nll = json_object_get(report, "held_out_nll");
    const json_t *gaussian = json_object_get(nll, "gaussian");
    const json_t *gain = json_object_get(gaussian, "gain");
    if (!(adv_report_number(gain, "mean") > 2 * adv_report_number(gain, "standard_error")))
        fprintf(stderr,
                "advect %s: warning: a %s does about as well on the held-out rows (%.4f nats "
                "a row, the model %.4f)\n",
                command, adv_report_baseline(nll, "gaussian").text,
                adv_report_number(gaussian, "mean"),
                adv_report_number(gaussian, "mean") - adv_report_number(gain, "mean"));
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

void adv_report_print_columns(const json_t *columns)
{
    static const struct adv_column shown[] = {
        {"name", "column", 0},     {"data_mean", "mean", 4}, {"data_sd", "std. dev.", 4},
        {"mean", "of samples", 4}, {"sd", "std. dev.", 4},   {"ks", "KS distance", 3},
        {"p", "p-value", 3},
    };
    json_t *rows = json_array(), *column;
    size_t i;
    json_array_foreach((json_t *)columns, i, column)
    {
        json_array_append_new(rows, flat_column(column));
    }
    adv_table_print(shown, sizeof shown / sizeof *shown, rows);
    json_decref(rows);
}

void adv_report_print(const json_t *report)
{
    const json_t *classifier = json_object_get(report, "classifier");
    const json_t *nll = json_object_get(report, "held_out_nll");
    printf(
        "negative log-density of %lld held-out rows, nats a row (they also chose the weights and "
        "the mixture)\n",
        (long long)json_integer_value(json_object_get(nll, "rows")));
    adv_report_print_densities(nll);
    printf("\nsamples beside %s\n", json_string_value(json_object_get(report, "compared_with")));
    adv_report_print_columns(json_object_get(report, "columns"));
    if (json_is_object(classifier))
        printf("\na classifier tells samples from data with accuracy %.3f +- %.3f (0.5 or less: "
               "not at "
               "all)\n",
               adv_report_number(classifier, "accuracy"),
               adv_report_number(classifier, "standard_error"));
}
