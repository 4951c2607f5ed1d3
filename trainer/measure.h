/* What a model is worth: measured against the density it learned, or on held-out data. */
#ifndef ADV_TRAINER_MEASURE_H
#define ADV_TRAINER_MEASURE_H

#include "trainer/dataset.h"
#include "trainer/figures.h"

#include <advect/model.h>
#include <advect/pool.h>

struct adv_measure {
    struct adv_model *model;
    const struct adv_dataset *dataset;
    struct adv_pool *pool;
    const volatile bool *stop;
    bool quiet;
    uint64_t seed;
    size_t n_samples; /* drawn from the model */
    size_t n_points;  /* fresh points (densities), or held-out ones (files), for the log-density */
    size_t grid;      /* side of the grid of the integral in 2-D; 0: none */
    int64_t steps;    /* of rk4 for the samples; 0: the default solver */
    double guidance;
    const char *samples_path; /* NPY to write the samples to, as many of each class, or NULL */
};

/* Of the samples of a density's model: share inside the support, share of every mode. */
enum adv_status adv_measure_samples(const struct adv_measure *measure, struct adv_figures *figures,
                                    struct adv_error *error);

/* Mean negative log-density of fresh or held-out points. For a density with a known truth also the
 * entropy, and their difference on the same points: an estimate of KL(truth || model) in nats. */
enum adv_status adv_measure_log_density(const struct adv_measure *measure,
                                        struct adv_figures *figures, struct adv_error *error);

/* The integral of the model's density over the truth's box (2-D): one random point in each cell of
 * a grid, which unlike a grid of centres has no bias where a density's edges lie along the grid. */
enum adv_status adv_measure_integral(const struct adv_measure *measure, struct adv_figures *figures,
                                     struct adv_error *error);

/* The flow-matching loss on the held-out examples. */
enum adv_status adv_measure_held_out(const struct adv_measure *measure, struct adv_figures *figures,
                                     struct adv_error *error);

#endif
