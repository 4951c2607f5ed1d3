/* Paths of a teacher kept in a file, so that they need not be computed anew. */
#ifndef ADV_TRAIN_DISTILL_PATHS_FILE_H
#define ADV_TRAIN_DISTILL_PATHS_FILE_H

#include "core/train/distill/paths.h"

/* Fills x and v of the first paths, as many as the file has of those wanted: *n_blocks whole blocks;
 * none where there is no such file. Errors: ADV_E_INVALID where it has paths of another teacher, of
 * other data, or by other settings; those of adv_safetensors_open. */
enum adv_status adv_teacher_paths_read(const struct adv_training *training,
                                       const struct adv_model *teacher, const char *file,
                                       struct adv_teacher_paths *paths, size_t *n_blocks,
                                       struct adv_error *error);

/* Writes x and v of the first blocks, in place of what the file has. */
enum adv_status adv_teacher_paths_write(const struct adv_training *training,
                                        const struct adv_model *teacher, const char *file,
                                        const struct adv_teacher_paths *paths, size_t n_blocks,
                                        struct adv_error *error);

#endif
