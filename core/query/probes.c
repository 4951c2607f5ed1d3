/* Hutchinson's probes of a shard. A row's are a function of the seed and of the row's own numbers:
 * where in a request it stands, and what stands beside it, changes nothing, yet different rows have
 * independent probes, so that the errors of a mean over rows average out. The label does not count,
 * so that the densities of one point under several labels, which are compared, share their error.
 *
 * Of few dimensions, the probes of a row are orthogonal: directions of a random rotation, each as
 * long as a vector of signs. All dim of them would give the divergence itself, so n of them are a
 * draw without replacement, and the variance of their mean is smaller by the factor 1 - n / dim
 * (bench/divergence.c). With many dimensions that is next to nothing, and signs cost less to draw.
 *
 * The numbers are put together by the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", OOPSLA 2014), a word at a time. */
#include "core/query/run.h"

#include <advect/extra/rng.h>
#include <math.h>
#include <string.h>

#define ORTHOGONAL_DIM_MAX 64

static uint64_t absorb(uint64_t key, uint64_t word)
{
    uint64_t z = key + word + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t adv_probe_key(uint64_t seed, size_t dim, const float *row)
{
    uint64_t key = absorb(0, seed);
    for (size_t k = 0; k < dim; k++) {
        const float value = row[k] + 0.0f; /* -0 is 0 */
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        key = absorb(key, bits);
    }
    return key;
}

bool adv_probes_are_orthogonal(size_t n, size_t dim)
{
    return n > 1 && n < dim && dim <= ORTHOGONAL_DIM_MAX;
}

/* Gram-Schmidt on normal rows x [n, dim]; each ends with the length sqrt(dim). */
static void make_orthogonal(size_t n, size_t dim, float *x)
{
    for (size_t i = 0; i < n; i++) {
        float *row = x + i * dim;
        double square = 0;
        for (size_t j = 0; j < i; j++) {
            const float *other = x + j * dim;
            double along = 0;
            for (size_t k = 0; k < dim; k++)
                along += (double)row[k] * (double)other[k];
            for (size_t k = 0; k < dim; k++)
                row[k] -= (float)(along / (double)dim) * other[k];
        }
        for (size_t k = 0; k < dim; k++)
            square += (double)row[k] * (double)row[k];
        for (size_t k = 0; k < dim; k++)
            row[k] *= (float)sqrt((double)dim / square);
    }
}

void adv_draw_probes(uint64_t key, uint64_t first, size_t n, size_t dim, float *probes)
{
    if (!adv_probes_are_orthogonal(n, dim)) {
        adv_rng_rademacher(key, ADV_STREAM_PROBE, first, n, dim, probes);
        return;
    }
    adv_rng_normal(key, ADV_STREAM_PROBE, first, n, dim, probes);
    make_orthogonal(n, dim, probes);
}

/* All rows of a fixed-step solver are at the same evaluation: its number says whose turn it is in
 * the row's stream, whatever the shard. */
void adv_shard_draw_probes(const struct adv_run *run, struct adv_shard *shard)
{
    size_t n = run->answer.probes, set = n * run->dim;
    if (shard->evaluations == 0 || run->answer.renew_probes) {
        for (size_t r = 0; r < shard->n * run->draws; r++) {
            const float *row = shard->starts + r * run->dim;
            adv_draw_probes(adv_probe_key(run->query.probe_seed, run->dim, row),
                            shard->evaluations * n, n, run->dim, shard->probes + r * set);
        }
    }
    shard->evaluations++;
}
