/* What a student's average velocities u(x, t, s) are fitted to: those of the teacher's paths, (x_s -
 * x_t) / (s - t), over stretches of them from t to s. */
#include "core/train/distill/distill.h"

#include <advect/extra/rng.h>
#include <string.h>

/* Where a row's stretch begins and ends: frames of a path. */
struct stretch {
    size_t path, from, to;
};

#define SHARE_VELOCITY 0.125f /* stretches of no length */
#define SHARE_ANY 0.375f      /* of any length, for trajectories */
#define SHARE_ANY_FEW 0.125f  /* the same where a path has one frame in an eighth of its time */

static size_t below(float uniform, size_t n)
{
    size_t i = (size_t)(uniform * (float)n);
    return i < n ? i : n - 1;
}

/* One of n equal steps, and whether it is taken backwards. */
static size_t choose_step(const struct adv_distill_recipe *recipe, size_t n, float uniform,
                          bool *goes_back)
{
    float last = (float)recipe->last, backwards = (float)recipe->backwards;
    if (uniform < last) {
        *goes_back = uniform < last * backwards;
        return n - 1;
    }
    float rest = (uniform - last) / (1 - last);
    size_t k = below(rest, n);
    *goes_back = rest * (float)n - (float)k >= 1 - backwards;
    return k;
}

static struct stretch any_length(size_t path, size_t a, size_t b, bool both_ways)
{
    if (!both_ways && a > b)
        return (struct stretch){path, b, a};
    return (struct stretch){path, a, b};
}

/* Steps as samples and densities take them; stretches of any length; and velocities. */
static struct stretch choose(const struct adv_distill_recipe *recipe, size_t path, size_t n_frames,
                             const float u[4])
{
    if (u[1] < SHARE_VELOCITY) {
        size_t at = below(u[2], n_frames);
        return (struct stretch){path, at, at};
    }
    if (u[1] >= 1 - (recipe->frames > 1 ? SHARE_ANY : SHARE_ANY_FEW))
        return any_length(path, below(u[2], n_frames), below(u[3], n_frames),
                          recipe->backwards > 0);
    size_t levels = 1;
    while ((size_t)1 << levels <= (size_t)recipe->steps)
        levels++;
    bool goes_back;
    size_t n = (size_t)1 << below(u[2], levels), length = (n_frames - 1) / n;
    size_t from = choose_step(recipe, n, u[3], &goes_back) * length;
    return goes_back ? (struct stretch){path, from + length, from}
                     : (struct stretch){path, from, from + length};
}

static void put(const struct adv_teacher_paths *paths, struct stretch at, size_t i,
                struct adv_examples *e)
{
    size_t dim = paths->dim, from = adv_path_frame(paths, at.path, at.from);
    const float *x = paths->x + from * dim,
                *end = paths->x + adv_path_frame(paths, at.path, at.to) * dim;
    e->t[i] = adv_path_time(paths, at.path, at.from);
    e->s[i] = adv_path_time(paths, at.path, at.to);
    e->label[i] = paths->label[at.path];
    if (e->context)
        e->context[i] = adv_path_context(paths, at.path);
    memcpy(e->x_t + i * dim, x, dim * sizeof *x);
    for (size_t k = 0; k < dim; k++)
        e->target[i * dim + k] =
            at.from == at.to ? paths->v[from * dim + k] : (end[k] - x[k]) / (e->s[i] - e->t[i]);
}

static void draw(const struct adv_training *t, struct adv_examples *e, uint64_t seed,
                 uint64_t first, size_t first_path, size_t n_paths, size_t n)
{
    const struct adv_distillation *d = t->distillation;
    for (size_t i = 0; i < n; i++) {
        float u[4];
        adv_rng_uniform(seed, ADV_STREAM_SHUFFLE, first + i, 1, 4, u);
        size_t path = first_path + below(u[0], n_paths);
        put(&d->paths, choose(&t->recipe.distill, path, d->paths.n_frames, u), i, e);
    }
}

void adv_distillation_draw(const struct adv_training *t, struct adv_training_worker *worker,
                           size_t first_row, size_t n)
{
    uint64_t seed = adv_seed_for((uint64_t)t->recipe.train.seed, ADV_SEED_TRAIN);
    uint64_t first = (uint64_t)t->progress.step * (uint64_t)t->recipe.train.batch + first_row;
    draw(t, &worker->examples, seed, first, 0, t->distillation->n_train, n);
}

#define HELD_OUT_ROWS 4096

enum adv_status adv_distillation_held_out(const struct adv_training *t,
                                          const struct adv_packed_weights *packed, double *loss,
                                          struct adv_error *error)
{
    struct adv_examples *e = &t->workers[0].examples;
    const struct adv_distillation *d = t->distillation;
    uint64_t seed = adv_seed_for((uint64_t)t->recipe.train.seed, ADV_SEED_HELD_OUT);
    struct adv_evaluator *evaluator = NULL;
    double sum = 0;
    enum adv_status status = adv_evaluator_new(packed, &evaluator, error);
    for (size_t first = 0; status == ADV_OK && first < HELD_OUT_ROWS; first += e->rows_max) {
        size_t left = HELD_OUT_ROWS - first, n = left < e->rows_max ? left : e->rows_max;
        draw(t, e, seed, first, d->n_train, d->paths.n - d->n_train, n);
        struct adv_points points = adv_examples_points(e, n);
        status = adv_evaluator_velocity(evaluator, &points, e->x0, error);
        for (size_t k = 0; k < n * e->dim; k++)
            sum += ((double)e->x0[k] - (double)e->target[k]) *
                   ((double)e->x0[k] - (double)e->target[k]);
    }
    adv_evaluator_free(evaluator);
    *loss = sum / HELD_OUT_ROWS / (double)e->dim;
    return status;
}
