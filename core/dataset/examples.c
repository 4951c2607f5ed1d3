#include "core/dataset/examples.h"

#include "core/base/mem.h"
#include "core/data/transforms/transform.h"

#include <advect/extra/memory.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum adv_status adv_examples_init(struct adv_examples *e, size_t rows_max,
                                  const struct adv_dataset *dataset, struct adv_error *error)
{
    size_t dim = dataset->dim, n_context = dataset->n_context;
    *e = (struct adv_examples){.rows_max = rows_max, .dim = dim, .n_context = n_context};
    float **const wide[ADV_EXAMPLES_WIDE] = {&e->x0, &e->x1, &e->x_t, &e->target};
    size_t bytes;
    bool complete = !__builtin_mul_overflow(rows_max, dim * sizeof(float), &bytes);
    for (size_t i = 0; complete && i < ADV_COUNT(wide); i++)
        complete = (*wide[i] = calloc(1, bytes)) != NULL;
    e->t = calloc(rows_max, sizeof *e->t);
    e->uniform = calloc(rows_max, sizeof *e->uniform);
    e->label = calloc(rows_max, sizeof *e->label);
    if (n_context > 0) {
        e->contexts = adv_calloc(rows_max, n_context * sizeof *e->contexts);
        e->context = adv_calloc(rows_max, sizeof *e->context);
        complete = complete && e->contexts && e->context;
    }
    if (complete && e->t && e->uniform && e->label)
        return ADV_OK;
    adv_examples_release(e);
    return adv_no_memory(error);
}

void adv_examples_release(struct adv_examples *e)
{
    free(e->x0);
    free(e->x1);
    free(e->x_t);
    free(e->target);
    free(e->t);
    free(e->uniform);
    free(e->s);
    free(e->label);
    free(e->contexts);
    free(e->context);
    adv_target_draws_release(&e->target_draws);
    *e = (struct adv_examples){0};
}

static void draw_times(struct adv_examples *e, const struct adv_train_recipe *train, uint64_t seed,
                       uint64_t first, size_t first_row, size_t n)
{
    switch ((enum adv_time_sampling)train->time_sampling) {
    case ADV_TIME_UNIFORM:
        adv_rng_uniform(seed, ADV_STREAM_TIME, first, n, 1, e->t);
        for (size_t i = 0; i < n; i++)
            e->t[i] = ((float)(first_row + i) + e->t[i]) / (float)train->batch;
        break;
    case ADV_TIME_LOGIT_NORMAL:
        adv_rng_normal(seed, ADV_STREAM_TIME, first, n, 1, e->t);
        for (size_t i = 0; i < n; i++)
            e->t[i] = 1 / (1 + expf(-e->t[i]));
        break;
    }
    float shift = (float)train->time_shift;
    for (size_t i = 0; i < n; i++)
        e->t[i] = shift * e->t[i] / (1 + (shift - 1) * e->t[i]);
}

static void drop_labels(struct adv_examples *e, double share, uint64_t seed, uint64_t first,
                        size_t n)
{
    if (share <= 0)
        return;
    adv_rng_uniform(seed, ADV_STREAM_DROPOUT, first, n, 1, e->uniform);
    for (size_t i = 0; i < n; i++) {
        if (e->uniform[i] < (float)share)
            e->label[i] = ADV_NO_LABEL;
    }
}

/* By draws of its own: label and context may each be dropped alone. */
static void drop_contexts(struct adv_examples *e, double share, uint64_t seed, uint64_t first,
                          size_t n)
{
    if (share <= 0 || !e->context)
        return;
    adv_rng_uniform(seed, ADV_STREAM_CONTEXT_DROPOUT, first, n, 1, e->uniform);
    for (size_t i = 0; i < n; i++) {
        if (e->uniform[i] < (float)share)
            e->context[i] = NULL;
    }
}

static void point_at_contexts(struct adv_examples *e, size_t n)
{
    for (size_t i = 0; e->context && i < n; i++)
        e->context[i] = e->contexts + i * e->n_context;
}

struct adv_points adv_examples_points(const struct adv_examples *e, size_t n)
{
    return (struct adv_points){
        .n = n, .x = e->x_t, .t = e->t, .label = e->label, .context = e->context, .s = e->s};
}

/* x0, x1 and t are there; x1 on a circle is moved to where it is nearest to x0. */
static void interpolate(struct adv_examples *e, const struct adv_dataset *dataset,
                        const struct adv_path *path, size_t n)
{
    struct adv_circles circles;
    adv_transform_circles(dataset->transform, &circles);
    adv_circles_draw(&circles, n, e->dim, e->x0);
    adv_circles_unwrap(&circles, n, e->dim, e->x0, e->x1);
    for (size_t i = 0; i < n; i++)
        e->t[i] = adv_path_scale(path, e->t[i]);
    adv_path_interpolate(path, n, e->dim, e->t, e->x0, e->x1, e->x_t, e->target);
}

void adv_examples_draw_ends(struct adv_examples *e, const struct adv_dataset *dataset,
                            uint64_t first, size_t n)
{
    uint64_t seed = adv_seed_for(dataset->seed, ADV_SEED_TRAIN);
    adv_dataset_draw(dataset, first, n, e->x1, e->label, e->contexts);
    point_at_contexts(e, n);
    adv_rng_normal(seed, ADV_STREAM_BASE, first, n, e->dim, e->x0);
}

void adv_examples_draw(struct adv_examples *e, const struct adv_dataset *dataset,
                       const struct adv_path *path, const struct adv_train_recipe *train,
                       int64_t step, size_t first_row, size_t n)
{
    uint64_t seed = adv_seed_for(dataset->seed, ADV_SEED_TRAIN);
    uint64_t first = (uint64_t)step * (uint64_t)train->batch + first_row;
    adv_examples_draw_ends(e, dataset, first, n);
    if (e->coupled_x0)
        memcpy(e->x0, e->coupled_x0 + first_row * e->dim, n * e->dim * sizeof *e->x0);
    draw_times(e, train, seed, first, first_row, n);
    drop_labels(e, train->label_dropout, seed, first, n);
    drop_contexts(e, train->context_dropout, seed, first, n);
    interpolate(e, dataset, path, n);
    for (size_t i = 0, d = 0; e->target_draws.n > 0 && i < n; i++, d += e->dim)
        adv_target_draws_average(&e->target_draws, dataset, path, first + i, e->t[i], e->x0 + d,
                                 e->x1 + d, e->x_t + d, e->target + d);
}

void adv_examples_draw_held_out(struct adv_examples *e, const struct adv_dataset *dataset,
                                const struct adv_path *path, size_t first_row, size_t n)
{
    uint64_t seed = adv_seed_for(dataset->seed, ADV_SEED_HELD_OUT);
    adv_dataset_draw_held_out(dataset, first_row, n, e->x1, e->label, e->contexts);
    point_at_contexts(e, n);
    adv_rng_normal(seed, ADV_STREAM_BASE, first_row, n, e->dim, e->x0);
    for (size_t i = 0; i < n; i++)
        e->t[i] = ((float)(first_row + i) + 0.5f) / (float)dataset->n_held_out;
    interpolate(e, dataset, path, n);
}
