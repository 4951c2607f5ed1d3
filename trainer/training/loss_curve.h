/* The loss curve of a training as files. */
#ifndef ADV_TRAINER_LOSS_CURVE_H
#define ADV_TRAINER_LOSS_CURVE_H

#include <advect/extra/bytes.h>
#include <advect/train.h>

/* Columns step, loss, held_out, learning_rate, seconds; held_out_nll where it is measured. */
enum adv_status adv_loss_curve_write_csv(const struct adv_training *training, const char *path,
                                         struct adv_error *error);
/* What of it is drawn: the loss of training and held-out rows, or the log-density of these, which
 * is measured where train.keep is "best". png becomes the picture's bytes, to be released. */
enum adv_loss_curve { ADV_CURVE_OF_LOSS, ADV_CURVE_OF_LOG_DENSITY };
enum adv_status adv_loss_curve_draw(const struct adv_training *training, enum adv_loss_curve what,
                                    struct adv_bytes *png, struct adv_error *error);
enum adv_status adv_loss_curve_write_png(const struct adv_training *training, const char *path,
                                         struct adv_error *error);

#endif
