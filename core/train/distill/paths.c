#include "core/train/distill/paths.h"

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/train/distill/paths_file.h"

#include <advect/extra/integrator.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/rng.h>

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 64    /* of rk4 for points, over [0, 1], and at least one from frame to frame */
#define JITTER 0.8f /* of the distance between frames that a time between may be moved by */
#define PART_BLOCKS ((size_t)8) /* for each thread: then the file may be written */
#define WRITES_SHARE 20.0       /* a write takes one part in so many of the time, or less */

struct making {
    const struct adv_training *training;
    const struct adv_model *teacher;
    struct adv_teacher_paths *paths;
    struct adv_evaluator **evaluators; /* per worker */
    enum adv_status *status;           /* per block; ADV_E_CANCELLED: not made yet */
    size_t first;                      /* block of the part at hand */
    size_t n_read;                     /* blocks, which a file had */
    atomic_size_t n_done;              /* of the others */
    uint64_t seed;
};

/* What integrates one block, and its rows at one time. */
struct block {
    size_t first;
    bool backward;
    double times[ADV_PATH_FRAMES_MAX]; /* in the integration's order */
    float guidance[ADV_PATH_BLOCK];
    const float *context[ADV_PATH_BLOCK];
    float *x, *v; /* [ADV_PATH_BLOCK, dim] */
    float t[ADV_PATH_BLOCK];
    int32_t label[ADV_PATH_BLOCK];
    size_t rows[ADV_PATH_BLOCK];
};

static void choose_times(const struct making *m, size_t number)
{
    size_t n = m->paths->n_frames;
    float *times = m->paths->times + number * n, uniform[ADV_PATH_FRAMES_MAX];
    adv_rng_uniform(m->seed, ADV_STREAM_TIME, number, 1, n, uniform);
    for (size_t k = 0; k < n; k++) {
        float shift = k % ((n - 1) / ADV_PATH_STRETCHES) ? JITTER * (uniform[k] - 0.5f) : 0;
        times[k] = adv_path_scale(m->training->recipe.path, ((float)k + shift) / (float)(n - 1));
    }
}

/* "No label" and "no context" as often as a training drops them, each by draws of its own. */
static void drop_conditions(const struct making *m, size_t first)
{
    struct adv_teacher_paths *paths = m->paths;
    const struct adv_train_recipe *train = &m->training->recipe.train;
    float uniform[ADV_PATH_BLOCK];
    adv_rng_uniform(m->seed, ADV_STREAM_DROPOUT, first, ADV_PATH_BLOCK, 1, uniform);
    for (size_t i = 0; i < ADV_PATH_BLOCK; i++) {
        if (uniform[i] < (float)train->label_dropout)
            paths->label[first + i] = ADV_NO_LABEL;
    }
    if (!paths->context)
        return;
    adv_rng_uniform(m->seed, ADV_STREAM_CONTEXT_DROPOUT, first, ADV_PATH_BLOCK, 1, uniform);
    for (size_t i = 0; i < ADV_PATH_BLOCK; i++)
        paths->no_context[first + i] = uniform[i] < (float)train->context_dropout;
}

/* As often as the data have them. */
static void choose_conditions(const struct making *m, size_t first, float *x)
{
    struct adv_teacher_paths *paths = m->paths;
    adv_dataset_draw(&m->training->dataset, first, ADV_PATH_BLOCK, x, paths->label + first,
                     paths->context ? paths->context + first * paths->n_context : NULL);
    drop_conditions(m, first);
}

static void begin(const struct making *m, size_t number, struct block *b)
{
    struct adv_teacher_paths *paths = m->paths;
    double off_data = m->training->recipe.distill.off_data;
    b->first = number * ADV_PATH_BLOCK;
    /* spread evenly over the blocks, so that those held out have their share */
    b->backward = (size_t)((double)(number + 1) * off_data) > (size_t)((double)number * off_data);
    choose_times(m, number);
    choose_conditions(m, b->first, b->x);
    for (size_t k = 0; k < paths->n_frames; k++)
        b->times[k] =
            (double)adv_path_time(paths, b->first, b->backward ? paths->n_frames - 1 - k : k);
    for (size_t i = 0; i < ADV_PATH_BLOCK; i++)
        b->guidance[i] = (float)m->training->recipe.distill.guidance;
    adv_rng_normal(m->seed, ADV_STREAM_BASE, b->first, ADV_PATH_BLOCK, paths->dim, b->x);
}

/* Velocities of n rows whose x and t are in the block. */
static enum adv_status evaluate(const struct making *m, struct block *b, size_t n,
                                struct adv_evaluator *evaluator)
{
    const struct adv_teacher_paths *paths = m->paths;
    for (size_t i = 0; i < n; i++) {
        size_t path = b->first + b->rows[i];
        b->label[i] = paths->label[path];
        b->context[i] = adv_path_context(paths, path);
    }
    struct adv_points points = {.n = n,
                                .x = b->x,
                                .t = b->t,
                                .label = b->label,
                                .guidance = b->guidance,
                                .context = paths->context ? b->context : NULL};
    return adv_evaluator_velocity(evaluator, &points, b->v, NULL);
}

static enum adv_status integrate(const struct making *m, struct block *b,
                                 struct adv_evaluator *evaluator, struct adv_integrator *integrator)
{
    size_t n;
    enum adv_status status = ADV_OK;
    while (status == ADV_OK &&
           (n = adv_integrator_take(integrator, ADV_PATH_BLOCK, b->x, b->t, b->rows)) > 0) {
        status = evaluate(m, b, n, evaluator);
        adv_integrator_give(integrator, n, b->rows, b->v, NULL);
    }
    return status == ADV_OK ? adv_integrator_check(integrator, b->first, NULL) : status;
}

/* Frame f of the integration is kept, with its velocities. */
static enum adv_status keep(const struct making *m, struct block *b,
                            struct adv_evaluator *evaluator,
                            const struct adv_integrator *integrator, size_t f)
{
    struct adv_teacher_paths *paths = m->paths;
    size_t dim = paths->dim, k = b->backward ? paths->n_frames - 1 - f : f;
    memcpy(b->x, adv_integrator_frame(integrator, f), ADV_PATH_BLOCK * dim * sizeof *b->x);
    for (size_t i = 0; i < ADV_PATH_BLOCK; i++) {
        b->rows[i] = i;
        b->t[i] = (float)b->times[f];
    }
    enum adv_status status = evaluate(m, b, ADV_PATH_BLOCK, evaluator);
    for (size_t i = 0; i < ADV_PATH_BLOCK; i++) {
        size_t at = adv_path_frame(paths, b->first + i, k) * dim;
        memcpy(paths->x + at, b->x + i * dim, dim * sizeof *b->x);
        memcpy(paths->v + at, b->v + i * dim, dim * sizeof *b->v);
    }
    return status;
}

/* Of images that of their samples: what more velocities change in them cannot be seen. Of points the
 * densities are to be right too. */
static struct adv_solver_spec solver_for(const struct adv_model *teacher)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_solver_spec spec = adv_query_default_solver(&query, teacher);
    if (!adv_model_is_image(teacher))
        spec.steps = STEPS;
    return spec;
}

static enum adv_status make_block(const struct making *m, size_t number,
                                  struct adv_evaluator *evaluator, struct block *b)
{
    struct adv_integration integration = {.n_rows = ADV_PATH_BLOCK,
                                          .dim = m->paths->dim,
                                          .solver = solver_for(m->teacher),
                                          .n_times = m->paths->n_frames,
                                          .times = b->times,
                                          .keep_frames = true};
    struct adv_integrator *integrator = NULL;
    begin(m, number, b);
    enum adv_status status = adv_integrator_new(&integration, b->x, &integrator, NULL);
    if (status == ADV_OK)
        status = integrate(m, b, evaluator, integrator);
    for (size_t f = 0; status == ADV_OK && f < m->paths->n_frames; f++)
        status = keep(m, b, evaluator, integrator, f);
    adv_integrator_free(integrator);
    return status;
}

/* What no file has of one that was read: times and conditions. */
static enum adv_status take_block(const struct making *m, size_t number, struct block *b)
{
    begin(m, number, b);
    return ADV_OK;
}

/* A block more is there. */
static void tell(struct making *m, int worker)
{
    const struct adv_training_run_options *running = m->training->running;
    size_t n_done = 1 + atomic_fetch_add(&m->n_done, 1);
    size_t n_all = m->paths->n / ADV_PATH_BLOCK - m->n_read;
    if (running && running->on_paths && worker == 0)
        running->on_paths(running->context, (double)n_done / (double)n_all);
}

static void make_block_task(void *context, size_t piece, int worker)
{
    struct making *m = context;
    size_t number = m->first + piece;
    const struct adv_training_run_options *running = m->training->running;
    struct block b = {0};
    if (running && running->cancelled && running->cancelled(running->context))
        return;
    b.x = adv_calloc(ADV_PATH_BLOCK, m->paths->dim * sizeof *b.x);
    b.v = adv_calloc(ADV_PATH_BLOCK, m->paths->dim * sizeof *b.v);
    if (!b.x || !b.v)
        m->status[number] = ADV_E_MEMORY;
    else if (number >= m->n_read)
        m->status[number] = make_block(m, number, m->evaluators[worker], &b);
    else
        m->status[number] = take_block(m, number, &b);
    free(b.x);
    free(b.v);
    if (number >= m->n_read)
        tell(m, worker);
}

void adv_teacher_paths_plan(const struct adv_training *t, struct adv_teacher_paths *paths)
{
    const struct adv_distill_recipe *recipe = &t->recipe.distill;
    size_t n_blocks = ((size_t)recipe->paths + ADV_PATH_BLOCK - 1) / ADV_PATH_BLOCK;
    *paths = (struct adv_teacher_paths){
        .n = n_blocks * ADV_PATH_BLOCK,
        .dim = t->dataset.dim,
        .n_context = t->dataset.n_context,
        .n_frames = ADV_PATH_STRETCHES * (size_t)recipe->frames + 1,
    };
}

static enum adv_status allocate(struct adv_teacher_paths *paths, struct adv_error *error)
{
    size_t n_blocks = paths->n / ADV_PATH_BLOCK, values;
    if (!adv_mul_size(paths->n * paths->n_frames, paths->dim, &values))
        return adv_no_memory(error);
    paths->times = adv_calloc(n_blocks, paths->n_frames * sizeof *paths->times);
    paths->x = adv_calloc(values, sizeof *paths->x);
    paths->v = adv_calloc(values, sizeof *paths->v);
    paths->label = adv_calloc(paths->n, sizeof *paths->label);
    if (paths->n_context > 0) {
        paths->context = adv_calloc(paths->n, paths->n_context * sizeof *paths->context);
        paths->no_context = adv_calloc(paths->n, sizeof *paths->no_context);
    }
    bool complete = paths->times && paths->x && paths->v && paths->label &&
                    (paths->n_context == 0 || (paths->context && paths->no_context));
    return complete ? ADV_OK
                    : adv_fail(error, ADV_E_MEMORY,
                               "out of memory for %zu paths of the teacher; fewer distill.paths "
                               "may fit",
                               paths->n);
}

/* The worst that a block came to. */
static enum adv_status outcome(const struct making *m, struct adv_error *error)
{
    for (size_t i = 0; i < m->paths->n / ADV_PATH_BLOCK; i++) {
        if (m->status[i] == ADV_E_MEMORY)
            return adv_no_memory(error);
        if (m->status[i] == ADV_E_CANCELLED)
            return adv_fail(error, ADV_E_CANCELLED, "stopped while the teacher's paths were made");
        if (m->status[i] != ADV_OK)
            return adv_fail_field(error, m->status[i], "distill.teacher",
                                  "the teacher's velocity is not finite on path %zu or a "
                                  "neighbour of it",
                                  i * ADV_PATH_BLOCK);
    }
    return ADV_OK;
}

/* The run's file; NULL: there is none. */
static const char *file_of(const struct adv_training *t)
{
    return t->running ? t->running->paths_file : NULL;
}

/* Writes the first n blocks. Where that fails it is a warning: they are there all the same. */
static bool keep_in_file(const struct making *m, size_t n)
{
    const struct adv_training *t = m->training;
    struct adv_error error = ADV_ERROR_INIT;
    if (adv_teacher_paths_write(t, m->teacher, file_of(t), m->paths, n, &error) == ADV_OK)
        return true;
    adv_error_prefix(&error, "the teacher's paths are not kept: ");
    if (t->running->on_warning)
        t->running->on_warning(t->running->context, error.message);
    return false;
}

/* Blocks that are there, up to the first that is not. */
static size_t count_made(const struct making *m)
{
    size_t n = 0;
    while (n < m->paths->n / ADV_PATH_BLOCK && m->status[n] == ADV_OK)
        n++;
    return n;
}

/* Part after part, so that what a long computation has come to is in the file before its end. Where
 * that cannot be written, it is tried once more in the end, and told then. */
static void make_all(struct making *m)
{
    const struct adv_training *t = m->training;
    size_t n_blocks = m->paths->n / ADV_PATH_BLOCK;
    size_t part = file_of(t) ? PART_BLOCKS * (size_t)adv_pool_threads(t->pool) : n_blocks;
    double saved_s = adv_monotonic_s(), interval_s = t->recipe.train.checkpoint_every_s;
    for (m->first = 0; m->first < n_blocks; m->first += part) {
        size_t left = n_blocks - m->first, n = left < part ? left : part;
        adv_pool_run(t->pool, n, make_block_task, m);
        if (count_made(m) < m->first + n)
            return;
        double now_s = adv_monotonic_s();
        if (!file_of(t) || n == left || m->first + n <= m->n_read || now_s - saved_s < interval_s)
            continue;
        bool kept = adv_teacher_paths_write(t, m->teacher, file_of(t), m->paths, m->first + n,
                                            NULL) == ADV_OK;
        saved_s = adv_monotonic_s();
        interval_s = kept ? fmax(interval_s, WRITES_SHARE * (saved_s - now_s)) : INFINITY;
    }
}

/* Keeps what was computed: a training that is stopped goes on there. */
static enum adv_status finish(const struct making *m, struct adv_error *error)
{
    struct adv_error why = ADV_ERROR_INIT;
    char kept[512] = "";
    size_t n = count_made(m);
    enum adv_status status = outcome(m, &why);
    bool is_worth = n > m->n_read && (status == ADV_OK || status == ADV_E_CANCELLED);
    if (file_of(m->training) && is_worth && keep_in_file(m, n))
        snprintf(kept, sizeof kept, "; %s has %zu of %zu, and the same command goes on there",
                 file_of(m->training), n * ADV_PATH_BLOCK, m->paths->n);
    return status == ADV_OK ? ADV_OK
                            : adv_fail_field(error, status, why.field, "%s%s", why.message, kept);
}

enum adv_status adv_teacher_paths_make(const struct adv_training *t,
                                       const struct adv_model *teacher,
                                       struct adv_teacher_paths *paths, struct adv_error *error)
{
    size_t n_workers = (size_t)adv_pool_threads(t->pool);
    struct making m = {.training = t,
                       .teacher = teacher,
                       .paths = paths,
                       .seed = adv_seed_for((uint64_t)t->recipe.train.seed, ADV_SEED_TRAIN)};
    enum adv_status status = allocate(paths, error);
    atomic_init(&m.n_done, 0);
    m.evaluators = adv_calloc(n_workers, sizeof *m.evaluators);
    m.status = adv_calloc(paths->n / ADV_PATH_BLOCK, sizeof *m.status);
    if (status == ADV_OK && (!m.evaluators || !m.status))
        status = adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && i < paths->n / ADV_PATH_BLOCK; i++)
        m.status[i] = ADV_E_CANCELLED;
    for (size_t i = 0; i < n_workers && status == ADV_OK; i++)
        status = adv_evaluator_new(adv_model_packed_weights(teacher), &m.evaluators[i], error);
    if (status == ADV_OK && file_of(t))
        status = adv_teacher_paths_read(t, teacher, file_of(t), paths, &m.n_read, error);
    if (status == ADV_OK) {
        make_all(&m);
        status = finish(&m, error);
    }
    for (size_t i = 0; m.evaluators && i < n_workers; i++)
        adv_evaluator_free(m.evaluators[i]);
    free(m.evaluators);
    free(m.status);
    if (status != ADV_OK)
        adv_teacher_paths_release(paths);
    return status;
}

size_t adv_teacher_paths_bytes(const struct adv_teacher_paths *paths)
{
    size_t values = paths->n_frames * paths->dim * (sizeof *paths->x + sizeof *paths->v);
    size_t context = paths->n_context * sizeof *paths->context;
    if (context > 0)
        context += sizeof *paths->no_context;
    return paths->n * (values + sizeof *paths->label + context) +
           paths->n / ADV_PATH_BLOCK * paths->n_frames * sizeof *paths->times;
}

void adv_teacher_paths_release(struct adv_teacher_paths *paths)
{
    free(paths->times);
    free(paths->x);
    free(paths->v);
    free(paths->label);
    free(paths->context);
    free(paths->no_context);
    paths->times = paths->x = paths->v = paths->context = NULL;
    paths->label = NULL;
    paths->no_context = NULL;
}
