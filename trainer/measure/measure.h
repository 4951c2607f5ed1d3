/* What a model is worth: measured against the density it learned, or on held-out data.
 *
 * A measure is one file and one row of the table in trainer/eval/measures.c. */
#ifndef ADV_TRAINER_MEASURE_H
#define ADV_TRAINER_MEASURE_H

#include "trainer/measure/results.h"
#include "trainer/rows/row_densities.h"

#include <advect/extra/dataset.h>

#include <advect/extra/fields.h>
#include <advect/model.h>
#include <advect/pool.h>
#include <advect/query.h>

/* How samples are drawn, and what becomes of them. */
struct adv_sample_settings {
    size_t n;
    double guidance;
    struct adv_solver_spec solver; /* .solver NULL: the default */
    const char *path;              /* NPY to write them to, as many of each class, or NULL */
    const char *scorer;            /* a program, see scorer.h; or NULL */
};

/* How the calibration of posteriors is tested. */
struct adv_calibration_settings {
    size_t n_samples; /* of each posterior */
    const char *plot; /* PNG to plot ranks and coverage into, or NULL */
};

/* A model, what it is measured on, and how. */
struct adv_evaluation {
    struct adv_model *model;
    const struct adv_dataset *dataset; /* NULL where no measure needs it */
    /* That of the training, with its held-out rows, or NULL where it is not at hand: the dataset, or
     * another one where that is of test rows. */
    const struct adv_dataset *training;
    enum adv_split split; /* of files */
    struct adv_pool *pool;
    bool (*cancelled)(void *); /* or NULL; asked by all threads, with NULL */
    bool quiet;
    uint64_t seed;
    struct adv_sample_settings samples;
    const char *solvers; /* those to compare, see eval/solver_list.h; NULL: a selection */

    struct adv_calibration_settings calibration;
    struct adv_density_settings density;
    bool unlabelled; /* densities without their labels */
    size_t n_draws;  /* of the noise of dequantised rows, see draws.h; 0 is 1 */
    size_t n_points; /* fresh points (densities), or rows of the split, for the log-density */
    size_t grid;     /* of the integral: as many points as a square of so many a side; 0: none */
    const char *state_stem; /* of the names of state files */
    bool keep_state;        /* also of what is complete */
    bool keeps_points; /* log-densities of n_points leave a state file until they are all there */
};

/* Whether the data are a table's rows, or an array's of one dimension: no density, no images. */
bool adv_evaluation_is_of_table(const struct adv_evaluation *evaluation);

/* What a measure's flag was given: a number of rows (0: not asked for), or the path of a file to
 * write (NULL: not asked for). */
union adv_measure_wish {
    int64_t n;
    char *path;
};

#define ADV_MEASURE_ROWS_MAX 1e7 /* of rows that a flag may ask for */

enum adv_measure_needs {
    ADV_NEEDS_DATA,           /* a density or files */
    ADV_NEEDS_DENSITY,        /* a density; without one the measure is left out */
    ADV_NEEDS_FILES,          /* data of files; without them the measure is left out */
    ADV_NEEDS_DATA_FOR_POINTS /* data only where n_points > 0 */
};

struct adv_measure {
    const char *name; /* its flag's, and that of its table in JSON */
    /* The flag that asks for it, an INT or a STRING, without name and offset. .help NULL: there is
     * none; the measure is one of the usual ones, which are taken where none is asked for. */
    struct adv_field flag;
    enum adv_measure_needs needs;
    bool uses_solver, uses_guidance; /* of samples */
    bool scores_samples;             /* where a scorer is known, although --samples was not given */
    bool leads;                      /* its table is printed before all values */
    /* Adds to results; not to be called without what it needs. */
    enum adv_status (*run)(const struct adv_evaluation *evaluation,
                           const union adv_measure_wish *wish, struct adv_results *results,
                           struct adv_error *error);
    /* Its table to stdout; NULL: it adds values alone. */
    void (*print)(const struct adv_evaluation *evaluation, const json_t *rows);
};

extern const struct adv_measure adv_measure_held_out, adv_measure_samples, adv_measure_log_density,
    adv_measure_integral, adv_measure_rows, adv_measure_convergence, adv_measure_classes,
    adv_measure_ood, adv_measure_nearest, adv_measure_error_bars, adv_measure_probe_intervals,
    adv_measure_typicality;

/* n fresh points of the known density [n, dim], the caller's to free, and the query for their
 * log-densities by the evaluation's solver; NULL without memory. */
float *adv_evaluation_fresh_points(const struct adv_evaluation *evaluation, size_t n,
                                   struct adv_query *query);

/* Runs a query to its end, with its progress named `what`; the caller frees *run, which owns the
 * answer. */
enum adv_status adv_evaluation_query(const struct adv_evaluation *evaluation,
                                     const struct adv_query *query, const char *what,
                                     struct adv_run **run, const struct adv_answer **answer,
                                     struct adv_error *error);

#endif
