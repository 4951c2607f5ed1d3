/* Rows are evaluated in tiles whose arena stays in the second-level cache through the whole
 * net. Within a tile, each distinct (t, label, context) is one condition, and a row with guidance
 * is two (with label and context, and without). No row's result depends on the tiling: the kernels see to that. */
#include <advect/extra/evaluator.h>

#include "core/base/mem.h"
#include "core/flow/load_options.h"
#include "core/flow/profile.h"
#include "core/graph/exec.h"
#include "core/nets/kind.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_TARGET_BYTES ((size_t)768 << 10)
#define TILE_ROWS_MAX ((size_t)384)
#define TANGENTS_MAX ((size_t)8)                /* pushed through one sweep */
#define TANGENTS_TARGET_BYTES ((size_t)4 << 20) /* beyond which fewer are planned */

struct adv_packed_weights {
    const struct adv_net *net;
    struct adv_weights weights;
};

/* What rows of one condition share. Contexts are told apart by where they are. */
struct condition {
    float t, span, label;
    const float *context;
};

/* One mode's plan with its arena and the rows of a tile. */
struct sweep {
    struct adv_plan *plan;
    struct adv_exec exec;
    size_t rows_max;     /* executed rows: twice those asked for where all are guided */
    size_t tangents_max; /* a sweep's; 0 without */
    size_t rows, conditions;
    float *x;                    /* [rows_max, dim] */
    int32_t *row_map;            /* [rows_max] */
    struct condition *condition; /* [rows_max] */
    float *t, *span, *label;     /* [rows_max]: of the conditions */
    float *context;              /* [rows_max, context inputs] */
    float *dx;                   /* [tangents, rows_max, dim] */
    int32_t *table; /* [table_size]: condition number + 1 by hash of the condition, 0 empty */
    size_t table_size;
};

struct adv_evaluator {
    const struct adv_packed_weights *packed;
    size_t dim;
    struct sweep eval, jvp;
    struct adv_pool *pool; /* borrowed, or NULL */
    struct adv_profile *profile;
};

enum adv_status adv_packed_weights_new(const struct adv_net *net, const float *weights,
                                       const struct adv_load_options *options,
                                       struct adv_packed_weights **out, struct adv_error *error)
{
    const struct adv_kernels *kernels = NULL;
    enum adv_status status = adv_kernels_for(options, &kernels, error);
    if (status != ADV_OK)
        return status;
    struct adv_packed_weights *packed = adv_calloc(1, sizeof *packed);
    if (!packed)
        return adv_no_memory(error);
    packed->net = net;
    status = adv_weights_init(&packed->weights, &net->graph, ADV_TO_EVALUATE, kernels, error);
    if (status != ADV_OK) {
        adv_packed_weights_free(packed);
        return status;
    }
    adv_weights_set(&packed->weights, weights);
    *out = packed;
    return ADV_OK;
}

void adv_packed_weights_free(struct adv_packed_weights *packed)
{
    if (!packed)
        return;
    adv_weights_release(&packed->weights);
    free(packed);
}

size_t adv_packed_weights_bytes(const struct adv_packed_weights *packed)
{
    return packed->weights.n_packed * sizeof *packed->weights.packed;
}

enum adv_status adv_evaluator_new(const struct adv_packed_weights *packed,
                                  struct adv_evaluator **out, struct adv_error *error)
{
    struct adv_evaluator *evaluator = adv_calloc(1, sizeof *evaluator);
    if (!evaluator)
        return adv_no_memory(error);
    evaluator->packed = packed;
    evaluator->dim = adv_net_dim(packed->net);
    *out = evaluator;
    return ADV_OK;
}

static void sweep_release(struct sweep *sweep)
{
    adv_exec_release(&sweep->exec);
    adv_plan_free(sweep->plan);
    free(sweep->x);
    free(sweep->row_map);
    free(sweep->t);
    free(sweep->span);
    free(sweep->label);
    free(sweep->condition);
    free(sweep->context);
    free(sweep->dx);
    free(sweep->table);
    *sweep = (struct sweep){0};
}

void adv_evaluator_free(struct adv_evaluator *evaluator)
{
    if (!evaluator)
        return;
    sweep_release(&evaluator->eval);
    sweep_release(&evaluator->jvp);
    free(evaluator);
}

static size_t sweep_bytes(const struct sweep *sweep, const struct adv_net *net)
{
    size_t rows = sweep->rows_max, dim = adv_net_dim(net);
    size_t row = dim * sizeof *sweep->x + sizeof *sweep->row_map + sizeof *sweep->t +
                 sizeof *sweep->span + sizeof *sweep->label + sizeof *sweep->condition +
                 adv_net_context_inputs(net) * sizeof *sweep->context +
                 sweep->tangents_max * dim * sizeof *sweep->dx;
    return sweep->plan
               ? sweep->plan->arena_bytes + rows * row + sweep->table_size * sizeof *sweep->table
               : 0;
}

size_t adv_evaluator_bytes(const struct adv_evaluator *evaluator)
{
    return sweep_bytes(&evaluator->eval, evaluator->packed->net) +
           sweep_bytes(&evaluator->jvp, evaluator->packed->net);
}

static enum adv_status sweep_allocate(struct sweep *sweep, const struct adv_net *net,
                                      struct adv_error *error)
{
    size_t rows = sweep->rows_max, tangents = sweep->tangents_max, dim = adv_net_dim(net);
    for (sweep->table_size = 64; sweep->table_size < 2 * rows;)
        sweep->table_size *= 2;
    sweep->x = adv_alloc_aligned(rows * dim, sizeof *sweep->x);
    sweep->row_map = adv_calloc(rows, sizeof *sweep->row_map);
    sweep->t = adv_calloc(rows, sizeof *sweep->t);
    sweep->span = adv_calloc(rows, sizeof *sweep->span);
    sweep->label = adv_calloc(rows, sizeof *sweep->label);
    sweep->condition = adv_calloc(rows, sizeof *sweep->condition);
    sweep->context = adv_alloc_aligned(rows * adv_net_context_inputs(net), sizeof *sweep->context);
    sweep->table = adv_calloc(sweep->table_size, sizeof *sweep->table);
    sweep->dx = adv_alloc_aligned(tangents * rows * dim, sizeof *sweep->dx);
    bool complete = sweep->x && sweep->row_map && sweep->t && sweep->span && sweep->label &&
                    sweep->condition && sweep->context && sweep->table && sweep->dx;
    return complete ? ADV_OK : adv_no_memory(error);
}

/* A plan of as many rows as fit the cache, for so many tangents. */
static enum adv_status plan_tile(struct sweep *sweep, const struct adv_weights *weights,
                                 enum adv_mode mode, size_t tangents, struct adv_error *error)
{
    adv_plan_free(sweep->plan);
    sweep->plan = NULL;
    sweep->tangents_max = tangents;
    enum adv_status status =
        adv_plan_rows_within(weights->graph, weights->kernels, mode, tangents, ARENA_TARGET_BYTES,
                             TILE_ROWS_MAX, &sweep->rows_max, error);
    if (status != ADV_OK)
        return status;
    return adv_plan_new(weights->graph, weights->kernels, mode, sweep->rows_max, sweep->rows_max,
                        tangents, &sweep->plan, error);
}

/* The more tangents a sweep has, the more share the work on its primal; but the least tile of an
 * image net may be large already. */
static enum adv_status plan_sweep(struct sweep *sweep, const struct adv_weights *weights,
                                  enum adv_mode mode, struct adv_error *error)
{
    size_t tangents = mode == ADV_JVP ? TANGENTS_MAX : 0;
    enum adv_status status = plan_tile(sweep, weights, mode, tangents, error);
    while (status == ADV_OK && tangents > 1 && sweep->plan->arena_bytes > TANGENTS_TARGET_BYTES) {
        tangents /= 2;
        status = plan_tile(sweep, weights, mode, tangents, error);
    }
    return status;
}

/* Plans and allocates at the first use of a mode. */
static enum adv_status sweep_ready(struct adv_evaluator *evaluator, struct sweep *sweep,
                                   enum adv_mode mode, struct adv_error *error)
{
    const struct adv_weights *weights = &evaluator->packed->weights;
    enum adv_status status = sweep->plan ? ADV_OK : plan_sweep(sweep, weights, mode, error);
    if (status == ADV_OK && !sweep->x)
        status = sweep_allocate(sweep, evaluator->packed->net, error);
    if (status == ADV_OK && !sweep->exec.arena)
        status = adv_exec_init(&sweep->exec, sweep->plan, weights, error);
    if (status == ADV_OK && sweep->exec.team.pool != evaluator->pool)
        status = adv_exec_share(&sweep->exec, evaluator->pool, error);
    if (status != ADV_OK)
        sweep_release(sweep);
    sweep->exec.seconds = adv_profile_seconds(evaluator->profile);
    return status;
}

/* A freed pool's address may be reused, so teams made for the one before are dropped at once. */
void adv_evaluator_share(struct adv_evaluator *evaluator, struct adv_pool *pool)
{
    evaluator->pool = adv_pool_threads(pool) > 1 ? pool : NULL;
    adv_exec_share(&evaluator->eval.exec, NULL, NULL);
    adv_exec_share(&evaluator->jvp.exec, NULL, NULL);
}

void adv_evaluator_measure(struct adv_evaluator *evaluator, struct adv_profile *profile)
{
    evaluator->profile = profile;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static bool is_same(const struct condition *a, const struct condition *b)
{
    return bits_of(a->t) == bits_of(b->t) && a->span == b->span && a->label == b->label &&
           a->context == b->context;
}

static uint32_t hash_of(const struct condition *condition)
{
    uint32_t context = (uint32_t)((uintptr_t)condition->context >> 2);
    return (bits_of(condition->t) ^ (bits_of(condition->label) >> 3) ^
            bits_of(condition->span) * 3266489917u ^ context * 2246822519u) *
           2654435761u;
}

/* The number of a condition in this tile, added if it is new. */
static int32_t number_of(struct sweep *sweep, const struct adv_net *net,
                         const struct condition *condition)
{
    uint32_t hash = hash_of(condition);
    for (size_t i = (hash >> 8) & (sweep->table_size - 1);; i = (i + 1) & (sweep->table_size - 1)) {
        int32_t entry = sweep->table[i];
        if (entry > 0 && is_same(&sweep->condition[entry - 1], condition))
            return entry - 1;
        if (entry > 0)
            continue;
        size_t c = sweep->conditions++;
        sweep->condition[c] = *condition;
        sweep->t[c] = condition->t;
        sweep->span[c] = condition->span;
        sweep->label[c] = condition->label;
        adv_net_context_input(net, condition->context,
                              sweep->context + c * adv_net_context_inputs(net));
        sweep->table[i] = (int32_t)c + 1;
        return (int32_t)c;
    }
}

static void add_row(struct sweep *sweep, const struct adv_net *net, const float *x,
                    const struct condition *condition)
{
    size_t row = sweep->rows++, dim = adv_net_dim(net);
    memcpy(sweep->x + row * dim, x, dim * sizeof *x);
    sweep->row_map[row] = number_of(sweep, net, condition);
}

static bool is_guided(const struct adv_points *points, size_t i)
{
    bool has_label = points->label && points->label[i] != ADV_NO_LABEL;
    bool has_context = points->context && points->context[i];
    return points->guidance && points->guidance[i] != 1 && (has_label || has_context);
}

static void empty_tile(struct sweep *sweep)
{
    sweep->rows = sweep->conditions = 0;
    memset(sweep->table, 0, sweep->table_size * sizeof *sweep->table);
}

/* Adds points from `begin` on to the tile; returns the first that did not fit. A guided point's row
 * without its condition directly follows the one with it. */
static size_t gather(const struct adv_evaluator *evaluator, struct sweep *sweep,
                     const struct adv_points *points, size_t begin)
{
    const struct adv_net *net = evaluator->packed->net;
    size_t i = begin;
    for (; i < points->n; i++) {
        bool guided = is_guided(points, i);
        if (sweep->rows + 1 + guided > sweep->rows_max)
            break;
        int32_t label = points->label ? points->label[i] : ADV_NO_LABEL;
        const float *x = points->x + i * evaluator->dim;
        struct condition condition = {
            .t = points->t[i],
            .span = points->s ? points->s[i] - points->t[i] : 0,
            .label = adv_net_label_input(net, label),
            .context = points->context ? points->context[i] : NULL,
        };
        add_row(sweep, net, x, &condition);
        if (!guided)
            continue;
        adv_net_without_condition(net, &label, &condition.context);
        condition.label = adv_net_label_input(net, label);
        add_row(sweep, net, x, &condition);
    }
    return i;
}

/* Executed rows back to points [begin, end): with, or null + w (with - null), into
 * out [end - begin, dim]. Returns the row after theirs. */
static const float *scatter(const struct adv_points *points, size_t begin, size_t end, size_t dim,
                            const float *rows, float *out)
{
    for (size_t i = begin; i < end; i++) {
        float *y = out + (i - begin) * dim;
        if (!is_guided(points, i)) {
            memcpy(y, rows, dim * sizeof *y);
            rows += dim;
            continue;
        }
        const float *with = rows, *null = rows + dim;
        float w = points->guidance[i];
        for (size_t k = 0; k < dim; k++)
            y[k] = null[k] + w * (with[k] - null[k]);
        rows += 2 * dim;
    }
    return rows;
}

static struct adv_inputs inputs_of(const struct adv_evaluator *evaluator, const struct sweep *sweep)
{
    return (struct adv_inputs){
        .rows = sweep->rows,
        .conditions = sweep->conditions,
        .x = sweep->x,
        .row_map = sweep->row_map,
        .t = sweep->t,
        .label = adv_net_classes(evaluator->packed->net) ? sweep->label : NULL,
        .context = adv_net_context(evaluator->packed->net) ? sweep->context : NULL,
        .span = adv_net_is_flow_map(evaluator->packed->net) ? sweep->span : NULL,
    };
}

/* Where in a list of batches: a point of one of them. */
struct place {
    size_t batch, point;
};

/* Fills the tile from a place on; the first that did not fit, or the end of the list. */
static struct place gather_batches(const struct adv_evaluator *evaluator, struct sweep *sweep,
                                   size_t n, const struct adv_batch *batches, struct place at)
{
    empty_tile(sweep);
    while (at.batch < n) {
        const struct adv_points *points = &batches[at.batch].points;
        at.point = gather(evaluator, sweep, points, at.point);
        if (at.point < points->n)
            break;
        at = (struct place){at.batch + 1, 0};
    }
    return at;
}

static void scatter_batches(const struct adv_batch *batches, struct place from, struct place to,
                            size_t dim, const float *rows)
{
    for (size_t b = from.batch; b <= to.batch; b++) {
        size_t begin = b == from.batch ? from.point : 0;
        size_t end = b == to.batch ? to.point : batches[b].points.n;
        if (begin < end)
            rows = scatter(&batches[b].points, begin, end, dim, rows, batches[b].v + begin * dim);
    }
}

enum adv_status adv_evaluator_velocities(struct adv_evaluator *evaluator, size_t n,
                                         const struct adv_batch *batches, struct adv_error *error)
{
    struct sweep *sweep = &evaluator->eval;
    enum adv_status status = sweep_ready(evaluator, sweep, ADV_EVAL, error);
    if (status != ADV_OK)
        return status;
    for (struct place from = {0}, to; from.batch < n; from = to) {
        to = gather_batches(evaluator, sweep, n, batches, from);
        struct adv_inputs inputs = inputs_of(evaluator, sweep);
        if (sweep->rows > 0)
            scatter_batches(batches, from, to, evaluator->dim,
                            adv_exec_forward(&sweep->exec, &inputs));
    }
    return ADV_OK;
}

enum adv_status adv_evaluator_velocity(struct adv_evaluator *evaluator,
                                       const struct adv_points *points, float *v,
                                       struct adv_error *error)
{
    struct adv_batch batch = {*points, v};
    return adv_evaluator_velocities(evaluator, 1, &batch, error);
}

/* Where the directions of tangents come from, and where their results go. Of n_tangents, those from
 * first to end - 1 are pushed. */
struct directions {
    size_t n_tangents, first, end, n_points, dim;
    const float *in;
    float *out;
    const size_t *sets; /* probes: which set of `in` is each point's; NULL: the first is all's */
    /* The direction [dim] of tangent k at point i. */
    void (*fill)(const struct directions *directions, size_t k, size_t i, float *dx);
    /* Takes dv [dim] of tangent k at point i; called in rising k. */
    void (*take)(const struct directions *directions, size_t k, size_t i, const float *dv);
};

static void fill_tile(const struct adv_points *points, size_t begin, size_t end,
                      const struct directions *directions, size_t k, float *dx)
{
    size_t dim = directions->dim;
    for (size_t i = begin; i < end; i++) {
        directions->fill(directions, k, i, dx);
        if (is_guided(points, i)) {
            memcpy(dx + dim, dx, dim * sizeof *dx);
            dx += dim;
        }
        dx += dim;
    }
}

/* Tangents first ... first + count - 1 of the gathered points [begin, end). */
static void push(struct adv_evaluator *evaluator, const struct adv_points *points, size_t begin,
                 size_t end, const struct directions *directions, size_t first, size_t count,
                 float *v)
{
    struct sweep *sweep = &evaluator->jvp;
    size_t dim = evaluator->dim, tile = sweep->rows * dim, stride;
    for (size_t k = 0; k < count; k++)
        fill_tile(points, begin, end, directions, first + k, sweep->dx + k * tile);
    struct adv_inputs inputs = inputs_of(evaluator, sweep);
    const float *dv;
    const float *velocity =
        adv_exec_tangents(&sweep->exec, &inputs, count, sweep->dx, &dv, &stride);
    scatter(points, begin, end, dim, velocity, v + begin * dim);
    for (size_t k = 0; k < count; k++) {
        float *combined = sweep->dx; /* the directions have been used */
        scatter(points, begin, end, dim, dv + k * stride, combined);
        for (size_t i = begin; i < end; i++)
            directions->take(directions, first + k, i, combined + (i - begin) * dim);
    }
}

static enum adv_status push_all(struct adv_evaluator *evaluator, const struct adv_points *points,
                                const struct directions *directions, float *v,
                                struct adv_error *error)
{
    struct sweep *sweep = &evaluator->jvp;
    enum adv_status status = sweep_ready(evaluator, sweep, ADV_JVP, error);
    if (status != ADV_OK)
        return status;
    for (size_t begin = 0, end; begin < points->n; begin = end) {
        empty_tile(sweep);
        end = gather(evaluator, sweep, points, begin);
        for (size_t first = directions->first; first < directions->end;
             first += sweep->tangents_max) {
            size_t left = directions->end - first;
            push(evaluator, points, begin, end, directions, first,
                 left < sweep->tangents_max ? left : sweep->tangents_max, v);
        }
    }
    return ADV_OK;
}

static void fill_given(const struct directions *d, size_t k, size_t i, float *dx)
{
    memcpy(dx, d->in + (k * d->n_points + i) * d->dim, d->dim * sizeof *dx);
}

static void take_all(const struct directions *d, size_t k, size_t i, const float *dv)
{
    memcpy(d->out + (k * d->n_points + i) * d->dim, dv, d->dim * sizeof *dv);
}

enum adv_status adv_evaluator_tangents(struct adv_evaluator *evaluator,
                                       const struct adv_points *points, size_t n_tangents,
                                       const float *dx, float *v, float *dv,
                                       struct adv_error *error)
{
    struct directions directions = {.n_tangents = n_tangents,
                                    .end = n_tangents,
                                    .n_points = points->n,
                                    .dim = evaluator->dim,
                                    .in = dx,
                                    .out = dv,
                                    .fill = fill_given,
                                    .take = take_all};
    return push_all(evaluator, points, &directions, v, error);
}

static void fill_unit(const struct directions *d, size_t k, size_t i, float *dx)
{
    (void)i;
    memset(dx, 0, d->dim * sizeof *dx);
    dx[k] = 1;
}

static void take_diagonal(const struct directions *d, size_t k, size_t i, const float *dv)
{
    d->out[i] = (k == 0 ? 0 : d->out[i]) + dv[k];
}

/* Along the unit vectors first ... first + count - 1, whose tangents `take` puts into out. */
static enum adv_status push_units(struct adv_evaluator *evaluator, const struct adv_points *points,
                                  size_t first, size_t count,
                                  void (*take)(const struct directions *d, size_t k, size_t i,
                                               const float *dv),
                                  float *v, float *out, struct adv_error *error)
{
    struct directions directions = {.n_tangents = evaluator->dim,
                                    .first = first,
                                    .end = first + count,
                                    .n_points = points->n,
                                    .dim = evaluator->dim,
                                    .out = out,
                                    .fill = fill_unit,
                                    .take = take};
    return push_all(evaluator, points, &directions, v, error);
}

enum adv_status adv_evaluator_divergence_part(struct adv_evaluator *evaluator,
                                              const struct adv_points *points, size_t first,
                                              size_t count, float *v, float *divergence,
                                              struct adv_error *error)
{
    return push_units(evaluator, points, first, count, take_diagonal, v, divergence, error);
}

enum adv_status adv_evaluator_divergence(struct adv_evaluator *evaluator,
                                         const struct adv_points *points, float *v,
                                         float *divergence, struct adv_error *error)
{
    return adv_evaluator_divergence_part(evaluator, points, 0, evaluator->dim, v, divergence,
                                         error);
}

static void take_column(const struct directions *d, size_t k, size_t i, const float *dv)
{
    memcpy(d->out + (i * d->dim + k) * d->dim, dv, d->dim * sizeof *dv);
}

enum adv_status adv_evaluator_jacobian_part(struct adv_evaluator *evaluator,
                                            const struct adv_points *points, size_t first,
                                            size_t count, float *v, float *jacobian,
                                            struct adv_error *error)
{
    return push_units(evaluator, points, first, count, take_column, v, jacobian, error);
}

/* Probe k of point i. */
static const float *probe_of(const struct directions *d, size_t k, size_t i)
{
    return d->in + ((d->sets ? d->sets[i] * d->n_tangents : 0) + k) * d->dim;
}

static void fill_probe(const struct directions *d, size_t k, size_t i, float *dx)
{
    memcpy(dx, probe_of(d, k, i), d->dim * sizeof *dx);
}

static void take_projection(const struct directions *d, size_t k, size_t i, const float *dv)
{
    const float *probe = probe_of(d, k, i);
    double sum = 0;
    for (size_t j = 0; j < d->dim; j++)
        sum += (double)probe[j] * (double)dv[j];
    d->out[i * d->n_tangents + k] = (float)sum;
}

enum adv_status adv_evaluator_probes_part(struct adv_evaluator *evaluator,
                                          const struct adv_points *points, size_t n_probes,
                                          const float *probes, const size_t *sets, size_t first,
                                          size_t count, float *v, float *estimates,
                                          struct adv_error *error)
{
    struct directions directions = {.n_tangents = n_probes,
                                    .first = first,
                                    .end = first + count,
                                    .n_points = points->n,
                                    .dim = evaluator->dim,
                                    .in = probes,
                                    .out = estimates,
                                    .sets = sets,
                                    .fill = fill_probe,
                                    .take = take_projection};
    return push_all(evaluator, points, &directions, v, error);
}

enum adv_status adv_evaluator_probes(struct adv_evaluator *evaluator,
                                     const struct adv_points *points, size_t n_probes,
                                     const float *probes, float *v, float *estimates,
                                     struct adv_error *error)
{
    return adv_evaluator_probes_part(evaluator, points, n_probes, probes, NULL, 0, n_probes, v,
                                     estimates, error);
}
