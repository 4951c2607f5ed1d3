/* What the environment says of how networks are evaluated: ADVECT_PRECISION and ADVECT_ISA. */
#ifndef ADV_TRAINER_ENVIRONMENT_H
#define ADV_TRAINER_ENVIRONMENT_H

#include <advect/extra/evaluator.h>

/* Reads it, once, before any command runs. ADV_E_INVALID, naming the variable, where this processor
 * cannot do what it says. */
enum adv_status adv_environment_read(struct adv_error *error);

/* What was read; the defaults before. */
const struct adv_load_options *adv_environment(void);

#endif
