/* What a query asks of the flow, shared by its checks, its cost and its run. */
#ifndef ADV_QUERY_QUERY_H
#define ADV_QUERY_QUERY_H

#include <advect/query.h>

/* A turn of a shard should not take much longer than this, in multiply-adds (some 10 ms of a core):
 * it is what others may have to wait for, whatever is asked. */
#define ADV_PORTION_MULTIPLY_ADDS 5e8

/* A query of whatever version of the struct, as this one's. */
enum adv_status adv_query_take(struct adv_query *taken, const struct adv_query *query,
                               struct adv_error *error);

/* The query's own solver, or the default of its kind. */
struct adv_solver_spec adv_query_solver(const struct adv_query *query,
                                        const struct adv_model *model);
/* Whether one evaluation at the points answers it, and nothing is integrated: VELOCITY, and SCORE
 * of the path. */
bool adv_query_is_pointwise(const struct adv_query *query);
/* SCORE by differences of log-densities. */
bool adv_query_is_difference(const struct adv_query *query);
/* Whether each row is integrated a second time, for its error. */
bool adv_query_has_errors(const struct adv_query *query);
/* The method in place of AUTO. */
enum adv_divergence adv_query_divergence(const struct adv_query *query,
                                         const struct adv_model *model);
/* Whether each evaluation has probes of its own. */
bool adv_query_renews_probes(const struct adv_query *query, const struct adv_model *model);
/* Of SCORE: method, time, model and dimension (score.c). */
enum adv_status adv_query_check_score(const struct adv_query *query, const struct adv_model *model,
                                      struct adv_error *error);
/* Of the solver sde (noise.c). */
bool adv_query_is_stochastic(const struct adv_query *query);
enum adv_status adv_query_check_noise(const struct adv_query *query, const struct adv_model *model,
                                      struct adv_error *error);
bool adv_query_needs_divergence(const struct adv_query *query);
/* Tangents that each velocity takes beside it: 0, dim, or the number of probes. */
size_t adv_query_tangents(const struct adv_query *query, const struct adv_model *model);
/* Points by which each row is integrated: adv_transform_draws where the densities of data are asked
 * for, two for each dimension of a difference, else 1. */
size_t adv_query_draws(const struct adv_query *query, const struct adv_model *model);
/* Rows of the network that make up one velocity: 2 where it is guided. */
int adv_query_branches(const struct adv_query *query, const struct adv_model *model);
/* Multiply-adds of one row's velocity, or of one of its tangents. */
double adv_query_pass_cost(const struct adv_query *query, const struct adv_model *model);

#endif
