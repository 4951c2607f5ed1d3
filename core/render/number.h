/* Numbers as decimal text, the same in every locale. */
#ifndef ADV_RENDER_NUMBER_H
#define ADV_RENDER_NUMBER_H

#include <stddef.h>

#define ADV_FLOAT_TEXT_MAX 16  /* "-0.000123456789" */
#define ADV_DOUBLE_TEXT_MAX 24 /* "-1.2345678901234567e-308" */

/* Writes value as %.9g does, correctly rounded, which reads back as the same float; minus zero as
 * -0.0, which readers of JSON do not take for an integer; NaN and infinity as null. Returns the
 * number of characters, at most ADV_FLOAT_TEXT_MAX; no NUL is added. */
size_t adv_write_float(char *text, float value);

/* The same for a double, with as few of 15 to 17 digits as read back as the same double. */
size_t adv_write_double(char *text, double value);

#endif
