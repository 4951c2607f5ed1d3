#include "core/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Large arrays lie on huge pages where the system has them: on small ones, sweeps over them are
 * bound by misses of the TLB. */
#define HUGE_PAGE_BYTES ((size_t)2 << 20)
#define HUGE_FROM_BYTES ((size_t)512 << 10)

void *adv_calloc(size_t count, size_t item_bytes)
{
    return calloc(count ? count : 1, item_bytes ? item_bytes : 1);
}

void *adv_alloc_aligned(size_t count, size_t item_bytes)
{
    size_t bytes;
    if (!adv_mul_size(count, item_bytes, &bytes) || bytes > SIZE_MAX - HUGE_PAGE_BYTES)
        return NULL;
    size_t unit = bytes < HUGE_FROM_BYTES ? ADV_CACHE_LINE : HUGE_PAGE_BYTES;
    size_t rounded = bytes ? (bytes + unit - 1) / unit * unit : unit;
    void *memory = aligned_alloc(unit, rounded);
#ifdef MADV_HUGEPAGE
    if (memory && unit == HUGE_PAGE_BYTES)
        madvise(memory, rounded, MADV_HUGEPAGE); /* best effort */
#endif
    return memory;
}

float *adv_zeros(size_t n)
{
    float *zeros = adv_alloc_aligned(n, sizeof *zeros);
    if (zeros)
        memset(zeros, 0, n * sizeof *zeros);
    return zeros;
}

enum adv_status adv_grow(void *array, size_t *capacity, size_t count, size_t item_bytes,
                         struct adv_error *error)
{
    if (count <= *capacity)
        return ADV_OK;
    size_t wanted = *capacity < 8 ? 8 : *capacity;
    while (wanted < count) {
        if (!adv_mul_size(wanted, 2, &wanted))
            return adv_no_memory(error);
    }
    size_t bytes;
    if (!adv_mul_size(wanted, item_bytes, &bytes))
        return adv_no_memory(error);
    void *old, *grown;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, bytes);
    if (!grown)
        return adv_no_memory(error);
    memcpy(array, &grown, sizeof grown);
    *capacity = wanted;
    return ADV_OK;
}

char *adv_strdup(const char *text)
{
    return text ? strdup(text) : NULL;
}

void adv_bug_at(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "advect: bug at %s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}
