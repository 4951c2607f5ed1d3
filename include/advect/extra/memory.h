/* Arrays: how many items they have, ones that grow, and ones for sweeps over many numbers. */
#ifndef ADVECT_EXTRA_MEMORY_H
#define ADVECT_EXTRA_MEMORY_H

#include <advect/api.h>
#include <advect/status.h>
#include <stddef.h>

ADV_API_BEGIN

/* The items of an array, which must not be a pointer. */
#define ADV_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Grows *array, a pointer to *capacity items from malloc or NULL, to hold at least count; contents
 * are kept, and the array unchanged without memory. array is the pointer's address:
 * adv_grow(&list->items, &list->capacity, list->n + 1, sizeof *list->items, error). */
enum adv_status adv_grow(void *array, size_t *capacity, size_t count, size_t item_bytes,
                         struct adv_error *error);

/* n zeros, on huge pages where they are many: sweeps over arrays on small ones often wait for the
 * page table. Freed with free(); NULL without memory. */
float *adv_zeros(size_t n);

ADV_API_END
#endif
