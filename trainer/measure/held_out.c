/* The flow-matching loss on the held-out examples. Not of students of few steps, which are fitted to
 * their teachers' paths: the loss on these is on their cards, by the same name. */
#include "trainer/measure/measure.h"

#include <advect/extra/held_out.h>
#include <advect/extra/model_parts.h>

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    bool is_student = adv_model_flow_map_steps(e->model) > 0;
    if (e->split != ADV_SPLIT_HELD_OUT || e->dataset->n_held_out == 0 || is_student)
        return ADV_OK;
    double loss;
    enum adv_status status =
        adv_held_out_loss(e->dataset, adv_model_path(e->model), adv_model_packed_weights(e->model),
                          e->pool, &loss, error);
    if (status == ADV_OK)
        adv_results_add(results, "held_out_loss", "flow-matching loss on held-out examples", loss);
    return status;
}

const struct adv_measure adv_measure_held_out = {
    .name = "held_out",
    .needs = ADV_NEEDS_DATA,
    .run = run,
};
