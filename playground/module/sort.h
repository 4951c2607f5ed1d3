/* qsort_r, which the C library of Debian 12's emscripten lacks; as in glibc. */
#ifndef ADV_PLAYGROUND_SORT_H
#define ADV_PLAYGROUND_SORT_H

#include <stddef.h>

void qsort_r(void *base, size_t n, size_t size, int (*compare)(const void *, const void *, void *),
             void *context);

#endif
