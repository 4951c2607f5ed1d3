#include "core/data/densities/mixture.h"

#include "core/base/mem.h"

#include <advect/extra/rng.h>
#include <math.h>
#include <stdlib.h>

enum adv_status adv_mixture_init(struct adv_mixture *mixture, size_t n_components, size_t dim,
                                 struct adv_error *error)
{
    size_t n_entries;
    if (!adv_mul_size(n_components, dim, &n_entries))
        return adv_no_memory(error);
    mixture->n_components = n_components;
    mixture->dim = dim;
    mixture->means = adv_calloc(n_entries, sizeof(double));
    mixture->deviations = adv_calloc(n_entries, sizeof(double));
    mixture->weights = adv_calloc(n_components, sizeof(double));
    mixture->cumulative = adv_calloc(n_components, sizeof(double));
    mixture->log_peaks = adv_calloc(n_components, sizeof(double));
    if (!mixture->means || !mixture->deviations || !mixture->weights || !mixture->cumulative ||
        !mixture->log_peaks)
        return adv_no_memory(error); /* adv_mixture_release frees what there is */
    for (size_t i = 0; i < n_entries; i++)
        mixture->deviations[i] = 1.0;
    for (size_t c = 0; c < n_components; c++)
        mixture->weights[c] = 1.0;
    return ADV_OK;
}

void adv_mixture_finish(struct adv_mixture *mixture)
{
    double total = 0.0, sum = 0.0;
    for (size_t c = 0; c < mixture->n_components; c++)
        total += mixture->weights[c];
    for (size_t c = 0; c < mixture->n_components; c++) {
        mixture->weights[c] /= total;
        sum += mixture->weights[c];
        mixture->cumulative[c] = sum;
        double log_peak = log(mixture->weights[c]) - 0.5 * (double)mixture->dim * log(2.0 * M_PI);
        for (size_t d = 0; d < mixture->dim; d++)
            log_peak -= log(mixture->deviations[c * mixture->dim + d]);
        mixture->log_peaks[c] = log_peak;
    }
    /* Rounding must not leave a gap below 1, nor give it to a component of no weight. */
    for (size_t c = mixture->n_components; c-- > 0;) {
        mixture->cumulative[c] = 1.0;
        if (mixture->weights[c] > 0.0)
            break;
    }
}

void adv_mixture_release(void *state)
{
    struct adv_mixture *mixture = state;
    free(mixture->means);
    free(mixture->deviations);
    free(mixture->weights);
    free(mixture->cumulative);
    free(mixture->log_peaks);
    *mixture = (struct adv_mixture){0};
}

size_t adv_mixture_dim(const void *state)
{
    return ((const struct adv_mixture *)state)->dim;
}

/* The first component whose cumulative weight exceeds u in [0, 1): never one of weight zero. */
static size_t choose(const struct adv_mixture *mixture, double u)
{
    size_t lo = 0, hi = mixture->n_components - 1;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (u < mixture->cumulative[middle])
            hi = middle;
        else
            lo = middle + 1;
    }
    return lo;
}

void adv_mixture_sample(const void *state, uint64_t seed, uint64_t first, size_t n, float *out)
{
    const struct adv_mixture *mixture = state;
    const size_t dim = mixture->dim;
    adv_rng_normal(seed, ADV_STREAM_DATA_NOISE, first, n, dim, out);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = adv_rng_word(seed, ADV_STREAM_DATA, first + i);
        size_t component = choose(mixture, (double)(word >> 11) * 0x1p-53);
        const double *mean = mixture->means + component * dim;
        const double *deviation = mixture->deviations + component * dim;
        for (size_t d = 0; d < dim; d++)
            out[i * dim + d] = (float)(mean[d] + deviation[d] * (double)out[i * dim + d]);
    }
}

/* log (weight x density) of one component. */
static double log_share(const struct adv_mixture *mixture, size_t component, const float *point)
{
    const double *mean = mixture->means + component * mixture->dim;
    const double *deviation = mixture->deviations + component * mixture->dim;
    double squares = 0.0;
    for (size_t d = 0; d < mixture->dim; d++) {
        double z = ((double)point[d] - mean[d]) / deviation[d];
        squares += z * z;
    }
    return mixture->log_peaks[component] - 0.5 * squares;
}

void adv_mixture_log_density(const void *state, size_t n, const float *points, double *out)
{
    const struct adv_mixture *mixture = state;
    for (size_t i = 0; i < n; i++) {
        double sum = -INFINITY;
        for (size_t c = 0; c < mixture->n_components; c++)
            sum = adv_log_add(sum, log_share(mixture, c, points + i * mixture->dim));
        out[i] = sum;
    }
}

void adv_mixture_box(const void *state, double *lo, double *hi)
{
    const struct adv_mixture *mixture = state;
    for (size_t d = 0; d < mixture->dim; d++) {
        lo[d] = INFINITY;
        hi[d] = -INFINITY;
        for (size_t c = 0; c < mixture->n_components; c++) {
            if (mixture->weights[c] == 0.0)
                continue;
            double mean = mixture->means[c * mixture->dim + d];
            double reach = ADV_BOX_DEVIATIONS * mixture->deviations[c * mixture->dim + d];
            lo[d] = fmin(lo[d], mean - reach);
            hi[d] = fmax(hi[d], mean + reach);
        }
    }
}

size_t adv_mixture_modes(const void *state)
{
    return ((const struct adv_mixture *)state)->n_components;
}

long adv_mixture_mode(const void *state, const float *point)
{
    const struct adv_mixture *mixture = state;
    long best = -1;
    double best_share = -INFINITY;
    for (size_t c = 0; c < mixture->n_components; c++) {
        double share = log_share(mixture, c, point);
        if (share > best_share) {
            best_share = share;
            best = (long)c;
        }
    }
    return best;
}

double adv_mixture_mode_weight(const void *state, size_t mode)
{
    return ((const struct adv_mixture *)state)->weights[mode];
}
