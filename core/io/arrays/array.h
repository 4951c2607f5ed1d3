/* What the readers of arrays share. */
#ifndef ADV_IO_ARRAY_H
#define ADV_IO_ARRAY_H

#include "core/io/arrays/number.h"

#include <advect/array_file.h>

/* Number of elements of a shape, 1 for a scalar. False if the dimensions that are not zero multiply
 * to more than PTRDIFF_MAX: so no product of some dimensions of an accepted shape overflows. */
bool adv_shape_count(int n_dims, const size_t *shape, size_t *count);

/* Gives array, whose shape is set, its elements, converted from exactly n_bytes of source, and
 * levels. On failure array->data stays NULL. */
enum adv_status adv_array_fill(struct adv_array *array, struct adv_number_type type,
                               const void *source, size_t n_bytes, struct adv_error *error);

/* Refuses NaN, infinity and what float32 cannot hold, naming row, column and the number that the
 * file has: in source, of this type, in C order or Fortran's (first index fastest). */
enum adv_status adv_array_check_finite(const struct adv_array *array, struct adv_number_type type,
                                       const void *source, bool fortran_order,
                                       struct adv_error *error);

#endif
