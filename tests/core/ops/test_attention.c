/* Attention against its definition, in double. */
#include "core/base/mem.h"
#include "tests/support/suite.h"
#include "tests/support/trials.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* C, H, W, heads: of many tokens or one head, and of few tokens with fewer channels than a vector
 * has, as many, and some more; with two to fifteen heads in all. */
static const size_t shapes[][4] = {
    {32, 28, 28, 1}, {64, 7, 7, 1}, {64, 8, 8, 4}, {32, 8, 8, 2},  {3, 1, 1, 1},   {34, 33, 1, 2},
    {16, 16, 16, 1}, {1, 19, 3, 1}, {5, 3, 1, 5},  {51, 5, 6, 3},  {34, 29, 1, 2}, {2, 1, 1, 2},
    {48, 13, 1, 4},  {64, 4, 1, 4}, {80, 5, 1, 4}, {32, 32, 1, 2}, {24, 2, 1, 3}};
#define N_SHAPES ((int)ADV_COUNT(shapes))
#define ROWS 2

/* Element c of a part (0 q, 1 k, 2 v) of a head's token. */
static double part(const struct trial *t, size_t row, size_t token, size_t head, size_t which,
                   size_t c)
{
    const struct adv_attention_attr *attr = t->signature.attr;
    size_t channels = t->signature.out.channels / attr->heads;
    size_t tokens = t->signature.out.height * t->signature.out.width;
    size_t channel = attr->interleaved ? (head * 3 + which) * channels + c
                                       : (which * attr->heads + head) * channels + c;
    return (double)t->call.in[0][(row * tokens + token) * t->signature.in[0].channels + channel];
}

/* out [channels] of one query. */
static void plain(const struct trial *t, size_t row, size_t query, size_t head, double *out)
{
    const struct adv_attention_attr *attr = t->signature.attr;
    size_t channels = t->signature.out.channels / attr->heads;
    size_t tokens = t->signature.out.height * t->signature.out.width;
    double sum = 0;
    memset(out, 0, channels * sizeof *out);
    for (size_t key = 0; key < tokens; key++) {
        double score = 0;
        for (size_t c = 0; c < channels; c++)
            score += part(t, row, query, head, 0, c) * part(t, row, key, head, 1, c);
        double e = exp(score / sqrt((double)channels));
        sum += e;
        for (size_t c = 0; c < channels; c++)
            out[c] += e * part(t, row, key, head, 2, c);
    }
    for (size_t c = 0; c < channels; c++)
        out[c] /= sum;
}

/* Multiplies the queries from token `first` on. */
static void magnify_queries(struct trial *t, size_t first, adv_real factor)
{
    const struct adv_attention_attr *attr = t->signature.attr;
    size_t all = t->signature.out.channels, channels = all / attr->heads;
    size_t tokens = t->signature.out.height * t->signature.out.width;
    for (size_t token = 0; token < t->call.rows * tokens; token++) {
        adv_real *qkv = t->in[0].data + token * 3 * all;
        for (size_t c = 0; token % tokens >= first && c < all; c++)
            qkv[attr->interleaved ? c / channels * 3 * channels + c % channels : c] *= factor;
    }
    t->op->forward(&t->call);
}

/* Every output, of queries from token `first` on with `factor` times their entries. */
static void check_outputs(const struct trial *t, size_t first, double factor)
{
    const struct adv_attention_attr *attr = t->signature.attr;
    size_t all = t->signature.out.channels, heads = attr->heads, channels = all / heads;
    size_t tokens = t->signature.out.height * t->signature.out.width;
    double *out = malloc(channels * sizeof *out), c = (double)channels;
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < ROWS * tokens * heads; i++) {
        size_t head = i % heads, query = i / heads % tokens, row = i / heads / tokens;
        /* Scores, sums of products below 1 (or the factor) over sqrt(channels): (c + 1) u sqrt(c)
         * each way, and as much relative error in a weight; exp, the sum of weights and the sum
         * over values, of numbers below 1, have a few u each and u for each token. Twice for
         * rounding products apart. */
        double score = (query < first ? 1 : factor) * (c + 1) * sqrt(c);
        double tolerance = 2 * ROUNDOFF * (2 * score + 2 * (double)tokens + 8);
        plain(t, row, query, head, out);
        for (size_t k = 0; k < channels; k++) {
            double got = (double)t->out.data[(row * tokens + query) * all + head * channels + k];
            ck_assert_msg(fabs(got - out[k]) <= tolerance, "%.9g, not %.9g, within %g", got, out[k],
                          tolerance);
        }
    }
    free(out);
}

static void check_definition(const size_t *s, bool interleaved)
{
    struct adv_attention_attr attr = {s[3], interleaved};
    struct example example = {
        .op = &adv_op_attention, .attr = &attr, .in = {{3 * s[0], s[1], s[2]}}};
    size_t tokens = s[1] * s[2];
    struct trial t;
    trial_init(&t, &example, ROWS);
    ck_assert_uint_eq(t.n_out, ROWS * tokens * s[0]);
    check_outputs(&t, tokens, 1);
    trial_release(&t);
}

START_TEST(it_is_its_definition)
{
    check_definition(shapes[_i], false);
    check_definition(shapes[_i], true);
}
END_TEST

/* Scores whose powers are too large or too small appear after some that are not. */
START_TEST(large_scores_may_come_late)
{
    static const size_t firsts[] = {0, 1, 27, 28, 29, 60, 63};
    size_t side = _i / 2 ? 4 : 8;
    struct adv_attention_attr attr = {2, _i % 2};
    struct example example = {.op = &adv_op_attention, .attr = &attr, .in = {{3 * 16, side, side}}};
    for (size_t k = 0; k < ADV_COUNT(firsts) && firsts[k] < side * side; k++) {
        struct trial t;
        trial_init(&t, &example, ROWS);
        magnify_queries(&t, firsts[k], 200);
        check_outputs(&t, firsts[k], 200);
        trial_release(&t);
    }
}
END_TEST

/* All three sweeps of row `first` alone, and of all rows, have the same bytes in that row. */
START_TEST(a_row_does_not_depend_on_its_neighbours)
{
    const size_t *s = shapes[_i];
    struct adv_attention_attr attr = {s[3], true};
    struct example example = {
        .op = &adv_op_attention, .attr = &attr, .in = {{3 * s[0], s[1], s[2]}}};
    struct trial t;
    struct directions d;
    struct adjoints all, one;
    struct guarded d_all, out;
    trial_init(&t, &example, 3);
    size_t n_in = t.n_in[0] / 3, n_out = t.n_out / 3;
    directions_init(&d, &t, 1);
    adjoints_init(&all, &t, 1);
    adjoints_init(&one, &t, 1);
    guarded_init(&d_all, t.n_out);
    guarded_init(&out, n_out);
    adv_real *w = random_weights(&t);
    push_tangent(t.op, &t.call, d.d_in, d_all.data);
    t.op->backward(&t.call, w, all.g_in, all.g_param);
    for (size_t row = 0; row < 3; row++) {
        struct adv_call call = t.call;
        const adv_real *d_in[ADV_OP_MAX_INPUTS] = {d.d_in[0] + row * n_in};
        adv_real *g_in[ADV_OP_MAX_INPUTS] = {one.g_in[0] + row * n_in};
        call.rows = 1;
        call.in[0] += row * n_in;
        call.out = out.data;
        guarded_poison(&t.scratch);
        t.op->forward(&call);
        ck_assert(same_bytes(n_out, out.data, t.out.data + row * n_out));
        call.out = t.out.data + row * n_out;
        push_tangent(t.op, &call, d_in, out.data);
        ck_assert(same_bytes(n_out, out.data, d_all.data + row * n_out));
        t.op->backward(&call, w + row * n_out, g_in, one.g_param);
    }
    ck_assert(same_bytes(t.n_in[0], one.of[0].data, all.of[0].data));
    free(w);
    release_checked(&out);
    release_checked(&d_all);
    adjoints_release(&one);
    adjoints_release(&all);
    directions_release(&d);
    trial_release(&t);
}
END_TEST

/* The tangent and the adjoint at full size, where test_ops has only small ones: <w, J v> = <J' w,
 * v>, sums of the same terms in another order. */
START_TEST(derivatives_agree)
{
    const size_t *s = shapes[_i];
    struct adv_attention_attr attr = {s[3], false};
    struct example example = {
        .op = &adv_op_attention, .attr = &attr, .in = {{3 * s[0], s[1], s[2]}}};
    struct trial t;
    struct directions d;
    struct adjoints g;
    struct guarded d_out;
    trial_init(&t, &example, ROWS);
    directions_init(&d, &t, 1);
    adjoints_init(&g, &t, 1);
    guarded_init(&d_out, t.n_out);
    adv_real *w = random_weights(&t);
    push_tangent(t.op, &t.call, d.d_in, d_out.data);
    t.op->backward(&t.call, w, g.g_in, g.g_param);
    double forward = dot(t.n_out, w, d_out.data);
    double reverse = dot(t.n_in[0], g.g_in[0], d.d_in[0]);
    double scale = (double)t.n_out * fmax(0.1, largest(t.n_out, d_out.data));
    ck_assert_double_le(fabs(forward - reverse), 32 * ROUNDOFF * scale);
    free(w);
    release_checked(&d_out);
    adjoints_release(&g);
    directions_release(&d);
    trial_release(&t);
}
END_TEST

/* Scores of a hundred thousand: without the largest subtracted, exp would overflow; with it, the
 * key that matches best takes all. All heads have the same. */
START_TEST(large_scores_choose_one_key)
{
    static const adv_real qkv[3][6] = {
        {400, 0, 300, 0, 1, 2}, {-400, 0, -300, 0, 3, 4}, {0, 400, 0, 300, 5, 6}};
    size_t heads = (size_t)_i;
    struct adv_attention_attr attr = {heads, true};
    struct example example = {.op = &adv_op_attention, .attr = &attr, .in = {{6 * heads, 3, 1}}};
    struct trial t;
    trial_init(&t, &example, 1);
    for (size_t i = 0; i < 3 * heads; i++)
        memcpy(t.in[0].data + 6 * i, qkv[i / heads], sizeof qkv[0]);
    t.op->forward(&t.call);
    for (size_t i = 0; i < 3 * heads; i++)
        ck_assert_double_le(largest_difference(2, t.out.data + 2 * i, qkv[i / heads] + 4), 1e-6);
    trial_release(&t);
}
END_TEST

START_TEST(a_nan_reaches_the_queries_that_see_it)
{
    size_t tokens = _i ? 3 : 38;
    struct adv_attention_attr attr = {2, true};
    struct example example = {.op = &adv_op_attention, .attr = &attr, .in = {{12, tokens, 1}}};
    struct trial t;
    for (size_t channel = 2; channel < 6; channel++) { /* a key's or a value's, of head 0 */
        trial_init(&t, &example, 1);
        poison(1, t.in[0].data + (tokens - 1) * 12 + channel);
        t.op->forward(&t.call);
        for (size_t i = 0; i < tokens; i++) {
            bool reached = isnan(t.out.data[i * 4]) || isnan(t.out.data[i * 4 + 1]);
            ck_assert(reached && !isnan(t.out.data[i * 4 + 2]) && !isnan(t.out.data[i * 4 + 3]));
        }
        trial_release(&t);
    }
}
END_TEST

START_TEST(other_shapes_are_refused)
{
    static const struct {
        size_t channels, heads;
        bool attr;
        const char *message;
    } cases[] = {
        {16, 1, true,
         "attention: 16 channels of queries, keys and values together; it must be a multiple of 3"},
        {0, 1, true,
         "attention: 0 channels of queries, keys and values together; it must be a multiple of 3"},
        {24, 3, true, "attention: 3 heads; it must be a divisor of the 8 channels"},
        {24, 0, true, "attention: 0 heads; it must be a divisor of the 8 channels"},
        {24, 16, true, "attention: 16 heads; it must be a divisor of the 8 channels"},
        {24, 0, false, "attention: 0 heads; it must be a divisor of the 8 channels"},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct adv_attention_attr attr = {cases[i].heads, false};
        struct example example = {.op = &adv_op_attention,
                                  .attr = cases[i].attr ? &attr : NULL,
                                  .in = {{cases[i].channels, 2, 2}}};
        struct adv_signature s = signature_of(&example);
        struct adv_error error = ADV_ERROR_INIT;
        ck_assert_int_eq(adv_op_attention.infer(&s, &error), ADV_E_INVALID);
        ck_assert_str_eq(error.message, cases[i].message);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attention");
    TCase *tc = tcase_create("attention");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, it_is_its_definition, 0, N_SHAPES);
    tcase_add_loop_test(tc, large_scores_may_come_late, 0, 4);
    tcase_add_loop_test(tc, a_row_does_not_depend_on_its_neighbours, 0, N_SHAPES);
    tcase_add_loop_test(tc, derivatives_agree, 0, N_SHAPES);
    tcase_add_loop_test(tc, large_scores_choose_one_key, 1, 3);
    tcase_add_loop_test(tc, a_nan_reaches_the_queries_that_see_it, 0, 2);
    tcase_add_test(tc, other_shapes_are_refused);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
