#include "tests/core/data/densities.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

struct adv_density *density_of(const char *text)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_density *density = NULL;
    json_t *spec = json_loads(text, 0, NULL);
    ck_assert_msg(spec != NULL, "the test's own JSON is wrong: %s", text);
    enum adv_status status = adv_density_new(spec, &density, &error);
    ck_assert_msg(status == ADV_OK, "%s: %s", text, error.message);
    json_decref(spec);
    return density;
}

float *samples_of(const struct adv_density *density, uint64_t seed, size_t n)
{
    float *points = malloc(n * adv_density_dim(density) * sizeof *points);
    ck_assert_ptr_nonnull(points);
    adv_density_sample(density, seed, 0, n, points);
    return points;
}

void assert_shares(const size_t *counts, const double *shares, size_t n_bins, size_t n)
{
    double statistic = 0.0, degrees = -1.0;
    for (size_t i = 0; i < n_bins; i++) {
        double expected = shares[i] * (double)n, excess = (double)counts[i] - expected;
        if (expected == 0.0) {
            ck_assert_uint_eq(counts[i], 0);
            continue;
        }
        statistic += excess * excess / expected;
        degrees += 1.0;
    }
    ck_assert_double_le(statistic, degrees + 5.0 * sqrt(2.0 * degrees));
}
