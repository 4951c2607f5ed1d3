#include "core/query/errors.h"

#include "core/base/mem.h"
#include "core/query/run.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/net.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Measured by bench/error_bars.py. Where two integrations happen to agree at a point, their
 * log-densities say nothing, but their latents still differ: the two differences together, and 15
 * for safety, cover 95 % and more. Ten times the tolerances make some twelve times the error, so
 * that the difference is safe as it is. */
#define SAFETY 15.0
#define NATS_PER_BASE_UNIT 2.0
#define LATENT_SAFETY 1.5
#define SCORE_SAFETY 2.0
#define ADAPTIVE_TOLERANCES 10.0
#define ADAPTIVE_FACTOR 1.0
/* Of networks whose derivatives jump (relu, selu) the divergence does too, and its integral
 * converges with the first power of the step, whatever the method's order. */
#define KINKED_SAFETY 7.0
#define KINKED_ADAPTIVE_FACTOR 5.0
#define LENGTH_MIN 1e-12 /* of a time over which steps can be counted */
/* Rounding to float32, which no difference between two integrations of it shows. */
#define ROUNDING 1e-5
/* An error that a reader of densities should know of: a tenth of the density, or of a standard
 * deviation of the base. */
#define WARN_ABOVE 0.1

static double steps_over(const struct adv_solver_spec *spec, double length)
{
    return fmax(1, ceil((double)spec->steps * length - 1e-9));
}

struct adv_solver_spec adv_coarse_solver(const struct adv_solver_spec *spec, double length)
{
    struct adv_solver_spec coarse = *spec;
    coarse.rtol *= ADAPTIVE_TOLERANCES;
    coarse.atol *= ADAPTIVE_TOLERANCES;
    if (adv_solver_is_adaptive(spec->solver) || !(length > LENGTH_MIN))
        return coarse;
    double steps = steps_over(spec, length);
    coarse.steps = (int64_t)floor((steps > 1 ? ceil(steps / 2) : 2) / length);
    return coarse;
}

/* What the difference to the second integration is multiplied by. */
static double factor_of(const struct adv_solver_spec *spec, double length, bool has_kinks)
{
    if (adv_solver_is_adaptive(spec->solver))
        return has_kinks ? KINKED_ADAPTIVE_FACTOR : ADAPTIVE_FACTOR;
    struct adv_solver_spec coarse = adv_coarse_solver(spec, length);
    double ratio = steps_over(spec, length) / steps_over(&coarse, length);
    if (ratio == 1) /* over next to no time, in which nothing happens */
        return ADAPTIVE_FACTOR;
    int order = adv_solver_order(spec->solver);
    if (has_kinks && order > 1)
        return KINKED_SAFETY / fabs(ratio - 1);
    return SAFETY / fabs(pow(ratio, order) - 1);
}

enum adv_status adv_run_errors_init(struct adv_run *run, struct adv_error *error)
{
    struct adv_run_errors *e = &run->errors;
    size_t n = run->query.n;
    bool latents = run->query.kind != ADV_QUERY_SAMPLES;
    if (adv_query_is_difference(&run->query)) {
        e->coarse_score = adv_calloc(n * run->dim, sizeof *e->coarse_score);
        run->answer.score_error = e->score = adv_calloc(n, sizeof *e->score);
        return e->coarse_score && e->score ? ADV_OK : adv_no_memory(error);
    }
    if (!run->query.errors)
        return ADV_OK;
    if (run->log_density) {
        e->coarse_log_density = adv_calloc(n, sizeof *e->coarse_log_density);
        run->answer.log_density_error = e->log_density = adv_calloc(n, sizeof *e->log_density);
    }
    if (latents) {
        e->coarse_latents = adv_calloc(n * run->dim, sizeof *e->coarse_latents);
        run->answer.latent_error = e->latent = adv_calloc(n, sizeof *e->latent);
    }
    bool complete = (!run->log_density || (e->coarse_log_density && e->log_density)) &&
                    (!latents || (e->coarse_latents && e->latent));
    return complete ? ADV_OK : adv_no_memory(error);
}

void adv_run_errors_release(struct adv_run_errors *errors)
{
    free(errors->coarse_log_density);
    free(errors->coarse_latents);
    free(errors->coarse_score);
    free(errors->score);
    free(errors->log_density);
    free(errors->latent);
}

size_t adv_run_errors_bytes(const struct adv_run *run)
{
    const struct adv_run_errors *e = &run->errors;
    size_t n = run->query.n;
    return (e->coarse_log_density ? 2 * n * sizeof *e->coarse_log_density : 0) +
           (e->coarse_latents ? n * (run->dim * sizeof *e->coarse_latents + sizeof *e->latent)
                              : 0) +
           (e->coarse_score ? n * (run->dim * sizeof *e->coarse_score + sizeof *e->score) : 0);
}

/* |a - b| of two latents, on circles the shorter way round. b becomes the difference. */
static double distance(const struct adv_run *run, const float *a, float *b)
{
    double square = 0;
    for (size_t k = 0; k < run->dim; k++)
        b[k] = a[k] - b[k];
    adv_circles_wrap(run->circles, 1, run->dim, b);
    for (size_t k = 0; k < run->dim; k++)
        square += (double)b[k] * (double)b[k];
    return sqrt(square);
}

static void warn(struct adv_run_errors *errors, const char *text)
{
    char *to = errors->texts[errors->n_warnings];
    snprintf(to, sizeof errors->texts[0], "%s", text);
    errors->warnings[errors->n_warnings++] = to;
}

static void advise(const struct adv_solver_spec *spec, size_t size, char *text)
{
    const char *name = adv_solver_name(spec->solver);
    if (adv_solver_is_adaptive(spec->solver))
        snprintf(text, size, "smaller tolerances than %s's rtol %g and atol %g", name, spec->rtol,
                 spec->atol);
    else
        snprintf(text, size, "more steps than %s's %lld", name, (long long)spec->steps);
}

/* Says so where the grid of steps cannot support the answer. */
static void judge(struct adv_run *run, const double *error, const char *what, const char *unit)
{
    char text[256], advice[96];
    size_t n_above = 0, n = run->query.n;
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        n_above += error[i] > WARN_ABOVE;
        largest = error[i] > largest ? error[i] : largest;
    }
    if (n_above == 0)
        return;
    advise(&run->query.solver, sizeof advice, advice);
    snprintf(text, sizeof text,
             "the %s of %zu of %zu rows may be off by more than %g %s, by up to %.2g: take %s",
             what, n_above, n, WARN_ABOVE, unit, largest, advice);
    warn(&run->errors, text);
}

/* The error of the score of row i. Twice the step errs four times as much, so that the distance
 * between both is three times the error of the first; it is stated twofold, since what the
 * integration and rounding add does not follow that rule. Whether it is large is judged in flow
 * units: *is_large. */
static void compare_score(struct adv_run *run, size_t i, bool *is_large)
{
    struct adv_run_errors *e = &run->errors;
    double length = 0, off = 0;
    for (size_t k = 0, at = i * run->dim; k < run->dim; k++, at++) {
        double unit = adv_run_score_unit(run, i, k);
        double apart = (double)run->states[at] - (double)e->coarse_score[at];
        e->score[i] = hypot(e->score[i], SCORE_SAFETY * apart);
        off = hypot(off, apart / unit);
        length = hypot(length, (double)run->states[at] / unit);
    }
    *is_large = off > WARN_ABOVE * fmax(1, length);
}

static void compare_scores(struct adv_run *run)
{
    struct adv_run_errors *e = &run->errors;
    size_t n_above = 0, n = run->query.n;
    char text[256], advice[96];
    for (size_t i = 0; i < n; i++) {
        bool is_large;
        compare_score(run, i, &is_large);
        n_above += is_large;
    }
    if (n_above == 0)
        return;
    advise(&run->query.solver, sizeof advice, advice);
    snprintf(text, sizeof text,
             "the scores of %zu of %zu rows may be off by more than a tenth of their length: take "
             "%s; at edges of the density they do not help",
             n_above, n, advice);
    warn(e, text);
}

static void compare(struct adv_run *run, size_t i, double factor)
{
    struct adv_run_errors *e = &run->errors;
    const float *latents = run->latents ? run->latents : run->states;
    double apart = 0;
    if (e->latent) {
        apart = distance(run, latents + i * run->dim, e->coarse_latents + i * run->dim);
        e->latent[i] = ROUNDING + LATENT_SAFETY * factor * apart;
    }
    if (e->log_density)
        e->log_density[i] =
            ROUNDING + factor * hypot(run->log_density[i] - e->coarse_log_density[i],
                                      NATS_PER_BASE_UNIT * apart);
}

static void compare_all(struct adv_run *run)
{
    struct adv_run_errors *e = &run->errors;
    double length = fabs(run->times[run->n_times - 1] - run->times[0]);
    bool has_kinks = adv_net_has_kinks(adv_model_net(run->model));
    double factor = length > 0 ? factor_of(&run->query.solver, length, has_kinks) : 0;
    for (size_t i = 0; i < run->query.n; i++)
        compare(run, i, factor);
    if (e->log_density)
        judge(run, e->log_density, "log-densities", "nats");
    else
        judge(run, e->latent, "latents", "base units");
}

/* The probability of a level is at most 1. */
static void judge_bits(struct adv_run *run)
{
    char text[256];
    size_t n_below = 0;
    for (size_t i = 0; i < run->query.n; i++)
        n_below += run->bits_per_dim[i] < 0;
    if (n_below == 0)
        return;
    snprintf(
        text, sizeof text,
        "%zu of %zu rows take fewer than 0 bits a dimension, as no probabilities of levels do: the "
        "solver is too coarse, the probes are too few, or the model is wrong there",
        n_below, run->query.n);
    warn(&run->errors, text);
}

void adv_run_errors_finish(struct adv_run *run)
{
    struct adv_run_errors *e = &run->errors;
    if (e->score)
        compare_scores(run);
    if (run->query.errors)
        compare_all(run);
    if (run->bits_per_dim)
        judge_bits(run);
    if (run->log_density && run->answer.probes == 1)
        warn(e, "one probe has no standard error: it takes the spread of two or more");
    run->answer.warnings = e->n_warnings ? e->warnings : NULL;
}
