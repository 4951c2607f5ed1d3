/* Network and training of a recipe for a table. Sizes and steps grow with the rows; what they were
 * measured with is in bench/tables.py, and given a context in bench/sbi.py. */
#include "core/train/proposal.h"

#include "core/base/words.h"

#include <advect/extra/gaussian_mixture.h>
#include <advect/extra/memory.h>

#include <stdio.h>

#define MEASURED_MAX ((size_t)1000) /* held-out rows that a training measures */
#define MEASURED_NUMBERS_MAX (20e3) /* of all measured rows: beyond, it is measured less often */
#define MEASUREMENTS 40
#define MEASUREMENTS_MIN 8
#define MIXTURE_DIM_MAX ((size_t)64)
#define TIME_SHIFT_GIVEN_CONTEXT 4.0 /* posteriors are narrow, which late times tell */

const char *const adv_proposed_net_names[] = {
    [ADV_PROPOSED_MLP] = "mlp",
    [ADV_PROPOSED_TRANSFORMER] = "transformer",
    NULL,
};

/* What is chosen by the number of rows. */
struct size_of_training {
    size_t rows_below;
    int channels, layers, batch, steps;
    double ema_decay, weight_decay, beta2;
};

static const struct size_of_training mlp_sizes[] = {
    {1000, 64, 3, 128, 2000, 0.99, 0.01, 0.999},
    {20000, 96, 3, 256, 4000, 0.99, 0.01, 0.999},
    {200000, 128, 3, 256, 8000, 0.999, 0.01, 0.999},
    {SIZE_MAX, 256, 3, 256, 8000, 0.999, 0.01, 0.999},
};

/* Given a context there is more to learn, and hardly less to learn it from. */
static const struct size_of_training mlp_sizes_given_context[] = {
    {1000, 64, 3, 128, 3000, 0.99, 0.01, 0.999},
    {20000, 128, 3, 256, 8000, 0.998, 0.01, 0.999},
    {200000, 128, 3, 256, 20000, 0.999, 0.01, 0.999},
    {SIZE_MAX, 256, 3, 256, 20000, 0.999, 0.01, 0.999},
};

static const struct size_of_training transformer_sizes[] = {
    {1000, 32, 3, 128, 6000, 0.998, 0.3, 0.99},
    {50000, 48, 4, 128, 24000, 0.999, 0.3, 0.99},
    {SIZE_MAX, 48, 4, 128, 40000, 0.999, 0.1, 0.99},
};

static const struct size_of_training *size_for(const struct adv_propose_options *o,
                                               const struct adv_dataset *d)
{
    const struct size_of_training *size = o->net == ADV_PROPOSED_TRANSFORMER ? transformer_sizes
                                          : d->n_context > 0 ? mlp_sizes_given_context
                                                             : mlp_sizes;
    while (d->n_rows >= size->rows_below)
        size++;
    return size;
}

/* ---------------------------------------------------------------- the network */

/* The first column on a circle; dim: there is none. */
static size_t first_circle(const struct adv_dataset *d)
{
    size_t i = 0;
    while (i < d->dim && !adv_transform_is_periodic(d->transform, i))
        i++;
    return i;
}

static bool has_circles(const struct adv_dataset *d)
{
    return first_circle(d) < d->dim;
}

static enum adv_status refuse_circles(const struct adv_propose_options *o,
                                      const struct adv_dataset *d, struct adv_error *error)
{
    size_t column = first_circle(d);
    const char *name = adv_dataset_column(d, column), *where = o->where ? o->where : "";
    char position[24], support[128];
    snprintf(position, sizeof position, "%zu", column);
    adv_transform_describe(d->transform, column, support, sizeof support);
    return adv_fail_field(error, ADV_E_INVALID, "net",
                          "%snet is %s, and %ssupport of column %s is %s, which only an mlp can "
                          "model",
                          where, adv_proposed_net_names[o->net], where,
                          name ? adv_quote(name).text : position, support);
}

/* An mlp starts at the mean of a linear regression, in a transformer it would blur which number
 * depends on which. */
static bool has_context_mean(const struct adv_propose_options *o, const struct adv_dataset *d)
{
    return o->net == ADV_PROPOSED_MLP && d->n_context > 0 && !has_circles(d);
}

/* 0 where none is of use. */
static enum adv_status count_components(const struct adv_propose_options *o,
                                        const struct adv_dataset *d, size_t *n,
                                        struct adv_error *error)
{
    struct adv_gaussian_mixture mixture = {0};
    struct adv_context_mean mean = {0};
    enum adv_status status = ADV_OK;
    bool is_relative = has_context_mean(o, d);
    *n = 0;
    if (d->dim > MIXTURE_DIM_MAX || has_circles(d))
        return ADV_OK;
    if (d->n_context > 0 && !is_relative) {
        *n = 1;
        return ADV_OK;
    }
    if (is_relative)
        status = adv_dataset_fit_context_mean(d, &mean, error);
    if (status == ADV_OK)
        status = adv_dataset_fit_mixture(d, is_relative ? &mean : NULL, 0, &mixture, error);
    if (status == ADV_OK)
        *n = mixture.n;
    adv_context_mean_release(&mean);
    adv_gaussian_mixture_release(&mixture);
    return status;
}

static json_t *mlp(const struct adv_propose_options *o, const struct adv_dataset *d)
{
    json_t *net =
        json_pack("{s:b, s:s, s:i}", "residual", 1, "activation", "silu", "input_frequencies", 1);
    if (!net || d->n_context == 0)
        return net;
    if (json_object_set_new(net, "conditioning", json_string("scale_shift")) == 0 &&
        json_object_set_new(net, "context_mean", json_boolean(has_context_mean(o, d))) == 0)
        return net;
    json_decref(net);
    return NULL;
}

enum adv_status adv_proposal_net(const struct adv_propose_options *o, const struct adv_dataset *d,
                                 json_t **out, struct adv_error *error)
{
    const struct size_of_training *size = size_for(o, d);
    size_t components = 0;
    if (o->net == ADV_PROPOSED_TRANSFORMER && has_circles(d))
        return refuse_circles(o, d, error);
    enum adv_status status = count_components(o, d, &components, error);
    if (status != ADV_OK)
        return status;
    json_t *net = json_pack("{s:s, s:I, s:i, s:i, s:i}", "kind", adv_proposed_net_names[o->net],
                            "dim", (json_int_t)d->dim, "channels", size->channels, "layers",
                            size->layers, "time_frequencies", 8);
    json_t *more = o->net == ADV_PROPOSED_MLP ? mlp(o, d) : json_object();
    bool failed = !net || !more || json_object_update(net, more) != 0;
    json_decref(more);
    if (!failed && components > 0)
        failed = json_object_set_new(net, "mixture", json_integer((json_int_t)components)) != 0;
    if (!failed && d->classes > 0)
        failed = json_object_set_new(net, "num_classes", json_integer((json_int_t)d->classes)) != 0;
    if (!failed) {
        *out = net;
        return ADV_OK;
    }
    json_decref(net);
    return adv_no_memory(error);
}

/* ---------------------------------------------------------------- the training */

static int measurements_for(const struct adv_dataset *d)
{
    size_t rows = d->n_held_out < MEASURED_MAX ? d->n_held_out : MEASURED_MAX;
    double share = MEASURED_NUMBERS_MAX / ((double)rows * (double)d->dim);
    int n = (int)(MEASUREMENTS * (share < 1 ? share : 1));
    return n < MEASUREMENTS_MIN ? MEASUREMENTS_MIN : n;
}

json_t *adv_proposal_training(const struct adv_propose_options *o, const struct adv_dataset *d)
{
    const struct size_of_training *size = size_for(o, d);
    json_int_t steps = o->steps > 0 ? o->steps : size->steps;
    int measurements = measurements_for(d);
    json_int_t every = steps / measurements, warmup = steps / 10;
    double shift = d->n_context > 0 ? TIME_SHIFT_GIVEN_CONTEXT : 1;
    return json_pack("{s:I, s:i, s:f, s:f, s:I, s:f, s:f, s:f, s:f, s:s, s:I, s:i, s:I}", "steps",
                     steps, "batch", size->batch, "time_shift", shift, "learning_rate",
                     d->n_context > 0 ? 2e-3 : 1e-3, "warmup_steps",
                     warmup < 100 ? warmup : (json_int_t)100, "weight_decay", size->weight_decay,
                     "beta2", size->beta2, "clip_norm", 1.0, "ema_decay", size->ema_decay, "keep",
                     "best", "held_out_every", every < 1 ? (json_int_t)1 : every, "patience",
                     measurements / 4, "seed", (json_int_t)o->seed);
}
