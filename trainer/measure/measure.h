/* What a model is worth: measured against the density it learned, or on held-out data. */
#ifndef ADV_TRAINER_MEASURE_H
#define ADV_TRAINER_MEASURE_H

#include "trainer/data/dataset.h"
#include "trainer/measure/results.h"

#include <advect/model.h>
#include <advect/pool.h>
#include <advect/query.h>
#include <jansson.h>

/* How log-densities are taken. */
struct adv_density_settings {
    struct adv_solver_spec solver;
    size_t probes;
    uint64_t probe_seed;
    bool renew_probes; /* see struct adv_query */
};

struct adv_measure {
    struct adv_model *model;
    const struct adv_dataset *dataset;
    struct adv_pool *pool;
    const volatile bool *stop;
    bool quiet;
    uint64_t seed;
    size_t n_samples; /* drawn from the model */
    size_t n_points;  /* fresh points (densities), or rows of the split, for the log-density */
    size_t grid;      /* side of the grid of the integral in 2-D; 0: none */
    double guidance;
    struct adv_solver_spec sample_solver; /* .solver NULL: the default */
    const char *samples_path; /* NPY to write the samples to, as many of each class, or NULL */
    const char *judge;        /* of the samples: see judge.h; or NULL */

    enum adv_split split; /* of files */
    bool unlabelled;      /* densities without their labels */
    struct adv_density_settings density;
    const char *state_stem; /* of the names of state files */
    bool keep_state;        /* also of what is complete */
};

/* Runs a query to its end, with its progress named `what`; the caller frees *run, which owns the
 * answer. */
enum adv_status adv_measure_query(const struct adv_measure *measure, const struct adv_query *query,
                                  const char *what, struct adv_run **run,
                                  const struct adv_answer **answer, struct adv_error *error);

/* Of the samples of a density's model: share inside the support, share of every mode. */
enum adv_status adv_measure_samples(const struct adv_measure *measure, struct adv_figures *figures,
                                    struct adv_error *error);

/* Mean negative log-density of a density's fresh points, the truth's entropy, and their difference
 * on the same points: an estimate of KL(truth || model) in nats. */
enum adv_status adv_measure_log_density(const struct adv_measure *measure,
                                        struct adv_figures *figures, struct adv_error *error);

/* The integral of the model's density over the truth's box (2-D): one random point in each cell of
 * a grid, which unlike a grid of centres has no bias where a density's edges lie along the grid. */
enum adv_status adv_measure_integral(const struct adv_measure *measure, struct adv_figures *figures,
                                     struct adv_error *error);

/* Mean negative log-density, and bits per dimension, of the first n_points rows of the split; in
 * pieces and resumable, see row_densities.h. */
enum adv_status adv_measure_rows(const struct adv_measure *measure, struct adv_figures *figures,
                                 struct adv_error *error);

/* How the mean over the split's first n rows changes with the solver's tolerance and the number of
 * probes: a row per setting, *rows a new reference. */
enum adv_status adv_measure_convergence(const struct adv_measure *measure, size_t n, json_t **rows,
                                        struct adv_error *error);
void adv_convergence_print(const struct adv_measure *measure, const json_t *rows);

/* The share of the split's first n rows whose label has the largest log p(x | label) of all. */
enum adv_status adv_measure_classes(const struct adv_measure *measure, size_t n,
                                    struct adv_figures *figures, struct adv_error *error);

/* Bits per dimension of the split's first n images as they are, and of what is no such image; a
 * row per kind, *rows a new reference. */
enum adv_status adv_measure_ood(const struct adv_measure *measure, size_t n, json_t **rows,
                                struct adv_error *error);
void adv_ood_print(const json_t *rows);

/* Samples beside the training images that are nearest to them, as PNG. */
enum adv_status adv_measure_nearest(const struct adv_measure *measure, const char *path,
                                    struct adv_figures *figures, struct adv_error *error);

/* The flow-matching loss on the held-out examples. */
enum adv_status adv_measure_held_out(const struct adv_measure *measure, struct adv_figures *figures,
                                     struct adv_error *error);

#endif
