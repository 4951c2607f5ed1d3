/* Allocation with overflow checks, and `ADV_CACHE_LINE`-aligned buffers.
 * Everything is freed with free(). */
#ifndef ADV_BASE_MEM_H
#define ADV_BASE_MEM_H

#include <advect/extra/memory.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>

#define ADV_CACHE_LINE 64

/* a * b into *product; false on overflow. */
static inline bool adv_mul_size(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* Zeroed memory for count items, or NULL (also when count * item_bytes overflows).
 * count 0 gives a valid pointer. */
void *adv_calloc(size_t count, size_t item_bytes);

/* As adv_calloc, aligned to ADV_CACHE_LINE and not zeroed. */
void *adv_alloc_aligned(size_t count, size_t item_bytes);

/* strdup that tolerates NULL (giving NULL). */
char *adv_strdup(const char *text);

/* A broken invariant of ours, never of a user: prints where and aborts. */
#define adv_bug(...) adv_bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void adv_bug_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
