/* Weighted samples, as `advect reweight` and `advect posterior` write and print them. */
#ifndef ADV_TRAINER_WEIGHTED_H
#define ADV_TRAINER_WEIGHTED_H

#include "trainer/weights/importance.h"

#include <advect/array_file.h>
#include <stdbool.h>

/* rows [n, columns] with their names, and a last column "weight" [n], as CSV. */
enum adv_status adv_weighted_write(const struct adv_array *rows, const double *weights,
                                   const char *path, struct adv_error *error);

/* What n samples are worth, to stdout; evidence: in words, what the log of the mean weight is. */
enum adv_status adv_weighted_print(const struct adv_importance *importance, size_t n,
                                   const char *evidence, bool as_json, struct adv_error *error);

#endif
