#include "core/train/coupling.h"

#include "core/base/mem.h"
#include "core/data/transforms/transform.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum adv_status check(const struct adv_dataset *dataset,
                             const struct adv_train_recipe *train, struct adv_error *error)
{
    struct adv_circles circles;
    if (train->batch > ADV_COUPLING_BATCH_MAX)
        return adv_fail_field(
            error, ADV_E_INVALID, "train.batch",
            "train.batch is %lld; with the coupling optimal_transport, whose work "
            "grows with its cube, it must be at most %d",
            (long long)train->batch, ADV_COUPLING_BATCH_MAX);
    if (adv_transform_circles(dataset->transform, &circles) > 0)
        return adv_fail_field(
            error, ADV_E_INVALID, "train.coupling",
            "train.coupling is optimal_transport; the data have periodic columns, "
            "where only independent is possible");
    return ADV_OK;
}

enum adv_status adv_coupling_init(struct adv_coupling *c, const struct adv_dataset *dataset,
                                  const struct adv_train_recipe *train, struct adv_error *error)
{
    size_t batch = (size_t)train->batch;
    *c = (struct adv_coupling){.batch = batch};
    enum adv_status status = check(dataset, train, error);
    if (status == ADV_OK)
        status = adv_examples_init(&c->drawn, batch, dataset, error);
    if (status == ADV_OK)
        status = adv_assignment_init(&c->assignment, batch, error);
    if (status != ADV_OK)
        return status;
    c->order = adv_calloc(batch, sizeof *c->order);
    c->cost = adv_calloc(batch * batch, sizeof *c->cost);
    c->x0 = adv_calloc(batch, dataset->dim * sizeof *c->x0);
    return c->order && c->cost && c->x0 ? ADV_OK : adv_no_memory(error);
}

void adv_coupling_release(struct adv_coupling *c)
{
    adv_examples_release(&c->drawn);
    adv_assignment_release(&c->assignment);
    free(c->order);
    free(c->cost);
    free(c->x0);
    *c = (struct adv_coupling){0};
}

/* ---------------------------------------------------------------- conditions */

/* Any order of conditions does, by bytes for instance. */
static int compare_conditions(const struct adv_examples *e, size_t a, size_t b)
{
    size_t n = e->n_context;
    if (e->label[a] != e->label[b])
        return e->label[a] < e->label[b] ? -1 : 1;
    return n ? memcmp(e->contexts + a * n, e->contexts + b * n, n * sizeof *e->contexts) : 0;
}

static int compare_rows(const void *a, const void *b, void *context)
{
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    int order = compare_conditions(context, i, j);
    return order ? order : i < j ? -1 : i > j;
}

/* ---------------------------------------------------------------- pairs */

/* Of |x_1 - x_0|^2 what depends on the pair, halved: -x_1 . x_0. */
static float cost_of(size_t dim, const float *x1, const float *x0)
{
    float sum = 0;
    for (size_t k = 0; k < dim; k++)
        sum -= x1[k] * x0[k];
    return sum;
}

/* false: a cost is not finite. */
static bool fill_costs(struct adv_coupling *c, size_t n, const size_t *rows)
{
    const struct adv_examples *e = &c->drawn;
    bool finite = true;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            float cost = cost_of(e->dim, e->x1 + rows[i] * e->dim, e->x0 + rows[j] * e->dim);
            c->cost[i * n + j] = cost;
            finite = finite && isfinite(cost);
        }
    }
    return finite;
}

/* The n rows share a condition. Where their costs overflow, which have then no least sum, they keep
 * their base points; the loss overflows too, and says so. */
static void couple(struct adv_coupling *c, size_t n, const size_t *rows)
{
    const struct adv_examples *e = &c->drawn;
    size_t dim = e->dim;
    bool solved = fill_costs(c, n, rows);
    if (solved)
        adv_assignment_solve(&c->assignment, n, c->cost);
    for (size_t i = 0; i < n; i++) {
        size_t from = solved ? rows[c->assignment.column_of[i]] : rows[i];
        memcpy(c->x0 + rows[i] * dim, e->x0 + from * dim, dim * sizeof *c->x0);
    }
}

void adv_coupling_draw(struct adv_coupling *c, const struct adv_dataset *dataset, int64_t step)
{
    struct adv_examples *e = &c->drawn;
    adv_examples_draw_ends(e, dataset, (uint64_t)step * c->batch, c->batch);
    for (size_t i = 0; i < c->batch; i++)
        c->order[i] = i;
    qsort_r(c->order, c->batch, sizeof *c->order, compare_rows, e);
    for (size_t first = 0, n; first < c->batch; first += n) {
        for (n = 1; first + n < c->batch; n++) {
            if (compare_conditions(e, c->order[first], c->order[first + n]))
                break;
        }
        couple(c, n, c->order + first);
    }
}
