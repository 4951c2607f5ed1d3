/* Attention of few tokens: every variant against its definition in double, forward and tangent; the
 * adjoint against the tangent. */
#include "core/base/mem.h"
#include "core/kernels/table.h"
#include "tests/core/kernels/variants.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 3
#define TOKENS_MAX 32

/* Heads of a row, tokens, channels: with fewer channels than lanes, as many, one more, and several
 * times as many; and with fewer heads than lanes and more. */
static const struct shape {
    size_t heads, tokens, channels;
} shapes[] = {{2, 1, 1},  {1, 2, 3},  {3, 3, 4},  {8, 4, 5},  {4, 13, 12}, {5, 7, 8},  {7, 6, 9},
              {2, 5, 15}, {4, 4, 16}, {3, 2, 17}, {2, 9, 31}, {1, 3, 40},  {11, 2, 2}, {2, 32, 16}};

struct trial {
    struct adv_heads heads;
    size_t n_in, n_out; /* of all rows */
    struct guarded qkv, out, d_qkv, d_out, scratch;
};

static void trial_init(struct trial *t, const struct adv_kernels *kernels, const struct shape *s,
                       bool interleaved)
{
    size_t all = s->heads * s->channels;
    struct random random = {all + s->tokens};
    t->heads = (struct adv_heads){.n = ROWS * s->heads,
                                  .per_row = s->heads,
                                  .tokens = s->tokens,
                                  .channels = s->channels,
                                  .in_stride = 3 * all,
                                  .head_step = interleaved ? 3 * s->channels : s->channels,
                                  .part_step = interleaved ? s->channels : all,
                                  .out_stride = all,
                                  .scale = 1 / (adv_real)sqrt((double)s->channels)};
    t->n_in = ROWS * s->tokens * 3 * all;
    t->n_out = ROWS * s->tokens * all;
    guarded_init(&t->qkv, t->n_in);
    guarded_init(&t->d_qkv, t->n_in);
    guarded_init(&t->out, t->n_out);
    guarded_init(&t->d_out, t->n_out);
    guarded_init(&t->scratch, kernels->heads_size(s->tokens, s->channels));
    random_fill(&random, -2, 2, t->n_in, t->qkv.data);
    random_fill(&random, -1, 1, t->n_in, t->d_qkv.data);
    guarded_poison(&t->out);
    guarded_poison(&t->d_out);
    guarded_poison(&t->scratch);
}

static void trial_release(struct trial *t)
{
    struct guarded *all[] = {&t->qkv, &t->d_qkv, &t->out, &t->d_out, &t->scratch};
    for (size_t i = 0; i < ADV_COUNT(all); i++) {
        ck_assert(guarded_intact(all[i]));
        guarded_release(all[i]);
    }
}

/* Where a head's token begins: of queries, to which parts are added, and of results. */
static size_t in_at(const struct adv_heads *h, size_t head, size_t token)
{
    return (head / h->per_row * h->tokens + token) * h->in_stride +
           head % h->per_row * h->head_step;
}

static size_t out_at(const struct adv_heads *h, size_t head, size_t token)
{
    return (head / h->per_row * h->tokens + token) * h->out_stride +
           head % h->per_row * h->channels;
}

/* Element c of a part (0 q, 1 k, 2 v). */
static double part(const struct trial *t, const struct guarded *of, size_t head, size_t token,
                   size_t which, size_t c)
{
    return (double)of->data[in_at(&t->heads, head, token) + which * t->heads.part_step + c];
}

/* Probabilities of the keys of one query, and their tangents. */
static void weights_of(const struct trial *t, size_t head, size_t query, double *p, double *d_p)
{
    const struct adv_heads *h = &t->heads;
    double sum = 0, mean = 0;
    for (size_t j = 0; j < h->tokens; j++) {
        double score = d_p[j] = 0;
        for (size_t c = 0; c < h->channels; c++) {
            double q = part(t, &t->qkv, head, query, 0, c), k = part(t, &t->qkv, head, j, 1, c);
            score += q * k;
            d_p[j] +=
                part(t, &t->d_qkv, head, query, 0, c) * k + q * part(t, &t->d_qkv, head, j, 1, c);
        }
        p[j] = exp((double)h->scale * score);
        sum += p[j];
    }
    for (size_t j = 0; j < h->tokens; j++) {
        p[j] /= sum;
        mean += p[j] * (double)h->scale * d_p[j];
    }
    for (size_t j = 0; j < h->tokens; j++)
        d_p[j] = p[j] * ((double)h->scale * d_p[j] - mean);
}

/* Sums of c and of `tokens` terms of order one, and an exponential. */
static double tolerance(const struct adv_heads *h)
{
    return 16 * ROUNDOFF * (double)(h->channels + h->tokens + 8);
}

static void check_query(const struct adv_kernels *kernels, const struct trial *t, size_t head,
                        size_t query)
{
    const struct adv_heads *h = &t->heads;
    double p[TOKENS_MAX], d_p[TOKENS_MAX];
    weights_of(t, head, query, p, d_p);
    for (size_t c = 0; c < h->channels; c++) {
        size_t at = out_at(h, head, query) + c;
        double out = 0, d_out = 0;
        for (size_t j = 0; j < h->tokens; j++) {
            double v = part(t, &t->qkv, head, j, 2, c);
            out += p[j] * v;
            d_out += d_p[j] * v + p[j] * part(t, &t->d_qkv, head, j, 2, c);
        }
        ck_assert_msg(fabs((double)t->out.data[at] - out) <= tolerance(h), "%s: %.9g, not %.9g",
                      kernels->name, (double)t->out.data[at], out);
        ck_assert_msg(fabs((double)t->d_out.data[at] - d_out) <= 4 * tolerance(h),
                      "%s: tangent %.9g, not %.9g", kernels->name, (double)t->d_out.data[at],
                      d_out);
    }
}

static void sweep_up(const struct adv_kernels *kernels, struct trial *t)
{
    kernels->heads_forward(&t->heads, t->qkv.data, t->out.data, t->scratch.data);
    struct adv_heads_tangents one = {.n = 1, .in = t->d_qkv.data, .out = t->d_out.data};
    kernels->heads_tangents(&t->heads, t->qkv.data, &one, t->scratch.data);
}

START_TEST(outputs_and_tangents_are_right)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t k = 0; kernels && k < 2 * ADV_COUNT(shapes); k++) {
        struct trial t;
        trial_init(&t, kernels, &shapes[k / 2], k % 2);
        sweep_up(kernels, &t);
        for (size_t i = 0; i < t.heads.n * t.heads.tokens; i++)
            check_query(kernels, &t, i / t.heads.tokens, i % t.heads.tokens);
        trial_release(&t);
    }
}
END_TEST

/* <w, J v> = <J' w, v>, with what was there before still in the sum. */
START_TEST(adjoints_are_added_and_agree_with_tangents)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t k = 0; kernels && k < 2 * ADV_COUNT(shapes); k++) {
        struct trial t;
        struct random random = {k};
        struct guarded w, g;
        double forward = 0, reverse = 0;
        trial_init(&t, kernels, &shapes[k / 2], k % 2);
        guarded_init(&w, t.n_out);
        guarded_init(&g, t.n_in);
        random_fill(&random, -1, 1, t.n_out, w.data);
        for (size_t i = 0; i < t.n_in; i++)
            g.data[i] = (adv_real)(1 + i % 3);
        sweep_up(kernels, &t);
        kernels->heads_backward(&t.heads, t.qkv.data, w.data, g.data, t.scratch.data);
        for (size_t i = 0; i < t.n_out; i++)
            forward += (double)w.data[i] * (double)t.d_out.data[i];
        for (size_t i = 0; i < t.n_in; i++)
            reverse += ((double)g.data[i] - (double)(1 + i % 3)) * (double)t.d_qkv.data[i];
        ck_assert_msg(fabs(forward - reverse) <=
                          tolerance(&t.heads) * 4 * sqrt((double)(t.n_in + t.n_out)),
                      "%s: %.9g and %.9g", kernels->name, forward, reverse);
        ck_assert(guarded_intact(&w) && guarded_intact(&g));
        guarded_release(&w);
        guarded_release(&g);
        trial_release(&t);
    }
}
END_TEST

/* The last row alone has the bytes that it has among the others. */
START_TEST(a_row_does_not_depend_on_its_neighbours)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t k = 0; kernels && k < ADV_COUNT(shapes); k++) {
        struct trial all, one;
        trial_init(&all, kernels, &shapes[k], true);
        trial_init(&one, kernels, &shapes[k], true);
        size_t n_in = all.n_in / ROWS, n_out = all.n_out / ROWS, last = ROWS - 1;
        memcpy(one.qkv.data, all.qkv.data + last * n_in, n_in * sizeof(adv_real));
        memcpy(one.d_qkv.data, all.d_qkv.data + last * n_in, n_in * sizeof(adv_real));
        one.heads.n = one.heads.per_row;
        sweep_up(kernels, &all);
        sweep_up(kernels, &one);
        ck_assert(same_bytes(n_out, one.out.data, all.out.data + last * n_out));
        ck_assert(same_bytes(n_out, one.d_out.data, all.d_out.data + last * n_out));
        kernels->heads_backward(&all.heads, all.qkv.data, all.d_out.data, all.d_qkv.data,
                                all.scratch.data);
        kernels->heads_backward(&one.heads, one.qkv.data, one.d_out.data, one.d_qkv.data,
                                one.scratch.data);
        ck_assert(same_bytes(n_in, one.d_qkv.data, all.d_qkv.data + last * n_in));
        trial_release(&all);
        trial_release(&one);
    }
}
END_TEST

/* The same change twice over has the same tangent twice. */
START_TEST(changes_do_not_depend_on_each_other)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t k = 0; kernels && k < ADV_COUNT(shapes); k++) {
        struct trial t;
        struct guarded both;
        trial_init(&t, kernels, &shapes[k], false);
        guarded_init(&both, 2 * t.n_out);
        sweep_up(kernels, &t);
        struct adv_heads_tangents two = {
            .n = 2, .in = t.d_qkv.data, .out = both.data, .out_stride = t.n_out};
        guarded_poison(&both);
        kernels->heads_tangents(&t.heads, t.qkv.data, &two, t.scratch.data);
        ck_assert(same_bytes(t.n_out, t.d_out.data, both.data));
        ck_assert(same_bytes(t.n_out, t.d_out.data, both.data + t.n_out));
        ck_assert(guarded_intact(&both));
        guarded_release(&both);
        trial_release(&t);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels: heads");
    TCase *tc = tcase_create("heads");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, outputs_and_tangents_are_right, 0, n_variants());
    tcase_add_loop_test(tc, adjoints_are_added_and_agree_with_tangents, 0, n_variants());
    tcase_add_loop_test(tc, a_row_does_not_depend_on_its_neighbours, 0, n_variants());
    tcase_add_loop_test(tc, changes_do_not_depend_on_each_other, 0, n_variants());
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
