#include "tests/core/kernels/outer.h"

#include "tests/support/numbers.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double as_it_is(const struct adv_outer *outer, double x)
{
    (void)outer;
    return x;
}

/* As in test_kernels.c: a chain of k multiply-adds errs by (k + 1) u sum |a b|, doubled for a
 * multiply and an add that round apart. */
static void assert_sum(const struct adv_outer *o, size_t i, size_t j, double before,
                       double (*factor)(const struct adv_outer *, double))
{
    size_t terms = o->run * o->n_runs;
    double sum = before, scale = fabs(before);
    for (size_t p = 0; p < terms; p++) {
        size_t q = p / o->run, r = p % o->run;
        double term = factor(o, (double)o->a[q * o->a_run_stride + r * o->a_stride + i]) *
                      factor(o, (double)o->b[q * o->b_run_stride + r * o->b_stride + j]);
        sum += term;
        scale += fabs(term);
    }
    double c = (double)o->c[i * o->c_stride + j];
    ck_assert_double_le(fabs(c - sum), 2 * (double)(terms + 1) * ROUNDOFF * scale);
}

static void assert_all(const struct adv_outer *o, const adv_real *before,
                       double (*factor)(const struct adv_outer *, double))
{
    for (size_t i = 0; i < o->m; i++) {
        for (size_t j = 0; j < o->n; j++)
            assert_sum(o, i, j, (double)before[i * o->c_stride + j], factor);
        for (size_t j = o->n; j < o->c_stride; j++)
            ck_assert(o->c[i * o->c_stride + j] == before[i * o->c_stride + j]);
    }
}

void outer_is_right(const struct adv_kernels *kernels, size_t m, size_t n, size_t run,
                    size_t n_runs, double (*factor)(const struct adv_outer *outer, double x))
{
    struct random random = {m * 10007 + n * 101 + run};
    size_t a_run = run * m + 5, b_run = run * (n + 2) + 3, c_stride = n + 2;
    struct guarded a, b, c;
    guarded_init(&a, (n_runs - 1) * a_run + run * m);
    guarded_init(&b, (n_runs - 1) * b_run + (run - 1) * (n + 2) + n);
    guarded_init(&c, m * c_stride);
    random_fill(&random, -1, 1, a.n, a.data);
    random_fill(&random, -1, 1, b.n, b.data);
    adv_real *before = malloc(c.n * sizeof *before);
    ck_assert_ptr_nonnull(before);
    random_fill(&random, -1, 1, c.n, before);
    memcpy(c.data, before, c.n * sizeof *before);
    struct adv_outer outer = {m, n,     run,   n_runs, a.data, b.data,
                              m, a_run, n + 2, b_run,  c.data, c_stride};
    kernels->outer(&outer);
    assert_all(&outer, before, factor ? factor : as_it_is);
    ck_assert(guarded_intact(&c));
    guarded_release(&a);
    guarded_release(&b);
    guarded_release(&c);
    free(before);
}
