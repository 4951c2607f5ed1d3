/* Log-weights of samples of a posterior: log prior + log-likelihood - the log-density that they
 * were drawn from. */
#ifndef ADV_TRAINER_LOG_WEIGHTS_H
#define ADV_TRAINER_LOG_WEIGHTS_H

#include <advect/array_file.h>
#include <advect/status.h>

/* Where the three are taken from: columns of a table, or for prior and likelihood a built-in
 * simulator, given the observation that the posterior is of. */
struct adv_log_weights {
    const char *density, *prior, *likelihood; /* names of columns */
    const char *simulator;                    /* its name, or NULL: the columns decide */
    const char *context; /* numbers or a file of one observation; with a simulator, else NULL */
};

/* Of rows [n, columns] with their names, read from path (for errors), into log_weight [n]. A
 * simulator finds its parameters by name. *largest: the largest of the columns' logarithms, without
 * sign, among the rows that have weight; 0 where a simulator computes them. A logarithm
 * of -1e30 is that of nothing. Errors name the column or flag at fault; samples of several contexts
 * are refused. */
enum adv_status adv_log_weights_of(const struct adv_log_weights *how, const char *path,
                                   const struct adv_array *rows, double *log_weight,
                                   double *largest, struct adv_error *error);

#endif
