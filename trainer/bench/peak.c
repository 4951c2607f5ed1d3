/* Independent chains of multiply-adds in registers, enough of them to hide the latency of one:
 * 4 or 5 cycles at two instructions a cycle, as on x86-64, ask for 10; 4 cycles at four
 * instructions, as on the largest Arm processors, for 16. */
#include "trainer/bench/peak.h"

#include "trainer/cli/progress.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__
#define CHAINS 12 /* of 16 registers */
#else
#define CHAINS 16 /* of 32 */
#endif
#define ROUNDS 20000 /* between looks at the clock: well below a millisecond */

/* One run of ROUNDS rounds; the result only keeps the compiler from dropping it. */
typedef float spin_fn(void);

struct variant {
    spin_fn *spin;
    size_t flops; /* of one spin */
};

#define LANES 4

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

/* With what every processor of the architecture has: SSE, or NEON, which fuses and adds to a
 * register in place. Chains that started alike would be computed once. */
static float spin_baseline(void)
{
    vector sums[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        sums[c] = (vector){0} + (float)(c + 1);
    for (int round = 0; round < ROUNDS; round++) {
        for (int c = 0; c < CHAINS; c++)
            sums[c] += sums[c] * -0.0005f;
    }
    for (int c = 1; c < CHAINS; c++)
        sums[0] += sums[c];
    return sums[0][0];
}

#ifdef __x86_64__
#include <immintrin.h>

__attribute__((target("avx2,fma"))) static float spin_avx2(void)
{
    __m256 sums[CHAINS], factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.5f);
    for (int c = 0; c < CHAINS; c++)
        sums[c] = _mm256_setzero_ps();
    for (int round = 0; round < ROUNDS; round++) {
        for (int c = 0; c < CHAINS; c++)
            sums[c] = _mm256_fmadd_ps(sums[c], factor, term);
    }
    for (int c = 1; c < CHAINS; c++)
        sums[0] = _mm256_add_ps(sums[0], sums[c]);
    return _mm256_cvtss_f32(sums[0]);
}

__attribute__((target("avx512f"))) static float spin_avx512(void)
{
    __m512 sums[CHAINS], factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.5f);
    for (int c = 0; c < CHAINS; c++)
        sums[c] = _mm512_setzero_ps();
    for (int round = 0; round < ROUNDS; round++) {
        for (int c = 0; c < CHAINS; c++)
            sums[c] = _mm512_fmadd_ps(sums[c], factor, term);
    }
    for (int c = 1; c < CHAINS; c++)
        sums[0] = _mm512_add_ps(sums[0], sums[c]);
    return _mm512_cvtss_f32(sums[0]);
}

static struct variant best_variant(void)
{
    const size_t flops = (size_t)2 * CHAINS * ROUNDS;
    if (__builtin_cpu_supports("avx512f"))
        return (struct variant){spin_avx512, 16 * flops};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (struct variant){spin_avx2, 8 * flops};
    return (struct variant){spin_baseline, LANES * flops};
}
#else
static struct variant best_variant(void)
{
    return (struct variant){spin_baseline, (size_t)2 * CHAINS * ROUNDS * LANES};
}
#endif

struct spinning {
    struct variant variant;
    double seconds;
    double *gflops; /* per piece */
    volatile float *sink;
};

static void spin_piece(void *context, size_t piece, int worker)
{
    (void)worker;
    struct spinning *spinning = context;
    double began = adv_seconds_now(), elapsed = 0, flops = 0;
    float total = 0;
    while (elapsed < spinning->seconds) {
        total += spinning->variant.spin();
        flops += (double)spinning->variant.flops;
        elapsed = adv_seconds_now() - began;
    }
    spinning->sink[piece] = total;
    spinning->gflops[piece] = 1e-9 * flops / elapsed;
}

#define PIECES_MAX 1024

double adv_peak_gflops(struct adv_pool *pool, double seconds)
{
    double gflops[PIECES_MAX], sum = 0;
    volatile float sink[PIECES_MAX];
    struct spinning spinning = {best_variant(), seconds, gflops, sink};
    size_t n = (size_t)adv_pool_threads(pool);
    n = n < PIECES_MAX ? n : PIECES_MAX;
    adv_pool_run(pool, n, spin_piece, &spinning);
    for (size_t i = 0; i < n; i++)
        sum += gflops[i];
    return sum;
}
