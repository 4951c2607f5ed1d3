/* Hutchinson's probes of a shard. A row's are a function of the seed and of the row's own numbers:
 * where in a request it stands, and what stands beside it, changes nothing, yet different rows have
 * independent probes, so that the errors of a mean over rows average out. The label does not count,
 * so that the densities of one point under several labels, which are compared, share their error.
 *
 * The numbers are put together by the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", OOPSLA 2014), a word at a time. */
#include "core/query/run.h"

#include <advect/extra/rng.h>
#include <string.h>

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

/* All rows of a fixed-step solver are at the same evaluation: its number says whose turn it is in
 * the row's stream, whatever the shard. */
void adv_shard_draw_probes(const struct adv_run *run, struct adv_shard *shard)
{
    size_t n = run->answer.probes, set = n * run->dim;
    if (shard->evaluations == 0 || run->answer.renew_probes) {
        for (size_t r = 0; r < shard->n; r++) {
            const float *row = shard->starts + r * run->dim;
            adv_rng_rademacher(adv_probe_key(run->query.probe_seed, run->dim, row),
                               ADV_STREAM_PROBE, shard->evaluations * n, n, run->dim,
                               shard->probes + r * set);
        }
    }
    shard->evaluations++;
}
