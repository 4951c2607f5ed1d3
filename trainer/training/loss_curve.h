/* The loss curve of a training as files. */
#ifndef ADV_TRAINER_LOSS_CURVE_H
#define ADV_TRAINER_LOSS_CURVE_H

#include <advect/train.h>

/* Columns step, loss, held_out, learning_rate, seconds. */
enum adv_status adv_loss_curve_write_csv(const struct adv_training *training, const char *path,
                                         struct adv_error *error);
enum adv_status adv_loss_curve_write_png(const struct adv_training *training, const char *path,
                                         struct adv_error *error);

#endif
