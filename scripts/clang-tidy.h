/* What clang's analyser cannot find out, since it reads one file at a time: a report of a failure
 * returns the status that it was given, and never ADV_OK. Included first by `make lint` alone. */
#include "core/base/mem.h"

#define adv_fail(error, status, ...) (adv_fail(error, status, __VA_ARGS__), (status))
#define adv_fail_field(error, status, ...) (adv_fail_field(error, status, __VA_ARGS__), (status))
#define adv_no_memory(error) (adv_no_memory(error), ADV_E_MEMORY)
