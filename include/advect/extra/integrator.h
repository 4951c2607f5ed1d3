/* Integrating rows of dx/dt = v(x, t) as a state machine: it asks for
 * velocities, is fed the answers, and never evaluates anything itself. Whoever
 * drives it decides where and beside what the evaluation happens.
 *
 *     while ((n = adv_integrator_take(integrator, capacity, x, t, rows)) > 0) {
 *         ... v = velocity(x, t) of these rows ...
 *         adv_integrator_give(integrator, n, rows, v, divergence);
 *     }
 *
 * Rows advance independently: each has its own step, and with an adaptive
 * solver its own step size, so that no row's result depends on its neighbours.
 * Beside the state a row may carry accumulators of d(log-density)/dt = -div v,
 * one per probe (one in all for the exact divergence). */
#ifndef ADVECT_EXTRA_INTEGRATOR_H
#define ADVECT_EXTRA_INTEGRATOR_H

#include <advect/api.h>
#include <advect/path.h>
#include <advect/solver.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

struct adv_integrator;

/* Of a stochastic solver: each step of a row adds normal numbers with the variance level^2
 * adv_path_noise(path, t, h), those of (seed, ADV_STREAM_NOISE, first_row + row, step): they depend
 * on nothing else, but steps are counted from the start, and frames begin new ones. What is given as
 * velocity has to be the drift (adv_path_add_drift). level 0: none. */
struct adv_integration_noise {
    double level;
    const struct adv_path *path;
    uint64_t seed, first_row;
};

struct adv_integration {
    size_t n_rows, dim;
    size_t n_accumulators; /* 0: no divergence is asked for */
    struct adv_solver_spec solver;
    /* Frames: the state is recorded at each of times [n_times >= 2], monotone in either direction;
     * integration starts at the first and ends at the last. Borrowed during new only. */
    size_t n_times;
    const double *times;
    bool keep_frames; /* false: only the last state is kept, not one per time */
    struct adv_integration_noise noise;
};

/* x [n_rows, dim]: the states at times[0], copied. Fixed-step solvers take
 * ceil(steps * |t_b - t_a|) equal steps from each time to the next, at least one. */
enum adv_status adv_integrator_new(const struct adv_integration *integration, const float *x,
                                   struct adv_integrator **integrator, struct adv_error *error);
void adv_integrator_free(struct adv_integrator *integrator);

/* Takes up to capacity rows that are due for an evaluation: their stage states x [., dim], times t
 * and row numbers. Returns how many; 0 when none is due: all have ended, or are taken and not yet
 * given. */
size_t adv_integrator_take(struct adv_integrator *integrator, size_t capacity, float *x, float *t,
                           size_t *rows);

/* Of taken rows the times to which their steps lead, s [n]: solvers that are maps ask for the
 * average velocity from t to s in place of that at t. */
void adv_integrator_ends(const struct adv_integrator *integrator, size_t n, const size_t *rows,
                         float *s);

/* Feeds velocities v [n, dim] (and divergence [n, n_accumulators], else NULL) of taken rows. A row
 * whose velocity or state is not finite, whose step size vanishes, or that exceeds max_nfe fails
 * and ends. */
void adv_integrator_give(struct adv_integrator *integrator, size_t n, const size_t *rows,
                         const float *v, const float *divergence);

bool adv_integrator_done(const struct adv_integrator *integrator);

/* The share of the way that the rows have come on average, in [0, 1]. */
double adv_integrator_progress(const struct adv_integrator *integrator);

/* How many frames every row has reached: those may be read already. */
size_t adv_integrator_frames_ready(const struct adv_integrator *integrator);
/* Frame f < frames_ready, [n_rows, dim] (keep_frames), or the last state once done. */
const float *adv_integrator_frame(const struct adv_integrator *integrator, size_t f);
const float *adv_integrator_state(const struct adv_integrator *integrator);

/* integral of div v dt from times[0] to now: [n_rows, n_accumulators]. */
const double *adv_integrator_accumulators(const struct adv_integrator *integrator);

/* Velocities taken by the row that took most. */
int64_t adv_integrator_nfe(const struct adv_integrator *integrator);

/* Why a row failed, a literal; NULL: it did not. */
const char *adv_integrator_failure(const struct adv_integrator *integrator, size_t row);
/* ADV_E_NUMERIC naming the first row that failed and why, or ADV_OK. first_row is added to row
 * numbers in the message. */
enum adv_status adv_integrator_check(const struct adv_integrator *integrator, size_t first_row,
                                     struct adv_error *error);

ADV_API_END
#endif
