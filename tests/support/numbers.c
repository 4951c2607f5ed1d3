#include "tests/support/numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 32 /* elements on either side */
#define GUARD_BYTE 0x5a

uint64_t random_word(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t random_below(struct random *random, size_t bound)
{
    return (size_t)(random_word(random) % bound);
}

double random_between(struct random *random, double low, double high)
{
    return low + (high - low) * (double)(random_word(random) >> 11) * 0x1p-53;
}

void random_fill(struct random *random, double low, double high, size_t n, adv_real *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (adv_real)random_between(random, low, high);
}

void guarded_init(struct guarded *buffer, size_t n)
{
    adv_real *whole = malloc((n + 2 * GUARD) * sizeof *whole);
    if (!whole)
        abort();
    memset(whole, GUARD_BYTE, (n + 2 * GUARD) * sizeof *whole);
    *buffer = (struct guarded){.data = whole + GUARD, .n = n};
    guarded_poison(buffer);
}

void guarded_release(struct guarded *buffer)
{
    free(buffer->data - GUARD);
    *buffer = (struct guarded){0};
}

void guarded_poison(struct guarded *buffer)
{
    poison(buffer->n, buffer->data);
}

static bool untouched(const adv_real *zone)
{
    unsigned char pristine[GUARD * sizeof *zone];
    memset(pristine, GUARD_BYTE, sizeof pristine);
    return memcmp(zone, pristine, sizeof pristine) == 0;
}

bool guarded_intact(const struct guarded *buffer)
{
    return untouched(buffer->data - GUARD) && untouched(buffer->data + buffer->n);
}

bool same_bytes(size_t n, const adv_real *a, const adv_real *b)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

bool all_finite(size_t n, const adv_real *x)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            return false;
    }
    return true;
}

void poison(size_t n, adv_real *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (adv_real)NAN;
}

double dot(size_t n, const adv_real *a, const adv_real *b)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

double largest(size_t n, const adv_real *x)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)x[i]));
    return most;
}

double largest_difference(size_t n, const adv_real *a, const adv_real *b)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)a[i] - (double)b[i]);
        most = isnan(difference) ? INFINITY : fmax(most, difference);
    }
    return most;
}
