/* What a recipe says of a table's columns, turned into their transform:
 *
 *   "support": {"so2": [0, null], "angle": {"periodic": 360}, "3": "heavy"}
 *
 * by name or position, or an array with an entry for each column. What a column's
 * entry can be is said once, in read_form. */
#include "core/dataset/supports.h"

#include "core/data/supports/support.h"

#include <advect/extra/words.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WHERE_BYTES 160
#define KINDS_MAX 16       /* of transforms */
#define NAME_BYTES_MAX 256 /* of a column's name that the model's file keeps */

bool adv_transform_is_auto(const json_t *transform)
{
    const json_t *kind = json_is_object(transform) ? json_object_get(transform, "kind") : transform;
    bool alone = !json_is_object(transform) || json_object_size(transform) == 1;
    return json_is_string(kind) && alone && !strcmp(json_string_value(kind), "auto");
}

/* A kind by its name, "auto" being one in recipes. Anything else is for the transform to refuse. */
static enum adv_status check_kind(const char *part, const json_t *stated, struct adv_error *error)
{
    const char *names[KINDS_MAX + 2] = {"auto"};
    char field[64];
    struct adv_field_group kind;
    size_t index;
    const json_t *name = json_is_object(stated) ? json_object_get(stated, "kind") : stated;
    if (!json_is_string(name))
        return ADV_OK;
    for (size_t i = 0; i < KINDS_MAX && adv_transform_group(i + 1, &kind); i++)
        names[i + 1] = kind.name;
    snprintf(field, sizeof field, "%stransform%s", part, name == stated ? "" : ".kind");
    return adv_find_name(field, json_string_value(name), names, &index, error);
}

enum adv_status adv_dataset_stated_transform(const char *part, const json_t *stated, size_t dim,
                                             struct adv_transform **transform,
                                             struct adv_error *error)
{
    static const char begin[] = "transform";
    struct adv_error why = ADV_ERROR_INIT;
    enum adv_status status = check_kind(part, stated, error);
    if (status != ADV_OK)
        return status;
    status = adv_transform_new(stated, dim, transform, &why);
    if (status == ADV_OK)
        return ADV_OK;
    char field[128];
    bool is_named = !strncmp(why.message, begin, sizeof begin - 1);
    snprintf(field, sizeof field, "%s%s%s", part,
             strncmp(why.field, begin, sizeof begin - 1) ? "transform." : "", why.field);
    return adv_fail_field(error, status, field, "%s%s%s", part,
                          is_named ? "" : "transform: ", why.message);
}

/* ---------------------------------------------------------------- forms of a support */

static enum adv_status fail_form(const char *where, struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, where,
                          "%s must be [lo, hi] with null for no bound, {\"periodic\": P}, "
                          "{\"periodic\": [lo, hi]}, \"heavy\", \"integer\", {\"integer\": "
                          "[lo, hi]} or \"real\"",
                          where);
}

static json_t *read_bounds(const json_t *form)
{
    json_t *lo = json_array_get(form, 0), *hi = json_array_get(form, 1);
    bool has_lo = json_is_number(lo), has_hi = json_is_number(hi);
    bool known = json_array_size(form) == 2 && (has_lo || json_is_null(lo)) &&
                 (has_hi || json_is_null(hi)) && (has_lo || has_hi);
    if (!known)
        return NULL;
    if (has_lo && has_hi)
        return json_pack("{s:s, s:O, s:O}", "kind", "interval", "lo", lo, "hi", hi);
    return has_lo ? json_pack("{s:s, s:O}", "kind", "above", "lo", lo)
                  : json_pack("{s:s, s:O}", "kind", "below", "hi", hi);
}

static json_t *read_periodic(json_t *period)
{
    double lo = 0, length = json_number_value(period);
    const json_t *from = json_array_get(period, 0), *to = json_array_get(period, 1);
    bool is_pair = json_array_size(period) == 2 && json_is_number(from) && json_is_number(to);
    if (!is_pair && !json_is_number(period))
        return NULL;
    if (is_pair) {
        lo = json_number_value(from);
        length = json_number_value(to) - lo;
    }
    return json_pack("{s:s, s:f, s:f}", "kind", "periodic", "lo", lo, "period", length);
}

static json_t *read_word(const char *word)
{
    if (!strcmp(word, "integer"))
        return json_pack("{s:s, s:b}", "kind", "real", "integer", 1);
    return !strcmp(word, "heavy") || !strcmp(word, "real") ? json_pack("{s:s}", "kind", word)
                                                           : NULL;
}

/* A support without "integer"; NULL where the form is none, or without memory. */
static json_t *read_form(const json_t *form)
{
    if (json_is_string(form))
        return read_word(json_string_value(form));
    if (json_is_array(form))
        return read_bounds(form);
    json_t *period = json_object_get(form, "periodic");
    return period && json_object_size(form) == 1 ? read_periodic(period) : NULL;
}

/* The object that the transform's step takes for a column. */
static enum adv_status read_support(const json_t *form, const char *where, json_t **out,
                                    struct adv_error *error)
{
    const json_t *of = json_object_get(form, "integer");
    if (of && json_object_size(form) != 1)
        return fail_form(where, error);
    json_t *object = read_form(of ? of : form);
    if (!object)
        return fail_form(where, error);
    struct adv_support support = {0};
    enum adv_status status = ADV_OK;
    if (of && json_object_set_new(object, "integer", json_true()))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_support_read(&support, object, where, error);
    adv_support_release(&support);
    if (status == ADV_OK)
        *out = object;
    else
        json_decref(object);
    return status;
}

/* ---------------------------------------------------------------- columns by name or position */

static enum adv_status find_column(const struct adv_dataset *d, const char *key, size_t *column,
                                   struct adv_error *error)
{
    char where[WHERE_BYTES], *end = NULL;
    for (size_t i = 0; i < d->dim; i++) {
        const char *name = adv_dataset_column(d, i);
        if (name && !strcmp(name, key)) {
            *column = i;
            return ADV_OK;
        }
    }
    unsigned long position = strtoul(key, &end, 10);
    if (key[0] >= '0' && key[0] <= '9' && *end == '\0' && position < d->dim) {
        *column = position;
        return ADV_OK;
    }
    snprintf(where, sizeof where, "data.support.%.100s", key);
    return adv_fail_field(error, ADV_E_INVALID, where,
                          "%s names no column; %s, and positions go from 0 to %zu", where,
                          d->source.rows.columns ? "the data have no column of that name"
                                                 : "the columns have no names",
                          d->dim - 1);
}

/* Puts the support of one column into its place of columns [dim]. */
static enum adv_status take_support(const char *key, size_t column, const json_t *form,
                                    json_t *columns, bool *stated, struct adv_error *error)
{
    char where[WHERE_BYTES];
    json_t *object = NULL;
    snprintf(where, sizeof where, "data.support.%.100s", key);
    if (stated[column])
        return adv_fail_field(error, ADV_E_INVALID, where, "%s names column %zu a second time",
                              where, column);
    enum adv_status status = read_support(form, where, &object, error);
    if (status != ADV_OK)
        return status;
    stated[column] = true;
    return json_array_set_new(columns, column, object) ? adv_no_memory(error) : ADV_OK;
}

static enum adv_status read_supports(const struct adv_dataset *d, const json_t *support,
                                     json_t *columns, bool *stated, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    const char *key;
    json_t *form;
    size_t i;
    if (!support)
        return ADV_OK;
    if (json_is_array(support) && json_array_size(support) != d->dim)
        return adv_fail_field(error, ADV_E_INVALID, "data.support",
                              "data.support has %zu entries; the data have %zu columns",
                              json_array_size(support), d->dim);
    if (!json_is_array(support) && !json_is_object(support))
        return adv_fail_field(error, ADV_E_INVALID, "data.support",
                              "data.support must be an object of columns, or an array of one "
                              "entry for each");
    json_array_foreach(support, i, form)
    {
        char position[24];
        snprintf(position, sizeof position, "%zu", i);
        if (status == ADV_OK && !json_is_null(form))
            status = take_support(position, i, form, columns, stated, error);
    }
    json_object_foreach((json_t *)support, key, form)
    {
        size_t column = 0;
        if (status == ADV_OK)
            status = find_column(d, key, &column, error);
        if (status == ADV_OK)
            status = take_support(key, column, form, columns, stated, error);
    }
    return status;
}

/* The support of a parameter by its prior; NULL without memory. */
static json_t *prior_support(const struct adv_simulator *simulator, size_t parameter)
{
    double lo, hi;
    adv_simulator_support(simulator, parameter, &lo, &hi);
    if (isfinite(lo) && isfinite(hi))
        return json_pack("{s:s, s:f, s:f}", "kind", "interval", "lo", lo, "hi", hi);
    return isfinite(lo) ? json_pack("{s:s, s:f}", "kind", "above", "lo", lo)
                        : json_pack("{s:s}", "kind", "real");
}

/* The parameters for which data.support says nothing keep to the prior, so that no sample leaves
 * it. */
static enum adv_status read_prior(const struct adv_dataset *d, json_t *columns, bool *stated,
                                  struct adv_error *error)
{
    for (size_t i = 0; i < d->source.n_parameters; i++) {
        const char *name = adv_simulator_column(d->source.simulator, i);
        size_t column = 0;
        enum adv_status status = find_column(d, name, &column, error);
        if (status != ADV_OK)
            return status;
        if (stated[column])
            continue;
        stated[column] = true;
        if (json_array_set_new(columns, column, prior_support(d->source.simulator, i)))
            return adv_no_memory(error);
    }
    return ADV_OK;
}

/* Names that JSON cannot hold, or of absurd length, are left out. */
static bool name_columns(const struct adv_dataset *d, json_t *columns)
{
    for (size_t i = 0; i < d->dim; i++) {
        const char *name = adv_dataset_column(d, i);
        size_t length = name ? strlen(name) : 0;
        if (length == 0 || length > NAME_BYTES_MAX || !adv_is_utf8(name, length))
            continue;
        if (json_object_set_new(json_array_get(columns, i), "name", json_string(name)))
            return false;
    }
    return true;
}

/* [dim] objects of any number; NULL without memory. */
static json_t *plain_columns(size_t dim)
{
    json_t *columns = json_array();
    for (size_t i = 0; columns && i < dim; i++) {
        if (json_array_append_new(columns, json_pack("{s:s}", "kind", "real"))) {
            json_decref(columns);
            columns = NULL;
        }
    }
    return columns;
}

/* ---------------------------------------------------------------- the transform */

static enum adv_status columns_of(const struct adv_dataset *d, const json_t *support, bool *stated,
                                  json_t **transform, struct adv_error *error)
{
    json_t *columns = plain_columns(d->dim);
    enum adv_status status = columns ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status = read_supports(d, support, columns, stated, error);
    if (status == ADV_OK)
        status = read_prior(d, columns, stated, error);
    if (status == ADV_OK && !name_columns(d, columns))
        status = adv_no_memory(error);
    if (status == ADV_OK &&
        !(*transform = json_pack("{s:s, s:O}", "kind", "columns", "columns", columns)))
        status = adv_no_memory(error);
    json_decref(columns);
    return status;
}

static bool is_table(const struct adv_dataset *d)
{
    return !d->source.density && d->n_dims == 1;
}

enum adv_status adv_table_transform(const struct adv_dataset *d, const json_t *support,
                                    bool **stated, json_t **transform, struct adv_error *error)
{
    if (!is_table(d) && support)
        return adv_fail_field(error, ADV_E_INVALID, "data.support",
                              "data.support is of the columns of a table; these data are %s",
                              d->source.density ? "a density's" : "images");
    const char *kind = is_table(d) ? "standardise" : "identity";
    bool *marks = is_table(d) ? adv_calloc(d->dim, sizeof *marks) : NULL;
    if (is_table(d) && !marks)
        return adv_no_memory(error);
    enum adv_status status = ADV_OK;
    if (support || (d->source.simulator && is_table(d)))
        status = columns_of(d, support, marks, transform, error);
    else if (!(*transform = json_pack("{s:s}", "kind", kind)))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        *stated = marks;
    else
        free(marks);
    return status;
}
