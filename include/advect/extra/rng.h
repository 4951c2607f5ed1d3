/* Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011).
 *
 * A number is a pure function of (seed, stream, row, column): row 17 is the
 * same alone, in a batch of a thousand, or on another machine's replica, and
 * no generator state exists to save, share or lock. */
#ifndef ADVECT_EXTRA_RNG_H
#define ADVECT_EXTRA_RNG_H

#include <advect/api.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

/* Streams keep the uses of one seed independent of each other. */
enum adv_stream {
    ADV_STREAM_BASE = 1, /* x_0 of a sample; row = sample index */
    ADV_STREAM_PROBE,    /* Hutchinson probes; row = number of the probe, the same for all points */
    ADV_STREAM_DATA,     /* draws from a synthetic density; row = sample index */
    ADV_STREAM_DATA_NOISE, /* its second source: jitter of a drawn point */
    ADV_STREAM_DEQUANTISE, /* u ~ U[0,1) added to 8-bit data */
    ADV_STREAM_TIME,       /* training times */
    ADV_STREAM_SHUFFLE,    /* which row of a data set a training example takes */
    ADV_STREAM_DROPOUT,    /* label dropout */
    ADV_STREAM_INIT,       /* initial weights; row = parameter index */
    ADV_STREAM_CONTEXT_DROPOUT,
    ADV_STREAM_PRIOR, /* parameters of a simulation; row = simulation index, as of the next two */
    ADV_STREAM_SIMULATION,       /* its uniforms */
    ADV_STREAM_SIMULATION_NOISE, /* its normals */
    ADV_STREAM_NOISE /* of stochastic sampling; row = sample index, columns = steps' numbers */
};

/* Standard normals. out [n_rows, n_columns] receives rows first_row ... of the stream. */
void adv_rng_normal(uint64_t seed, enum adv_stream stream, uint64_t first_row, size_t n_rows,
                    size_t n_columns, float *out);

/* Uniforms on [0, 1), multiples of 2^-24. Shapes as adv_rng_normal. */
void adv_rng_uniform(uint64_t seed, enum adv_stream stream, uint64_t first_row, size_t n_rows,
                     size_t n_columns, float *out);

/* Columns first_column (a multiple of 4) ... of one row, for rows too long to hold at once. */
void adv_rng_uniform_columns(uint64_t seed, enum adv_stream stream, uint64_t row,
                             size_t first_column, size_t n_columns, float *out);

/* The same of normals, and several rows. */
void adv_rng_normal_columns(uint64_t seed, enum adv_stream stream, uint64_t first_row,
                            size_t n_rows, size_t first_column, size_t n_columns, float *out);

/* +1 or -1 with equal probability. Shapes as adv_rng_normal. */
void adv_rng_rademacher(uint64_t seed, enum adv_stream stream, uint64_t first_row, size_t n_rows,
                        size_t n_columns, float *out);

/* One 64-bit word of (stream, row): for an integer draw; see adv_rng_below. */
uint64_t adv_rng_word(uint64_t seed, enum adv_stream stream, uint64_t row);

/* An integer in [0, bound), bound >= 1, bias below 2^-32 for bound < 2^32. */
uint64_t adv_rng_below(uint64_t seed, enum adv_stream stream, uint64_t row, uint64_t bound);

/* A seed for those who chose none: random, or the clock's where the system has no random numbers.
 * It has 32 bits, short enough to be read out. */
uint64_t adv_random_seed(void);

/* A bijection of [0, n) chosen by the key: an unbalanced Feistel network on the next power of four,
 * walked until it lands below n. Orders n things at random, any of them alone. */
uint64_t adv_permute(uint64_t key, uint64_t index, uint64_t n);

ADV_API_END
#endif
