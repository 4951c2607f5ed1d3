/* What the measures of log-densities of data rows share. */
#ifndef ADV_TRAINER_MEASURE_ROWS_H
#define ADV_TRAINER_MEASURE_ROWS_H

#include "trainer/measure/mean.h"
#include "trainer/measure/row_densities.h"

#define ADV_STATE_PATH_MAX 4096

/* At most as many as the split has; ADV_E_INVALID where it has none, or where the model's data are
 * not of files. */
enum adv_status adv_rows_of_split(const struct adv_measure *measure, size_t wanted, size_t *n,
                                  struct adv_error *error);

/* Runs the work with its state file, named by work->what and the split. work->state and
 * work->bound are set by the call. */
enum adv_status adv_rows_run_kept(struct adv_row_densities *work, struct adv_row_figures *figures,
                                  struct adv_error *error);

/* The mean over the split's first n rows, in adv_rows_unit; with a solver in place of the
 * measure's, and without a state file. */
enum adv_status adv_rows_mean(const struct adv_measure *measure,
                              const struct adv_solver_spec *solver, size_t n, struct adv_mean *mean,
                              struct adv_error *error);

/* The unit of images where the model's densities are told in bits, else nats; and a log-density in
 * it: bits per dimension, or the negative log-density in nats. */
const char *adv_rows_unit(const struct adv_model *model);
double adv_rows_in_unit(const struct adv_model *model, double log_density);
struct adv_mean adv_rows_mean_in_unit(const struct adv_model *model, size_t n,
                                      const double *log_density);

#endif
