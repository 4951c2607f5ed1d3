#include "tests/support/alloc_fail.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Allocations until the first that fails; 0 or less: it has come, or none fails. */
static atomic_long n_until_failure;
static atomic_bool armed, persistent;
static atomic_long n_failed;
static atomic_size_t n_bytes_requested;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *block, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *block, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);

static bool fails(size_t n_bytes)
{
    n_bytes_requested += n_bytes;
    if (!armed)
        return false;
    long left = atomic_fetch_sub(&n_until_failure, 1);
    bool failing = left == 1 || (left < 1 && persistent);
    n_failed += failing;
    return failing;
}

void *__wrap_malloc(size_t n)
{
    return fails(n) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails(count * n) ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *block, size_t n)
{
    return fails(n) ? NULL : __real_realloc(block, n);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    return fails(n) ? NULL : __real_aligned_alloc(alignment, n);
}

size_t alloc_fail_n_bytes(void)
{
    return n_bytes_requested;
}

/* Whether the attempt needed the n-th allocation; *clean: and if so, failed as it should. */
static bool try(alloc_fail_attempt *attempt, void *context, long n, bool *clean)
{
    struct adv_error error = ADV_ERROR_INIT;
    n_until_failure = n;
    n_failed = 0;
    armed = true;
    enum adv_status status = attempt(context, &error);
    armed = false;
    if (n_failed == 0)
        *clean = status == ADV_OK;
    else
        *clean = status == ADV_E_MEMORY && error.status == ADV_E_MEMORY && error.message[0];
    if (!*clean)
        fprintf(stderr, "allocation %ld (%ld failed): status %s, message '%s'\n", n, n_failed,
                adv_status_name(status), error.message);
    return n_failed > 0;
}

long alloc_fail_each(alloc_fail_attempt *attempt, void *context)
{
    long total = 0;
    json_set_alloc_funcs(malloc, free);
    for (int pass = 0; pass < 2; pass++) {
        bool clean = true;
        persistent = pass == 1;
        for (long n = 1; try(attempt, context, n, &clean) && clean; n++)
            total++;
        if (!clean)
            return -1;
    }
    return total;
}
