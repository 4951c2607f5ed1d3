/* What help, manual pages and completions say of a field. */
#ifndef ADV_SETTINGS_FIELD_TEXT_H
#define ADV_SETTINGS_FIELD_TEXT_H

#include "core/base/words.h"

#include <advect/extra/fields.h>

#define ADV_FIELD_TEXT_BYTES 2048 /* far beyond the longest */

/* "--batch-rows N" into text [size]; its length. */
int adv_field_flag(const struct adv_field *field, size_t size, char *text);
/* The help and the choices: "method: euler, rk4". */
void adv_field_meaning(const struct adv_field *field, size_t size, char *text);
/* In brackets the default with its unit, or what there is of them: "(default 3 s)". */
void adv_field_default(const struct adv_field *field, size_t size, char *text);

#endif
