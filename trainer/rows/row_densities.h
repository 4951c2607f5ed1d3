/* Log-densities of many rows, for hours if need be.
 *
 * Rows go in blocks, whose size is the caller's. Threads take blocks.
 * A row's estimate is a function of the model, the settings and the row: it depends neither on the
 * number of threads nor on interruptions. What is done is kept in a state file, from which an
 * interrupted run goes on. */
#ifndef ADV_TRAINER_ROW_DENSITIES_H
#define ADV_TRAINER_ROW_DENSITIES_H

#include "trainer/rows/row_estimates.h"

#include <advect/model.h>
#include <advect/pool.h>
#include <advect/solver.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* How log-densities are taken. */
struct adv_density_settings {
    struct adv_solver_spec solver;
    size_t probes;
    uint64_t probe_seed;
    bool renew_probes; /* see struct adv_query */
};

struct adv_row_densities {
    struct adv_model *model;
    struct adv_pool *pool;
    bool (*cancelled)(void *); /* or NULL; asked by all threads, with NULL */
    bool quiet;
    const char *what; /* "bits": names the work in its progress and its state file */
    size_t n, block;  /* rows, and those of a block */
    /* Fills rows first ... first + n - 1: points [n, dim] in data units, labels [n]; false without
     * memory. Called by several threads at once. */
    bool (*fill)(const void *context, size_t first, size_t n, float *points, int32_t *labels,
                 float *contexts);
    const void *context;
    bool unconditional; /* no labels and contexts, which fill leaves alone */
    struct adv_density_settings settings;
    /* Path of the state file, or NULL for none. Of `bound`, an object of strings and numbers, every
     * member is what the estimates depend on: a state of others is refused. */
    const char *state;
    const json_t *bound;
    /* Also once all is done; then it is an error where it cannot be written, else told on standard
     * error. */
    bool keep_state;
};

/* ADV_E_CANCELLED when cancelled: the state then holds what is done. */
enum adv_status adv_row_densities_run(const struct adv_row_densities *work,
                                      struct adv_row_estimates *estimates, struct adv_error *error);

#endif
