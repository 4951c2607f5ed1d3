/* What a model of a table is worth, told in one document: held-out log-densities beside those of a
 * Gaussian and of a mixture of Gaussians, columns and pairs of samples beside the data's, and how
 * well a classifier tells them apart. */
#ifndef ADV_TRAINER_REPORT_H
#define ADV_TRAINER_REPORT_H

#include "trainer/report/two_sample.h"

#include <advect/extra/dataset.h>
#include <advect/extra/png.h>
#include <advect/model.h>
#include <advect/pool.h>
#include <advect/status.h>
#include <jansson.h>
#include <stdint.h>

struct adv_report_subject {
    struct adv_model *model;
    const struct adv_dataset *dataset; /* the model's, of files, with held-out rows */
    struct adv_pool *pool;
    uint64_t seed;
    bool (*cancelled)(void *); /* or NULL; asked by all threads, with NULL */
};

/* The figures, as a JSON object:
 *
 *     "rows": {"train", "held_out"}, "compared_with": "held-out rows" or "all rows",
 *     "held_out_nll": {"rows", "model": {"mean", "standard_error"},
 *                      "gaussian": {.., "components": 1, "gain": {"mean", "standard_error"}},
 *                      "mixture": {the same}},
 *     "columns": [{"name", "data": {"mean", "standard_deviation"}, "samples": {..},
 *                  "ks_distance", "p_value"}],
 *     "classifier": {"accuracy", "standard_error", "rows"} or null for fewer than 10 rows
 *
 * in nats and data units; gain: of the model over the baseline, row by row. Baselines are fitted in
 * flow units, so that they have the same transform; of data with contexts to what a linear
 * regression on the context leaves, and then there is "given_context": true. picture receives a pair plot of data and
 * samples, of the first 16 columns. */
enum adv_status adv_report_make(const struct adv_report_subject *subject, json_t **report,
                                struct adv_image *picture, struct adv_error *error);

/* The parts of it that are of use alone. Points in data units with their labels and contexts,
 * owned until released, whatever the status: */
struct adv_report_points {
    size_t n;
    float *x;        /* [n, dim] */
    int32_t *labels; /* [n] */
    float *contexts; /* [n, n_context] */
};
/* Room for n points, zeros. */
enum adv_status adv_report_points_init(struct adv_report_points *points, size_t n,
                                       const struct adv_dataset *dataset, struct adv_error *error);
/* The first rows of a split, at most `most`. */
enum adv_status adv_report_points_take(const struct adv_dataset *dataset, enum adv_split split,
                                       size_t most, struct adv_report_points *points,
                                       struct adv_error *error);
void adv_report_points_release(struct adv_report_points *points);

/* Its "held_out_nll", of points to which the model gives negative log-densities nll [n]: baselines are
 * fitted to the data of its training, of which NULL means that they are not at hand: none then.
 * baselines [2, n], or NULL, receives the negative log-densities of the Gaussian and the mixture. */
enum adv_status adv_report_densities(const struct adv_dataset *training,
                                     const struct adv_report_points *points, const double *nll,
                                     double *baselines, json_t **json, struct adv_error *error);
/* Its "columns". */
enum adv_status adv_report_columns(const struct adv_dataset *dataset, const struct adv_rows *data,
                                   const struct adv_rows *samples, json_t **columns,
                                   struct adv_error *error);

/* To stdout, for people: all of it; and its parts, below a line of the caller's. */
void adv_report_print(const json_t *report);
void adv_report_print_densities(const json_t *held_out_nll);
void adv_report_print_columns(const json_t *columns);
/* A line to stderr where a Gaussian is as good. */
void adv_report_warn(const json_t *report, const char *command);

/* "better than", "worse than" or "about as good as": by twice the standard error of a gain. */
const char *adv_report_verdict(const json_t *gain);

/* What the baseline "gaussian" or "mixture" of a "held_out_nll" is: "mixture of 3 Gaussians"; given a
 * context "linear regression", or "regression of 3 Gaussians" around one. */
struct adv_report_name {
    char text[80];
};
struct adv_report_name adv_report_baseline(const json_t *held_out_nll, const char *baseline);

struct adv_report_picture {
    const char *title;
    const void *png; /* [n_bytes], of a PNG file */
    size_t n_bytes;
};

/* A page that holds all it shows: the report and pictures. Of the report's members also "name",
 * "recipe", "training": {"steps", "best_step", "seconds"} and "found" (<advect/extra/propose.h>),
 * each of which may be absent. Atomically. */
enum adv_status adv_report_write_html(const char *path, const json_t *report, size_t n_pictures,
                                      const struct adv_report_picture *pictures,
                                      struct adv_error *error);

/* A number among an object's members; NaN where it is null or absent. */
double adv_report_number(const json_t *object, const char *key);

#endif
