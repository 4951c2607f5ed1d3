/* The flag --set PATH=VALUE, which may be repeated: members of a recipe from the command line. */
#ifndef ADV_TRAINER_OVERRIDES_H
#define ADV_TRAINER_OVERRIDES_H

#include "trainer/cli/options.h"

#include <jansson.h>

#define ADV_OVERRIDES_MAX 64

struct adv_overrides {
    size_t n;
    const char *assignments[ADV_OVERRIDES_MAX]; /* in their order; they point into argv */
};

/* The flag, for a command's options: it adds to overrides. */
struct adv_more_options adv_overrides_flag(struct adv_overrides *overrides);

/* Puts them into a recipe. ADV_E_INVALID, naming the assignment. */
enum adv_status adv_overrides_apply(const struct adv_overrides *overrides, json_t *recipe,
                                    struct adv_error *error);

#endif
