/* Evaluating a network: velocities and their directional derivatives.
 *
 * Rows may have different times, labels and guidance. A row's result depends on
 * that row alone, bit for bit, whatever is evaluated beside it. */
#ifndef ADVECT_EXTRA_EVALUATOR_H
#define ADVECT_EXTRA_EVALUATOR_H

#include <advect/api.h>
#include <advect/extra/net.h>
#include <advect/label.h>
#include <advect/load_options.h>
#include <advect/pool.h>
#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

/* Where velocities are asked: row i is (x_i, t_i, label_i), in flow units. All borrowed. */
struct adv_points {
    size_t n;
    const float *x;        /* [n, dim] */
    const float *t;        /* [n] */
    const int32_t *label;  /* [n], in [0, classes) or ADV_NO_LABEL; NULL: all ADV_NO_LABEL */
    const float *guidance; /* [n]: v_null + w (v - v_null), v_null without label and context; NULL:
                              all 1, plain conditioning */
    /* [n]: of each row the adv_net_context numbers of its context, standardised; rows may share
     * them, and those that do share their conditioning; NULL of a row: none. NULL: none of all. */
    const float *const *context;
    /* [n]: of a flow map (adv_net_is_flow_map), the times s to which its average velocities lead
     * from t; NULL: s = t, the velocity itself. NULL of other nets. */
    const float *s;
};

/* Weights packed for the kernels: read-only, shared by any number of evaluators. */
struct adv_packed_weights;

/* weights [adv_net_weights(net)] and net are borrowed for the life of the result. Errors: those of
 * adv_load_options_check; ADV_E_MEMORY. */
enum adv_status adv_packed_weights_new(const struct adv_net *net, const float *weights,
                                       const struct adv_load_options *options,
                                       struct adv_packed_weights **packed, struct adv_error *error);
void adv_packed_weights_free(struct adv_packed_weights *packed);
size_t adv_packed_weights_bytes(const struct adv_packed_weights *packed);

/* Plans and memory for one evaluation at a time. Nothing is allocated after its first use of each
 * mode. */
struct adv_evaluator;

enum adv_status adv_evaluator_new(const struct adv_packed_weights *packed,
                                  struct adv_evaluator **evaluator, struct adv_error *error);
void adv_evaluator_free(struct adv_evaluator *evaluator);
/* Of its arenas and rows, which it gets at the first evaluation of a kind. */
size_t adv_evaluator_bytes(const struct adv_evaluator *evaluator);

/* From now on the threads of pool share the work within an evaluation, layer by layer, where that
 * is quicker: for few rows of a large network, which cannot be divided by rows. Results stay the
 * same, bit for bit. The pool is borrowed until it is replaced or the evaluator freed, and must be
 * idle whenever the evaluator is used: no evaluation from within one of its tasks. NULL: the
 * caller's thread alone, as at first. Memory for the threads is allocated at the next use. */
void adv_evaluator_share(struct adv_evaluator *evaluator, struct adv_pool *pool);

/* v [n, dim]. Labels must be valid for the net, ADV_NO_LABEL needs a null class or no classes, and
 * guidance other than 1 needs a null class: checked by adv_run_new for requests, a bug here.
 * Errors: ADV_E_MEMORY on first use only. */
enum adv_status adv_evaluator_velocity(struct adv_evaluator *evaluator,
                                       const struct adv_points *points, float *v,
                                       struct adv_error *error);

/* The same of several lists of points, whose rows are evaluated together: for few rows from
 * different places, which come cheaper by the dozen. batches [n]; a list may be empty. */
struct adv_batch {
    struct adv_points points;
    float *v; /* [points.n, dim] */
};
enum adv_status adv_evaluator_velocities(struct adv_evaluator *evaluator, size_t n,
                                         const struct adv_batch *batches, struct adv_error *error);

/* v [n, dim] and the tangents dv [n_tangents, n, dim] along dx [n_tangents, n, dim]; at least
 * one. */
enum adv_status adv_evaluator_tangents(struct adv_evaluator *evaluator,
                                       const struct adv_points *points, size_t n_tangents,
                                       const float *dx, float *v, float *dv,
                                       struct adv_error *error);

/* v and the exact divergence tr(dv/dx) [n], with one tangent per dimension. */
enum adv_status adv_evaluator_divergence(struct adv_evaluator *evaluator,
                                         const struct adv_points *points, float *v,
                                         float *divergence, struct adv_error *error);

/* v and Hutchinson's e' (dv/dx) e for probes e [n_probes, dim] of +-1, the same for every row
 * (Hutchinson 1989): estimates [n, n_probes], whose mean over random probes is the divergence. */
enum adv_status adv_evaluator_probes(struct adv_evaluator *evaluator,
                                     const struct adv_points *points, size_t n_probes,
                                     const float *probes, float *v, float *estimates,
                                     struct adv_error *error);

/* The same a part at a time, for whoever must not be held up by all tangents of a point at once:
 * count of them from first on, at least one. A divergence is complete after parts from 0 to dim - 1
 * in rising order, estimates once each probe was in a part; v is the same after each. All bits are
 * those of the whole.
 *
 * With sets [n], probes [., n_probes, dim] hold several sets, of which point i has number sets[i]:
 * estimates of points with different random sets have independent errors. */
enum adv_status adv_evaluator_divergence_part(struct adv_evaluator *evaluator,
                                              const struct adv_points *points, size_t first,
                                              size_t count, float *v, float *divergence,
                                              struct adv_error *error);
enum adv_status adv_evaluator_probes_part(struct adv_evaluator *evaluator,
                                          const struct adv_points *points, size_t n_probes,
                                          const float *probes, const size_t *sets, size_t first,
                                          size_t count, float *v, float *estimates,
                                          struct adv_error *error);

/* v and columns first ... first + count - 1 of the Jacobians: jacobian [n, dim, dim], of which row k
 * is dv/dx_k, receives those rows. */
enum adv_status adv_evaluator_jacobian_part(struct adv_evaluator *evaluator,
                                            const struct adv_points *points, size_t first,
                                            size_t count, float *v, float *jacobian,
                                            struct adv_error *error);

ADV_API_END
#endif
