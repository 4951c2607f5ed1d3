/* Observations as `advect posterior` and `advect reweight` take them. */
#ifndef ADV_TRAINER_OBSERVATIONS_H
#define ADV_TRAINER_OBSERVATIONS_H

#include <advect/array_file.h>
#include <stddef.h>

/* rows [observations, numbers] of the flag --context: numbers separated by commas, observations by
 * semicolons, as in 0.1,-0.2;0.3,0; or a file, as adv_named_rows_read takes it with names [n]. The
 * array is the caller's to release. ADV_E_INVALID names the flag where text is neither. */
enum adv_status adv_observations_read(const char *text, const char *const *names, size_t n,
                                      struct adv_array *rows, struct adv_error *error);

#endif
