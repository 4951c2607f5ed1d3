/* A question to a model, and its answer: samples, trajectories, log-densities,
 * latents, velocities. The daemon and the offline tool fill the same struct and
 * run it in the same way.
 *
 * Units: points and answers are in data units, base points (x0, latents) in base
 * units; see `space`. Log-densities are natural logs in data units. */
#ifndef ADVECT_QUERY_H
#define ADVECT_QUERY_H

#include <advect/api.h>
#include <advect/label.h>
#include <advect/model.h>
#include <advect/pool.h>
#include <advect/solver.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

enum adv_query_kind {
    ADV_QUERY_SAMPLES,      /* x_1 from x_0 */
    ADV_QUERY_TRAJECTORIES, /* x_t at several times from x_0 */
    ADV_QUERY_LOG_DENSITY,  /* log p_t of points, and their latents */
    ADV_QUERY_LATENTS,      /* x_0 of points */
    ADV_QUERY_VELOCITY,     /* v(x, t) at points, perhaps its divergence */
    ADV_QUERY_SCORE         /* the gradient of log p_t at points */
};

/* How scores are computed. Of a model that were exact the two agree; of trained ones they differ by
 * some ten per cent, since a velocity that errs a little is no longer that of any p_t. */
enum adv_score_method {
    /* From the velocity by the relation of the path (adv_path_score): one evaluation, at t < 1.
     * Guided velocities give guided scores. Refused for models with periodic columns, whose base is
     * not Gaussian, and for those trained with coupled pairs (adv_model_is_coupled). */
    ADV_SCORE_PATH,
    /* The gradient of what LOG_DENSITY answers, by central differences in flow units: 2 dim
     * log-densities with exact divergences, and as many with a wider step and a coarser integration
     * for the error that goes with it. At most ADV_SCORE_DIM_MAX dimensions. */
    ADV_SCORE_DIFFERENCE
};

#define ADV_SCORE_DIM_MAX 128
#define ADV_NOISE_DEFAULT 1.0
#define ADV_NOISE_MAX 10.0

enum adv_space { ADV_SPACE_DATA, ADV_SPACE_FLOW }; /* data units, or flow units */

enum adv_divergence { ADV_DIVERGENCE_AUTO, ADV_DIVERGENCE_EXACT, ADV_DIVERGENCE_HUTCHINSON };

#define ADV_EXACT_DIM_MAX 16 /* AUTO is exact up to here, Hutchinson beyond */
#define ADV_PROBES_DEFAULT 16

/* Whether a kind of query starts from base points x_0: SAMPLES, TRAJECTORIES. */
bool adv_query_from_base(enum adv_query_kind kind);

struct adv_query {
    size_t size; /* sizeof (struct adv_query) */
    enum adv_query_kind kind;
    size_t n;       /* rows, >= 1 */
    uint64_t seed;  /* of base samples */
    uint64_t first; /* index of the first sample in the seed's stream */
    /* SAMPLES, TRAJECTORIES: x_0 [n, dim] in base units, or NULL to draw them. LOG_DENSITY,
     * LATENTS, VELOCITY: the points [n, dim], needed; in units of `space`. Borrowed until
     * adv_run_new returns. */
    const float *points;
    /* [n], each in [0, classes) or ADV_NO_LABEL; NULL: none, except that SAMPLES and TRAJECTORIES
     * of a class-conditional model then take label (first + i) mod classes. */
    const int32_t *labels;
    double guidance; /* 1: plain conditioning; anything else needs a null class */
    double t;        /* LOG_DENSITY, LATENTS, VELOCITY, SCORE: the points' time; the default is 1 */
    bool log_density; /* SAMPLES: also log p_1 of each sample */
    bool divergence;  /* VELOCITY: also div v */
    enum adv_divergence divergence_method;
    /* Hutchinson: the number of probes. They are random signs; of up to 64 dimensions orthogonal
     * directions, which err less, and whose standard error is that of a draw without replacement,
     * sqrt(1 - probes / dim) times that of independent ones (Cochran, Sampling Techniques, 1977,
     * 2.5). A row's are drawn from this seed and the row's numbers (points, or x_0 of samples):
     * they do not depend on other rows, and errors of different rows are independent. As many as
     * dimensions, or more, would be as many tangents as the exact divergence takes: it is taken
     * then. */
    size_t probes;
    uint64_t probe_seed;
    /* Hutchinson: probes of its own for every evaluation along the way, in place of the same ones.
     * The integral of the divergence is then a sum of estimates whose errors are independent, which
     * average out: as unbiased as before, with a variance smaller by up to 1 / sum (h b_j)^2 over
     * steps h and stage weights b_j; 43 for 12 steps of rk4. It is the default of fixed-step
     * solvers, see keep_probes. Adaptive solvers would take the changes for errors of theirs, and
     * so would `errors`: true is refused with either. */
    bool renew_probes;
    /* LOG_DENSITY, LATENTS, SCORE: a row whose integration fails, far out mostly, gets NaN and a
     * reason in the answer, and the others their values; unless all fail. false: the whole query fails. */
    bool rows_may_fail;
    struct adv_solver_spec solver; /* .solver NULL: the default of the kind */
    size_t n_times; /* TRAJECTORIES: ascending times in [0, 1], >= 2; borrowed likewise */
    const double *times;
    enum adv_space space;
    bool keep_probes; /* Hutchinson: the same probes at every evaluation, whatever the solver */
    /* LOG_DENSITY, LATENTS, SAMPLES with log_density: also estimate what the integration errs by,
     * for about half as much work again: see log_density_error in the answer, and
     * adv_query_default_errors. */
    bool errors;
    uint8_t reserved[2]; /* 0 */
    /* What the model's velocity is conditioned on: [n_contexts, adv_model_context(model)], in the
     * units of the data that it was trained on. Each is that of n / n_contexts rows, those of the
     * first being the first: 1 context of all rows, n of one each, or any other number that divides
     * n. NULL: none, which only a model with a null context takes. Borrowed like the points. */
    const float *context;
    size_t n_contexts;
    /* SAMPLES, TRAJECTORIES by the solver sde: how much noise, see adv_path_add_drift; from 0, which
     * leaves the flow, to ADV_NOISE_MAX and to sqrt(2 steps), beyond which the steps would be
     * unstable. The default is ADV_NOISE_DEFAULT. The noise of a row is a function of seed, row and
     * step alone. Without densities: those of a flow are not those of a path with noise. */
    double noise;
    enum adv_score_method score_method; /* SCORE; the default is ADV_SCORE_PATH */
    uint8_t reserved_too[4];            /* 0 */
};

/* The defaults: n 1, seed 0, guidance 1, t 1, noise 1, the kind's default solver. size: of the
 * struct in the caller's version. */
void adv_query_init(struct adv_query *query, size_t size, enum adv_query_kind kind);

static inline struct adv_query adv_query_default(enum adv_query_kind kind)
{
    struct adv_query query;
    adv_query_init(&query, sizeof query, kind);
    return query;
}

/* The solver that a kind of query takes by default: for samples and trajectories without
 * log-density midpoint with 15 steps where they are images, rk4 with 25 steps where they are not;
 * dopri5 at 1e-5 otherwise, and at 1e-7 for scores by difference, which divide by small steps. */
struct adv_solver_spec adv_query_default_solver(const struct adv_query *query,
                                                const struct adv_model *model);

/* The guidance that a kind of query takes by default: the model's own for samples and trajectories
 * without log-density, 1 otherwise. */
double adv_query_default_guidance(const struct adv_query *query, const struct adv_model *model);

/* Whether answers to be read should come with errors (see `errors`) where nobody says whether:
 * those of LOG_DENSITY and LATENTS of up to 16 dimensions, by exact divergences and a solver that
 * integrates. */
bool adv_query_default_errors(const struct adv_query *query, const struct adv_model *model);

/* The steps that a fixed-step solver takes where only the solver is named: as many velocities as
 * the default takes, 30 for samples and trajectories of images, else 100. */
int64_t adv_query_default_steps(const struct adv_query *query, const struct adv_model *model,
                                const struct adv_solver *solver);

/* Checks a query against its model: labels, guidance, times, solver, divergence, space, and that
 * points are there; their values are checked by adv_run_new. Fills field and message as the daemon
 * reports them; ADV_E_INVALID. */
enum adv_status adv_query_check(const struct adv_query *query, const struct adv_model *model,
                                struct adv_error *error);

/* Cost estimate in multiply-adds: rows x NFE x (1 + tangents) x the net's, twice with guidance.
 * Adaptive solvers are counted with 100 velocities a row at tolerances of 1e-5, and with more at
 * smaller ones, by the fifth root of their ratio. */
double adv_query_cost(const struct adv_query *query, const struct adv_model *model);

/* What came out. Arrays the query did not ask for are NULL. Owned by the run; later versions may
 * add members at the end. */
struct adv_answer {
    size_t n, dim, n_frames;
    const float *states;       /* [n_frames, n, dim]; samples: 1 frame; latents: x_0 in base units;
                                  velocity: v; score: per unit of space; log-density: NULL */
    const float *latents;      /* [n, dim] base units (LOG_DENSITY) */
    const double *log_density; /* [n] nats */
    const double *standard_error;  /* [n], of log_density over probes (>= 2 probes), else NULL */
    const double *bits_per_dim;    /* [n], for 8-bit images */
    const double *divergence;      /* [n] (VELOCITY) */
    const int32_t *labels;         /* [n] as used, or NULL for an unconditional model */
    const double *times;           /* [n_frames] (TRAJECTORIES) */
    int64_t nfe;                   /* velocities taken by the row that took most */
    struct adv_solver_spec solver; /* as used */
    enum adv_divergence divergence_method; /* as used: exact or hutchinson */
    size_t probes;
    /* [n]: why a row failed and its values are NaN, or NULL of those that did not; NULL in place of
     * the array: none did. See rows_may_fail. */
    const char *const *failures;
    size_t n_contexts;
    const float *context; /* [n_contexts, adv_model_context], as asked; NULL: none */
    /* [n_contexts]: how far each context is from those of the training, by that of its numbers
     * which is farthest from their mean, in standard deviations once the context's transform has
     * mapped it; NULL: no context. Beyond adv_model_context_reach the model extrapolates: such
     * numbers are taken as if they were there. */
    const double *context_distance;
    bool renew_probes; /* as used: fresh ones at every evaluation */
    /* 95 % of intervals log_density +- interval_factor * standard_error hold the value that all
     * probes would give: Student's t at 0.975 with probes - 1 degrees of freedom (Student 1908);
     * 0 where there is no standard_error. */
    double interval_factor;
    /* [n], where query.errors asks for them: at least the error of the integration for some 95 % of
     * rows, from a second integration beside the first, of half as many steps or ten times the
     * tolerances. The difference d of the two tells the error of the first by Richardson's rule, d
     * / (r^p - 1) for r times the steps of a method of order p (Hairer, Norsett and Wanner 1993,
     * II.4), times 15 for safety; of ten times the tolerances it is taken as it is. Where
     * velocities have kinks (adv_net_has_kinks) p is 1 and safety 7, and 5 of tolerances. d is one
     * and a half times the distance of the latents in base units, and of log-densities, in nats,
     * the root of the sum of squares of their difference and of twice that distance (samples: the
     * difference alone). bench/error_bars.py measures how often that holds. NaN: the second
     * integration failed. Errors of probes and of the model are not among them. Of samples it is
     * the log-density at the sample of an exact integration that is estimated. */
    const double *log_density_error, *latent_error;
    /* [n]: the percentile of log_density among those of held-out rows, from 0 to 100, where the
     * model tells it (adv_model_typicality), t is 1, guidance 1 and space ADV_SPACE_DATA, and where
     * a model that takes a context was given one; NaN of rows that failed, and of those without a
     * label of a model with classes. */
    const double *typicality;
    /* [n], LOG_DENSITY and LATENTS: whether the row's latent lies beyond the base
     * (adv_model_is_beyond_base), so that its density is an extrapolation; NULL: none does, or
     * other kinds of query. */
    const bool *extrapolated;
    const char *const *warnings; /* of the whole answer, sentences; NULL-terminated, or NULL */
    /* By a flow map: how far its log-densities of so many steps were from the teacher's, as
     * adv_model_flow_map_error says; NULL: not LOG_DENSITY of data, no flow map, or not
     * measured. */
    const struct adv_flow_map_error *flow_map_error;
    /* [n], SCORE by difference: how far off the score of a row is by steps and integration, as
     * Euclidean distance, for some 95 % of rows: twice the distance from differences of twice the
     * step by an integration of half as many steps or ten times the tolerances. NaN: these failed.
     * NULL: other kinds of query. */
    const double *score_error;
    double noise; /* as used, of the solver sde; 0 of others */
};

/* A query being answered, in shards of rows that are independent of each other and of how the query
 * was cut: the unit of work of a scheduler. */
struct adv_run;

/* Checks the query and its points (finite numbers; data at t = 1 also within the support that the
 * model's transform states), copies what it needs and takes a reference to the model. */
enum adv_status adv_run_new(struct adv_model *model, const struct adv_query *query,
                            struct adv_run **run, struct adv_error *error);
void adv_run_free(struct adv_run *run);

/* Streaming of TRAJECTORIES: frames that all shards have passed; safe while others advance. Frame f
 * < that many is copied to out [n, dim] in the units of the answer. */
size_t adv_run_frames_ready(struct adv_run *run);
void adv_run_copy_frame(struct adv_run *run, size_t f, float *out);

/* How a run is run. Zeros are the defaults. */
struct adv_run_options {
    size_t size;           /* sizeof (struct adv_run_options) */
    struct adv_pool *pool; /* whose threads share the work; NULL: the caller's thread alone */
    /* Asked before every evaluation, by several threads at the same time: true stops the run, which
     * then can only be freed. NULL: to the end. */
    bool (*cancelled)(void *context);
    /* After evaluations, from the caller's thread, with the share done in [0, 1]; last with 1, once
     * all rows have ended. NULL: not reported. */
    void (*progress)(void *context, double share);
    void *context; /* of both */
};

/* A `cancelled` for programs whose own functions cannot be called from several threads at the same
 * time, as those of interpreters: true once the byte that flag points to, which any thread or a
 * signal handler may set, is not zero. */
bool adv_run_cancelled_by(void *flag);

/* Runs all shards to their end: on ADV_OK the answer, borrowed from the run; ADV_E_CANCELLED where
 * it was stopped; ADV_E_NUMERIC where a state is no longer finite or an adaptive solver does not
 * reach its tolerance; ADV_E_MEMORY. options may be NULL. */
enum adv_status adv_run_all(struct adv_run *run, const struct adv_run_options *options,
                            const struct adv_answer **answer, struct adv_error *error);

ADV_API_END
#endif
