/* Steps of a flow map: x_s = x_t + (s - t) u(x_t, t, s), in place of an integration, and their
 * log-determinants, from which a density follows that is exactly the map's own.
 *
 * Where an integration has the divergence of the velocity, a step has the mean divergence along it,
 * log |det (I + (s - t) du/dx)| / (s - t): its integral is the step's log-determinant. */
#include "core/query/flow_map.h"

#include "core/base/mem.h"
#include "core/query/query.h"

#include <advect/extra/model_parts.h>
#include <math.h>
#include <string.h>

#define SPAN_MIN                                                                                   \
    1e-6 /* of less the mean divergence is that of the beginning, within this times it */

enum { DIM_MAX = ADV_EXACT_DIM_MAX };

/* log |det a| of a [dim, dim], which is overwritten: Gaussian elimination with partial pivoting. */
static double log_det(size_t dim, double a[DIM_MAX][DIM_MAX])
{
    double sum = 0;
    for (size_t k = 0; k < dim; k++) {
        size_t pivot = k;
        for (size_t i = k + 1; i < dim; i++)
            pivot = fabs(a[i][k]) > fabs(a[pivot][k]) ? i : pivot;
        for (size_t j = k; j < dim && pivot != k; j++) {
            double swapped = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = swapped;
        }
        sum += log(fabs(a[k][k]));
        for (size_t i = k + 1; i < dim; i++) {
            double factor = a[i][k] / a[k][k];
            for (size_t j = k + 1; j < dim; j++)
                a[i][j] -= factor * a[k][j];
        }
    }
    return sum;
}

float adv_flow_map_divergence(size_t dim, float t, float s, const float *jacobian)
{
    double span = (double)s - (double)t, a[DIM_MAX][DIM_MAX];
    if (dim > DIM_MAX)
        adv_bug("the Jacobian of a flow map of %zu dimensions", dim);
    double trace = 0;
    for (size_t i = 0; i < dim; i++)
        trace += (double)jacobian[i * dim + i];
    if (fabs(span) < SPAN_MIN)
        return (float)trace;
    for (size_t i = 0; i < dim; i++) {
        for (size_t j = 0; j < dim; j++)
            a[i][j] = (i == j) + span * (double)jacobian[i * dim + j];
    }
    return (float)(log_det(dim, a) / span);
}

static enum adv_status check_steps(const struct adv_query *query, const struct adv_model *model,
                                   struct adv_error *error)
{
    long long steps = (long long)query->solver.steps;
    long long most = (long long)adv_model_flow_map_steps(model);
    if (most == 0)
        return adv_fail_field(error, ADV_E_INVALID, "solver.method",
                              "solver.method is \"flow_map\"; this model has no flow map: "
                              "advect distill makes a model of few steps of it");
    if (steps > most)
        return adv_fail_field(error, ADV_E_INVALID, "solver.steps",
                              "solver.steps is %lld; this model's flow map was made for at most "
                              "%lld",
                              steps, most);
    if (steps < 1 || (steps & (steps - 1)) != 0)
        return adv_fail_field(error, ADV_E_INVALID, "solver.steps",
                              "solver.steps is %lld; a flow map takes 1, 2, 4 or 8, and this "
                              "model's at most %lld",
                              steps, most);
    return ADV_OK;
}

enum adv_status adv_flow_map_check(const struct adv_query *query, const struct adv_model *model,
                                   struct adv_error *error)
{
    if (!adv_solver_is_map(adv_query_solver(query, model).solver) || adv_query_is_pointwise(query))
        return ADV_OK;
    if (adv_query_is_difference(query))
        return adv_fail_field(error, ADV_E_INVALID, "solver.method",
                              "solver.method is \"flow_map\"; scores by difference compare two "
                              "integrations, and flow_map is none: take dopri5 or rk4");
    if (query->solver.solver) {
        enum adv_status status = check_steps(query, model, error);
        if (status != ADV_OK)
            return status;
    }
    if (adv_model_flow_map_is_one_way(model) && !adv_query_from_base(query->kind))
        return adv_fail_field(
            error, ADV_E_INVALID, "solver.method",
            "solver.method is \"flow_map\"; this model's was made for samples "
            "alone (distill.backwards was 0): take dopri5 or rk4, which integrate "
            "its velocity");
    if (query->errors)
        return adv_fail_field(error, ADV_E_INVALID, "errors",
                              "errors is true; they compare two integrations, and flow_map is "
                              "none: the answer tells how far the model is from its teacher");
    if (!adv_query_needs_divergence(query))
        return ADV_OK;
    if (adv_model_dim(model) > DIM_MAX)
        return adv_fail_field(error, ADV_E_INVALID, "solver.method",
                              "solver.method is \"flow_map\"; of more than %d dimensions it gives "
                              "samples and latents, but no log-density",
                              DIM_MAX);
    if (adv_query_divergence(query, model) == ADV_DIVERGENCE_HUTCHINSON)
        return adv_fail_field(error, ADV_E_INVALID, "divergence.method",
                              "divergence.method is \"hutchinson\"; a flow map's log-determinant "
                              "is exact");
    return ADV_OK;
}
