/* Contexts of a request: what the velocity of some models is conditioned on, one vector for all rows
 * or one for each. Where samples are drawn, n of them are drawn for each context: the contexts are
 * what is asked about, and their number is not that of the rows. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/io/gzip.h"
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <advect/array_file.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/table.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_SHOWN_MAX 12

/* ---------------------------------------------------------------- words */

struct adv_name_words adv_request_name_words(const struct adv_model *model, size_t n,
                                             const char *(*name)(const struct adv_model *, size_t))
{
    struct adv_name_words words = {""};
    if (n == 0 || !name(model, 0))
        return words;
    for (size_t i = 0; i < n && i < NAMES_SHOWN_MAX; i++)
        adv_append(words.text, sizeof words.text, "%s%.32s", i ? ", " : " (", name(model, i));
    adv_append(words.text, sizeof words.text, n > NAMES_SHOWN_MAX ? ", ...)" : ")");
    return words;
}

struct adv_name_words adv_request_context_words(const struct adv_model *model)
{
    size_t n = model ? adv_model_context(model) : 0;
    struct adv_name_words words = adv_request_name_words(model, n, adv_model_context_name);
    if (!*words.text)
        snprintf(words.text, sizeof words.text, " (the model's context)");
    return words;
}

struct adv_shape_words adv_request_shape_words(const struct adv_array *array)
{
    struct adv_shape_words words = {"an array of shape ["};
    size_t width = array->n_dims == 2 ? array->shape[1] : 0;
    if (array->n_dims == 2) {
        snprintf(words.text, sizeof words.text, "rows of %zu number%s", width,
                 width == 1 ? "" : "s");
        return words;
    }
    for (int i = 0; i < array->n_dims; i++)
        adv_append(words.text, sizeof words.text, "%s%zu", i ? ", " : "", array->shape[i]);
    adv_append(words.text, sizeof words.text, "]");
    return words;
}

void adv_request_name_fault(struct adv_error *error, const char *field)
{
    if (error && error->status == ADV_E_INVALID && !*error->field)
        snprintf(error->field, sizeof error->field, "%s", field);
}

enum adv_status adv_request_refuse_context(struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, "context",
                          "context is given; this model takes none");
}

/* ---------------------------------------------------------------- reading */

void adv_request_set_context(struct adv_request *request, size_t n, size_t width, float *numbers)
{
    free(request->context);
    request->context = numbers;
    request->n_contexts = n;
    request->context_width = width;
}

/* A context of one number needs no brackets. */
enum adv_status adv_request_read_context(struct adv_request *request, const char *name,
                                         const json_t *value, struct adv_error *error)
{
    float number = (float)json_number_value(value);
    if (!json_is_number(value))
        return adv_request_refuse_kind(name, "", adv_json_kind(value), ADV_CONTEXT_ALLOWED, error);
    if (!isfinite(number))
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s is %.9g; it must fit float32, at most 3.4e38 either way", name,
                              json_number_value(value));
    float *numbers = adv_calloc(1, sizeof *numbers);
    if (!numbers)
        return adv_no_memory(error);
    *numbers = number;
    adv_request_set_context(request, 1, 1, numbers);
    return ADV_OK;
}

/* ---------------------------------------------------------------- files */

/* [n, width], or one context [width]. */
static enum adv_status take_array(struct adv_request *request, const struct adv_model *model,
                                  const char *name, struct adv_array *array,
                                  struct adv_error *error)
{
    size_t width = adv_model_context(model);
    if (array->n_elements == 0)
        return adv_fail_field(error, ADV_E_INVALID, "context", "%s has no rows of contexts", name);
    size_t n = array->n_dims >= 2 ? array->shape[0] : array->n_elements == width;
    if (n == 0 || array->n_elements / n != width || array->n_elements % n != 0)
        return adv_fail_field(
            error, ADV_E_INVALID, "context", "%s has %s; a context of this model has %zu%s", name,
            adv_request_shape_words(array).text, width, adv_request_context_words(model).text);
    adv_request_set_context(request, n, width, array->data);
    array->data = NULL;
    return ADV_OK;
}

/* The names of the model's columns as a table takes them; NULL where the config has none. */
static const json_t *names_of(const struct adv_model *model)
{
    const json_t *data = json_object_get(adv_model_config_json(model), "data");
    return adv_model_context_name(model, 0)
               ? json_object_get(json_object_get(data, "context"), "columns")
               : NULL;
}

static enum adv_status load_table(struct adv_request *request, const struct adv_model *model,
                                  const void *bytes, size_t n_bytes, const char *path,
                                  struct adv_error *error)
{
    struct adv_table table = {0};
    const struct adv_table_options options = {.names = names_of(model)};
    enum adv_status status = adv_table_parse(bytes, n_bytes, path, &options, &table, error);
    if (status == ADV_OK)
        status = take_array(request, model, path, &table.rows, error);
    adv_table_release(&table);
    return status;
}

/* Of a table of points that has the context's columns, where the request has a context too. */
static enum adv_status refuse_both(const char *path, struct adv_name_words words,
                                   struct adv_error *error)
{
    return adv_fail_field(
        error, ADV_E_INVALID, "context",
        "context is given, and %s has the columns of the context%s; leave out one "
        "of the two",
        path, words.text);
}

enum adv_status adv_request_take_contexts(struct adv_request *request,
                                          const struct adv_model *model, const void *bytes,
                                          size_t n_bytes, const char *path, struct adv_error *error)
{
    struct adv_table table = {0};
    const struct adv_table_options options = {.names = names_of(model), .names_may_lack = true};
    if (!options.names)
        return ADV_OK;
    enum adv_status status = adv_table_parse(bytes, n_bytes, path, &options, &table, error);
    bool found = status == ADV_OK && table.rows.shape[1] > 0;
    if (found && request->context)
        status = refuse_both(path, adv_request_context_words(model), error);
    else if (found)
        status = take_array(request, model, path, &table.rows, error);
    adv_request_name_fault(error, "context");
    adv_table_release(&table);
    return status;
}

static enum adv_status load_file(struct adv_request *request, const struct adv_model *model,
                                 const char *path, struct adv_error *error)
{
    struct adv_array array = {0};
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read_plain(path, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    if (adv_file_format(bytes, n_bytes) == ADV_FILE_TEXT) {
        status = load_table(request, model, bytes, n_bytes, path, error);
    } else {
        status = adv_array_parse(bytes, n_bytes, path, &array, error);
        if (status == ADV_OK)
            status = take_array(request, model, path, &array, error);
        adv_array_release(&array);
    }
    free(bytes);
    return status;
}

enum adv_status adv_request_load_context(struct adv_request *request, const struct adv_model *model,
                                         const char *text, struct adv_error *error)
{
    if (adv_model_context(model) == 0)
        return adv_request_refuse_context(error);
    /* With the letters of nan and inf, which are refused as numbers rather than as files. */
    if (text[strspn(text, "+-.0123456789eE,;[] \tnaifNAIF")] == '\0')
        return adv_request_set_text(request, "context", text, error);
    if (access(text, F_OK) != 0)
        return adv_fail_field(error, ADV_E_INVALID, "context",
                              "context is \"%.80s\"; it must be numbers separated by commas, as in "
                              "0.1,-0.2, or a file, and there is none of that name",
                              text);
    enum adv_status status = load_file(request, model, text, error);
    adv_request_name_fault(error, "context");
    return status;
}

/* ---------------------------------------------------------------- the query's */

enum adv_status adv_request_check_context(const struct adv_request *request,
                                          const struct adv_model *model, struct adv_error *error)
{
    size_t wanted = adv_model_context(model);
    struct adv_name_words words = adv_request_context_words(model);
    if (!request->context) {
        if (wanted == 0 || adv_model_has_null_context(model))
            return ADV_OK;
        return adv_fail_field(
            error, ADV_E_INVALID, "context",
            "context is missing; it must be %zu number%s%s, on which this model is conditioned",
            wanted, wanted == 1 ? "" : "s", words.text);
    }
    if (wanted == 0)
        return adv_request_refuse_context(error);
    if (request->context_width != wanted)
        return adv_fail_field(
            error, ADV_E_INVALID, "context", "context has %zu number%s; it must have %zu%s",
            request->context_width, request->context_width == 1 ? "" : "s", wanted, words.text);
    return ADV_OK;
}

size_t adv_request_contexts(const struct adv_request *request)
{
    return request->context ? request->n_contexts : 1;
}

enum adv_status adv_request_set_contexts(const struct adv_request *request, struct adv_query *query,
                                         struct adv_error *error)
{
    size_t n = adv_request_contexts(request);
    query->context = request->context;
    query->n_contexts = request->context ? n : 0;
    if (!request->context || !request->points || n == 1 || n == query->n)
        return ADV_OK;
    const char *of = adv_query_from_base(request->kind) ? "x0" : "points";
    if (query->n == 1)
        return adv_fail_field(error, ADV_E_INVALID, "context",
                              "context has %zu rows; it must have 1, as %s has", n, of);
    return adv_fail_field(error, ADV_E_INVALID, "context",
                          "context has %zu rows; it must have 1, or %zu, one for each row of %s", n,
                          query->n, of);
}
