/* Paths of a teacher, computed once and kept: what a student of few steps is shown.
 *
 * Frames stand at times from 0 to 1: those at multiples of an eighth are the same for all, so that
 * every stretch of 1, 2, 4 or 8 equal steps is there; between two of them are further ones, at times
 * of each block's own, since a time at which no path has a frame would be left to chance. */
#ifndef ADV_TRAIN_DISTILL_PATHS_H
#define ADV_TRAIN_DISTILL_PATHS_H

#include "core/train/training.h"

#include <advect/model.h>

enum {
    ADV_PATH_STRETCHES = 8, /* between times that all paths share */
    ADV_PATH_FRAMES_MAX = ADV_PATH_STRETCHES * 4 + 1,
    ADV_PATH_BLOCK = 64 /* paths of the same times */
};

struct adv_teacher_paths {
    size_t n, dim, n_context; /* n: whole blocks */
    size_t n_frames;          /* ADV_PATH_STRETCHES times recipe->frames, and one */
    float *times;             /* [n / ADV_PATH_BLOCK, n_frames], ascending */
    float *x, *v;             /* [n, n_frames, dim]: states and velocities, flow units */
    int32_t *label;           /* [n] */
    float *context;           /* [n, n_context]; NULL: none */
    bool *no_context;         /* [n]: the path is one without a context; NULL: none */
};                            /* arrays are NULL until they are computed */

/* How many there will be, recipe->paths rounded up to whole blocks, and of what sizes. */
void adv_teacher_paths_plan(const struct adv_training *training, struct adv_teacher_paths *paths);

/* Computes those that are planned, by the training's data (for labels and contexts), seed and
 * threads; what the run's file has of them it takes from there, and writes the others to it, about
 * as often as checkpoints are and in the end. Of a share recipe->off_data the end is drawn from the
 * base, so that the student also knows what leads to places where no data are; of the others the
 * start is.
 * Errors, after which there are none: ADV_E_NUMERIC where the teacher's velocity is not finite;
 * ADV_E_CANCELLED; ADV_E_MEMORY; those of adv_teacher_paths_read. */
enum adv_status adv_teacher_paths_make(const struct adv_training *training,
                                       const struct adv_model *teacher,
                                       struct adv_teacher_paths *paths, struct adv_error *error);
/* Frees the arrays. */
void adv_teacher_paths_release(struct adv_teacher_paths *paths);

size_t adv_teacher_paths_bytes(const struct adv_teacher_paths *paths);

/* Frame k of a path. */
static inline float adv_path_time(const struct adv_teacher_paths *paths, size_t path, size_t k)
{
    return paths->times[path / ADV_PATH_BLOCK * paths->n_frames + k];
}
static inline size_t adv_path_frame(const struct adv_teacher_paths *paths, size_t path, size_t k)
{
    return path * paths->n_frames + k;
}
/* That of a path, or NULL: it has none. */
static inline const float *adv_path_context(const struct adv_teacher_paths *paths, size_t path)
{
    return paths->context && !paths->no_context[path] ? paths->context + path * paths->n_context
                                                      : NULL;
}

#endif
