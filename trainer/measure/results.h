/* What was measured: named values and tables, printed aligned, as JSON, or merged into a model's
 * card; and means with their errors. */
#ifndef ADV_TRAINER_RESULTS_H
#define ADV_TRAINER_RESULTS_H

#include <advect/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct adv_mean {
    double value, standard_error; /* the error: NaN for fewer than two values */
};

struct adv_mean adv_mean_of(size_t n, const double *values);
/* Of those that are finite, of which there are *n_finite; NaN of none. */
struct adv_mean adv_mean_of_finite(size_t n, const double *values, size_t *n_finite);

/* Values of points and modes, for pictures. All arrays are owned. */
struct adv_plotted {
    size_t n;            /* points that have log-densities, nats */
    double *log_density; /* [n] the model's; NULL: not measured */
    double *truth;       /* [n] those of the true density, or NULL where it is not known */
    double *baselines;   /* [2, n] those of a Gaussian and of a mixture, or NULL */
    size_t n_modes;      /* of the true density; 0: none, or not measured */
    double *mode_shares; /* [n_modes] of the samples, over the modes' weights */
    double *mode_errors; /* [n_modes] their standard errors, were the weights right */
};

#define ADV_RESULTS_MAX 48

struct adv_result {
    const char *key;     /* in JSON and in the card: "mode_share_min" */
    const char *meaning; /* in words, with the unit */
    double value;
    bool is_count;
    const char *note; /* printed in place of the value, and not in JSON; or NULL */
};

struct adv_results {
    size_t n;
    struct adv_result items[ADV_RESULTS_MAX];
    json_t *tables;     /* an object of arrays of rows (see cli/table.h) by name; NULL: none */
    json_t *typicality; /* for the model's config (adv_typicality_new); NULL: not measured */
    struct adv_plotted plotted;
};

/* Adds a value; key and meaning are literals. One that is not finite is a null in JSON. meaning
 * NULL: not printed, since a table tells it. */
void adv_results_add(struct adv_results *results, const char *key, const char *meaning,
                     double value);
void adv_results_add_count(struct adv_results *results, const char *key, const char *meaning,
                           size_t count);
/* Adds a line for people alone: why there is no value. Both are literals. */
void adv_results_add_note(struct adv_results *results, const char *meaning, const char *note);

/* The standard error of a mean over rows that comes of their probes, from each row's own [n] (NULL:
 * none, and the result is NaN): sqrt(sum s^2) / n, since different rows have independent probes. It
 * is part of the standard error over rows, not beside it. */
double adv_probe_error(size_t n, const double *standard_error);

/* Adds a table, whose rows are taken over. */
enum adv_status adv_results_add_table(struct adv_results *results, const char *name, json_t *rows,
                                      struct adv_error *error);

/* One line per value to stdout. */
void adv_results_print(const struct adv_results *results);

/* The values, without tables: a new reference, or NULL without memory. */
json_t *adv_results_to_json(const struct adv_results *results);

void adv_results_release(struct adv_results *results);

#endif
