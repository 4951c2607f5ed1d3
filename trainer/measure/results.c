#include "trainer/measure/results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct adv_mean adv_mean_of(size_t n, const double *values)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return (struct adv_mean){mean, n > 1 ? sqrt(squares / (double)(n - 1) / (double)n) : NAN};
}

struct adv_mean adv_mean_of_finite(size_t n, const double *values, size_t *n_finite)
{
    double sum = 0, squares = 0;
    *n_finite = 0;
    for (size_t i = 0; i < n; i++) {
        sum += isfinite(values[i]) ? values[i] : 0;
        *n_finite += isfinite(values[i]) != 0;
    }
    double count = (double)*n_finite, mean = sum / count;
    for (size_t i = 0; i < n; i++)
        squares += isfinite(values[i]) ? (values[i] - mean) * (values[i] - mean) : 0;
    return (struct adv_mean){mean, count > 1 ? sqrt(squares / (count - 1) / count) : NAN};
}

static void add(struct adv_results *results, struct adv_result result)
{
    if (results->n < ADV_RESULTS_MAX)
        results->items[results->n++] = result;
}

void adv_results_add(struct adv_results *results, const char *key, const char *meaning,
                     double value)
{
    add(results, (struct adv_result){.key = key, .meaning = meaning, .value = value});
}

void adv_results_add_count(struct adv_results *results, const char *key, const char *meaning,
                           size_t count)
{
    add(results, (struct adv_result){
                     .key = key, .meaning = meaning, .value = (double)count, .is_count = true});
}

void adv_results_add_note(struct adv_results *results, const char *meaning, const char *note)
{
    add(results, (struct adv_result){.meaning = meaning, .note = note});
}

void adv_results_print(const struct adv_results *results)
{
    int width = 0;
    for (size_t i = 0; i < results->n; i++) {
        const char *meaning = results->items[i].meaning;
        int length = meaning ? (int)strlen(meaning) : 0;
        width = length > width ? length : width;
    }
    for (size_t i = 0; i < results->n; i++) {
        const struct adv_result *result = &results->items[i];
        if (!result->meaning)
            continue;
        if (result->note)
            printf("%-*s  %s\n", width, result->meaning, result->note);
        else
            printf("%-*s  %.*f\n", width, result->meaning, result->is_count ? 0 : 4, result->value);
    }
}

json_t *adv_results_to_json(const struct adv_results *results)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < results->n; i++) {
        const struct adv_result *result = &results->items[i];
        if (result->note)
            continue;
        json_t *value = result->is_count          ? json_integer((json_int_t)result->value)
                        : isfinite(result->value) ? json_real(result->value)
                                                  : json_null();
        if (json_object_set_new(object, result->key, value)) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

double adv_probe_error(size_t n, const double *standard_error)
{
    double square = 0;
    for (size_t i = 0; standard_error && i < n; i++)
        square += standard_error[i] * standard_error[i];
    return standard_error ? sqrt(square) / (double)n : NAN;
}

enum adv_status adv_results_add_table(struct adv_results *results, const char *name, json_t *rows,
                                      struct adv_error *error)
{
    if (!results->tables)
        results->tables = json_object();
    if (json_object_set_new(results->tables, name, rows) == 0) /* lets go of rows on failure, too */
        return ADV_OK;
    return adv_no_memory(error);
}

void adv_results_release(struct adv_results *results)
{
    json_decref(results->tables);
    json_decref(results->typicality);
    free(results->plotted.log_density);
    free(results->plotted.truth);
    free(results->plotted.baselines);
    free(results->plotted.mode_shares);
    free(results->plotted.mode_errors);
    *results = (struct adv_results){0};
}
