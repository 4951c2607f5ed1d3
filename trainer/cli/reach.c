#include "trainer/cli/reach.h"

#include <stdio.h>

void adv_reach_tell(const struct adv_model *model, size_t n, const double *distance)
{
    double reach = adv_model_context_reach(model);
    size_t n_far = 0, farthest = 0;
    for (size_t i = 0; distance && i < n; i++) {
        n_far += distance[i] > reach;
        farthest = distance[i] > distance[farthest] ? i : farthest;
    }
    if (n_far == 0)
        return;
    if (n == 1)
        fprintf(stderr,
                "the context is %.3g standard deviations from the mean of the training's, of which "
                "none was beyond %.3g: the model extrapolates\n",
                distance[0], reach);
    else
        fprintf(stderr,
                "%zu of %zu contexts %s beyond those of the training; row %zu%s is %.3g standard "
                "deviations from their mean, and none of them was beyond %.3g: the model "
                "extrapolates\n",
                n_far, n, n_far == 1 ? "is" : "are", farthest, n_far == 1 ? "" : ", the farthest,",
                distance[farthest], reach);
}
