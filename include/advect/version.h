/* The version of these headers, and that of the library which a program runs with. Programs that
 * were built with one minor version of 0.x need that same one; from 1.0 on, any later of the same
 * major. */
#ifndef ADVECT_VERSION_H
#define ADVECT_VERSION_H

#include <advect/api.h>

#define ADV_VERSION_MAJOR 0
#define ADV_VERSION_MINOR 1
#define ADV_VERSION_PATCH 0

#define ADV_VERSION_TEXT_OF(major, minor, patch) #major "." #minor "." #patch
#define ADV_VERSION_TEXT(major, minor, patch) ADV_VERSION_TEXT_OF(major, minor, patch)
#define ADV_VERSION ADV_VERSION_TEXT(ADV_VERSION_MAJOR, ADV_VERSION_MINOR, ADV_VERSION_PATCH)

ADV_API_BEGIN

/* Of the library, as "0.1.0". */
const char *adv_version(void);

ADV_API_END

#endif
