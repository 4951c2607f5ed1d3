#include "trainer/figure/study_runs.h"

#include <advect/array_file.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MOST (16u << 20)
#define STEPS_MOST 1000000000L

static enum adv_status read_whole(const json_t *object, const char *name, const char *where,
                                  long least, long most, long *value, struct adv_error *error)
{
    const json_t *member = json_object_get(object, name);
    json_int_t number = json_is_integer(member) ? json_integer_value(member) : least - 1;
    if (number < least || number > most)
        return adv_fail(error, ADV_E_INVALID, "%s.%s must be a whole number from %ld to %ld", where,
                        name, least, most);
    *value = (long)number;
    return ADV_OK;
}

static enum adv_status read_number(const json_t *object, const char *name, const char *where,
                                   double *value, struct adv_error *error)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_number(member))
        return adv_fail(error, ADV_E_INVALID, "%s.%s must be a number", where, name);
    *value = json_number_value(member);
    return ADV_OK;
}

static enum adv_status read_costs(const json_t *object, const char *where,
                                  struct adv_study_run *run, struct adv_error *error)
{
    static const char *const names[ADV_STUDY_COSTS] = {"steps", "processor_s", "multiply_adds"};
    enum adv_status status = read_whole(object, "steps", where, 1, STEPS_MOST, &run->steps, error);
    for (int i = 0; status == ADV_OK && i < ADV_STUDY_COSTS; i++) {
        status = read_number(object, names[i], where, &run->cost[i], error);
        if (status == ADV_OK && !(run->cost[i] > 0))
            status = adv_fail(error, ADV_E_INVALID, "%s.%s must be more than 0", where, names[i]);
    }
    return status;
}

static enum adv_status read_run(const json_t *object, size_t i, struct adv_study_run *run,
                                struct adv_error *error)
{
    char where[40];
    long cells = 0, dim = 0;
    const char *network = json_string_value(json_object_get(object, "network"));
    snprintf(where, sizeof where, "runs[%zu]", i);
    if (!network)
        return adv_fail(error, ADV_E_INVALID, "%s.network must be a text", where);
    snprintf(run->network, sizeof run->network, "%s", network);
    enum adv_status status = read_whole(object, "cells", where, 2, 1000, &cells, error);
    if (status == ADV_OK)
        status = read_whole(object, "dim", where, 1, 1000, &dim, error);
    if (status == ADV_OK)
        status = read_whole(object, "modes", where, 1, STEPS_MOST, &run->modes, error);
    if (status == ADV_OK)
        status = read_whole(object, "seed", where, 0, STEPS_MOST, &run->seed, error);
    if (status == ADV_OK)
        status = read_costs(object, where, run, error);
    if (status == ADV_OK)
        status = read_number(object, "kl", where, &run->kl, error);
    run->cells = (int)cells;
    run->dim = (int)dim;
    run->good = json_is_true(json_object_get(object, "good"));
    return status;
}

static enum adv_status read_runs(const json_t *root, struct adv_study *study,
                                 struct adv_error *error)
{
    const json_t *runs = json_object_get(root, "runs");
    if (!json_is_array(runs))
        return adv_fail(error, ADV_E_INVALID, "runs must be an array of trainings");
    study->runs = calloc(json_array_size(runs) + 1, sizeof *study->runs);
    if (!study->runs)
        return adv_no_memory(error);
    enum adv_status status = ADV_OK;
    for (; status == ADV_OK && study->n < json_array_size(runs); study->n++)
        status = read_run(json_array_get(runs, study->n), study->n, &study->runs[study->n], error);
    return status;
}

static enum adv_status read_study(const json_t *root, struct adv_study *study,
                                  struct adv_error *error)
{
    const json_t *plan = json_object_get(root, "plan");
    long seeds = 0;
    enum adv_status status =
        read_number(json_object_get(root, "quality"), "kl", "quality", &study->kl_wanted, error);
    if (status == ADV_OK)
        status = read_whole(plan, "most_steps", "plan", 1, STEPS_MOST, &study->most_steps, error);
    if (status == ADV_OK)
        status = read_whole(plan, "seeds", "plan", 1, 1000, &seeds, error);
    study->n_seeds = (int)seeds;
    return status == ADV_OK ? read_runs(root, study, error) : status;
}

enum adv_status adv_study_read(const char *path, struct adv_study *study, struct adv_error *error)
{
    void *bytes = NULL;
    size_t n_bytes = 0;
    json_t *root = NULL;
    *study = (struct adv_study){0};
    enum adv_status status = adv_file_read(path, BYTES_MOST, &bytes, &n_bytes, error);
    if (status != ADV_OK) {
        adv_error_prefix(error, "the figure is drawn from results of the scaling study; --data "
                                "names their file, which make study writes: ");
        return status;
    }
    status = adv_json_parse(bytes, n_bytes, &root, error);
    if (status == ADV_OK)
        status = read_study(root, study, error);
    if (status != ADV_OK) {
        adv_study_release(study);
        adv_error_prefix(error, "%s, results of the scaling study: ", path);
    }
    json_decref(root);
    free(bytes);
    return status;
}

void adv_study_release(struct adv_study *study)
{
    free(study->runs);
    *study = (struct adv_study){0};
}

static bool is_of(const struct adv_study_run *run, const struct adv_study_board *board)
{
    return run->cells == board->cells && run->dim == board->dim &&
           !strcmp(run->network, board->network);
}

struct moments {
    size_t n;
    double mean, squares; /* squares: of the differences from the mean */
};

/* By Welford's recurrence, as multiply-adds are large numbers that differ little. */
static void take(struct moments *moments, double value)
{
    double before = value - moments->mean;
    moments->mean += before / (double)++moments->n;
    moments->squares += before * (value - moments->mean);
}

static double deviation_of(const struct moments *moments)
{
    return moments->n > 1 ? sqrt(moments->squares / (double)(moments->n - 1)) : 0;
}

bool adv_study_point(const struct adv_study *study, const struct adv_study_board *board, long steps,
                     double *mean, double *deviation)
{
    struct moments moments = {0};
    for (size_t i = 0; i < study->n; i++) {
        if (is_of(&study->runs[i], board) && study->runs[i].steps == steps)
            take(&moments, study->runs[i].kl);
    }
    if (moments.n == 0)
        return false;
    *mean = moments.mean;
    *deviation = deviation_of(&moments);
    return true;
}

static bool is_end(const struct adv_study *study, const struct adv_study_run *run)
{
    return run->good || run->steps >= study->most_steps;
}

/* Whether a run before the i-th has ended the same board and seed. */
static bool ended_before(const struct adv_study *study, const struct adv_study_board *board,
                         size_t i)
{
    for (size_t k = 0; k < i; k++) {
        const struct adv_study_run *run = &study->runs[k];
        if (is_of(run, board) && run->seed == study->runs[i].seed && is_end(study, run))
            return true;
    }
    return false;
}

int adv_study_ended(const struct adv_study *study, const struct adv_study_board *board)
{
    int ended = 0;
    for (size_t i = 0; i < study->n; i++)
        ended += is_of(&study->runs[i], board) && is_end(study, &study->runs[i]) &&
                 !ended_before(study, board, i);
    return ended;
}

static long most_steps_of(const struct adv_study *study, const struct adv_study_board *board)
{
    long most = 0;
    for (size_t i = 0; i < study->n; i++) {
        if (is_of(&study->runs[i], board) && study->runs[i].steps > most)
            most = study->runs[i].steps;
    }
    return most;
}

/* The board's shortest training by a seed that was good, or NULL. */
static const struct adv_study_run *first_good(const struct adv_study *study,
                                              const struct adv_study_board *board, long seed)
{
    const struct adv_study_run *first = NULL;
    for (size_t i = 0; i < study->n; i++) {
        const struct adv_study_run *run = &study->runs[i];
        if (is_of(run, board) && run->seed == seed && run->good &&
            (!first || run->steps < first->steps))
            first = run;
    }
    return first;
}

bool adv_study_outcome(const struct adv_study *study, const struct adv_study_board *board,
                       struct adv_study_outcome *outcome)
{
    *outcome = (struct adv_study_outcome){.most_steps = most_steps_of(study, board)};
    struct moments good[ADV_STUDY_COSTS] = {0}, longest[ADV_STUDY_COSTS] = {0};
    for (size_t i = 0; i < study->n; i++) {
        const struct adv_study_run *run = &study->runs[i];
        if (!is_of(run, board))
            continue;
        const struct adv_study_run *first = first_good(study, board, run->seed);
        bool is_longest = run->steps == outcome->most_steps;
        outcome->n_good += run == first;
        outcome->n_seeds += run == first || (!first && is_longest);
        for (int k = 0; k < ADV_STUDY_COSTS; k++) {
            if (run == first)
                take(&good[k], run->cost[k]);
            if (is_longest)
                take(&longest[k], run->cost[k]);
        }
    }
    outcome->good = outcome->n_seeds > 0 && outcome->n_good == outcome->n_seeds;
    for (int k = 0; k < ADV_STUDY_COSTS; k++) {
        const struct moments *moments = outcome->good ? &good[k] : &longest[k];
        outcome->mean[k] = moments->mean;
        outcome->deviation[k] = deviation_of(moments);
    }
    return outcome->n_seeds > 0;
}
