/* What a mixture of Gaussians makes of the data: where trainings may start, and what they are
 * compared with. */
#include "core/base/mem.h"
#include "core/dataset/opening.h"

#include <stdlib.h>

#define ROWS_MAX ((size_t)10000) /* beyond which a mixture hardly changes */
#define COMPONENTS_MAX ((size_t)16)
#define NUMBERS_MAX ((size_t)256) /* components times dimension, which bounds the time */

struct examples {
    size_t n;
    float *x, *contexts;
    int32_t *labels;
};

static void examples_release(struct examples *e)
{
    free(e->x);
    free(e->contexts);
    free(e->labels);
}

static enum adv_status take(const struct adv_dataset *d, const struct adv_context_mean *mean,
                            bool held_out, struct examples *e, struct adv_error *error)
{
    size_t there = held_out                          ? d->n_held_out
                   : adv_source_is_drawn(&d->source) ? ROWS_MAX
                                                     : d->n_train;
    e->n = there < ROWS_MAX ? there : ROWS_MAX;
    e->x = adv_calloc(e->n ? e->n : 1, d->dim * sizeof *e->x);
    e->labels = adv_calloc(e->n ? e->n : 1, sizeof *e->labels);
    e->contexts = adv_calloc(e->n ? e->n : 1, d->n_context * sizeof *e->contexts);
    if (!e->x || !e->labels || !e->contexts)
        return adv_no_memory(error);
    if (held_out)
        adv_dataset_draw_held_out(d, 0, e->n, e->x, e->labels, e->contexts);
    else
        adv_dataset_draw(d, 0, e->n, e->x, e->labels, e->contexts);
    if (mean)
        adv_context_mean_subtract(mean, e->n, e->contexts, e->x);
    return ADV_OK;
}

static struct adv_mixture_rows rows_of(const struct adv_dataset *d, const struct examples *e)
{
    return (struct adv_mixture_rows){
        .n = e->n, .dim = d->dim, .x = e->x, .labels = e->labels, .classes = d->classes};
}

static enum adv_status choose(const struct adv_dataset *d, const struct adv_context_mean *mean,
                              const struct adv_mixture_rows *train, uint64_t seed,
                              struct adv_gaussian_mixture *mixture, struct adv_error *error)
{
    struct examples held_out = {0};
    size_t most = NUMBERS_MAX / d->dim;
    most = most < 1 ? 1 : most > COMPONENTS_MAX ? COMPONENTS_MAX : most;
    if (d->n_held_out == 0)
        return adv_fail(error, ADV_E_INVALID,
                        "no example is held out, by which to choose the number of Gaussians");
    enum adv_status status = take(d, mean, true, &held_out, error);
    if (status == ADV_OK) {
        struct adv_mixture_rows rows = rows_of(d, &held_out);
        status = adv_gaussian_mixture_choose(train, &rows, most, seed, mixture, error);
    }
    examples_release(&held_out);
    return status;
}

enum adv_status adv_dataset_fit_mixture(const struct adv_dataset *d,
                                        const struct adv_context_mean *mean, size_t n_components,
                                        struct adv_gaussian_mixture *mixture,
                                        struct adv_error *error)
{
    struct examples train = {0};
    uint64_t seed = adv_seed_for(d->seed, ADV_SEED_INIT);
    enum adv_status status = take(d, mean, false, &train, error);
    if (status == ADV_OK) {
        struct adv_mixture_rows rows = rows_of(d, &train);
        status = n_components ? adv_gaussian_mixture_fit(&rows, n_components, seed, mixture, error)
                              : choose(d, mean, &rows, seed, mixture, error);
    }
    examples_release(&train);
    return status;
}
