/* Tables whose columns a command knows by name: parameters, observations. */
#ifndef ADV_TRAINER_NAMED_ROWS_H
#define ADV_TRAINER_NAMED_ROWS_H

#include <advect/array_file.h>
#include <stddef.h>

/* rows [n rows, numbers] of a CSV or NPY file. names [n]: of a CSV file with a header the columns
 * of these names are taken, in this order, wherever they are and whatever else there is; other
 * files hold the numbers in order. NULL: every file does. The array is the caller's to release.
 * Errors as of adv_table_read and adv_array_read. */
enum adv_status adv_named_rows_read(const char *path, const char *const *names, size_t n,
                                    struct adv_array *rows, struct adv_error *error);

#endif
