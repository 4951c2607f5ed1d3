/* The classifier is a network of the kind mlp, trained by least squares: its first output is to be
 * 1 on one side and -1 on the other, the others 0. */
#include "trainer/report/two_sample.h"

#include <advect/extra/gradient.h>
#include <advect/extra/memory.h>
#include <advect/extra/optimiser.h>
#include <advect/extra/rng.h>

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOLDS ((size_t)5)
#define ROWS_MAX ((size_t)2000)
#define ROWS_MIN ((size_t)10)
#define BATCH ((size_t)128)
#define STEPS 600

/* Both sides, standardised together, side by side: row 2 i is a's, row 2 i + 1 b's. */
struct pooled {
    size_t n, dim; /* rows of each side */
    float *x;      /* [2 n, dim] */
};

struct classifier {
    struct adv_net *net;
    struct adv_gradient *gradient;
    size_t n_weights;
    float *weights, *g, *m, *v; /* [n_weights] */
    float *x, *target, *t;      /* [BATCH, dim], [BATCH, dim], [BATCH] */
};

static enum adv_status pool_rows(const struct adv_rows *a, const struct adv_rows *b, uint64_t seed,
                                 struct pooled *pooled, struct adv_error *error)
{
    size_t least = a->n < b->n ? a->n : b->n, dim = a->dim;
    *pooled = (struct pooled){.n = least < ROWS_MAX ? least : ROWS_MAX, .dim = dim};
    pooled->x = calloc(2 * pooled->n, dim * sizeof *pooled->x);
    if (!pooled->x)
        return adv_no_memory(error);
    const struct adv_rows *const sides[] = {a, b};
    for (size_t i = 0; i < 2 * pooled->n; i++) {
        const struct adv_rows *side = sides[i % 2];
        size_t row = (size_t)adv_permute(seed + i % 2, i / 2, side->n);
        memcpy(pooled->x + i * dim, side->x + row * dim, dim * sizeof *pooled->x);
    }
    return ADV_OK;
}

static void standardise(struct pooled *pooled)
{
    size_t rows = 2 * pooled->n, dim = pooled->dim;
    for (size_t k = 0; k < dim; k++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < rows; i++)
            sum += (double)pooled->x[i * dim + k];
        double mean = sum / (double)rows;
        for (size_t i = 0; i < rows; i++)
            squares += pow((double)pooled->x[i * dim + k] - mean, 2);
        double scale = squares > 0 ? 1 / sqrt(squares / (double)rows) : 0;
        for (size_t i = 0; i < rows; i++) {
            float *x = &pooled->x[i * dim + k];
            *x = (float)(((double)*x - mean) * scale);
        }
    }
}

static void classifier_release(struct classifier *c)
{
    adv_gradient_free(c->gradient);
    adv_net_free(c->net);
    free(c->weights);
    free(c->g);
    free(c->m);
    free(c->v);
    free(c->x);
    free(c->target);
    free(c->t);
}

static enum adv_status classifier_init(struct classifier *c, size_t dim, struct adv_error *error)
{
    *c = (struct classifier){0};
    json_t *config = json_pack("{s:s, s:I, s:i, s:i, s:s, s:b, s:i}", "kind", "mlp", "dim",
                               (json_int_t)dim, "channels", 32, "layers", 2, "activation", "silu",
                               "residual", 1, "input_frequencies", 1);
    enum adv_status status = config ? adv_net_new(config, &c->net, error) : adv_no_memory(error);
    json_decref(config);
    if (status == ADV_OK)
        status = adv_gradient_new(c->net, BATCH, NULL, &c->gradient, error);
    if (status == ADV_OK) {
        c->n_weights = adv_net_weights(c->net);
        c->weights = calloc(c->n_weights, sizeof *c->weights);
        c->g = calloc(c->n_weights, sizeof *c->g);
        c->m = calloc(c->n_weights, sizeof *c->m);
        c->v = calloc(c->n_weights, sizeof *c->v);
        c->x = calloc(BATCH, dim * sizeof *c->x);
        c->target = calloc(BATCH, dim * sizeof *c->target);
        c->t = calloc(BATCH, sizeof *c->t);
        if (!c->weights || !c->g || !c->m || !c->v || !c->x || !c->target || !c->t)
            status = adv_no_memory(error);
    }
    return status;
}

static bool is_tested(size_t row, size_t fold)
{
    return row / 2 % FOLDS == fold; /* of both sides the same places */
}

/* A batch of rows that are not in the fold. */
static void draw(struct classifier *c, const struct pooled *pooled, size_t fold, uint64_t seed,
                 uint64_t step)
{
    size_t dim = pooled->dim;
    memset(c->target, 0, BATCH * dim * sizeof *c->target);
    for (size_t i = 0, tried = 0; i < BATCH; tried++) {
        uint64_t counter = step * 64 * BATCH + tried;
        size_t row = (size_t)adv_rng_below(seed, ADV_STREAM_SHUFFLE, counter, 2 * pooled->n);
        if (is_tested(row, fold))
            continue;
        memcpy(c->x + i * dim, pooled->x + row * dim, dim * sizeof *c->x);
        c->target[i * dim] = row % 2 ? -1 : 1;
        i++;
    }
}

static void train(struct classifier *c, const struct pooled *pooled, size_t fold, uint64_t seed)
{
    struct adv_adamw adamw = {
        .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.01, .gradient_scale = 1};
    struct adv_points points = {.n = BATCH, .x = c->x, .t = c->t};
    float scale = 1 / (float)BATCH;
    adv_net_init_weights(c->net, seed + fold, c->weights);
    memset(c->m, 0, c->n_weights * sizeof *c->m);
    memset(c->v, 0, c->n_weights * sizeof *c->v);
    for (int step = 0; step < STEPS; step++) {
        draw(c, pooled, fold, seed, (uint64_t)step);
        adv_gradient_set_weights(c->gradient, c->weights);
        memset(c->g, 0, c->n_weights * sizeof *c->g);
        adv_gradient_add(c->gradient, &points, c->target, scale, c->g, NULL);
        adamw.step = step + 1;
        adamw.learning_rate = 3e-3 * (1 - (double)step / STEPS);
        adv_adamw_update(&adamw, c->n_weights, c->g, c->weights, c->m, c->v);
    }
}

/* How many of the fold's rows are assigned to their side. */
static enum adv_status count_right(struct classifier *c, const struct pooled *pooled, size_t fold,
                                   size_t *right, struct adv_error *error)
{
    struct adv_load_options options = {.size = sizeof options};
    struct adv_packed_weights *packed = NULL;
    struct adv_evaluator *evaluator = NULL;
    enum adv_status status = adv_packed_weights_new(c->net, c->weights, &options, &packed, error);
    if (status == ADV_OK)
        status = adv_evaluator_new(packed, &evaluator, error);
    for (size_t row = 0; status == ADV_OK && row < 2 * pooled->n; row++) {
        if (!is_tested(row, fold))
            continue;
        struct adv_points point = {.n = 1, .x = pooled->x + row * pooled->dim, .t = c->t};
        status = adv_evaluator_velocity(evaluator, &point, c->target, NULL);
        *right += (c->target[0] > 0) == (row % 2 == 0);
    }
    adv_evaluator_free(evaluator);
    adv_packed_weights_free(packed);
    return status;
}

enum adv_status adv_classifier_test(const struct adv_rows *a, const struct adv_rows *b,
                                    uint64_t seed, struct adv_classifier_test *result,
                                    struct adv_error *error)
{
    struct classifier c = {0};
    struct pooled pooled = {0};
    size_t right = 0;
    if (a->n < ROWS_MIN || b->n < ROWS_MIN)
        return adv_fail(error, ADV_E_INVALID,
                        "a classifier needs at least %zu rows of each side; there are %zu and %zu",
                        ROWS_MIN, a->n, b->n);
    enum adv_status status = pool_rows(a, b, seed, &pooled, error);
    if (status == ADV_OK) {
        standardise(&pooled);
        status = classifier_init(&c, pooled.dim, error);
    }
    for (size_t fold = 0; status == ADV_OK && fold < FOLDS; fold++) {
        train(&c, &pooled, fold, seed);
        status = count_right(&c, &pooled, fold, &right, error);
    }
    if (status == ADV_OK) {
        double rows = 2 * (double)pooled.n;
        *result = (struct adv_classifier_test){(double)right / rows, 0.5 / sqrt(rows), pooled.n};
    }
    classifier_release(&c);
    free(pooled.x);
    return status;
}
