/* Weighted samples, as `advect reweight` and `advect posterior` write and print them. */
#ifndef ADV_TRAINER_WEIGHTED_H
#define ADV_TRAINER_WEIGHTED_H

#include "trainer/weights/importance.h"

#include <advect/array_file.h>
#include <stdbool.h>

/* Before any work is done for it: whether weighted samples may be written to path (NULL: to none).
 * ADV_E_INVALID of an extension other than .csv and .npy, ADV_E_IO as of adv_check_writable. */
enum adv_status adv_weighted_check(const char *path, struct adv_error *error);

/* rows [n, columns] with their names, and a last column "weight" [n], which takes the place of any
 * that rows have of that name: as NPY where path ends in .npy, else as CSV. */
enum adv_status adv_weighted_write(const struct adv_array *rows, const double *weights,
                                   const char *path, struct adv_error *error);

/* What the log of the mean weight is: the key of it in JSON, and in words. */
struct adv_evidence {
    const char *key, *words;
};

/* What n samples are worth, to stdout; evidence: NULL where their mean weight means nothing. */
enum adv_status adv_weighted_print(const struct adv_importance *importance, size_t n,
                                   const struct adv_evidence *evidence, bool as_json,
                                   struct adv_error *error);

/* Says on standard error where so few samples have weight that the weights say little, and what
 * would help. */
void adv_weighted_warn(const char *command, const struct adv_importance *importance,
                       const char *remedy);

#endif
