/* Arrays for sweeps over many numbers. */
#ifndef ADVECT_MEMORY_H
#define ADVECT_MEMORY_H

#include <advect/api.h>
#include <stddef.h>

ADV_API_BEGIN

/* n zeros, on huge pages where they are many: sweeps over arrays on small ones often wait for the
 * page table. Freed with free(); NULL without memory. */
float *adv_zeros(size_t n);

ADV_API_END
#endif
