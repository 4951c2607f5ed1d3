/* Measured figures in a model's file. */
#ifndef ADV_TRAINER_CARD_H
#define ADV_TRAINER_CARD_H

#include <advect/model.h>
#include <jansson.h>

/* Merges figures (an object) into the card of the model's file at path, which is written anew with
 * the same weights in the same type. typicality: in place of the config's, or NULL: that stays. */
enum adv_status adv_card_write(const struct adv_model *model, const char *path,
                               const json_t *figures, json_t *typicality, struct adv_error *error);

#endif
