/* Each row is a small machine of its own: a time, a step, the stage it is at. Rows that wait for
 * an evaluation stand in a ring; take pops them and forms their stage states, give stores the
 * stage's velocity and, after a step's last stage, ends the step.
 *
 * dopri5 (Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, II.4): the error of
 * a step is the root mean square over the row's dimensions of h sum e_i k_i, scaled by
 * atol + rtol max(|x|, |x_new|); with accumulators, the larger of that and theirs. A step with
 * error <= 1 is taken; the next is 0.9 err^(-1/5) times as long, within [0.2, 5]. Its last stage is
 * evaluated at the step's end and serves as the next step's first. */
#include <advect/extra/integrator.h>
#include <advect/extra/rng.h>

#include "core/base/mem.h"
#include "core/flow/solver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum row_end { RUNNING, ARRIVED, NOT_FINITE, OVERFLOWED, STEP_VANISHED, TOO_MANY };

struct row {
    double t, h;        /* h is signed: the step being taken */
    double h_free;      /* adaptive: the step the error would allow, before cutting at a frame */
    int stage;          /* the stage to be evaluated next */
    bool rejected;      /* adaptive: the last attempt was */
    bool overflowed;    /* adaptive: an attempt was rejected for it */
    size_t next_frame;  /* the time it is heading for */
    int64_t steps_left; /* fixed: to that time */
    int64_t step;       /* fixed: from the start */
    int64_t nfe;
    enum row_end end;
};

struct adv_integrator {
    struct adv_integration spec; /* .times is owned here */
    double *times;
    struct row *rows;
    float *x;             /* [n_rows, dim] */
    float *k;             /* [n_rows, stages, dim] */
    float *div;           /* [n_rows, stages, n_accumulators] */
    double *accumulators; /* [n_rows, n_accumulators] */
    float *frames;        /* [n_times, n_rows, dim] if kept */
    float *noise;         /* [n_rows, dim]: of the step; NULL: none */
    size_t *reached;      /* [n_times]: rows that have been there */
    size_t *ring;         /* [n_rows]: due rows */
    size_t ring_head, n_due, n_ended, frames_ready;
};

static size_t stages(const struct adv_integrator *in)
{
    return (size_t)in->spec.solver.solver->stages;
}

static float *row_x(const struct adv_integrator *in, size_t r)
{
    return in->x + r * in->spec.dim;
}

static float *row_k(const struct adv_integrator *in, size_t r, int stage)
{
    return in->k + (r * stages(in) + (size_t)stage) * in->spec.dim;
}

static float *row_div(const struct adv_integrator *in, size_t r, int stage)
{
    return in->div + (r * stages(in) + (size_t)stage) * in->spec.n_accumulators;
}

static double *row_accumulators(const struct adv_integrator *in, size_t r)
{
    return in->accumulators + r * in->spec.n_accumulators;
}

static void push_due(struct adv_integrator *in, size_t r)
{
    in->ring[(in->ring_head + in->n_due++) % in->spec.n_rows] = r;
}

static size_t pop_due(struct adv_integrator *in)
{
    size_t r = in->ring[in->ring_head];
    in->ring_head = (in->ring_head + 1) % in->spec.n_rows;
    in->n_due--;
    return r;
}

/* Sets the row's step towards times[next_frame]. */
static void aim(struct adv_integrator *in, struct row *row)
{
    double distance = in->times[row->next_frame] - row->t;
    if (in->spec.solver.solver->adaptive) {
        row->h = fabs(row->h_free) < fabs(distance) ? copysign(row->h_free, distance) : distance;
        return;
    }
    double wanted = ceil((double)in->spec.solver.steps * fabs(distance) - 1e-9);
    row->steps_left = wanted < 1 ? 1 : (int64_t)wanted;
    row->h = distance / (double)row->steps_left;
}

static bool all_finite(const float *values, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i] * 0; // NOLINT(clang-analyzer-core.NullDereference): none only where n is 0
    return sum == 0;
}

static void reach_frame(struct adv_integrator *in, size_t r)
{
    struct row *row = &in->rows[r];
    row->t = in->times[row->next_frame];
    if (in->spec.keep_frames)
        memcpy(in->frames + (row->next_frame * in->spec.n_rows + r) * in->spec.dim, row_x(in, r),
               in->spec.dim * sizeof(float));
    in->reached[row->next_frame]++;
    while (in->frames_ready < in->spec.n_times && in->reached[in->frames_ready] == in->spec.n_rows)
        in->frames_ready++;
    if (++row->next_frame == in->spec.n_times)
        row->end = ARRIVED;
}

static enum adv_status allocate(struct adv_integrator *in, struct adv_error *error)
{
    const struct adv_integration *s = &in->spec;
    size_t values, frames = 0, n = s->n_rows;
    if (!adv_mul_size(n, s->dim, &values) || values > SIZE_MAX / (ADV_MAX_STAGES * sizeof(float)) ||
        (s->keep_frames && !adv_mul_size(values, s->n_times, &frames)))
        return adv_no_memory(error);
    in->times = adv_calloc(s->n_times, sizeof *in->times);
    in->rows = adv_calloc(n, sizeof *in->rows);
    in->x = adv_calloc(values, sizeof *in->x);
    in->k = adv_calloc(values, stages(in) * sizeof *in->k);
    in->div = adv_calloc(n, stages(in) * s->n_accumulators * sizeof *in->div);
    in->accumulators = adv_calloc(n, s->n_accumulators * sizeof *in->accumulators);
    in->frames = adv_calloc(frames, sizeof *in->frames);
    in->reached = adv_calloc(s->n_times, sizeof *in->reached);
    in->ring = adv_calloc(n, sizeof *in->ring);
    if (s->solver.solver->stochastic && s->noise.level > 0 &&
        !(in->noise = adv_calloc(values, sizeof *in->noise)))
        return adv_no_memory(error);
    bool complete = in->times && in->rows && in->x && in->k && in->div && in->accumulators &&
                    in->frames && in->reached && in->ring;
    return complete ? ADV_OK : adv_no_memory(error);
}

enum adv_status adv_integrator_new(const struct adv_integration *spec, const float *x,
                                   struct adv_integrator **out, struct adv_error *error)
{
    if (spec->n_rows == 0 || spec->n_times < 2 || !spec->solver.solver)
        adv_bug("an integration of %zu rows over %zu times", spec->n_rows, spec->n_times);
    struct adv_integrator *in = adv_calloc(1, sizeof *in);
    if (!in)
        return adv_no_memory(error);
    in->spec = *spec;
    enum adv_status status = allocate(in, error);
    if (status != ADV_OK) {
        adv_integrator_free(in);
        return status;
    }
    memcpy(in->times, spec->times, spec->n_times * sizeof *in->times);
    in->spec.times = in->times;
    memcpy(in->x, x, spec->n_rows * spec->dim * sizeof *x);
    for (size_t r = 0; r < spec->n_rows; r++) {
        reach_frame(in, r);
        aim(in, &in->rows[r]);
        push_due(in, r);
    }
    *out = in;
    return ADV_OK;
}

void adv_integrator_free(struct adv_integrator *in)
{
    if (!in)
        return;
    free(in->times);
    free(in->rows);
    free(in->x);
    free(in->k);
    free(in->div);
    free(in->accumulators);
    free(in->frames);
    free(in->noise);
    free(in->reached);
    free(in->ring);
    free(in);
}

/* to [dim] = x + h sum_j weights[j] k_j over the first n stages. */
static void combine(const struct adv_integrator *in, size_t r, const double *weights, int n,
                    float *to)
{
    const float *x = row_x(in, r);
    size_t dim = in->spec.dim;
    if (to != x)
        memcpy(to, x, dim * sizeof *to);
    for (int j = 0; j < n; j++) {
        float w = (float)(in->rows[r].h * weights[j]);
        const float *k = row_k(in, r, j);
        if (w == 0)
            continue;
        for (size_t i = 0; i < dim; i++)
            to[i] += w * k[i];
    }
}

/* The noise of the step that a row begins, in columns of its own of the row's stream; of n rows from
 * r on that are at the same step. */
static void draw_noise(struct adv_integrator *in, size_t r, size_t n)
{
    const struct adv_integration_noise *of = &in->spec.noise;
    size_t dim = in->spec.dim, columns = (dim + 3) / 4 * 4;
    adv_rng_normal_columns(of->seed, ADV_STREAM_NOISE, of->first_row + r, n,
                           (size_t)in->rows[r].step * columns, dim, in->noise + r * dim);
    for (size_t i = r; i < r + n; i++) {
        const struct row *row = &in->rows[i];
        float scale = (float)(of->level * sqrt(adv_path_noise(of->path, row->t, row->h)));
        for (size_t k = i * dim; k < (i + 1) * dim; k++)
            in->noise[k] *= scale;
    }
}

/* Of all rows that begin a step: consecutive ones at a time, which takes less than one by one. */
static void draw_noises(struct adv_integrator *in, size_t n, const size_t *rows)
{
    for (size_t i = 0, count; i < n; i += count) {
        const struct row *first = &in->rows[rows[i]];
        for (count = 1; i + count < n; count++) {
            const struct row *row = &in->rows[rows[i + count]];
            if (row != first + count || row->stage != first->stage || row->step != first->step)
                break;
        }
        if (first->stage == 0)
            draw_noise(in, rows[i], count);
    }
}

static void add_noise(const struct adv_integrator *in, size_t r, float *to)
{
    for (size_t i = 0; in->noise && i < in->spec.dim; i++)
        to[i] += in->noise[r * in->spec.dim + i];
}

size_t adv_integrator_take(struct adv_integrator *in, size_t capacity, float *x, float *t,
                           size_t *rows)
{
    const struct adv_solver *solver = in->spec.solver.solver;
    size_t n = in->n_due < capacity ? in->n_due : capacity;
    for (size_t i = 0; i < n; i++) {
        size_t r = pop_due(in);
        const struct row *row = &in->rows[r];
        combine(in, r, solver->a[row->stage], row->stage, x + i * in->spec.dim);
        if (row->stage > 0)
            add_noise(in, r, x + i * in->spec.dim);
        t[i] = (float)(row->t + solver->c[row->stage] * row->h);
        rows[i] = r;
    }
    return n;
}

void adv_integrator_ends(const struct adv_integrator *in, size_t n, const size_t *rows, float *s)
{
    for (size_t i = 0; i < n; i++)
        s[i] = (float)(in->rows[rows[i]].t + in->rows[rows[i]].h);
}

static void accumulate(struct adv_integrator *in, size_t r)
{
    const struct adv_solver *solver = in->spec.solver.solver;
    double *sum = row_accumulators(in, r);
    for (size_t a = 0; a < in->spec.n_accumulators; a++) {
        double step = 0;
        for (int j = 0; j < solver->stages; j++)
            step += solver->b[j] * (double)row_div(in, r, j)[a];
        sum[a] += in->rows[r].h * step;
    }
}

static void take_fixed_step(struct adv_integrator *in, size_t r)
{
    struct row *row = &in->rows[r];
    const struct adv_solver *solver = in->spec.solver.solver;
    accumulate(in, r);
    combine(in, r, solver->b, solver->stages, row_x(in, r));
    add_noise(in, r, row_x(in, r));
    row->t += row->h;
    row->stage = 0;
    row->step++;
    if (--row->steps_left > 0)
        return;
    if (!all_finite(row_x(in, r), in->spec.dim)) {
        row->end = OVERFLOWED;
        return;
    }
    reach_frame(in, r);
    if (row->end == RUNNING)
        aim(in, row);
}

static double scaled_square(const struct adv_solver_spec *spec, double error, double a, double b)
{
    double scale = spec->atol + spec->rtol * fmax(fabs(a), fabs(b));
    return error / scale * (error / scale);
}

/* Scaled error of the state's step; the candidate is x_new [dim]. */
static double state_error(const struct adv_integrator *in, size_t r, const float *x_new)
{
    const struct adv_solver *solver = in->spec.solver.solver;
    const float *x = row_x(in, r);
    double sum = 0;
    for (size_t i = 0; i < in->spec.dim; i++) {
        double error = 0;
        for (int j = 0; j < solver->stages; j++)
            error += solver->e[j] * (double)row_k(in, r, j)[i];
        sum +=
            scaled_square(&in->spec.solver, in->rows[r].h * error, (double)x[i], (double)x_new[i]);
    }
    return sqrt(sum / (double)in->spec.dim);
}

static double accumulator_error(const struct adv_integrator *in, size_t r)
{
    const struct adv_solver *solver = in->spec.solver.solver;
    const double *before = row_accumulators(in, r);
    double sum = 0;
    if (in->spec.n_accumulators == 0)
        return 0;
    for (size_t a = 0; a < in->spec.n_accumulators; a++) {
        double error = 0, step = 0;
        for (int j = 0; j < solver->stages; j++) {
            error += solver->e[j] * (double)row_div(in, r, j)[a];
            step += solver->b[j] * (double)row_div(in, r, j)[a];
        }
        double h = in->rows[r].h;
        sum += scaled_square(&in->spec.solver, h * error, before[a], before[a] + h * step);
    }
    return sqrt(sum / (double)in->spec.n_accumulators);
}

/* Ends an attempt of the adaptive solver. x_new is left in the slope of stage 1, which is no
 * longer needed once the error is known. */
static void take_adaptive_step(struct adv_integrator *in, size_t r)
{
    struct row *row = &in->rows[r];
    const struct adv_solver *solver = in->spec.solver.solver;
    int last = solver->stages - 1;
    float *x_new = row_k(in, r, 1); /* b[1] = e[1] = 0 */
    combine(in, r, solver->b, solver->stages, x_new);
    bool is_finite = all_finite(x_new, in->spec.dim);
    double error = is_finite ? fmax(state_error(in, r, x_new), accumulator_error(in, r)) : INFINITY;
    row->overflowed = row->overflowed || !is_finite;
    double factor = isfinite(error) ? 0.9 * pow(fmax(error, 1e-10), -0.2) : 0.2;
    factor = fmin(fmax(factor, 0.2), row->rejected ? 1 : 5);
    row->stage = 1;
    if (!(error <= 1)) {
        row->rejected = true;
        row->h_free = fmin(factor, 0.9) * row->h;
        aim(in, row);
        if (fabs(row->h) < 1e-10)
            row->end = row->overflowed ? OVERFLOWED : STEP_VANISHED;
        return;
    }
    accumulate(in, r);
    memcpy(row_x(in, r), x_new, in->spec.dim * sizeof *x_new);
    memcpy(row_k(in, r, 0), row_k(in, r, last), in->spec.dim * sizeof *x_new);
    memcpy(row_div(in, r, 0), row_div(in, r, last), in->spec.n_accumulators * sizeof *in->div);
    bool cut_short = fabs(row->h) < fabs(row->h_free);
    if (!cut_short || factor < 1)
        row->h_free = factor * row->h;
    row->rejected = false;
    bool arrives = fabs(in->times[row->next_frame] - row->t) <= fabs(row->h) * (1 + 1e-12);
    row->t += row->h;
    if (arrives)
        reach_frame(in, r);
    if (row->end == RUNNING)
        aim(in, row);
}

/* The first step of the adaptive solver: a hundredth of |x| / |v|, measured in tolerances. */
static void choose_first_step(struct adv_integrator *in, size_t r)
{
    struct row *row = &in->rows[r];
    const float *x = row_x(in, r), *k = row_k(in, r, 0);
    double size = 0, speed = 0;
    for (size_t i = 0; i < in->spec.dim; i++) {
        size += scaled_square(&in->spec.solver, (double)x[i], (double)x[i], 0);
        speed += scaled_square(&in->spec.solver, (double)k[i], (double)x[i], 0);
    }
    double h = size > 0 && speed > 0 ? 0.01 * sqrt(size / speed) : 1e-3;
    row->h_free = fmin(fmax(h, 1e-4), 0.1);
    aim(in, row);
}

static void give_row(struct adv_integrator *in, size_t r, const float *v, const float *div)
{
    struct row *row = &in->rows[r];
    const struct adv_solver *solver = in->spec.solver.solver;
    size_t dim = in->spec.dim, n_accumulators = in->spec.n_accumulators;
    row->nfe++;
    if (!all_finite(v, dim) || (n_accumulators && !all_finite(div, n_accumulators))) {
        row->end = NOT_FINITE;
        return;
    }
    memcpy(row_k(in, r, row->stage), v, dim * sizeof *v);
    if (n_accumulators && div)
        memcpy(row_div(in, r, row->stage), div, n_accumulators * sizeof *div);
    if (solver->adaptive && row->nfe == 1)
        choose_first_step(in, r);
    if (++row->stage < solver->stages)
        return;
    if (solver->adaptive)
        take_adaptive_step(in, r);
    else
        take_fixed_step(in, r);
    if (row->end == RUNNING && solver->adaptive && row->nfe >= in->spec.solver.max_nfe)
        row->end = row->overflowed ? OVERFLOWED : TOO_MANY;
}

void adv_integrator_give(struct adv_integrator *in, size_t n, const size_t *rows, const float *v,
                         const float *divergence)
{
    if (in->noise)
        draw_noises(in, n, rows);
    for (size_t i = 0; i < n; i++) {
        give_row(in, rows[i], v + i * in->spec.dim,
                 divergence ? divergence + i * in->spec.n_accumulators : NULL);
        if (in->rows[rows[i]].end == RUNNING)
            push_due(in, rows[i]);
        else
            in->n_ended++;
    }
}

bool adv_integrator_done(const struct adv_integrator *in)
{
    return in->n_ended == in->spec.n_rows;
}

double adv_integrator_progress(const struct adv_integrator *in)
{
    double begin = in->times[0], length = in->times[in->spec.n_times - 1] - begin, sum = 0;
    for (size_t r = 0; r < in->spec.n_rows; r++)
        sum += in->rows[r].end == RUNNING && length != 0 ? (in->rows[r].t - begin) / length : 1;
    return sum / (double)in->spec.n_rows;
}

size_t adv_integrator_frames_ready(const struct adv_integrator *in)
{
    return in->frames_ready;
}

const float *adv_integrator_frame(const struct adv_integrator *in, size_t f)
{
    return in->frames + f * in->spec.n_rows * in->spec.dim;
}

const float *adv_integrator_state(const struct adv_integrator *in)
{
    return in->x;
}

const double *adv_integrator_accumulators(const struct adv_integrator *in)
{
    return in->accumulators;
}

int64_t adv_integrator_nfe(const struct adv_integrator *in)
{
    int64_t most = 0;
    for (size_t r = 0; r < in->spec.n_rows; r++)
        most = in->rows[r].nfe > most ? in->rows[r].nfe : most;
    return most;
}

const char *adv_integrator_failure(const struct adv_integrator *in, size_t r)
{
    static const char *const reasons[] = {
        [ARRIVED] = NULL,
        [NOT_FINITE] = "the velocity is not finite",
        [OVERFLOWED] = "the state is too large for single precision",
        [STEP_VANISHED] = "the step size vanished; larger tolerances may help",
        [TOO_MANY] = "the limit of velocity evaluations was reached; larger tolerances may help",
    };
    return reasons[in->rows[r].end];
}

enum adv_status adv_integrator_check(const struct adv_integrator *in, size_t first_row,
                                     struct adv_error *error)
{
    for (size_t r = 0; r < in->spec.n_rows; r++) {
        const struct row *row = &in->rows[r];
        const char *reason = adv_integrator_failure(in, r);
        if (reason)
            return adv_fail(error, ADV_E_NUMERIC, "row %zu at t = %.6g after %lld evaluations: %s",
                            first_row + r, row->t, (long long)row->nfe, reason);
    }
    return ADV_OK;
}
