/* Evaluating networks: rows that do not depend on what is beside them, guidance, divergences. */
#include <advect/extra/evaluator.h>
#include <advect/pool.h>

#include "core/base/mem.h"
#include "core/kernels/table.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES 3
#define DIM_MAX 40

/* Different tile sizes, dimensions and operators. */
static const char *const configs[] = {
    "{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, \"layers\": 2, \"num_classes\": 3, "
    "\"null_class\": true}",
    "{\"kind\": \"mlp\", \"dim\": 3, \"channels\": 33, \"layers\": 1, \"num_classes\": 3, "
    "\"null_class\": true, \"activation\": \"silu\", \"input_frequencies\": 3, "
    "\"time_frequencies\": 2, \"residual\": true, \"input_gain\": true}",
    "{\"kind\": \"mlp\", \"dim\": 40, \"channels\": 300, \"layers\": 2, \"num_classes\": 3, "
    "\"null_class\": true, \"activation\": \"silu\"}",
};
#define N_CONFIGS ((int)ADV_COUNT(configs))

/* A network with random weights and an evaluator of it. */
struct fixture {
    struct adv_net *net;
    struct adv_packed_weights *packed;
    struct adv_evaluator *evaluator;
    float *weights;
    size_t dim;
};

static void fixture_init(struct fixture *f, const char *text)
{
    struct random random = {5};
    struct adv_error error = ADV_ERROR_INIT;
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_msg(adv_net_new(config, &f->net, &error) == ADV_OK, "%s", error.message);
    json_decref(config);
    f->dim = adv_net_dim(f->net);
    f->weights = malloc(adv_net_weights(f->net) * sizeof *f->weights);
    ck_assert_ptr_nonnull(f->weights);
    random_fill(&random, -0.2, 0.2, adv_net_weights(f->net), f->weights);
    ck_assert_int_eq(adv_packed_weights_new(f->net, f->weights, NULL, &f->packed, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_new(f->packed, &f->evaluator, NULL), ADV_OK);
}

static void fixture_release(struct fixture *f)
{
    adv_evaluator_free(f->evaluator);
    adv_packed_weights_free(f->packed);
    adv_net_free(f->net);
    free(f->weights);
}

/* Points that own their arrays, with a direction each. */
#define POINTS_MAX 900
struct batch {
    size_t n, dim;
    float x[POINTS_MAX * DIM_MAX], e[POINTS_MAX * DIM_MAX];
    float t[POINTS_MAX], guidance[POINTS_MAX];
    int32_t label[POINTS_MAX];
};

static struct batch *new_batch(size_t n, size_t dim, uint64_t seed)
{
    struct random random = {seed};
    struct batch *batch = malloc(sizeof *batch);
    ck_assert_ptr_nonnull(batch);
    batch->n = n;
    batch->dim = dim;
    random_fill(&random, -2, 2, n * dim, batch->x);
    for (size_t i = 0; i < n * dim; i++)
        batch->e[i] = random_below(&random, 2) ? 1 : -1;
    for (size_t i = 0; i < n; i++) {
        /* times that some rows share and some do not; guidance for some */
        bool shared = random_below(&random, 2);
        batch->t[i] =
            shared ? 0.25f * (float)random_below(&random, 4) : (float)random_between(&random, 0, 1);
        batch->label[i] = (int32_t)random_below(&random, CLASSES + 1) - 1;
        batch->guidance[i] = random_below(&random, 3) ? 1 : (float)random_between(&random, -1, 4);
    }
    return batch;
}

static struct adv_points points_of(const struct batch *batch)
{
    return (struct adv_points){.n = batch->n,
                               .x = batch->x,
                               .t = batch->t,
                               .label = batch->label,
                               .guidance = batch->guidance};
}

/* Rows order[0 .. n) of a batch, as a batch. */
static struct batch *new_selection(const struct batch *from, const size_t *order, size_t n)
{
    struct batch *batch = malloc(sizeof *batch);
    ck_assert_ptr_nonnull(batch);
    batch->n = n;
    batch->dim = from->dim;
    for (size_t i = 0; i < n; i++) {
        size_t r = order[i];
        memcpy(batch->x + i * from->dim, from->x + r * from->dim, from->dim * sizeof(float));
        memcpy(batch->e + i * from->dim, from->e + r * from->dim, from->dim * sizeof(float));
        batch->t[i] = from->t[r];
        batch->label[i] = from->label[r];
        batch->guidance[i] = from->guidance[r];
    }
    return batch;
}

/* All that an evaluator says of a batch: the tangent is along e, the estimate that of one probe. */
struct answers {
    float v[POINTS_MAX * DIM_MAX], dv[POINTS_MAX * DIM_MAX];
    float divergence[POINTS_MAX], estimate[POINTS_MAX];
};

static struct answers *new_answers(struct adv_evaluator *evaluator, const struct batch *batch)
{
    struct answers *a = malloc(sizeof *a);
    float *v = malloc(sizeof a->v);
    ck_assert(a && v);
    size_t v_bytes = batch->n * batch->dim * sizeof *v;
    struct adv_points points = points_of(batch);
    float probe[DIM_MAX];
    for (size_t k = 0; k < batch->dim; k++)
        probe[k] = k % 3 ? 1 : -1;
    poison(ADV_COUNT(a->v), a->v);
    ck_assert_int_eq(adv_evaluator_velocity(evaluator, &points, a->v, NULL), ADV_OK);
    adv_evaluator_tangents(evaluator, &points, 1, batch->e, v, a->dv, NULL);
    ck_assert_int_eq(memcmp(v, a->v, v_bytes), 0);
    poison(batch->n * batch->dim, v);
    adv_evaluator_divergence(evaluator, &points, v, a->divergence, NULL);
    ck_assert_int_eq(memcmp(v, a->v, v_bytes), 0);
    poison(batch->n * batch->dim, v);
    adv_evaluator_probes(evaluator, &points, 1, probe, v, a->estimate, NULL);
    ck_assert_int_eq(memcmp(v, a->v, v_bytes), 0);
    ck_assert(all_finite(batch->n * batch->dim, a->v));
    free(v);
    return a;
}

static void assert_row_equal(const struct answers *a, size_t i, const struct answers *b, size_t j,
                             size_t dim)
{
    const char *differs = !same_bytes(dim, a->v + i * dim, b->v + j * dim)       ? "velocity"
                          : !same_bytes(dim, a->dv + i * dim, b->dv + j * dim)   ? "tangent"
                          : !same_bytes(1, a->divergence + i, b->divergence + j) ? "divergence"
                          : !same_bytes(1, a->estimate + i, b->estimate + j)     ? "estimate"
                                                                                 : NULL;
    ck_assert_msg(!differs, "the %s of row %zu, evaluated as row %zu, differs", differs, i, j);
}

/* ---- rows ---- */

START_TEST(a_row_does_not_depend_on_its_neighbours)
{
    struct fixture f;
    fixture_init(&f, configs[_i]);
    size_t n = f.dim > 3 ? 150 : POINTS_MAX;
    struct batch *batch = new_batch(n, f.dim, 1);
    struct answers *whole = new_answers(f.evaluator, batch);
    struct random random = {2};
    for (int trial = 0; trial < 12; trial++) {
        size_t order[POINTS_MAX],
            length = trial < 6 ? 1 + (size_t)trial : 1 + random_below(&random, n);
        for (size_t i = 0; i < length; i++)
            order[i] = random_below(&random, n);
        struct batch *some = new_selection(batch, order, length);
        struct answers *part = new_answers(f.evaluator, some);
        for (size_t i = 0; i < length; i++)
            assert_row_equal(whole, order[i], part, i, f.dim);
        free(some);
        free(part);
    }
    free(batch);
    free(whole);
    fixture_release(&f);
}
END_TEST

START_TEST(no_rows_are_no_work)
{
    struct fixture f;
    fixture_init(&f, configs[0]);
    struct adv_points none = {0};
    ck_assert_int_eq(adv_evaluator_velocity(f.evaluator, &none, NULL, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_divergence(f.evaluator, &none, NULL, NULL, NULL), ADV_OK);
    fixture_release(&f);
}
END_TEST

/* NaN stays in its row. */
START_TEST(a_broken_row_breaks_no_other)
{
    struct fixture f;
    fixture_init(&f, configs[_i]);
    struct batch *batch = new_batch(30, f.dim, 3);
    struct answers *before = new_answers(f.evaluator, batch), *after = malloc(sizeof *after);
    ck_assert_ptr_nonnull(after);
    poison(f.dim, batch->x + 7 * f.dim);
    batch->t[11] = NAN;
    struct adv_points points = points_of(batch);
    adv_evaluator_divergence(f.evaluator, &points, after->v, after->divergence, NULL);
    for (size_t i = 0; i < batch->n; i++) {
        bool broken = i == 7 || i == 11;
        for (size_t k = 0; broken && k < f.dim; k++)
            ck_assert(isnan(after->v[i * f.dim + k]));
        ck_assert(broken || (same_bytes(f.dim, before->v + i * f.dim, after->v + i * f.dim) &&
                             same_bytes(1, before->divergence + i, after->divergence + i)));
    }
    free(batch);
    free(before);
    free(after);
    fixture_release(&f);
}
END_TEST

/* ---- threads ---- */

#define THREADS 4

struct shared_work {
    const struct adv_packed_weights *packed;
    const struct batch *batch;
    struct answers *answers[THREADS];
};

static void evaluate_piece(void *context, size_t piece, int worker)
{
    struct shared_work *work = context;
    struct adv_evaluator *evaluator = NULL;
    (void)worker;
    adv_evaluator_new(work->packed, &evaluator, NULL);
    work->answers[piece] = new_answers(evaluator, work->batch);
    adv_evaluator_free(evaluator);
}

START_TEST(threads_share_ready_weights)
{
    struct fixture f;
    fixture_init(&f, configs[1]);
    struct batch *batch = new_batch(60, f.dim, 6);
    struct shared_work work = {.packed = f.packed, .batch = batch};
    struct adv_pool *pool = NULL;
    ck_assert_int_eq(adv_pool_new(THREADS, &pool, NULL), ADV_OK);
    adv_pool_run(pool, THREADS, evaluate_piece, &work);
    adv_pool_free(pool);
    for (size_t k = 0; k < THREADS; k++) {
        for (size_t i = 0; i < batch->n; i++)
            assert_row_equal(work.answers[0], i, work.answers[k], i, f.dim);
    }
    for (size_t k = 0; k < THREADS; k++)
        free(work.answers[k]);
    free(batch);
    fixture_release(&f);
}
END_TEST

/* ---- guidance: v_null + w (v_label - v_null) ---- */

/* The answers with every label or none, and one guidance for all. */
static struct answers *guided(struct fixture *f, struct batch *batch, bool labelled, float w)
{
    for (size_t i = 0; i < batch->n; i++) {
        batch->label[i] = labelled ? (int32_t)(i % CLASSES) : ADV_NO_LABEL;
        batch->guidance[i] = w;
    }
    return new_answers(f->evaluator, batch);
}

static void assert_guided(const float *null, const float *with, const float *both, double w,
                          size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++) {
        double expected = (double)null[i] + w * ((double)with[i] - (double)null[i]);
        ck_assert_double_le(fabs((double)both[i] - expected), tolerance);
    }
}

START_TEST(guidance_is_linear_between_null_and_plain)
{
    struct fixture f;
    fixture_init(&f, configs[_i]);
    struct batch *batch = new_batch(25, f.dim, 7);
    size_t n = batch->n, n_v = n * f.dim;
    struct answers *null = guided(&f, batch, false, 1), *with = guided(&f, batch, true, 1);
    ck_assert_double_gt(largest_difference(n_v, null->v, with->v), 1e-3);
    static const float scales[] = {0, 1, 0.5f, 2.5f, -1};
    for (size_t k = 0; k < ADV_COUNT(scales); k++) {
        struct answers *both = guided(&f, batch, true, scales[k]);
        double w = (double)scales[k], rounding = 4 * ROUNDOFF * (1 + 2 * fabs(w));
        double most = fmax(largest(n_v, null->v), largest(n_v, with->v));
        assert_guided(null->v, with->v, both->v, w, n_v, rounding * most);
        most = fmax(largest(n_v, null->dv), largest(n_v, with->dv));
        assert_guided(null->dv, with->dv, both->dv, w, n_v, rounding * most);
        /* a sum over dimensions, each of which rounds, of slopes about as large as tangents */
        assert_guided(null->divergence, with->divergence, both->divergence, w, n,
                      rounding * most * (double)f.dim);
        if (scales[k] == 0)
            ck_assert_double_eq(largest_difference(n_v, null->v, both->v), 0);
        if (scales[k] == 1)
            ck_assert(same_bytes(n_v, with->v, both->v) && same_bytes(n_v, with->dv, both->dv));
        free(both);
    }
    free(null);
    free(with);
    free(batch);
    fixture_release(&f);
}
END_TEST

START_TEST(guidance_without_a_label_is_null)
{
    struct fixture f;
    fixture_init(&f, configs[_i]);
    struct batch *batch = new_batch(30, f.dim, 8);
    struct answers *null = guided(&f, batch, false, 1), *scaled = guided(&f, batch, false, 3);
    for (size_t i = 0; i < batch->n; i++)
        assert_row_equal(null, i, scaled, i, f.dim);
    float v[30 * DIM_MAX];
    struct adv_points bare = {.n = batch->n, .x = batch->x, .t = batch->t};
    ck_assert_int_eq(adv_evaluator_velocity(f.evaluator, &bare, v, NULL), ADV_OK);
    ck_assert(same_bytes(batch->n * f.dim, v, null->v));
    free(null);
    free(scaled);
    free(batch);
    fixture_release(&f);
}
END_TEST

/* ---- derivatives ---- */

START_TEST(tangents_match_central_differences)
{
    struct fixture f;
    fixture_init(&f, configs[_i]);
    size_t n = 20, n_v = n * f.dim;
    struct batch *batch = new_batch(n, f.dim, 9);
    struct answers *here = new_answers(f.evaluator, batch);
    float ahead[20 * DIM_MAX], behind[20 * DIM_MAX], x[20 * DIM_MAX];
    struct adv_points points = points_of(batch);
    /* relus are linear between kinks, which a small step seldom crosses: a few rows may differ */
    double step = 1e-3;
    memcpy(x, batch->x, sizeof x);
    points.x = x;
    for (size_t i = 0; i < n_v; i++)
        x[i] = batch->x[i] + (float)step * batch->e[i];
    adv_evaluator_velocity(f.evaluator, &points, ahead, NULL);
    for (size_t i = 0; i < n_v; i++)
        x[i] = batch->x[i] - (float)step * batch->e[i];
    adv_evaluator_velocity(f.evaluator, &points, behind, NULL);
    double scale = largest(n_v, here->dv), rounding = 64 * ROUNDOFF * largest(n_v, here->v) / step;
    size_t n_off = 0;
    for (size_t i = 0; i < n_v; i++) {
        double slope = ((double)ahead[i] - (double)behind[i]) / (2 * step);
        n_off += fabs((double)here->dv[i] - slope) > 1e-3 * scale + rounding;
    }
    ck_assert_uint_le(n_off, n_v / 10);
    free(batch);
    free(here);
    fixture_release(&f);
}
END_TEST

START_TEST(the_divergence_is_the_trace_of_the_tangents)
{
    struct fixture f;
    fixture_init(&f, configs[_i]);
    size_t n = 25, dim = f.dim, n_v = n * dim;
    struct batch *batch = new_batch(n, dim, 10);
    struct answers *all = new_answers(f.evaluator, batch);
    float *units = calloc(dim * n_v, sizeof *units), *dv = calloc(dim * n_v, sizeof *dv);
    float v[25 * DIM_MAX];
    ck_assert(units && dv);
    for (size_t k = 0; k < dim; k++) {
        for (size_t i = 0; i < n; i++)
            units[k * n_v + i * dim + k] = 1;
    }
    struct adv_points points = points_of(batch);
    ck_assert_int_eq(adv_evaluator_tangents(f.evaluator, &points, dim, units, v, dv, NULL), ADV_OK);
    ck_assert(same_bytes(n_v, v, all->v));
    for (size_t i = 0; i < n; i++) {
        double trace = 0, scale = 0;
        for (size_t k = 0; k < dim; k++) {
            trace += (double)dv[k * n_v + i * dim + k];
            scale += fabs((double)dv[k * n_v + i * dim + k]);
        }
        ck_assert_double_le(fabs((double)all->divergence[i] - trace),
                            (double)dim * ROUNDOFF * scale);
        /* the tangent along e is the sum over dimensions of e_k times that along k */
        double sum = 0;
        for (size_t k = 0; k < dim; k++)
            sum += (double)batch->e[i * dim + k] * (double)dv[k * n_v + i * dim];
        ck_assert_double_le(fabs((double)all->dv[i * dim] - sum),
                            1e-5 * fmax(1, largest(dim * n_v, dv)) * (double)dim);
    }
    free(units);
    free(dv);
    free(batch);
    free(all);
    fixture_release(&f);
}
END_TEST

/* Points so wide that fewer tangents are planned than are asked for at once: none is lost. */
START_TEST(many_tangents_of_wide_points_are_those_of_each_alone)
{
    struct fixture f;
    fixture_init(&f, "{\"kind\": \"mlp\", \"dim\": 65536, \"channels\": 4, \"layers\": 1, "
                     "\"activation\": \"silu\"}");
    size_t n = 3, n_v = n * f.dim, n_tangents = 11;
    struct random random = {12};
    float *x = malloc(n_v * sizeof *x), *v = malloc(n_v * sizeof *v),
          *dv = malloc(n_v * sizeof *dv);
    float *e = malloc(n_tangents * n_v * sizeof *e), *all = malloc(n_tangents * n_v * sizeof *all);
    ck_assert(x && v && dv && e && all);
    random_fill(&random, -1, 1, n_v, x);
    random_fill(&random, -1, 1, n_tangents * n_v, e);
    struct adv_points points = {.n = n, .x = x, .t = (float[]){0, 0.5f, 0.5f}};
    ck_assert_int_eq(adv_evaluator_tangents(f.evaluator, &points, n_tangents, e, v, all, NULL),
                     ADV_OK);
    for (size_t k = 0; k < n_tangents; k++) {
        adv_evaluator_tangents(f.evaluator, &points, 1, e + k * n_v, v, dv, NULL);
        ck_assert(same_bytes(n_v, dv, all + k * n_v));
    }
    free(x);
    free(v);
    free(dv);
    free(e);
    free(all);
    fixture_release(&f);
}
END_TEST

/* The mean of e' J e over all 2^dim sign vectors e is the trace exactly (Hutchinson 1989). */
START_TEST(all_probes_average_to_the_divergence)
{
    struct fixture f;
    fixture_init(&f, configs[1]);
    size_t n = 50, dim = f.dim, n_probes = (size_t)1 << dim;
    struct batch *batch = new_batch(n, dim, 11);
    struct answers *all = new_answers(f.evaluator, batch);
    float probes[8 * 3], estimates[50 * 8], v[50 * 3];
    ck_assert_uint_eq(n_probes * dim, ADV_COUNT(probes));
    for (size_t i = 0; i < ADV_COUNT(probes); i++)
        probes[i] = i / dim >> i % dim & 1 ? 1 : -1;
    struct adv_points points = points_of(batch);
    ck_assert_int_eq(
        adv_evaluator_probes(f.evaluator, &points, n_probes, probes, v, estimates, NULL), ADV_OK);
    for (size_t i = 0; i < n; i++) {
        double mean = 0, scale = 1;
        for (size_t k = 0; k < n_probes; k++) {
            mean += (double)estimates[i * n_probes + k] / (double)n_probes;
            scale = fmax(scale, fabs((double)estimates[i * n_probes + k]));
        }
        ck_assert_double_le(fabs((double)all->divergence[i] - mean), 1e-5 * scale);
    }
    free(batch);
    free(all);
    fixture_release(&f);
}
END_TEST

/* Parts of one tangent, of three, of as many as are left. */
START_TEST(a_divergence_in_parts_is_the_whole_bit_for_bit)
{
    struct fixture f;
    fixture_init(&f, configs[_i]);
    size_t n = 20, dim = f.dim;
    struct batch *batch = new_batch(n, dim, 12);
    struct answers *whole = new_answers(f.evaluator, batch);
    struct adv_points points = points_of(batch);
    float *v = calloc(n * dim, sizeof *v), divergence[20], probe[DIM_MAX * 2];
    float estimates[2 * 20], parts[2 * 20];
    for (size_t first = 0, count = 1; first < dim; first += count, count += 2) {
        count = count < dim - first ? count : dim - first;
        poison(n * dim, v);
        adv_evaluator_divergence_part(f.evaluator, &points, first, count, v, divergence, NULL);
        ck_assert(same_bytes(n * dim, v, whole->v));
    }
    ck_assert(same_bytes(n, divergence, whole->divergence));
    for (size_t k = 0; k < 2 * dim; k++)
        probe[k] = k % 3 ? 1 : -1;
    adv_evaluator_probes(f.evaluator, &points, 2, probe, v, estimates, NULL);
    poison(2 * n, parts);
    for (size_t k = 0; k < 2; k++)
        adv_evaluator_probes_part(f.evaluator, &points, 2, probe, NULL, 1 - k, 1, v, parts, NULL);
    ck_assert(same_bytes(2 * n, parts, estimates));
    free(v);
    free(batch);
    free(whole);
    fixture_release(&f);
}
END_TEST

/* ---- bugs of the caller ---- */

START_TEST(labels_that_the_net_lacks_are_bugs)
{
    struct fixture f;
    fixture_init(&f, "{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 1, "
                     "\"num_classes\": 3}");
    static const struct {
        int32_t label;
        float guidance;
    } bad[] = {{3, 1}, {ADV_NO_LABEL, 1}, {0, 2}};
    float x[2] = {0}, t = 0, v[2];
    struct adv_points points = {
        .n = 1, .x = x, .t = &t, .label = &bad[_i].label, .guidance = &bad[_i].guidance};
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr)); /* the report is not for the reader */
    adv_evaluator_velocity(f.evaluator, &points, v, NULL);
}
END_TEST

/* ---- how a network is evaluated ---- */

START_TEST(options_name_the_kernels)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_load_options options = {.size = sizeof options, .isa = "portable"};
    ck_assert_str_eq(adv_load_options_kernels(NULL), adv_kernels_best()->name);
    ck_assert_int_eq(adv_load_options_check(&options, NULL), ADV_OK);
    ck_assert_str_eq(adv_load_options_kernels(&options), "portable");
    options.isa = "abacus";
    ck_assert_int_eq(adv_load_options_check(&options, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "isa");
    ck_assert_ptr_nonnull(strstr(error.message, adv_kernels_best()->name));
    options.precision = (enum adv_precision)77;
    error = (struct adv_error)ADV_ERROR_INIT;
    ck_assert_int_eq(adv_load_options_check(&options, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "precision");
}
END_TEST

START_TEST(bfloat16_is_had_or_refused)
{
    struct adv_error error = ADV_ERROR_INIT;
    const struct adv_load_options options = {.size = sizeof options,
                                             .precision = ADV_PRECISION_BFLOAT16};
    enum adv_status status = adv_load_options_check(&options, &error);
    if (adv_kernels_bfloat16()) {
        ck_assert_int_eq(status, ADV_OK);
        ck_assert_str_eq(adv_load_options_kernels(&options), adv_kernels_bfloat16()->name);
    } else {
        ck_assert_int_eq(status, ADV_E_INVALID);
        ck_assert_str_eq(error.field, "precision");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluator");
    TCase *rows = tcase_create("rows");
    tcase_set_timeout(rows, 60);
    tcase_add_loop_test(rows, a_row_does_not_depend_on_its_neighbours, 0, N_CONFIGS);
    tcase_add_test(rows, no_rows_are_no_work);
    tcase_add_loop_test(rows, a_broken_row_breaks_no_other, 0, N_CONFIGS);
    tcase_add_test(rows, threads_share_ready_weights);
    suite_add_tcase(suite, rows);

    TCase *guidance = tcase_create("guidance");
    tcase_set_timeout(guidance, 60);
    tcase_add_loop_test(guidance, guidance_is_linear_between_null_and_plain, 0, N_CONFIGS);
    tcase_add_loop_test(guidance, guidance_without_a_label_is_null, 0, N_CONFIGS);
    suite_add_tcase(suite, guidance);

    TCase *derivatives = tcase_create("derivatives");
    tcase_set_timeout(derivatives, 60);
    tcase_add_loop_test(derivatives, tangents_match_central_differences, 0, N_CONFIGS);
    tcase_add_loop_test(derivatives, the_divergence_is_the_trace_of_the_tangents, 0, N_CONFIGS);
    tcase_add_test(derivatives, many_tangents_of_wide_points_are_those_of_each_alone);
    tcase_add_test(derivatives, all_probes_average_to_the_divergence);
    tcase_add_loop_test(derivatives, a_divergence_in_parts_is_the_whole_bit_for_bit, 0, N_CONFIGS);
    suite_add_tcase(suite, derivatives);

    TCase *callers = tcase_create("callers");
    tcase_add_loop_test_raise_signal(callers, labels_that_the_net_lacks_are_bugs, SIGABRT, 0, 3);
    tcase_add_test(callers, options_name_the_kernels);
    tcase_add_test(callers, bfloat16_is_had_or_refused);
    suite_add_tcase(suite, callers);

    return suite_run(suite);
}
