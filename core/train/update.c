/* How the weights follow their gradients: by AdamW, in pieces, and by Muon, matrix by matrix. */
#include "core/train/training.h"

#include "core/base/mem.h"

#include <advect/extra/digest.h>
#include <advect/extra/optimiser.h>
#include <advect/extra/shards.h>

#include <stdlib.h>

#define MUON_MOMENTUM 0.95

static bool is_muons(const struct adv_training *t, size_t parameter)
{
    return t->recipe.train.optimiser == ADV_OPTIMISER_MUON &&
           adv_net_parameter_is_matrix(t->net, parameter) &&
           adv_net_parameter(t->net, parameter).offset < adv_net_learned_weights(t->net);
}

static void add_pieces(struct adv_training *t, size_t first, size_t end)
{
    for (size_t k = 0; k < adv_piece_count(end - first); k++) {
        struct adv_piece piece = adv_piece_at(end - first, k);
        t->spans[t->n_spans++] = (struct adv_training_span){first + piece.first, piece.n, 0};
    }
}

/* In the order of the weights: matrices, and what lies between them in pieces. */
static void add_spans(struct adv_training *t)
{
    size_t done = 0;
    for (size_t i = 0; i < adv_net_parameters(t->net); i++) {
        struct adv_parameter p = adv_net_parameter(t->net, i);
        if (!is_muons(t, i))
            continue;
        add_pieces(t, done, p.offset);
        t->spans[t->n_spans++] = (struct adv_training_span){p.offset, p.n_elements, p.shape[0]};
        done = p.offset + p.n_elements;
    }
    add_pieces(t, done, adv_net_learned_weights(t->net));
}

enum adv_status adv_training_plan_updates(struct adv_training *t, struct adv_error *error)
{
    /* Each matrix is a span, and cuts a piece in two at most. */
    size_t most = adv_piece_count(t->n_weights) + 2 * adv_net_parameters(t->net), scratch = 0;
    t->spans = adv_calloc(most, sizeof *t->spans);
    if (!t->spans)
        return adv_no_memory(error);
    add_spans(t);
    for (size_t i = 0; i < t->n_spans; i++) {
        const struct adv_training_span *span = &t->spans[i];
        size_t needed = span->rows ? adv_muon_scratch(span->rows, span->n / span->rows) : 0;
        scratch = needed > scratch ? needed : scratch;
    }
    for (int i = 0; scratch > 0 && i < adv_pool_threads(t->pool); i++) {
        t->workers[i].scratch = adv_calloc(scratch, sizeof(float));
        if (!t->workers[i].scratch)
            return adv_no_memory(error);
    }
    t->scratch_size = scratch;
    return ADV_OK;
}

static void update_by_adamw(struct adv_training *t, const struct adv_training_span *span)
{
    const struct adv_train_recipe *train = &t->recipe.train;
    size_t first = span->first;
    struct adv_adamw adamw = {
        .learning_rate = adv_schedule_rate(train, t->progress.step),
        .beta1 = train->beta1,
        .beta2 = train->beta2,
        .epsilon = train->epsilon,
        .weight_decay = train->weight_decay,
        .gradient_scale = t->gradient_scale,
        .step = t->progress.step + 1,
    };
    adv_adamw_update(&adamw, span->n, t->sum + first, t->weights + first, t->m + first,
                     t->v + first);
}

static void update_by_muon(struct adv_training *t, const struct adv_training_span *span,
                           float *scratch)
{
    const struct adv_train_recipe *train = &t->recipe.train;
    size_t first = span->first;
    struct adv_muon muon = {
        .learning_rate = adv_schedule_rate(train, t->progress.step),
        .momentum = MUON_MOMENTUM,
        .weight_decay = train->weight_decay,
        .gradient_scale = t->gradient_scale,
    };
    adv_muon_update(&muon, span->rows, span->n / span->rows, t->sum + first, t->weights + first,
                    t->m + first, scratch);
}

enum adv_status adv_training_digest_updates(const struct adv_training *t, uint64_t *digest,
                                            struct adv_error *error)
{
    struct adv_muon muon = {.learning_rate = 1, .gradient_scale = 1};
    if (t->scratch_size == 0) /* no matrix is Muon's */
        return ADV_OK;
    float *moved = adv_calloc(t->n_weights, sizeof *moved);
    float *momentum = adv_calloc(t->n_weights, sizeof *momentum);
    enum adv_status status = moved && momentum ? ADV_OK : adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && i < t->n_spans; i++) {
        const struct adv_training_span *span = &t->spans[i];
        if (span->rows)
            adv_muon_update(&muon, span->rows, span->n / span->rows, t->weights + span->first,
                            moved + span->first, momentum + span->first, t->workers[0].scratch);
    }
    if (status == ADV_OK)
        *digest = adv_digest(*digest, moved, t->n_weights * sizeof *moved);
    free(moved);
    free(momentum);
    return status;
}

static void update_span(void *context, size_t i, int worker)
{
    struct adv_training *t = context;
    const struct adv_training_span *span = &t->spans[i];
    double decay = adv_ema_decay(t->recipe.train.ema_decay, t->progress.step);
    if (span->rows)
        update_by_muon(t, span, t->workers[worker].scratch);
    else
        update_by_adamw(t, span);
    adv_ema_update(decay, span->n, t->weights + span->first, t->average + span->first);
}

void adv_training_update(struct adv_training *t)
{
    adv_pool_run(t->pool, t->n_spans, update_span, t);
}
