/* The recipe for a table: what is read and modelled. What trains on it is chosen in
 * core/train/propose_training.c. */
#include <advect/extra/propose.h>

#include "core/base/words.h"
#include "core/model/model.h"
#include "core/train/proposal.h"

#include <advect/extra/dataset.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/net.h>
#include <advect/extra/recipe.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HELD_OUT_MIN ((size_t)20)
#define HELD_OUT_MAX ((size_t)10000)

static size_t held_out_of(size_t n_rows)
{
    size_t n = (n_rows + 5) / 10;
    n = n < HELD_OUT_MIN ? HELD_OUT_MIN : n > HELD_OUT_MAX ? HELD_OUT_MAX : n;
    return n > n_rows / 2 ? n_rows / 2 : n;
}

/* ---------------------------------------------------------------- data */

/* Takes value, a new reference, as a member of the object if it is wanted; false without memory. */
static bool put(json_t *object, const char *key, bool wanted, json_t *value)
{
    if (wanted)
        return json_object_set_new(object, key, value) == 0;
    json_decref(value);
    return true;
}

static json_t *reference_to(const json_t *json)
{
    return json_incref((json_t *)json);
}

/* How a CSV file is read. */
static bool put_table(json_t *source, const struct adv_propose_options *o,
                      const struct adv_found *found)
{
    return put(source, "columns", true, reference_to(found->survey.numbers)) &&
           put(source, "missing", true, json_string(adv_missing_names[o->missing])) &&
           put(source, "header", o->header != ADV_HEADER_AUTO,
               json_string(adv_header_names[o->header])) &&
           put(source, "separator", o->separator != ADV_SEPARATOR_AUTO,
               json_string(adv_separator_names[o->separator])) &&
           put(source, "context", o->context, reference_to(o->context)) &&
           put(source, "label_column", o->label_column, reference_to(o->label_column));
}

static bool put_source(json_t *data, const struct adv_propose_options *o,
                       const struct adv_found *found)
{
    json_t *source = json_object();
    bool complete = put(source, "kind", true, json_string(found->is_npy ? "npy" : "csv")) &&
                    put(source, "file", true, json_string(o->recorded ? o->recorded : o->file)) &&
                    put(source, "labels", o->labels, json_string(o->labels)) &&
                    put(source, "context", o->context_file, json_string(o->context_file)) &&
                    (found->is_npy || put_table(source, o, found));
    return put(data, "source", true, source) && complete;
}

static json_t *data_part(const struct adv_propose_options *o, const struct adv_found *found)
{
    json_t *data = json_object();
    size_t n_classes = found->survey.n_classes;
    if (put_source(data, o, found) && put(data, "transform", true, json_string("auto")) &&
        put(data, "held_out", true, json_integer((json_int_t)held_out_of(found->n_rows))) &&
        put(data, "support", o->support, reference_to(o->support)) &&
        put(data, "context", o->context || o->context_file,
            json_pack("{s:s}", "transform", "auto")) &&
        put(data, "classes", n_classes > 0, json_integer((json_int_t)n_classes)))
        return data;
    json_decref(data);
    return NULL;
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

/* A context that is the same in every row conditions nothing. */
static enum adv_status check_context_columns(const struct adv_propose_options *o,
                                             const struct adv_table_survey *survey,
                                             struct adv_error *error)
{
    for (size_t i = 0; i < survey->n_columns; i++) {
        const struct adv_column_survey *c = &survey->columns[i];
        if (c->is_context && c->kind == ADV_COLUMN_CONSTANT && c->name)
            return adv_fail_field(error, ADV_E_INVALID, "context",
                                  "column %s is %g throughout, so nothing can depend on it: leave "
                                  "it out of %scontext",
                                  adv_quote(c->name).text, c->low, o->where ? o->where : "");
    }
    return ADV_OK;
}

static enum adv_status check_table(const struct adv_propose_options *o,
                                   const struct adv_found *found, struct adv_error *error)
{
    const struct adv_table_survey *survey = &found->survey;
    if (found->n_rows < ADV_PROPOSE_ROWS_MIN)
        return adv_fail_field(
            error, ADV_E_INVALID, "rows",
            "there %s %zu row%s to learn from%s; at least %d are needed",
            found->n_rows == 1 ? "is" : "are", found->n_rows, found->n_rows == 1 ? "" : "s",
            survey->n_dropped ? " without a missing cell" : "", ADV_PROPOSE_ROWS_MIN);
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
    return check_context_columns(o, survey, error);
}

/* Before anything is computed of all pairs of its numbers. */
static enum adv_status check_context(const struct adv_dataset *dataset, struct adv_error *error)
{
    if (dataset->n_context <= ADV_NET_CONTEXT_MAX)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "context",
                          "the context has %zu numbers; at most %d are allowed", dataset->n_context,
                          ADV_NET_CONTEXT_MAX);
}

/* ---------------------------------------------------------------- the recipe */

static enum adv_status make_recipe(const struct adv_propose_options *o, const struct adv_dataset *d,
                                   json_t *data, const char *name, json_t **out,
                                   struct adv_error *error)
{
    json_t *net = NULL;
    struct adv_recipe checked = {0};
    enum adv_status status = adv_proposal_net(o, d, &net, error);
    if (status != ADV_OK)
        return status;
    json_t *recipe = json_pack("{s:s, s:o, s:O, s:s, s:o}", "name", name, "net", net, "data", data,
                               "path", "condot", "train", adv_proposal_training(o, d));
    status = recipe ? adv_recipe_init(&checked, recipe, error) : adv_no_memory(error);
    if (status == ADV_OK)
        *out = recipe;
    else
        json_decref(recipe);
    adv_recipe_release(&checked);
    return status;
}

static enum adv_status check_name(const char *name, struct adv_error *error)
{
    json_t *text = json_string(name);
    enum adv_status status = adv_model_check_name("name", text, error);
    json_decref(text);
    return status;
}

enum adv_status adv_recipe_propose(const struct adv_propose_options *o, struct adv_proposal *out,
                                   struct adv_error *error)
{
    struct adv_found found = {0};
    struct adv_dataset dataset = {0};
    struct adv_proposal proposal = {0};
    char name[ADV_NAME_BYTES];
    adv_name_of_file(o->name ? o->name : o->file, o->name == NULL, name);
    json_t *data = NULL;
    enum adv_status status = check_name(name, error);
    if (status == ADV_OK)
        status = adv_found_read(o, &found, error);
    if (status == ADV_OK)
        status = check_table(o, &found, error);
    if (status == ADV_OK && !(data = data_part(o, &found)))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = open_data(o, data, &dataset, error);
    if (status == ADV_OK)
        status = check_context(&dataset, error);
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
