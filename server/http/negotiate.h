/* Which media type to answer with: Accept, with its quality values (RFC 9110, 12.5.1). */
#ifndef ADV_SERVER_NEGOTIATE_H
#define ADV_SERVER_NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>

/* How much the Accept header likes a media type ("image/png"), in [0, 1]; the most specific range
 * that matches decides. accept NULL or empty: 1. Elements that are not well formed are ignored. */
double adv_accept_quality(const char *accept, const char *media_type);

/* The best liked of the NULL-terminated media types, the first of equals; -1 if none will do. */
int adv_negotiate(const char *accept, const char *const *media_types);

/* Whether a Content-Type header names the media type, parameters aside. NULL names none. */
bool adv_content_type_is(const char *content_type, const char *media_type);

#endif
