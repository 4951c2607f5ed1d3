/* A heap sort: in place, n log n at worst, not stable, which qsort_r need not be either. */
#include "playground/module/sort.h"

struct heap {
    char *base;
    size_t size;
    int (*compare)(const void *, const void *, void *);
    void *context;
};

static int compare_at(const struct heap *h, size_t i, size_t j)
{
    return h->compare(h->base + i * h->size, h->base + j * h->size, h->context);
}

static void swap(const struct heap *h, size_t i, size_t j)
{
    char *a = h->base + i * h->size, *b = h->base + j * h->size;
    for (size_t k = 0; k < h->size; k++) {
        char kept = a[k];
        a[k] = b[k];
        b[k] = kept;
    }
}

/* Lets the element at i of a heap of n sink to its place. */
static void sink(const struct heap *h, size_t i, size_t n)
{
    for (size_t child = 2 * i + 1; child < n; i = child, child = 2 * i + 1) {
        if (child + 1 < n && compare_at(h, child, child + 1) < 0)
            child++;
        if (compare_at(h, i, child) >= 0)
            return;
        swap(h, i, child);
    }
}

void qsort_r(void *base, size_t n, size_t size, int (*compare)(const void *, const void *, void *),
             void *context)
{
    const struct heap heap = {base, size, compare, context};
    for (size_t i = n / 2; i-- > 0;)
        sink(&heap, i, n);
    for (size_t last = n; last-- > 1;) {
        swap(&heap, 0, last);
        sink(&heap, 0, last);
    }
}
