/* What a run holds, for those who watch over memory. */
#include "core/query/run.h"

#include <advect/extra/run_shards.h>

static size_t if_any(const void *array, size_t bytes)
{
    return array ? bytes : 0;
}

size_t adv_run_bytes(const struct adv_run *run)
{
    size_t n = run->query.n, values = n * run->dim;
    return if_any(run->labels, n * sizeof *run->labels) +
           if_any(run->contexts, run->query.n_contexts *
                                     (2 * adv_model_context(run->model) * sizeof *run->contexts +
                                      sizeof *run->context_distance)) +
           if_any(run->starts, values * sizeof *run->starts) +
           if_any(run->whole, values * sizeof *run->whole) +
           if_any(run->log_det, n * sizeof *run->log_det) +
           if_any(run->times, run->n_times * sizeof *run->times) +
           run->n_shards * sizeof *run->shards +
           if_any(run->states, values * run->answer.n_frames * sizeof *run->states) +
           if_any(run->latents, values * sizeof *run->latents) +
           if_any(run->log_density, n * sizeof *run->log_density) +
           if_any(run->standard_error, n * sizeof *run->standard_error) +
           if_any(run->bits_per_dim, n * sizeof *run->bits_per_dim) +
           if_any(run->typicality, n * sizeof *run->typicality) +
           if_any(run->extrapolated, n * sizeof *run->extrapolated) +
           if_any(run->failures, n * sizeof *run->failures) +
           if_any(run->divergence, n * sizeof *run->divergence) + adv_run_errors_bytes(run);
}
