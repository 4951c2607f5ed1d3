/* A step: the gradients of the shards, their sum, and the update of the weights. */
#include "core/train/distill/distill.h"
#include "core/train/training.h"

#include "core/base/clock.h"
#include "core/train/ranks/ranks.h"

#include <advect/extra/optimiser.h>
#include <advect/extra/shards.h>

#include <float.h>
#include <math.h>
#include <string.h>

void adv_training_shard_gradient(void *context, size_t own_shard, int worker_number)
{
    struct adv_training *t = context;
    struct adv_training_worker *worker = &t->workers[worker_number];
    struct adv_examples *e = &worker->examples;
    size_t batch = (size_t)t->recipe.train.batch, rows = t->shard_rows;
    size_t shard = t->first_shard + own_shard;
    size_t first = shard * rows, n = batch - first < rows ? batch - first : rows;
    float *gradient = t->gradients + own_shard * t->n_weights;
    memset(gradient, 0, t->n_weights * sizeof *gradient);
    if (worker->weights_step != t->progress.step)
        adv_gradient_set_weights(worker->gradient, t->weights);
    worker->weights_step = t->progress.step;
    e->coupled_x0 = t->coupling.x0;
    if (t->distillation)
        adv_distillation_draw(t, worker, first, n);
    else
        adv_examples_draw(e, &t->dataset, t->recipe.path, &t->recipe.train, t->progress.step, first,
                          n);
    struct adv_points points = adv_examples_points(e, n);
    float scale = (float)(1 / ((double)batch * (double)t->dataset.dim));
    t->shard_sums[shard] =
        adv_gradient_add(worker->gradient, &points, e->target, scale, gradient, NULL);
}

/* In lanes that do not wait for each other. */
static double sum_of_squares(size_t n, const float *x)
{
    enum { LANES = 8 };
    double lanes[LANES] = {0}, sum = 0;
    size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t k = 0; k < LANES; k++)
            lanes[k] += (double)x[i + k] * (double)x[i + k];
    }
    for (size_t i = whole; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    for (size_t k = 0; k < LANES; k++)
        sum += lanes[k];
    return sum;
}

/* Sums a range of the shards' gradients into the first shard's, which is t->sum. */
static void sum_gradients(void *context, size_t piece, int worker)
{
    (void)worker;
    struct adv_training *t = context;
    struct adv_piece at = adv_piece_at(t->n_weights, piece);
    float *sum = t->gradients + at.first;
    for (size_t shard = 1; shard < t->n_shards; shard++) {
        const float *gradient = sum + shard * t->n_weights;
        for (size_t i = 0; i < at.n; i++)
            sum[i] += gradient[i];
    }
    t->piece_squares[piece] = sum_of_squares(at.n, sum);
}

static void square_sums(void *context, size_t piece, int worker)
{
    (void)worker;
    struct adv_training *t = context;
    struct adv_piece at = adv_piece_at(t->n_weights, piece);
    t->piece_squares[piece] = sum_of_squares(at.n, t->sum + at.first);
}

static enum adv_status sum_of_all_shards(struct adv_training *t, struct adv_error *error)
{
    enum adv_status status = t->ranks ? adv_training_sum_over_ranks(t, error) : ADV_OK;
    if (status == ADV_OK)
        adv_pool_run(t->pool, t->n_pieces, t->ranks ? square_sums : sum_gradients, t);
    return status;
}

static double sum_of(size_t n, const double *terms)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += terms[i];
    return sum;
}

/* A cell that is wrong by orders of magnitude is a likelier cause than any setting. */
static enum adv_status diverge(const struct adv_training *t, double loss, double norm,
                               struct adv_error *error)
{
    const char *wild = t->dataset.source.table.wild;
    return adv_fail(error, ADV_E_NUMERIC,
                    "training diverged at step %lld (loss %g, gradient norm %g); %s%sa lower "
                    "train.learning_rate, or train.clip_norm, may help",
                    (long long)t->progress.step + 1, loss, fabs(norm), wild,
                    *wild ? ": look at that cell first; else " : "");
}

/* The update, unless the loss or its gradient is beyond use. */
static enum adv_status learn(struct adv_training *t, double *loss, struct adv_error *error)
{
    const struct adv_train_recipe *train = &t->recipe.train;
    if (train->coupling == ADV_COUPLING_OPTIMAL_TRANSPORT)
        adv_coupling_draw(&t->coupling, &t->dataset, t->progress.step);
    adv_pool_run(t->pool, t->n_own_shards, adv_training_shard_gradient, t);
    enum adv_status status = sum_of_all_shards(t, error);
    if (status != ADV_OK)
        return status;
    double batch_loss =
        sum_of(t->n_shards, t->shard_sums) / ((double)train->batch * (double)t->dataset.dim);
    double norm = sqrt(sum_of(t->n_pieces, t->piece_squares));
    bool squares_fit = norm * norm <= (double)FLT_MAX; /* as AdamW's second moments must */
    if (!isfinite(batch_loss) || !squares_fit)
        return diverge(t, batch_loss, norm, error);
    bool clips = train->clip_norm > 0 && norm > train->clip_norm;
    t->gradient_scale = clips ? train->clip_norm / norm : 1;
    adv_training_update(t);
    *loss = batch_loss;
    return ADV_OK;
}

enum adv_status adv_training_step(struct adv_training *t, double *loss, struct adv_error *error)
{
    const struct adv_train_recipe *train = &t->recipe.train;
    struct adv_training_progress *progress = &t->progress;
    double batch_loss = 0, began_s = adv_monotonic_s(), seconds_before = progress->seconds;
    enum adv_status status = ADV_OK;
    if (t->distillation && !progress->over)
        status = adv_distillation_prepare(t, error);
    if (status == ADV_OK && adv_training_point_is_due(t))
        status = adv_training_add_point(t, error);
    if (status == ADV_OK && progress->over)
        return adv_fail_field(error, ADV_E_INVALID, "train.steps",
                              "the training has done all of its %lld steps",
                              (long long)progress->step);
    if (status == ADV_OK)
        status = learn(t, &batch_loss, error);
    if (status != ADV_OK)
        return status;
    progress->learning_rate = adv_schedule_rate(train, progress->step);
    progress->step++;
    t->window_sum += batch_loss;
    t->window_steps++;
    progress->loss = t->window_sum / (double)t->window_steps;
    progress->seconds = seconds_before + adv_monotonic_s() - began_s;
    if (adv_training_point_is_due(t))
        status = adv_training_add_point(t, error);
    progress->seconds = seconds_before + adv_monotonic_s() - began_s;
    if (loss)
        *loss = batch_loss;
    return status;
}
