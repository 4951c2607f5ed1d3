/* Allocations that fail on purpose, and how much was asked for. Test binaries are linked with
 * --wrap for malloc, calloc, realloc and aligned_alloc, so every call of the library's own code
 * comes here; jansson is told to call these, libpng and zlib get their memory from the library. */
#ifndef TESTS_ALLOC_FAIL_H
#define TESTS_ALLOC_FAIL_H

#include <advect/status.h>
#include <stddef.h>

/* One call of what is tested. It must release what a success gives, and assert nothing. */
typedef enum adv_status alloc_fail_attempt(void *context, struct adv_error *error);

/* Makes the 1st allocation of an attempt fail, then the 2nd of another, and so on until an attempt
 * needs no more; then the same with every later one failing too. Returns the number of attempts
 * that failed, or -1 where one did not end in ADV_E_MEMORY with a message. */
long alloc_fail_each(alloc_fail_attempt *attempt, void *context);

/* Bytes that were asked for, in this process and altogether, whether or not freed since. */
size_t alloc_fail_n_bytes(void);

#endif
