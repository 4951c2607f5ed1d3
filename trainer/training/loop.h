/* Runs a training to its end or until it is asked to stop, with progress, a loss curve and
 * checkpoints. */
#ifndef ADV_TRAINER_LOOP_H
#define ADV_TRAINER_LOOP_H

#include "core/train/training.h"

struct adv_loop {
    const char *checkpoint_path;
    bool quiet;
    const volatile bool *stop; /* polled at every step */
};

/* ADV_OK when every step is done, ADV_E_CANCELLED when stopped; in both cases, and when the disk
 * allows, the checkpoint holds the last step. A checkpoint that cannot be written on the way is a
 * warning on stderr, the one before being kept; at the end it is an error. After ADV_E_NUMERIC the
 * last good checkpoint is left as it was. */
enum adv_status adv_loop_run(const struct adv_loop *loop, struct adv_training *training,
                             struct adv_error *error);

/* The curve: step, loss, held_out, learning_rate, seconds. */
enum adv_status adv_curve_write_csv(const struct adv_training *training, const char *path,
                                    struct adv_error *error);
enum adv_status adv_curve_write_png(const struct adv_training *training, const char *path,
                                    struct adv_error *error);

#endif
