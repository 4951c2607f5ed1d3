/* The choices that a recipe for a table takes. Sizes and steps grow with the rows; what they were
 * measured with is in bench/tables.py. */
#include <advect/extra/propose.h>

#include "core/train/proposal.h"

#include <advect/extra/dataset.h>
#include <advect/extra/gaussian_mixture.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/recipe.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HELD_OUT_MIN ((size_t)20)
#define HELD_OUT_MAX ((size_t)10000)
#define MEASURED_MAX ((size_t)1000) /* held-out rows that a training measures */
#define MEASURED_NUMBERS_MAX (20e3) /* of all measured rows: beyond, it is measured less often */
#define MEASUREMENTS 40
#define MEASUREMENTS_MIN 8
#define MIXTURE_DIM_MAX ((size_t)64)
#define TIME_SHIFT_GIVEN_CONTEXT 4.0 /* posteriors are narrow, which late times tell */

/* What is chosen by the number of rows. */
struct size_of_training {
    size_t rows_below;
    int channels, batch, steps;
    double ema_decay;
};

static const struct size_of_training sizes[] = {
    {1000, 64, 128, 2000, 0.99},
    {20000, 96, 256, 4000, 0.99},
    {200000, 128, 256, 8000, 0.999},
    {SIZE_MAX, 256, 256, 8000, 0.999},
};

/* Given a context there is more to learn, and hardly less to learn it from. */
static const struct size_of_training sizes_given_context[] = {
    {1000, 64, 128, 3000, 0.99},
    {20000, 128, 256, 8000, 0.998},
    {200000, 128, 256, 20000, 0.999},
    {SIZE_MAX, 256, 256, 20000, 0.999},
};

static const struct size_of_training *size_for(const struct adv_dataset *d)
{
    const struct size_of_training *size = d->n_context > 0 ? sizes_given_context : sizes;
    while (d->n_rows >= size->rows_below)
        size++;
    return size;
}

static size_t held_out_of(size_t n_rows)
{
    size_t n = (n_rows + 5) / 10;
    n = n < HELD_OUT_MIN ? HELD_OUT_MIN : n > HELD_OUT_MAX ? HELD_OUT_MAX : n;
    return n > n_rows / 2 ? n_rows / 2 : n;
}

/* ---------------------------------------------------------------- data */

static json_t *data_part(const struct adv_propose_options *o, const struct adv_found *found)
{
    const char *kind = found->is_npy ? "npy" : "csv";
    json_t *source =
        json_pack("{s:s, s:s}", "kind", kind, "file", o->recorded ? o->recorded : o->file);
    bool failed = !source;
    if (!failed && o->labels)
        failed = json_object_set_new(source, "labels", json_string(o->labels)) != 0;
    if (!failed && o->context_file)
        failed = json_object_set_new(source, "context", json_string(o->context_file)) != 0;
    if (!failed && !found->is_npy) {
        failed = json_object_set(source, "columns", found->survey.numbers) ||
                 json_object_set_new(source, "missing", json_string(adv_missing_names[o->missing]));
        if (o->header != ADV_HEADER_AUTO)
            failed |= json_object_set_new(source, "header",
                                          json_string(adv_header_names[o->header])) != 0;
        if (o->separator != ADV_SEPARATOR_AUTO)
            failed |= json_object_set_new(source, "separator",
                                          json_string(adv_separator_names[o->separator])) != 0;
        if (o->context)
            failed |= json_object_set(source, "context", (json_t *)o->context) != 0;
        if (o->label_column)
            failed |= json_object_set(source, "label_column", (json_t *)o->label_column) != 0;
    }
    json_t *data = failed ? NULL
                          : json_pack("{s:O, s:s, s:I}", "source", source, "transform", "auto",
                                      "held_out", (json_int_t)held_out_of(found->n_rows));
    json_decref(source);
    if (data && o->support && json_object_set(data, "support", (json_t *)o->support)) {
        json_decref(data);
        return NULL;
    }
    if (data && found->survey.n_classes &&
        json_object_set_new(data, "classes", json_integer((json_int_t)found->survey.n_classes))) {
        json_decref(data);
        return NULL;
    }
    return data;
}

static enum adv_status open_data(const struct adv_propose_options *o, const json_t *data,
                                 struct adv_dataset *dataset, struct adv_error *error)
{
    struct adv_data_recipe recipe = {0};
    enum adv_status status = adv_data_recipe_init(&recipe, data, error);
    if (status == ADV_OK)
        status = adv_dataset_open(&recipe, (uint64_t)o->seed, o->file, dataset, error);
    adv_data_recipe_release(&recipe);
    return status;
}

static enum adv_status check_table(const struct adv_propose_options *o,
                                   const struct adv_found *found, struct adv_error *error)
{
    const struct adv_table_survey *survey = &found->survey;
    if (found->n_rows < ADV_PROPOSE_ROWS_MIN)
        return adv_fail_field(error, ADV_E_INVALID, "rows",
                              "there are %zu rows to learn from%s; at least %d are needed",
                              found->n_rows, survey->n_dropped ? " without a missing cell" : "",
                              ADV_PROPOSE_ROWS_MIN);
    if (found->dim > ADV_PROPOSE_COLUMNS_MAX)
        return adv_fail_field(
            error, ADV_E_INVALID, "columns",
            "there are %zu columns of numbers; at most %d are modelled, as exact "
            "log-densities take time in proportion to them: say which in %scolumns",
            found->dim, ADV_PROPOSE_COLUMNS_MAX, o->where ? o->where : "");
    if (survey->n_classes > 1 && 2 * survey->n_classes > found->n_rows)
        return adv_fail_field(
            error, ADV_E_INVALID, "label_column",
            "the labels have %zu different values in %zu rows, which are no classes",
            survey->n_classes, found->n_rows);
    return ADV_OK;
}

/* ---------------------------------------------------------------- the mixture */

static bool has_circles(const struct adv_dataset *d)
{
    for (size_t i = 0; i < d->dim; i++) {
        if (adv_transform_is_periodic(d->transform, i))
            return true;
    }
    return false;
}

/* 0 where none is of use. */
static enum adv_status count_components(const struct adv_dataset *d, size_t *n,
                                        struct adv_error *error)
{
    struct adv_gaussian_mixture mixture = {0};
    struct adv_context_mean mean = {0};
    enum adv_status status = ADV_OK;
    *n = 0;
    if (d->dim > MIXTURE_DIM_MAX || has_circles(d))
        return ADV_OK;
    if (d->n_context > 0)
        status = adv_dataset_fit_context_mean(d, &mean, error);
    if (status == ADV_OK)
        status = adv_dataset_fit_mixture(d, d->n_context ? &mean : NULL, 0, &mixture, error);
    if (status == ADV_OK)
        *n = mixture.n;
    adv_context_mean_release(&mean);
    adv_gaussian_mixture_release(&mixture);
    return status;
}

/* ---------------------------------------------------------------- net and training */

static json_t *net_part(const struct adv_dataset *d, size_t components)
{
    json_t *net =
        json_pack("{s:s, s:I, s:i, s:i, s:b, s:s, s:i, s:i}", "kind", "mlp", "dim",
                  (json_int_t)d->dim, "channels", size_for(d)->channels, "layers", 3, "residual", 1,
                  "activation", "silu", "time_frequencies", 8, "input_frequencies", 1);
    bool failed = !net;
    if (!failed && d->n_context > 0)
        failed = json_object_set_new(net, "conditioning", json_string("scale_shift")) ||
                 json_object_set_new(net, "context_mean", json_boolean(!has_circles(d)));
    if (!failed && components > 0)
        failed = json_object_set_new(net, "mixture", json_integer((json_int_t)components)) != 0;
    if (!failed && d->classes > 0)
        failed = json_object_set_new(net, "num_classes", json_integer((json_int_t)d->classes)) != 0;
    if (!failed)
        return net;
    json_decref(net);
    return NULL;
}

static int measurements_for(const struct adv_dataset *d)
{
    size_t rows = d->n_held_out < MEASURED_MAX ? d->n_held_out : MEASURED_MAX;
    double share = MEASURED_NUMBERS_MAX / ((double)rows * (double)d->dim);
    int n = (int)(MEASUREMENTS * (share < 1 ? share : 1));
    return n < MEASUREMENTS_MIN ? MEASUREMENTS_MIN : n;
}

static json_t *train_part(const struct adv_propose_options *o, const struct adv_dataset *d)
{
    const struct size_of_training *size = size_for(d);
    json_int_t steps = o->steps > 0 ? o->steps : size->steps;
    int measurements = measurements_for(d);
    json_int_t every = steps / measurements, warmup = steps / 10;
    double shift = d->n_context > 0 ? TIME_SHIFT_GIVEN_CONTEXT : 1;
    return json_pack("{s:I, s:i, s:f, s:f, s:I, s:f, s:f, s:f, s:s, s:I, s:i, s:I}", "steps", steps,
                     "batch", size->batch, "time_shift", shift, "learning_rate",
                     d->n_context > 0 ? 2e-3 : 1e-3, "warmup_steps",
                     warmup < 100 ? warmup : (json_int_t)100, "weight_decay", 0.01, "clip_norm",
                     1.0, "ema_decay", size->ema_decay, "keep", "best", "held_out_every",
                     every < 1 ? (json_int_t)1 : every, "patience", measurements / 4, "seed",
                     (json_int_t)o->seed);
}

static enum adv_status make_recipe(const struct adv_propose_options *o, const struct adv_dataset *d,
                                   json_t *data, const char *name, json_t **out,
                                   struct adv_error *error)
{
    size_t components = 0;
    struct adv_recipe checked = {0};
    enum adv_status status = count_components(d, &components, error);
    if (status != ADV_OK)
        return status;
    json_t *recipe =
        json_pack("{s:s, s:o, s:O, s:s, s:o}", "name", name, "net", net_part(d, components), "data",
                  data, "path", "condot", "train", train_part(o, d));
    status = recipe ? adv_recipe_init(&checked, recipe, error) : adv_no_memory(error);
    if (status == ADV_OK)
        *out = recipe;
    else
        json_decref(recipe);
    adv_recipe_release(&checked);
    return status;
}

/* ---------------------------------------------------------------- all of it */

enum adv_status adv_recipe_propose(const struct adv_propose_options *o, struct adv_proposal *out,
                                   struct adv_error *error)
{
    struct adv_found found = {0};
    struct adv_dataset dataset = {0};
    struct adv_proposal proposal = {0};
    char name[ADV_NAME_BYTES];
    adv_name_of_file(o->name ? o->name : o->file, o->name == NULL, name);
    json_t *data = NULL;
    enum adv_status status = adv_found_read(o, &found, error);
    if (status == ADV_OK)
        status = check_table(o, &found, error);
    if (status == ADV_OK && !(data = data_part(o, &found)))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = open_data(o, data, &dataset, error);
    if (status == ADV_OK)
        status = make_recipe(o, &dataset, data, name, &proposal.recipe, error);
    if (status == ADV_OK)
        status = adv_found_to_json(o, &found, &dataset, &proposal.found, error);
    if (status == ADV_OK)
        *out = proposal;
    else
        adv_proposal_release(&proposal);
    json_decref(data);
    adv_dataset_close(&dataset);
    adv_found_release(&found);
    return status;
}

void adv_proposal_release(struct adv_proposal *proposal)
{
    json_decref(proposal->recipe);
    json_decref(proposal->found);
    *proposal = (struct adv_proposal){0};
}
