/* How far a student is from its teacher: its log-densities of 1, 2, 4 and 8 steps on the teacher's
 * samples against the teacher's exact ones, and how well it finds back to a point that it encoded. */
#include "core/base/mem.h"
#include "core/train/distill/distill.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 4000
#define ROWS_BRIEF 200 /* of a training that has hardly begun */
#define BRIEF_STEPS 100
#define GROUPS 4 /* of equal size, by the teacher's log-density */
#define SEED 20  /* of samples that no path of the training starts from: a stream of its own */

/* Samples of the teacher with its log-densities, and their order by these. */
struct judged {
    size_t n, dim;
    float *x;
    int32_t *labels;
    double *log_density;
    size_t *order;
};

static void release(struct judged *j)
{
    free(j->x);
    free(j->labels);
    free(j->log_density);
    free(j->order);
}

static enum adv_status ask(const struct adv_training *t, struct adv_model *model,
                           const struct adv_query *query, struct adv_run **run,
                           const struct adv_answer **answer, struct adv_error *error)
{
    struct adv_run_options options = {.size = sizeof options, .pool = t->pool};
    enum adv_status status = adv_run_new(model, query, run, error);
    return status == ADV_OK ? adv_run_all(*run, &options, answer, error) : status;
}

static enum adv_status take_samples(const struct adv_training *t, struct judged *j,
                                    struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    query.n = j->n;
    query.seed = (uint64_t)t->recipe.train.seed + SEED;
    query.guidance = t->recipe.distill.guidance;
    query.solver = adv_solver_spec_accurate();
    enum adv_status status = ask(t, t->distillation->teacher, &query, &run, &answer, error);
    if (status == ADV_OK) {
        memcpy(j->x, answer->states, j->n * j->dim * sizeof *j->x);
        for (size_t i = 0; answer->labels && i < j->n; i++)
            j->labels[i] = answer->labels[i];
    }
    adv_run_free(run);
    return status;
}

static void point_at(const struct adv_training *t, const struct judged *j, struct adv_query *query)
{
    query->n = j->n;
    query->points = j->x;
    query->labels = t->dataset.classes ? j->labels : NULL;
    query->guidance = t->recipe.distill.guidance;
    query->divergence_method = ADV_DIVERGENCE_EXACT;
}

static enum adv_status take_densities(const struct adv_training *t, struct judged *j,
                                      struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    point_at(t, j, &query);
    query.solver = adv_solver_spec_accurate();
    enum adv_status status = ask(t, t->distillation->teacher, &query, &run, &answer, error);
    if (status == ADV_OK)
        memcpy(j->log_density, answer->log_density, j->n * sizeof *j->log_density);
    adv_run_free(run);
    return status;
}

static int by_value(const void *a, const void *b)
{
    const double *x = *(const double *const *)a, *y = *(const double *const *)b;
    return (*x > *y) - (*x < *y);
}

static enum adv_status sort(struct judged *j, struct adv_error *error)
{
    const double **at = adv_calloc(j->n, sizeof *at);
    if (!at)
        return adv_no_memory(error);
    for (size_t i = 0; i < j->n; i++)
        at[i] = j->log_density + i;
    qsort(at, j->n, sizeof *at, by_value);
    for (size_t i = 0; i < j->n; i++)
        j->order[i] = (size_t)(at[i] - j->log_density);
    free(at);
    return ADV_OK;
}

static enum adv_status judged_take(const struct adv_training *t, size_t n, struct judged *j,
                                   struct adv_error *error)
{
    *j = (struct judged){.n = n, .dim = t->dataset.dim};
    j->x = adv_calloc(n, j->dim * sizeof *j->x);
    j->labels = adv_calloc(n, sizeof *j->labels);
    j->log_density = adv_calloc(n, sizeof *j->log_density);
    j->order = adv_calloc(n, sizeof *j->order);
    enum adv_status status =
        j->x && j->labels && j->log_density && j->order ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status = take_samples(t, j, error);
    if (status == ADV_OK)
        status = take_densities(t, j, error);
    return status == ADV_OK ? sort(j, error) : status;
}

/* {"bias", "spread", "mean_absolute"} of rows begin ... end - 1 in rising order of the teacher's
 * log-density. */
static json_t *difference(const struct judged *j, const double *log_density, size_t begin,
                          size_t end)
{
    double n = (double)(end - begin), sum = 0, square = 0, absolute = 0;
    for (size_t k = begin; k < end; k++) {
        size_t i = j->order[k];
        double d = log_density[i] - j->log_density[i];
        sum += d;
        square += d * d;
        absolute += fabs(d);
    }
    double bias = sum / n;
    return json_pack("{s:f, s:f, s:f}", "bias", bias, "spread",
                     sqrt(fmax(0, square / n - bias * bias)), "mean_absolute", absolute / n);
}

static json_t *by_quantiles(const struct judged *j, const double *log_density)
{
    json_t *groups = json_array();
    for (size_t g = 0; groups && g < GROUPS; g++) {
        size_t begin = g * j->n / GROUPS, end = (g + 1) * j->n / GROUPS;
        json_t *group = difference(j, log_density, begin, end);
        if (!group ||
            json_object_set_new(group, "teacher_up_to",
                                json_real(j->log_density[j->order[end - 1]])) ||
            json_array_append(groups, group)) {
            json_decref(groups);
            groups = NULL;
        }
        json_decref(group);
    }
    return groups;
}

/* The root mean square distance, in a dimension and data units, between points and what becomes of
 * them on the way to their latents and back. */
static enum adv_status round_trip(const struct adv_training *t, struct adv_model *student,
                                  const struct judged *j, const struct adv_solver_spec *solver,
                                  const float *latents, double *distance, struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    double square = 0;
    point_at(t, j, &query);
    query.points = latents;
    query.solver = *solver;
    query.divergence_method = ADV_DIVERGENCE_AUTO;
    enum adv_status status = ask(t, student, &query, &run, &answer, error);
    for (size_t i = 0; status == ADV_OK && i < j->n * j->dim; i++)
        square += pow((double)answer->states[i] - (double)j->x[i], 2);
    *distance = sqrt(square / (double)(j->n * j->dim));
    adv_run_free(run);
    return status;
}

static enum adv_status measure_steps(const struct adv_training *t, struct adv_model *student,
                                     const struct judged *j, int64_t steps, json_t **entry,
                                     struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    double distance = 0;
    point_at(t, j, &query);
    query.solver = (struct adv_solver_spec){.steps = steps};
    adv_solver_find("flow_map", &query.solver.solver, NULL);
    enum adv_status status = ask(t, student, &query, &run, &answer, error);
    if (status == ADV_OK)
        status = round_trip(t, student, j, &query.solver, answer->latents, &distance, error);
    if (status == ADV_OK) {
        *entry = difference(j, answer->log_density, 0, j->n);
        if (!*entry || json_object_set_new(*entry, "steps", json_integer(steps)) ||
            json_object_set_new(*entry, "rows", json_integer((json_int_t)j->n)) ||
            json_object_set_new(*entry, "round_trip", json_real(distance)) ||
            json_object_set_new(*entry, "by_quantiles", by_quantiles(j, answer->log_density)))
            status = adv_no_memory(error);
    }
    adv_run_free(run);
    return status;
}

static enum adv_status measure_all(const struct adv_training *t, struct adv_model *student,
                                   const struct judged *j, json_t *entries, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (int64_t steps = 1; status == ADV_OK && steps <= t->recipe.distill.steps; steps *= 2) {
        json_t *entry = NULL;
        status = measure_steps(t, student, j, steps, &entry, error);
        if (status == ADV_OK && json_array_append(entries, entry) != 0)
            status = adv_no_memory(error);
        json_decref(entry);
    }
    return status;
}

enum adv_status adv_distillation_measure(const struct adv_training *t, struct adv_model *student,
                                         json_t **measured, struct adv_error *error)
{
    struct judged j = {0};
    size_t n = t->progress.step < BRIEF_STEPS ? ROWS_BRIEF : ROWS;
    *measured = NULL;
    if (t->dataset.dim > ADV_EXACT_DIM_MAX || t->dataset.n_context > 0 || t->progress.step == 0 ||
        t->recipe.distill.backwards == 0)
        return ADV_OK;
    json_t *entries = json_array();
    struct adv_error inner = ADV_ERROR_INIT;
    enum adv_status status = entries ? ADV_OK : adv_no_memory(&inner);
    if (status == ADV_OK)
        status = judged_take(t, n, &j, &inner);
    if (status == ADV_OK)
        status = measure_all(t, student, &j, entries, &inner);
    release(&j);
    if (status == ADV_OK) {
        *measured = entries;
        return ADV_OK;
    }
    json_decref(entries);
    if (status == ADV_E_NUMERIC)
        return ADV_OK; /* the model is worth keeping all the same, and says nothing of its error */
    return adv_fail(error, status, "%s", inner.message);
}
