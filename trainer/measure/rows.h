/* What the measures of log-densities of data rows share. */
#ifndef ADV_TRAINER_ROWS_H
#define ADV_TRAINER_ROWS_H

#include "trainer/measure/measure.h"

#define ADV_STATE_PATH_MAX 4096

/* At most as many as the split has; ADV_E_INVALID where it has none, or where the model's data are
 * not of files. */
enum adv_status adv_rows_of_split(const struct adv_evaluation *evaluation, size_t wanted, size_t *n,
                                  struct adv_error *error);

/* The same for a measure's flag, which says on standard error where the split has fewer. */
enum adv_status adv_rows_of_flag(const struct adv_evaluation *evaluation, const char *flag,
                                 size_t wanted, size_t *n, struct adv_error *error);

/* Work on the evaluation's model with its settings: n, block, fill and context are the caller's to
 * set. what: see struct adv_row_densities. */
struct adv_row_densities adv_rows_work(const struct adv_evaluation *evaluation, const char *what);

/* The same of the split's first n rows as they are, of which nothing is left to set. */
struct adv_row_densities adv_rows_work_as_they_are(const struct adv_evaluation *evaluation,
                                                   const char *what, size_t n);

/* Runs the work with its state file, named by work->what and the split. work->state and
 * work->bound are set by the call. */
enum adv_status adv_rows_run_kept(const struct adv_evaluation *evaluation,
                                  struct adv_row_densities *work,
                                  struct adv_row_estimates *estimates, struct adv_error *error);

/* The same of work on n_points, which has no state file where the evaluation keeps none of these. */
enum adv_status adv_rows_run_points(const struct adv_evaluation *evaluation,
                                    struct adv_row_densities *work,
                                    struct adv_row_estimates *estimates, struct adv_error *error);

/* The mean over the split's first n rows, in adv_rows_unit; with a solver in place of the
 * evaluation's, and without a state file. */
enum adv_status adv_rows_mean(const struct adv_evaluation *evaluation,
                              const struct adv_solver_spec *solver, size_t n, struct adv_mean *mean,
                              struct adv_error *error);

/* Adds the part of the error of a mean over rows that comes of their probes, by each row's own
 * standard error [n] (NULL: none), as "nll_probe_error"; where one probe of each row tells none, a
 * line that says so, which adv_rows_note_one_probe adds alone. Neither where divergences are exact. */
void adv_rows_add_probe_error(const struct adv_evaluation *evaluation, size_t n,
                              const double *standard_error, struct adv_results *results);
void adv_rows_note_one_probe(const struct adv_evaluation *evaluation, struct adv_results *results);

/* The unit of images where the model's densities are told in bits, else nats; and a log-density in
 * it: bits per dimension, or the negative log-density in nats. */
const char *adv_rows_unit(const struct adv_model *model);
double adv_rows_in_unit(const struct adv_model *model, double log_density);
double adv_rows_width_in_unit(const struct adv_model *model, double difference); /* without sign */
struct adv_mean adv_rows_mean_in_unit(const struct adv_model *model, size_t n,
                                      const double *log_density);

#endif
