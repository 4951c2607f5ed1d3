#include <advect/extra/shards.h>

#include <advect/extra/gradient.h>

#define ROWS_ALWAYS ((size_t)128)
#define ROWS_MAX ((size_t)512) /* of large batches: fewer gradients to write and to sum */
#define SHARDS_KEPT ((size_t)8)
#define WORK_MULTIPLY_ADDS 2.5e9 /* of a shard's forward sweep: a tenth of a second or so */
#define WEIGHT_USES 24.0         /* by a shard: fewer, and reading the weights is what takes time */
#define ARENA_BYTES_MAX ((size_t)128 << 20)
#define PIECE_WEIGHTS ((size_t)16384)

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t rows_by_batch(size_t batch)
{
    size_t rows = ROWS_ALWAYS;
    while (rows < ROWS_MAX && 2 * rows * SHARDS_KEPT <= batch)
        rows *= 2;
    return rows;
}

static size_t rows_by_work(const struct adv_net *net, size_t limit)
{
    size_t per_row, per_condition, rows = 1;
    adv_net_multiply_adds(net, &per_row, &per_condition);
    double row = (double)(per_row + per_condition);
    double uses = row / (double)adv_net_weights(net);
    while (rows < limit &&
           ((double)(2 * rows) * row <= WORK_MULTIPLY_ADDS || (double)rows * uses < WEIGHT_USES))
        rows *= 2;
    return rows;
}

enum adv_status adv_shard_rows(const struct adv_net *net, size_t batch, size_t asked,
                               const struct adv_load_options *options, size_t *rows,
                               struct adv_error *error)
{
    if (asked) {
        *rows = min_size(asked, batch);
        return ADV_OK;
    }
    size_t chosen = min_size(rows_by_work(net, rows_by_batch(batch)), batch);
    for (;;) {
        struct adv_gradient *gradient = NULL;
        enum adv_status status = adv_gradient_new(net, chosen, options, &gradient, error);
        if (status != ADV_OK)
            return status;
        size_t bytes = adv_gradient_bytes(gradient);
        adv_gradient_free(gradient);
        if (bytes <= ARENA_BYTES_MAX || chosen == 1)
            break;
        chosen = chosen % 2 ? chosen - 1 : chosen / 2;
    }
    *rows = chosen;
    return ADV_OK;
}

size_t adv_piece_count(size_t n_weights)
{
    return (n_weights + PIECE_WEIGHTS - 1) / PIECE_WEIGHTS;
}

struct adv_piece adv_piece_at(size_t n_weights, size_t piece)
{
    size_t first = piece * PIECE_WEIGHTS;
    return (struct adv_piece){first, min_size(n_weights - first, PIECE_WEIGHTS)};
}
