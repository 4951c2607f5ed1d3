/* The numbers of contexts, kept apart from those of examples: they are conditions, which nothing
 * models. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/dataset/opening.h"
#include "core/dataset/supports.h"

#include <advect/extra/fields.h>
#include <advect/extra/words.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- apart */

/* Row by row, from the front: what is moved has been read. */
static void split_rows(struct adv_array *rows, size_t n, size_t dim, size_t n_context,
                       float *contexts)
{
    for (size_t i = 0; i < n; i++) {
        const float *from = rows->data + i * (dim + n_context);
        memcpy(contexts + i * n_context, from + dim, n_context * sizeof *contexts);
        memmove(rows->data + i * dim, from, dim * sizeof *contexts);
    }
    rows->shape[1] = dim;
    rows->n_elements = n * dim;
}

enum adv_status adv_dataset_split_context(struct adv_dataset *d, struct adv_error *error)
{
    struct adv_array *rows = &d->source.rows;
    d->n_context = d->source.n_context;
    if (d->n_context == 0)
        return ADV_OK;
    if (adv_source_is_drawn(&d->source)) {
        d->context_columns = rows->columns + d->source.n_parameters;
        return ADV_OK;
    }
    if (d->n_context >= rows->shape[1])
        return adv_fail_field(error, ADV_E_INVALID, "data.source.context",
                              "data.source.context has all %zu columns; at least one must be left "
                              "for the examples",
                              d->n_context);
    size_t dim = rows->shape[1] - d->n_context, n_values;
    if (!adv_mul_size(rows->shape[0], d->n_context, &n_values))
        return adv_no_memory(error);
    d->contexts = adv_calloc(n_values, sizeof *d->contexts);
    if (!d->contexts)
        return adv_no_memory(error);
    split_rows(rows, rows->shape[0], dim, d->n_context, d->contexts);
    d->context_columns = rows->columns ? rows->columns + dim : NULL;
    return ADV_OK;
}

/* ---------------------------------------------------------------- units */

struct context_options {
    json_t *transform, *columns, *reach; /* the last is of models */
};

static const struct adv_field fields[] = {
    {"transform", ADV_FIELD_JSON, offsetof(struct context_options, transform),
     .help = "transform of the context's values to the network's units; standardise if absent"},
    {"columns", ADV_FIELD_JSON, offsetof(struct context_options, columns),
     .help = "names of the context's values, where the source has none"},
    {"reach", ADV_FIELD_JSON, offsetof(struct context_options, reach),
     .help = "largest distance of a training context, as the model file gives it"},
};

/* Those of the recipe, which must be those of the source where that has names. */
static enum adv_status name_values(struct adv_dataset *d, const json_t *names,
                                   struct adv_error *error)
{
    if (!names || json_is_null(names))
        return ADV_OK;
    enum adv_status status = adv_dataset_read_names("data.context.columns", "a context", names,
                                                    d->n_context, &d->context_names, error);
    for (size_t i = 0; status == ADV_OK && d->context_columns && i < d->n_context; i++) {
        if (strcmp(d->context_names[i], d->context_columns[i]) != 0)
            status = adv_fail_field(error, ADV_E_INVALID, "data.context.columns",
                                    "data.context.columns[%zu] is %s; the source calls it %s, so "
                                    "leave data.context.columns out",
                                    i, adv_quote(d->context_names[i]).text,
                                    adv_quote(d->context_columns[i]).text);
    }
    d->context_columns = d->context_columns ? d->context_columns : d->context_names;
    return status;
}

/* Two numbers of one name could not be told apart by it. */
static enum adv_status check_names(const struct adv_dataset *d, struct adv_error *error)
{
    for (size_t i = 0; d->context_columns && i < d->n_context; i++) {
        for (size_t k = 0; k < d->dim; k++) {
            const char *name = adv_dataset_column(d, k);
            if (name && !strcmp(name, d->context_columns[i]))
                return adv_fail_field(error, ADV_E_INVALID, "data.context.columns",
                                      "data.context.columns[%zu] is %s, which data.columns[%zu] is "
                                      "too; the names of a context must be others than those of an "
                                      "example",
                                      i, adv_quote(name).text, k);
        }
    }
    return ADV_OK;
}

/* The transform that is stated, where "auto" stands for that which suits contexts [n, n_context]. */
static enum adv_status make_transform(struct adv_dataset *d, json_t *stated, size_t n,
                                      const float *contexts, struct adv_error *error)
{
    json_t *transform = !stated ? json_string("standardise")
                        : adv_transform_is_auto(stated)
                            ? adv_dataset_auto_context_transform(n, d->n_context, contexts)
                            : json_incref(stated);
    if (!transform)
        return adv_no_memory(error);
    enum adv_status status = adv_dataset_stated_transform("data.context.", transform, d->n_context,
                                                          &d->context_transform, error);
    json_decref(transform);
    return status;
}

static enum adv_status draw(const struct adv_dataset *d, uint64_t seed, size_t n, float *contexts,
                            struct adv_error *error)
{
    float *x = adv_calloc(n, d->dim * sizeof *x);
    if (!x)
        return adv_no_memory(error);
    adv_source_draw(&d->source, seed, 0, n, x, contexts);
    free(x);
    return ADV_OK;
}

/* Those of the rows that training sees. */
static enum adv_status gather(const struct adv_dataset *d, size_t n, float *contexts,
                              struct adv_error *error)
{
    uint64_t seed = adv_seed_for(d->seed, ADV_SEED_SPLIT);
    if (adv_source_is_drawn(&d->source))
        return draw(d, seed, n, contexts, error);
    for (size_t i = 0; i < n; i++) {
        uint64_t row = adv_permute(seed, d->n_held_out + i, d->n_rows);
        memcpy(contexts + i * d->n_context, d->contexts + row * d->n_context,
               d->n_context * sizeof *contexts);
    }
    return ADV_OK;
}

/* Puts the name of the first value that is the same in every context before a message about it. */
static void name_constant(const struct adv_dataset *d, size_t n, const float *contexts,
                          struct adv_error *error)
{
    size_t column = 0, row = 0;
    while (column < d->n_context && row < n) {
        bool same = contexts[row * d->n_context + column] == contexts[column];
        row = same ? row + 1 : 0;
        column += !same;
    }
    const char *name = column < d->n_context ? adv_dataset_context_column(d, column) : NULL;
    if (name && d->source.simulator)
        adv_error_prefix(error,
                         "column %s is the same in all %zu simulations that training sees "
                         "(data.source.n, data.held_out): ",
                         name, n);
    else if (name)
        adv_error_prefix(error,
                         "leave column %s out (data.source.context): ", adv_quote(name).text);
    else
        adv_error_prefix(error, "the context: ");
}

/* contexts [n, n_context]: of files those of all rows, else those that are drawn. */
static enum adv_status check_domain(const struct adv_dataset *d, size_t n, const float *contexts,
                                    struct adv_error *error)
{
    for (size_t i = 0; i < n; i++) {
        struct adv_error why = ADV_ERROR_INIT;
        if (adv_transform_check_domain(d->context_transform, contexts + i * d->n_context, &why) ==
            ADV_OK)
            continue;
        adv_error_prefix(&why, "the context: ");
        return adv_dataset_fail_row(d, "data.context", i, &why, error);
    }
    return ADV_OK;
}

static enum adv_status fit(struct adv_dataset *d, size_t n, const float *contexts,
                           struct adv_error *error)
{
    enum adv_status status = adv_source_is_drawn(&d->source)
                                 ? check_domain(d, n, contexts, error)
                                 : check_domain(d, d->n_rows, d->contexts, error);
    if (status != ADV_OK || adv_transform_is_fitted(d->context_transform))
        return status;
    status = adv_transform_fit(d->context_transform, n, contexts, error);
    if (status != ADV_OK)
        name_constant(d, n, contexts, error);
    return status;
}

static enum adv_status open_with(struct adv_dataset *d, const struct context_options *options,
                                 struct adv_error *error)
{
    size_t n = adv_source_is_drawn(&d->source) ? ADV_FIT_ROWS : d->n_train;
    float *contexts = adv_calloc(n, d->n_context * sizeof *contexts);
    enum adv_status status = contexts ? gather(d, n, contexts, error) : adv_no_memory(error);
    if (status == ADV_OK)
        status = make_transform(d, options->transform, n, contexts, error);
    if (status == ADV_OK)
        status = fit(d, n, contexts, error);
    if (status == ADV_OK) {
        adv_transform_encode(d->context_transform, n, contexts, contexts, NULL);
        d->context_reach = adv_largest_deviation(n * d->n_context, contexts);
    }
    free(contexts);
    return status;
}

enum adv_status adv_dataset_open_context(struct adv_dataset *d, const json_t *recipe,
                                         struct adv_error *error)
{
    if (d->n_context == 0 && recipe && !json_is_null(recipe))
        return adv_fail_field(error, ADV_E_INVALID, "data.context",
                              "data.context is given, but data.source.context names no columns");
    if (d->n_context == 0)
        return ADV_OK;
    struct context_options options = {0};
    enum adv_status status = ADV_OK;
    if (recipe)
        status = adv_fields_from_json(fields, ADV_COUNT(fields), recipe, "data.context", &options,
                                      error);
    if (status == ADV_OK)
        status = name_values(d, options.columns, error);
    if (status == ADV_OK)
        status = check_names(d, error);
    if (status == ADV_OK)
        status = open_with(d, &options, error);
    adv_fields_release(fields, ADV_COUNT(fields), &options);
    return status;
}

const char *adv_dataset_context_column(const struct adv_dataset *d, size_t i)
{
    return d->context_columns ? d->context_columns[i] : NULL;
}
