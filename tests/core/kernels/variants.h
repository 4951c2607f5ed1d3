/* The variants of kernels that tests go through. */
#ifndef ADV_TESTS_VARIANTS_H
#define ADV_TESTS_VARIANTS_H

#include "core/kernels/table.h"

/* Those of this build in full precision. */
int n_variants(void);

/* Variant i, or NULL where this processor cannot run it. */
const struct adv_kernels *variant(int i);

#endif
