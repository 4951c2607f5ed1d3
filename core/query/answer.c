/* What a shard leaves in the answer: states in the units that were asked for,
 * and log-densities,
 *
 *     log p(x) = log p_0(x_0) - int_0^t div v ds + log |det dT/dx|,
 *
 * from the base point, the integral of the divergence along the way, and the
 * data transform T where data units are asked for. */
#include "core/query/run.h"

#include <advect/extra/model_parts.h>

#include <math.h>
#include <string.h>

static void decode(const struct adv_run *run, size_t n, const float *flow, float *out,
                   double *log_det)
{
    if (run->query.space == ADV_SPACE_DATA) {
        adv_transform_decode(adv_model_transform(run->model), n, flow, out, log_det);
        return;
    }
    memcpy(out, flow, n * run->dim * sizeof *out);
    adv_circles_wrap(run->circles, n, run->dim, out);
    memset(log_det, 0, n * sizeof *log_det);
}

/* Frames that the integrator has completed go into the answer in its units. */
void adv_run_write_frames(struct adv_run *run, struct adv_shard *shard)
{
    size_t ready = adv_integrator_frames_ready(shard->integrator);
    ready = ready > run->first_frame ? ready - run->first_frame : 0;
    double log_det[ADV_SHARD_ROWS_MAX];
    for (; shard->frames_written < ready; shard->frames_written++) {
        size_t f = shard->frames_written;
        decode(run, shard->n, adv_integrator_frame(shard->integrator, f + run->first_frame),
               run->states + (f * run->query.n + shard->begin) * run->dim, log_det);
    }
    atomic_store_explicit(&shard->frames_ready, shard->frames_written, memory_order_release);
}

static double mean_of(size_t n, const double *values)
{
    double mean = 0;
    for (size_t a = 0; a < n; a++)
        mean += values[a] / (double)n;
    return mean;
}

/* The log-density of one of the integrator's rows, and the standard error that it has of probes. */
struct estimate {
    double log_density, standard_error;
};

/* From the base point x0 and the integral of the divergence: the integral from 0 to t is
 * subtracted; when the integration ran from t to 0 its sign is already turned. */
static struct estimate estimate_row(const struct adv_run *run, const struct adv_shard *shard,
                                    size_t r, const float *x0, double sign, double log_det)
{
    size_t n = run->n_accumulators;
    const double *integral = adv_integrator_accumulators(shard->integrator) + r * n;
    double mean = mean_of(n, integral), square = 0;
    for (size_t a = 0; a < n; a++)
        square += (integral[a] - mean) * (integral[a] - mean);
    bool part = adv_probes_are_orthogonal(n, run->dim);
    double left = part ? 1 - (double)n / (double)run->dim : 1;
    return (struct estimate){adv_circles_log_base(run->circles, run->dim, x0) + sign * mean +
                                 log_det,
                             sqrt(left * square / ((double)n - 1) / (double)n)};
}

static void write_estimate(struct adv_run *run, size_t row, struct estimate of)
{
    run->log_density[row] = of.log_density;
    if (run->standard_error)
        run->standard_error[row] = of.standard_error;
    if (run->typicality)
        run->typicality[row] = run->labels && run->labels[row] == ADV_NO_LABEL
                                   ? NAN
                                   : adv_model_typicality(run->model, of.log_density);
    if (run->bits_per_dim)
        run->bits_per_dim[row] = adv_model_bits_per_dim(run->model, of.log_density);
}

/* The logarithm of the mean density of row i's draws; and the error of that, as that of draws which
 * all err alike: at most that. */
static struct estimate average_draws(const struct adv_run *run, const struct adv_shard *shard,
                                     size_t i)
{
    const float *x0 = adv_integrator_state(shard->integrator);
    struct estimate draws[ADV_SHARD_ROWS_MAX], mean = {-INFINITY, 0};
    double sum = 0;
    for (size_t d = 0; d < run->draws; d++) {
        size_t r = i * run->draws + d;
        draws[d] = estimate_row(run, shard, r, x0 + r * run->dim, 1, shard->log_det[r]);
        mean.log_density = fmax(mean.log_density, draws[d].log_density);
    }
    for (size_t d = 0; d < run->draws; d++) {
        double share = exp(draws[d].log_density - mean.log_density);
        mean.standard_error += share * draws[d].standard_error;
        sum += share;
    }
    mean.log_density += log(sum / (double)run->draws);
    mean.standard_error /= sum;
    return mean;
}

static struct estimate estimate_encoded(const struct adv_run *run, const struct adv_shard *shard,
                                        size_t i)
{
    if (run->averages_draws)
        return average_draws(run, shard, i);
    const float *x0 = adv_integrator_state(shard->integrator) + i * run->dim;
    double log_det = run->log_det ? run->log_det[shard->begin + i] : 0;
    return estimate_row(run, shard, i, x0, 1, log_det);
}

double adv_shard_log_density(const struct adv_run *run, const struct adv_shard *shard, size_t r)
{
    const float *x0 = adv_integrator_state(shard->integrator) + r * run->dim;
    return estimate_row(run, shard, r, x0, 1, 0).log_density;
}

const char *adv_shard_failure(const struct adv_run *run, const struct adv_shard *shard, size_t i)
{
    const char *reason = NULL;
    for (size_t d = 0; d < run->draws && !reason; d++)
        reason = adv_integrator_failure(shard->integrator, i * run->draws + d);
    if (!reason && adv_query_is_difference(&run->query))
        reason = adv_shard_stencil_failure(run, shard, i);
    return reason;
}

void adv_run_write_samples(struct adv_run *run, struct adv_shard *shard)
{
    double log_det[ADV_SHARD_ROWS_MAX];
    const float *x = adv_integrator_state(shard->integrator);
    decode(run, shard->n, x, run->states + shard->begin * run->dim, log_det);
    for (size_t i = 0; run->log_density && i < shard->n; i++)
        write_estimate(run, shard->begin + i,
                       estimate_row(run, shard, i, run->starts + (shard->begin + i) * run->dim, -1,
                                    log_det[i]));
}

static double coarse_log_density(struct adv_run *run, struct adv_shard *shard, size_t i,
                                 const double *log_det)
{
    if (adv_shard_failure(run, shard, i))
        return NAN;
    if (run->query.kind != ADV_QUERY_SAMPLES)
        return estimate_encoded(run, shard, i).log_density;
    return estimate_row(run, shard, i, shard->starts + i * run->dim, -1, log_det[i]).log_density;
}

/* Rows that the coarser integration fails at have no error, which is no failure of theirs. */
void adv_run_write_coarse(struct adv_run *run, struct adv_shard *shard)
{
    const struct adv_run_errors *errors = &run->errors;
    const float *x = adv_integrator_state(shard->integrator);
    double log_det[ADV_SHARD_ROWS_MAX];
    if (run->query.kind == ADV_QUERY_SAMPLES)
        decode(run, shard->n, x, shard->x, log_det);
    for (size_t i = 0; i < shard->n; i++) {
        size_t row = shard->begin + i;
        if (errors->coarse_log_density)
            errors->coarse_log_density[row] = coarse_log_density(run, shard, i, log_det);
        if (!errors->coarse_latents)
            continue;
        float *latent = errors->coarse_latents + row * run->dim;
        memcpy(latent, x + i * run->draws * run->dim, run->dim * sizeof *latent);
        if (adv_shard_failure(run, shard, i))
            *latent = NAN;
    }
}

static void write_failure(struct adv_run *run, size_t row)
{
    float *latent = (run->latents ? run->latents : run->states) + row * run->dim;
    for (size_t k = 0; k < run->dim; k++)
        latent[k] = NAN;
    if (run->log_density)
        run->log_density[row] = NAN;
    if (run->standard_error)
        run->standard_error[row] = NAN;
    if (run->bits_per_dim)
        run->bits_per_dim[row] = NAN;
    if (run->typicality)
        run->typicality[row] = NAN;
    run->extrapolated[row] = false;
}

void adv_run_write_encoded(struct adv_run *run, struct adv_shard *shard)
{
    const float *x0 = adv_integrator_state(shard->integrator);
    float *to = (run->latents ? run->latents : run->states) + shard->begin * run->dim;
    for (size_t i = 0; i < shard->n; i++) { /* of a row's draws the first */
        const float *latent = x0 + i * run->draws * run->dim;
        memcpy(to + i * run->dim, latent, run->dim * sizeof *to);
        run->extrapolated[shard->begin + i] = adv_model_is_beyond_base(run->model, latent);
    }
    adv_circles_wrap(run->circles, shard->n, run->dim, to);
    for (size_t i = 0; run->log_density && i < shard->n; i++)
        write_estimate(run, shard->begin + i, estimate_encoded(run, shard, i));
    for (size_t i = 0; run->failures && i < shard->n; i++) {
        run->failures[shard->begin + i] = adv_shard_failure(run, shard, i);
        if (run->failures[shard->begin + i])
            write_failure(run, shard->begin + i);
    }
}

enum adv_status adv_run_write_velocities(struct adv_run *run, struct adv_shard *shard)
{
    float *to = run->states + shard->begin * run->dim;
    size_t values = shard->n * run->dim, n = run->n_accumulators;
    for (size_t i = 0; i < values; i++) {
        if (!isfinite(shard->v[i]))
            return adv_fail(&shard->error, ADV_E_NUMERIC, "row %zu: the velocity is not finite",
                            shard->begin + i / run->dim);
    }
    if (run->query.kind == ADV_QUERY_SCORE)
        adv_run_write_path_scores(run, shard);
    else if (run->query.space == ADV_SPACE_DATA)
        adv_transform_decode_velocity(adv_model_transform(run->model), shard->n, shard->v, to);
    else
        memcpy(to, shard->v, values * sizeof *to);
    for (size_t i = 0; run->divergence && i < shard->n; i++) {
        for (size_t a = 0; a < n; a++)
            run->divergence[shard->begin + i] += (double)shard->divergence[i * n + a] / (double)n;
    }
    return ADV_OK;
}
