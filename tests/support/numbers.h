/* Seeded numbers, guarded buffers and comparisons, for the tests of the numerical core. */
#ifndef ADV_TESTS_NUMBERS_H
#define ADV_TESTS_NUMBERS_H

#include "core/base/real.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The unit roundoff of adv_real, and central differences in it. With functions whose values and
 * third derivatives are of order 1 to 1000, a step h leaves h^2 1000 / 6 of truncation and
 * ROUNDOFF / h of rounding. */
#ifdef ADV_REAL_DOUBLE
#define ROUNDOFF 0x1p-53
#define DIFFERENCE_STEP 1e-5
#define DIFFERENCE_TOLERANCE 1e-7
#else
#define ROUNDOFF 0x1p-24
#define DIFFERENCE_STEP 4e-3
#define DIFFERENCE_TOLERANCE 1e-2
#endif

/* SplitMix64 (Steele, Lea, Flood 2014): tests do not draw from the generator under test. */
struct random {
    uint64_t state;
};

uint64_t random_word(struct random *random);
size_t random_below(struct random *random, size_t bound);
/* Uniform on [low, high). */
double random_between(struct random *random, double low, double high);
void random_fill(struct random *random, double low, double high, size_t n, adv_real *x);

/* n elements, all NaN at first, between two zones that nobody may write to. */
struct guarded {
    adv_real *data;
    size_t n;
};

void guarded_init(struct guarded *buffer, size_t n);
void guarded_release(struct guarded *buffer);
void guarded_poison(struct guarded *buffer); /* back to NaN */
bool guarded_intact(const struct guarded *buffer);

bool same_bytes(size_t n, const adv_real *a, const adv_real *b);
bool all_finite(size_t n, const adv_real *x);
void poison(size_t n, adv_real *x);

double dot(size_t n, const adv_real *a, const adv_real *b);
double largest(size_t n, const adv_real *x);
/* max |a - b|; infinite if either holds a NaN. */
double largest_difference(size_t n, const adv_real *a, const adv_real *b);

#endif
