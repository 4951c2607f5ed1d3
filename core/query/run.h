/* A query in execution, shared by what makes runs (run.c), advances a shard
 * (shard.c), writes the answer (answer.c) and drives all shards to their end
 * (drive.c).
 *
 * The start states of all rows are there when the run is created, unless they
 * are drawn: then a shard draws its own when it starts. A shard is a
 * range of rows with an integrator of its own, which exists from its first turn
 * to its last. Rows of the answer are written by the shard that owns them, so
 * shards share nothing but what is read-only; frames_ready and permille alone
 * are read from other threads while a shard runs. */
#ifndef ADV_QUERY_RUN_H
#define ADV_QUERY_RUN_H

#include "core/nets/kind.h"
#include "core/query/errors.h"
#include "core/query/query.h"

#include <advect/extra/integrator.h>
#include <advect/extra/run_shards.h>
#include <stdatomic.h>

#define ADV_SHARD_ROWS_MAX 256

/* Rows of those that are due, and of each the tangents from first on. */
struct adv_portion {
    size_t row, n_rows, first, n_tangents;
};

struct adv_shard {
    size_t begin, n; /* of the answer's rows */
    bool coarse;     /* integrates rows a second time, for their errors: see errors.h */
    bool started, ended;
    enum adv_status status;
    struct adv_error error;
    struct adv_integrator *integrator;
    float *x, *t, *guidance, *v, *divergence;
    float *s;          /* [n, draws] by a flow map: where the steps lead; else NULL */
    float *jacobian;   /* [n, draws, dim, dim] by a flow map with densities; else NULL */
    float *starts;     /* [n, draws, dim]: the run's, or own_starts */
    float *own_starts; /* of a coarse shard where they are drawn, and of several draws; else NULL */
    double *log_det;   /* [n, draws] of encoding own_starts of several draws; else NULL */
    float *probes;     /* [n, draws, n_accumulators, dim] (Hutchinson) */
    size_t n_due;      /* rows of x, t that are being evaluated; 0: none */
    struct adv_portion portion;
    struct adv_run_work work;
    uint64_t evaluations; /* so far */
    int32_t *label;
    const float **context; /* [n]: of each row its numbers; NULL where the run has none */
    size_t *rows;
    int64_t nfe;
    size_t frames_written;
    atomic_size_t frames_ready;
    atomic_int permille;
};

struct adv_run {
    struct adv_model *model;
    struct adv_query query; /* its arrays are owned by the run, as below */
    size_t dim, n_accumulators;
    size_t draws;        /* rows of integrators for each of the answer's: adv_query_draws */
    bool averages_draws; /* of cells of whole numbers: of data, not of a difference */
    const struct adv_circles *circles; /* of the model's net */
    int32_t *labels;                   /* [n] or NULL */
    float *contexts;                   /* [query.n_contexts, C], as asked; NULL: none */
    float *encoded_contexts;           /* the same in the network's units */
    double *context_distance;          /* [query.n_contexts] */
    float *starts;                     /* [n, dim], network units; NULL of several draws */
    float *whole;                      /* [n, dim]: points of several draws, which shards encode */
    bool starts_are_drawn;             /* by each shard */
    double pass_cost;                  /* adv_query_pass_cost */
    bool is_map;                       /* steps of a flow map, not an integration */
    double *log_det;                   /* [n] of encoding the points; NULL in flow space */
    double *times;                     /* of the integration */
    size_t n_times, first_frame;       /* times[first_frame] is the first that the answer holds */
    struct adv_shard *shards;          /* coarse ones last */
    size_t n_shards;
    struct adv_run_errors errors;
    bool is_finished; /* errors and warnings are in the answer */

    struct adv_answer answer;
    float *states, *latents;
    double *log_density, *standard_error, *bits_per_dim, *divergence;
    double *typicality;
    bool *extrapolated;    /* [n], or NULL for queries without latents */
    const char **failures; /* [n], or NULL where rows may not fail */
};

/* The next portion of the shard's n_due rows x, t, which rows names, is to be evaluated. */
void adv_shard_begin_portion(const struct adv_run *run, struct adv_shard *shard);
/* Its points, and where their velocities go: for a portion without tangents. */
struct adv_batch adv_shard_batch(const struct adv_run *run, const struct adv_shard *shard);
/* Evaluates one with tangents: velocities, and divergences as far as they come of these. */
enum adv_status adv_shard_push_tangents(const struct adv_run *run, struct adv_shard *shard,
                                        struct adv_evaluator *evaluator);
/* It has been evaluated; true once all n_due rows have. */
bool adv_shard_end_portion(const struct adv_run *run, struct adv_shard *shard);

/* The seed of the random stream that the probes of a row [dim] are drawn from (probes.c). */
uint64_t adv_probe_key(uint64_t seed, size_t dim, const float *row);
/* n probes [n, dim] from row `first` of that stream on. */
void adv_draw_probes(uint64_t key, uint64_t first, size_t n, size_t dim, float *probes);
/* Whether they are a draw without replacement: orthogonal directions, fewer than there are. */
bool adv_probes_are_orthogonal(size_t n, size_t dim);
/* Draws the probes of the shard's rows for the evaluation that begins (probes.c). */
void adv_shard_draw_probes(const struct adv_run *run, struct adv_shard *shard);

/* Frees all that only turns need. */
void adv_shard_release(struct adv_shard *shard);

/* A shard's rows into the run's answer, in its units. TRAJECTORIES: the frames that the integrator
 * has completed since the last call. */
void adv_run_write_frames(struct adv_run *run, struct adv_shard *shard);
/* SAMPLES: the states, and their log-densities where they are asked for. */
void adv_run_write_samples(struct adv_run *run, struct adv_shard *shard);
/* What a coarse shard leaves, in any case. */
void adv_run_write_coarse(struct adv_run *run, struct adv_shard *shard);
/* LOG_DENSITY, LATENTS: the latents, and the log-densities of the points; NaN of rows that
 * failed. */
void adv_run_write_encoded(struct adv_run *run, struct adv_shard *shard);
/* The log-density of an integrator's row, in flow units. */
double adv_shard_log_density(const struct adv_run *run, const struct adv_shard *shard, size_t r);
/* The solver sde (noise.c): the noise of a shard's integration, none of other solvers, and the
 * velocities that are due as the drift, with other solvers as they are. */
struct adv_integration_noise adv_run_noise(const struct adv_run *run,
                                           const struct adv_shard *shard);
void adv_shard_add_drift(const struct adv_run *run, struct adv_shard *shard);
/* Of the draws of row i the first reason why they failed, or NULL. */
const char *adv_shard_failure(const struct adv_run *run, const struct adv_shard *shard, size_t i);
/* SCORE (score.c). Of the path, from the shard's velocities. */
void adv_run_write_path_scores(struct adv_run *run, struct adv_shard *shard);
/* Where the rows of a difference start, into own_starts; false without memory. */
bool adv_shard_make_stencil(const struct adv_run *run, struct adv_shard *shard);
/* Why row i of a difference has none, or NULL: far out float32 has no numbers a step apart. */
const char *adv_shard_stencil_failure(const struct adv_run *run, const struct adv_shard *shard,
                                      size_t i);
/* What a shard of a difference leaves, the coarse ones for the errors. */
void adv_run_write_differences(struct adv_run *run, struct adv_shard *shard);
/* What 1 in flow units is in those of the answer, for number k of the score of row i. */
double adv_run_score_unit(const struct adv_run *run, size_t i, size_t k);
/* VELOCITY, and SCORE of the path; ADV_E_NUMERIC where one is not finite. */
enum adv_status adv_run_write_velocities(struct adv_run *run, struct adv_shard *shard);

#endif
