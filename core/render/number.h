/* Numbers as decimal text, the same in every locale. */
#ifndef ADV_RENDER_NUMBER_H
#define ADV_RENDER_NUMBER_H

#include <stddef.h>

#define ADV_FLOAT_TEXT_MAX 16  /* "-0.000123456789" */
#define ADV_DOUBLE_TEXT_MAX 24 /* "-1.2345678901234567e-308" */

/* Writes the fewest digits that read back as the same float, the nearest ones if there are several,
 * laid out as %.9g does; minus zero as -0.0, which readers of JSON do not take for an integer; NaN
 * and infinity as null. Returns the number of characters, at most ADV_FLOAT_TEXT_MAX; no NUL is
 * added. */
size_t adv_write_float(char *text, float value);

/* The same for a double, with the fewest of 15 to 17 digits, less trailing zeros; as %.17g. */
size_t adv_write_double(char *text, double value);

#endif
