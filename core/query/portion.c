/* A shard's velocities and divergences, a portion at a time.
 *
 * All rows that are due, with all their tangents, can take seconds: a row of an
 * image has hundreds of tangents, or a thousand probes. A portion is a few rows
 * with a few of their tangents, of about as many multiply-adds as a turn should
 * have. No row's result depends on its neighbours and tangents are summed in
 * their order, so the bits are those of one evaluation of all. */
#include "core/query/flow_map.h"
#include "core/query/run.h"

/* Tangents share the work on their row's velocity: fewer at a time would cost too much of it. */
#define TANGENTS_MIN 4
#define TANGENTS_STEP 8 /* the evaluator's own portion, at most */

static size_t n_tangents_of(const struct adv_run *run)
{
    if (run->n_accumulators == 0)
        return 0;
    return run->answer.probes == 0 ? run->dim : run->answer.probes;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* As many rows as fit with all their tangents; or one row, and as many tangents as fit. */
static void measure_out(const struct adv_run *run, struct adv_shard *shard)
{
    struct adv_portion *portion = &shard->portion;
    size_t tangents = n_tangents_of(run), left = tangents - portion->first;
    double passes = ADV_PORTION_MULTIPLY_ADDS / run->pass_cost;
    double rows = passes / (double)(1 + tangents);
    size_t n_rows = rows < 1 ? 1 : rows > ADV_SHARD_ROWS_MAX ? ADV_SHARD_ROWS_MAX : (size_t)rows;
    portion->n_rows = least(n_rows, shard->n_due - portion->row);
    portion->n_tangents = left;
    if (rows < 1 && tangents > 0) {
        size_t most =
            passes > TANGENTS_STEP ? (size_t)passes / TANGENTS_STEP * TANGENTS_STEP : TANGENTS_MIN;
        portion->n_tangents = least(left, most);
    }
}

static void begin(const struct adv_run *run, struct adv_shard *shard)
{
    for (size_t i = 0; i < shard->n_due; i++)
        shard->label[i] =
            run->labels ? run->labels[shard->begin + shard->rows[i] / run->draws] : ADV_NO_LABEL;
    size_t size = adv_model_context(run->model);
    size_t of_each = run->contexts ? run->query.n / run->query.n_contexts : 0; /* rows */
    for (size_t i = 0; run->contexts && i < shard->n_due; i++)
        shard->context[i] =
            run->encoded_contexts + (shard->begin + shard->rows[i] / run->draws) / of_each * size;
    if (run->answer.probes > 0)
        adv_shard_draw_probes(run, shard);
}

void adv_shard_begin_portion(const struct adv_run *run, struct adv_shard *shard)
{
    if (shard->portion.row == 0 && shard->portion.first == 0)
        begin(run, shard);
    measure_out(run, shard);
}

struct adv_batch adv_shard_batch(const struct adv_run *run, const struct adv_shard *shard)
{
    size_t row = shard->portion.row;
    struct adv_points points = {.n = shard->portion.n_rows,
                                .x = shard->x + row * run->dim,
                                .t = shard->t + row,
                                .label = shard->label + row,
                                .guidance = shard->guidance + row,
                                .context = run->contexts ? shard->context + row : NULL,
                                .s = run->is_map ? shard->s + row : NULL};
    return (struct adv_batch){points, shard->v + row * run->dim};
}

/* Once a row has all columns of its Jacobian, its mean divergence. */
static enum adv_status push_jacobian(const struct adv_run *run, struct adv_shard *shard,
                                     struct adv_evaluator *evaluator)
{
    const struct adv_portion *part = &shard->portion;
    struct adv_batch batch = adv_shard_batch(run, shard);
    size_t square = run->dim * run->dim;
    float *jacobian = shard->jacobian + part->row * square;
    enum adv_status status = adv_evaluator_jacobian_part(
        evaluator, &batch.points, part->first, part->n_tangents, batch.v, jacobian, &shard->error);
    for (size_t i = 0; i < part->n_rows && part->first + part->n_tangents == run->dim; i++)
        shard->divergence[part->row + i] = adv_flow_map_divergence(
            run->dim, batch.points.t[i], batch.points.s[i], jacobian + i * square);
    return status;
}

enum adv_status adv_shard_push_tangents(const struct adv_run *run, struct adv_shard *shard,
                                        struct adv_evaluator *evaluator)
{
    const struct adv_portion *part = &shard->portion;
    struct adv_batch batch = adv_shard_batch(run, shard);
    float *divergence = shard->divergence + part->row * run->n_accumulators;
    if (run->is_map)
        return push_jacobian(run, shard, evaluator);
    if (run->answer.probes == 0)
        return adv_evaluator_divergence_part(evaluator, &batch.points, part->first,
                                             part->n_tangents, batch.v, divergence, &shard->error);
    return adv_evaluator_probes_part(evaluator, &batch.points, run->answer.probes, shard->probes,
                                     shard->rows + part->row, part->first, part->n_tangents,
                                     batch.v, divergence, &shard->error);
}

bool adv_shard_end_portion(const struct adv_run *run, struct adv_shard *shard)
{
    struct adv_portion *part = &shard->portion;
    shard->work.multiply_adds +=
        run->pass_cost * (double)part->n_rows * (double)(1 + part->n_tangents);
    shard->work.evaluations++;
    shard->work.rows += part->n_rows;
    part->first += part->n_tangents;
    if (part->first == n_tangents_of(run)) {
        part->first = 0;
        part->row += part->n_rows;
    }
    if (part->row < shard->n_due)
        return false;
    part->row = 0;
    return true;
}
