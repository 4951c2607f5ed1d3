/* y = log(u / (1 - u)), u = m + (1 - 2m) x: intensities in [0, 1] to the whole
 * line (Dinh et al., "Density estimation using Real NVP", 2017, section 4.1).
 *
 * dy/dx = (1 - 2m) / (u (1 - u)). With v = 1 - u = m + (1 - 2m) (1 - x) taken
 * from 1 - x, nothing cancels at either end; and since u v = e^-|y| / (1 + e^-|y|)^2
 * the slope is had from y alone, however large, in both directions. Decoding
 * is the true inverse: |y| > log((1-m)/m) lies outside [0, 1], by less than
 * m / (1 - 2m). */
#include "core/base/mem.h"
#include "core/data/transforms/step.h"

#include <math.h>

struct logit {
    double margin;
};

static const struct adv_field fields[] = {
    {.name = "margin",
     .kind = ADV_FIELD_REAL,
     .offset = offsetof(struct logit, margin),
     .min = 1e-6, /* well above what float data resolve near 1, so that u and v stay positive */
     .max = 0.49,
     .fallback = "1e-6",
     .help = "margin kept from 0 and 1 before the logit is taken"},
};

static void encode(const void *state, size_t first, size_t n, double *values)
{
    (void)first;
    double m = ((const struct logit *)state)->margin;
    for (size_t i = 0; i < n; i++) {
        double u = m + (1.0 - 2.0 * m) * values[i];
        double v = m + (1.0 - 2.0 * m) * (1.0 - values[i]);
        values[i] = log(u) - log(v);
    }
}

static void decode(const void *state, size_t first, size_t n, double *values)
{
    (void)first;
    double m = ((const struct logit *)state)->margin;
    for (size_t i = 0; i < n; i++)
        values[i] = (1.0 / (1.0 + exp(-values[i])) - m) / (1.0 - 2.0 * m);
}

static double log_det(const void *state, size_t first, size_t n, const double *encoded)
{
    (void)first;
    double sum = (double)n * log1p(-2.0 * ((const struct logit *)state)->margin);
    for (size_t i = 0; i < n; i++)
        sum += fabs(encoded[i]) + 2.0 * log1p(exp(-fabs(encoded[i])));
    return sum;
}

const struct adv_step_kind adv_step_logit = {
    .help = "values of [0, 1] by their log-odds",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .state_bytes = sizeof(struct logit),
    .refused = adv_step_refused_beyond_unit,
    .encode = encode,
    .decode = decode,
    .log_det = log_det,
};
