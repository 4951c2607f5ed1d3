#include "trainer/report/report.h"

#include "trainer/cli/table.h"
#include "trainer/report/two_sample.h"

#include <advect/extra/memory.h>
#include <advect/extra/plot.h>
#include <advect/extra/words.h>
#include <advect/query.h>

#include <stdlib.h>
#include <string.h>

#define NLL_ROWS_MAX ((size_t)2000) /* whose mean is then known to some hundredths of a nat */
#define SAMPLES ((size_t)2000)
#define HELD_OUT_ENOUGH ((size_t)200) /* to be compared with; else all rows are */
#define NAME_BYTES ((size_t)128)
#define COMPARED_ROWS_MAX ((size_t)10000)

/* ---------------------------------------------------------------- log-densities */

static enum adv_status run_query(const struct adv_report_subject *s, const struct adv_query *query,
                                 struct adv_run **run, const struct adv_answer **answer,
                                 struct adv_error *error)
{
    struct adv_run_options options = {
        .size = sizeof options, .pool = s->pool, .cancelled = s->cancelled};
    enum adv_status status = adv_run_new(s->model, query, run, error);
    return status == ADV_OK ? adv_run_all(*run, &options, answer, error) : status;
}

/* Of samples as of the densities that the report tells. */
static double density_guidance(const struct adv_model *model)
{
    const struct adv_query density = adv_query_default(ADV_QUERY_LOG_DENSITY);
    return adv_query_default_guidance(&density, model);
}

static enum adv_status model_nll(const struct adv_report_subject *s,
                                 const struct adv_report_points *points, double *nll,
                                 struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    const struct adv_answer *answer = NULL;
    struct adv_run *run = NULL;
    query.guidance = density_guidance(s->model);
    query.n = points->n;
    query.points = points->x;
    query.divergence_method = ADV_DIVERGENCE_EXACT;
    query.labels = s->dataset->classes ? points->labels : NULL;
    query.context = s->dataset->n_context ? points->contexts : NULL;
    query.n_contexts = points->n;
    enum adv_status status = run_query(s, &query, &run, &answer, error);
    for (size_t i = 0; status == ADV_OK && i < points->n; i++)
        nll[i] = -answer->log_density[i];
    adv_run_free(run);
    return status;
}

static enum adv_status add_densities(const struct adv_report_subject *s, json_t *report,
                                     struct adv_error *error)
{
    struct adv_report_points held_out = {0};
    json_t *json = NULL;
    enum adv_status status =
        adv_report_points_take(s->dataset, ADV_SPLIT_HELD_OUT, NLL_ROWS_MAX, &held_out, error);
    double *nll = status == ADV_OK ? calloc(held_out.n ? held_out.n : 1, sizeof *nll) : NULL;
    if (status == ADV_OK && !nll)
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = model_nll(s, &held_out, nll, error);
    if (status == ADV_OK)
        status = adv_report_densities(s->dataset, &held_out, nll, NULL, &json, error);
    if (status == ADV_OK && json_object_set_new(report, "held_out_nll", json))
        status = adv_no_memory(error);
    adv_report_points_release(&held_out);
    free(nll);
    return status;
}

/* ---------------------------------------------------------------- samples beside data */

/* Classes and contexts as the data have them. */
static enum adv_status draw_samples(const struct adv_report_subject *s,
                                    struct adv_report_points *samples, struct adv_error *error)
{
    const struct adv_dataset *d = s->dataset;
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    const struct adv_answer *answer = NULL;
    struct adv_run *run = NULL;
    enum adv_status status = adv_report_points_init(samples, SAMPLES, d, error);
    if (status == ADV_OK)
        status = adv_dataset_conditions(d, SAMPLES, samples->labels, samples->contexts, error);
    query.n = query.n_contexts = SAMPLES;
    query.guidance = density_guidance(s->model);
    query.seed = s->seed;
    query.labels = d->classes ? samples->labels : NULL;
    query.context = d->n_context ? samples->contexts : NULL;
    if (status == ADV_OK)
        status = run_query(s, &query, &run, &answer, error);
    if (status == ADV_OK)
        memcpy(samples->x, answer->states, SAMPLES * d->dim * sizeof *samples->x);
    adv_run_free(run);
    return status;
}

/* As JSON and pictures can have it: UTF-8 without control characters, cut between characters. */
static void name_column(const struct adv_dataset *d, size_t column, char name[NAME_BYTES])
{
    const char *own = adv_dataset_column(d, column);
    if (!own || !*own || !adv_is_utf8(own, strlen(own))) {
        snprintf(name, NAME_BYTES, "x%zu", column + 1);
        return;
    }
    snprintf(name, NAME_BYTES, "%s", own);
    for (size_t n = strlen(name); !adv_is_utf8(name, n); n--)
        name[n - 1] = '\0';
    for (char *at = name; *at; at++)
        *at = (unsigned char)*at < ' ' || *at == 127 ? '?' : *at;
}

static json_t *moments_json(struct adv_moments moments)
{
    return json_pack("{s:o, s:o}", "mean", adv_table_number(moments.mean), "standard_deviation",
                     adv_table_number(moments.standard_deviation));
}

enum adv_status adv_report_columns(const struct adv_dataset *d, const struct adv_rows *data,
                                   const struct adv_rows *samples, json_t **out,
                                   struct adv_error *error)
{
    json_t *columns = json_array();
    enum adv_status status = columns ? ADV_OK : adv_no_memory(error);
    for (size_t i = 0; i < d->dim && status == ADV_OK; i++) {
        struct adv_column_test test;
        char name[NAME_BYTES];
        name_column(d, i, name);
        status = adv_column_test(data, samples, i, &test, error);
        if (status == ADV_OK &&
            json_array_append_new(columns,
                                  json_pack("{s:s, s:o, s:o, s:f, s:f}", "name", name, "data",
                                            moments_json(test.a), "samples", moments_json(test.b),
                                            "ks_distance", test.distance, "p_value", test.p_value)))
            status = adv_no_memory(error);
    }
    if (status == ADV_OK)
        *out = columns;
    else
        json_decref(columns);
    return status;
}

static enum adv_status add_columns(const struct adv_dataset *d, const struct adv_rows *data,
                                   const struct adv_rows *samples, json_t *report,
                                   struct adv_error *error)
{
    json_t *columns = NULL;
    enum adv_status status = adv_report_columns(d, data, samples, &columns, error);
    if (status == ADV_OK && json_object_set_new(report, "columns", columns))
        status = adv_no_memory(error);
    return status;
}

static enum adv_status add_classifier(const struct adv_rows *data, const struct adv_rows *samples,
                                      uint64_t seed, json_t *report, struct adv_error *error)
{
    struct adv_classifier_test test;
    struct adv_error why = ADV_ERROR_INIT;
    json_t *json = NULL;
    enum adv_status status = adv_classifier_test(data, samples, seed, &test, &why);
    if (status == ADV_OK)
        json = json_pack("{s:f, s:f, s:I}", "accuracy", test.accuracy, "standard_error",
                         test.standard_error, "rows", (json_int_t)test.n_rows);
    else if (status == ADV_E_INVALID)
        json = json_null();
    else
        return adv_fail(error, status, "%s", why.message);
    return json_object_set_new(report, "classifier", json) ? adv_no_memory(error) : ADV_OK;
}

/* The first columns of rows, as many as a pair plot shows, into out. */
static void first_columns(const struct adv_rows *rows, size_t dim, float *out)
{
    for (size_t i = 0; i < rows->n; i++)
        memcpy(out + i * dim, rows->x + i * rows->dim, dim * sizeof *out);
}

static enum adv_status draw_pairs(const struct adv_dataset *d, const struct adv_rows *data,
                                  const struct adv_rows *samples, const char *data_label,
                                  struct adv_image *picture, struct adv_error *error)
{
    size_t dim = d->dim < ADV_PAIRS_DIM_MAX ? d->dim : ADV_PAIRS_DIM_MAX;
    char names[ADV_PAIRS_DIM_MAX][NAME_BYTES];
    const char *pointers[ADV_PAIRS_DIM_MAX];
    float *x = calloc(data->n, dim * sizeof *x), *y = calloc(samples->n, dim * sizeof *y);
    enum adv_status status = x && y ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK) {
        first_columns(data, dim, x);
        first_columns(samples, dim, y);
        for (size_t i = 0; i < dim; i++) {
            name_column(d, i, names[i]);
            pointers[i] = names[i];
        }
        struct adv_point_set sets[] = {{data->n, x, data_label}, {samples->n, y, "samples"}};
        struct adv_pairs pairs = {.dim = dim, .names = pointers, .n_sets = 2, .sets = sets};
        status = adv_pairs_render(&pairs, picture, error);
    }
    free(x);
    free(y);
    return status;
}

static enum adv_status add_samples(const struct adv_report_subject *s, json_t *report,
                                   struct adv_image *picture, struct adv_error *error)
{
    const struct adv_dataset *d = s->dataset;
    bool held_out = adv_dataset_rows(d, ADV_SPLIT_HELD_OUT) >= HELD_OUT_ENOUGH;
    const char *what = held_out ? "held-out rows" : "all rows";
    struct adv_report_points data = {0}, samples = {0};
    enum adv_status status = adv_report_points_take(
        d, held_out ? ADV_SPLIT_HELD_OUT : ADV_SPLIT_TEST, COMPARED_ROWS_MAX, &data, error);
    if (status == ADV_OK)
        status = draw_samples(s, &samples, error);
    struct adv_rows a = {data.n, d->dim, data.x}, b = {samples.n, d->dim, samples.x};
    if (status == ADV_OK && json_object_set_new(report, "compared_with", json_string(what)))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = add_columns(d, &a, &b, report, error);
    if (status == ADV_OK)
        status = add_classifier(&a, &b, s->seed, report, error);
    if (status == ADV_OK)
        status = draw_pairs(d, &a, &b, what, picture, error);
    adv_report_points_release(&data);
    adv_report_points_release(&samples);
    return status;
}

enum adv_status adv_report_make(const struct adv_report_subject *s, json_t **out,
                                struct adv_image *picture, struct adv_error *error)
{
    json_t *report =
        json_pack("{s:{s:I, s:I}}", "rows", "train",
                  (json_int_t)adv_dataset_rows(s->dataset, ADV_SPLIT_TRAIN), "held_out",
                  (json_int_t)adv_dataset_rows(s->dataset, ADV_SPLIT_HELD_OUT));
    enum adv_status status = report ? add_densities(s, report, error) : adv_no_memory(error);
    if (status == ADV_OK)
        status = add_samples(s, report, picture, error);
    if (status == ADV_OK)
        *out = report;
    else
        json_decref(report);
    return status;
}
