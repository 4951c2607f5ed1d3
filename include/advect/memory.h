/* Arrays for sweeps over many numbers. */
#ifndef ADVECT_MEMORY_H
#define ADVECT_MEMORY_H

#include <stddef.h>

#pragma GCC visibility push(default)

/* n zeros, on large pages where they are many: sweeps over arrays on small ones often wait for the
 * page table. Freed with free(); NULL without memory. */
float *adv_zeros(size_t n);

#pragma GCC visibility pop
#endif
