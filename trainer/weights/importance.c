#include "trainer/weights/importance.h"

#include <math.h>

static enum adv_status check(size_t n, const double *log_weight, double *top,
                             struct adv_error *error)
{
    *top = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (isnan(log_weight[i]) || log_weight[i] == INFINITY)
            return adv_fail(
                error, ADV_E_NUMERIC,
                "the log-weight of sample %zu is %g; it must be a number below infinity", i,
                log_weight[i]);
        *top = fmax(*top, log_weight[i]);
    }
    if (*top == -INFINITY)
        return adv_fail(error, ADV_E_NUMERIC,
                        "no sample has a weight: the target has no density at any of them");
    return ADV_OK;
}

enum adv_status adv_importance_weigh(size_t n, const double *log_weight, double *weights,
                                     struct adv_importance *importance, struct adv_error *error)
{
    double top, sum = 0, squares = 0, total = (double)n;
    enum adv_status status = check(n, log_weight, &top, error);
    if (status != ADV_OK)
        return status;
    for (size_t i = 0; i < n; i++) { /* relative to the heaviest, so that none overflows */
        weights[i] = exp(log_weight[i] - top);
        sum += weights[i];
        squares += weights[i] * weights[i];
    }
    for (size_t i = 0; i < n; i++)
        weights[i] /= sum;
    double effective = sum * sum / squares;
    *importance = (struct adv_importance){
        .effective = effective,
        .largest = 1 / sum,
        .log_mean = top + log(sum / total),
        .log_mean_error = n > 1 ? sqrt(fmax(total / effective - 1, 0) / (total - 1)) : NAN,
    };
    return ADV_OK;
}
