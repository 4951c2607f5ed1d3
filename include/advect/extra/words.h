/* Spelling suggestions for names, and validation of UTF-8. */
#ifndef ADVECT_EXTRA_WORDS_H
#define ADVECT_EXTRA_WORDS_H

#include <advect/api.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>

ADV_API_BEGIN

/* Of the NULL-terminated names, the one nearest to `name` by edit distance, or
 * NULL if none is near enough to be a plausible slip of the pen. */
const char *adv_nearest_name(const char *name, const char *const *names);

/* The place of `name` among the NULL-terminated names, into *index; or ADV_E_INVALID in the words
 * of all choices: "FIELD is "rk5"; it must be one of euler, rk4; did you mean "rk4"?". name NULL:
 * the field is missing. */
enum adv_status adv_find_name(const char *field, const char *name, const char *const *names,
                              size_t *index, struct adv_error *error);

/* Whether text [n] is UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 * NUL is a character like any other. */
bool adv_is_utf8(const char *text, size_t n);

ADV_API_END
#endif
