/* Queries that take the steps of a model's flow map in place of an integration. */
#ifndef ADV_QUERY_FLOW_MAP_H
#define ADV_QUERY_FLOW_MAP_H

#include <advect/query.h>

/* log |det (I + (s - t) du/dx)| / (s - t) of a step from t to s != t, dim <= ADV_EXACT_DIM_MAX;
 * jacobian [dim, dim]: du/dx or its transpose. Not finite where the step is singular. */
float adv_flow_map_divergence(size_t dim, float t, float s, const float *jacobian);

/* Whether the model can answer the query by its flow map, if that is what the solver says:
 * ADV_E_INVALID. */
enum adv_status adv_flow_map_check(const struct adv_query *query, const struct adv_model *model,
                                   struct adv_error *error);

#endif
