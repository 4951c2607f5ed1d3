/* What an eval has measured so far, as a file: rows that are done, and what they depend on. */
#ifndef ADV_TRAINER_ROW_STATE_H
#define ADV_TRAINER_ROW_STATE_H

#include "trainer/rows/row_estimates.h"

#include <advect/status.h>
#include <jansson.h>

/* Allocates estimates of n rows, or of as many as the file at path has, and fills them from there:
 * those that are not done have a log-density of NaN. path may be NULL, or name no file. Refuses a
 * file that is bound to something else and names what differs. */
enum adv_status adv_row_state_read(const char *path, const json_t *bound, size_t n,
                                   struct adv_row_estimates *estimates, struct adv_error *error);

/* Writes the file atomically. */
enum adv_status adv_row_state_write(const char *path, const json_t *bound,
                                    const struct adv_row_estimates *estimates,
                                    struct adv_error *error);

#endif
