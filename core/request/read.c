/* Reading a request from a JSON object and from text. Plain values are read by the rows of the
 * table; nested objects and fields of several kinds are taken out of a shallow copy of the object
 * first, each by its row's own reader. Null means absent. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- JSON */

/* A new object of the members that are not null; NULL without memory. (json_copy does not tell.) */
static json_t *copy_members(const json_t *object)
{
    json_t *copy = json_object();
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)object, key, member)
    {
        if (copy && !json_is_null(member) && json_object_set(copy, key, member)) {
            json_decref(copy);
            copy = NULL;
        }
    }
    return copy;
}

/* Reads the members that have readers, and takes them out of body. */
static enum adv_status read_taken(struct adv_request *request, size_t n,
                                  const struct adv_request_row *const *rows, json_t *body,
                                  struct adv_error *error)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = rows[i]->key ? rows[i]->key : rows[i]->field.name;
        const json_t *value = rows[i]->read ? json_object_get(body, name) : NULL;
        if (!value)
            continue;
        enum adv_status status = rows[i]->read(request, name, value, error);
        if (status != ADV_OK)
            return status;
        json_object_del(body, name);
    }
    return ADV_OK;
}

enum adv_status adv_request_read_object(struct adv_request *request, const char *group,
                                        const json_t *object, struct adv_error *error)
{
    struct adv_field fields[ADV_REQUEST_FIELDS_MAX];
    const struct adv_request_row *rows[ADV_REQUEST_FIELDS_MAX];
    struct adv_request_part part = {.kind = request->kind, .group = group};
    size_t n = adv_request_fields(&part, fields, rows);
    for (size_t i = 0; i < n; i++)
        fields[i].required = false; /* what is needed may still come as an upload */
    json_t *copy = copy_members(object);
    if (!copy)
        return adv_no_memory(error);
    enum adv_status status = read_taken(request, n, rows, copy, error);
    if (status == ADV_OK)
        status = adv_fields_from_json(fields, n, copy, group, &request->options, error);
    json_decref(copy);
    return status;
}

enum adv_status adv_request_read_group(struct adv_request *request, const char *name,
                                       const json_t *value, struct adv_error *error)
{
    if (json_is_object(value))
        return adv_request_read_object(request, name, value, error);
    struct adv_field fields[ADV_REQUEST_FIELDS_MAX];
    struct adv_request_part part = {.kind = request->kind, .group = name};
    size_t n = adv_request_fields(&part, fields, NULL);
    char names[128] = "";
    for (size_t i = 0; i < n; i++)
        adv_append(names, sizeof names, "%s%s", i ? ", " : "", fields[i].name);
    return adv_fail_field(error, ADV_E_INVALID, name, "%s is %s; it must be an object of %s", name,
                          adv_json_kind(value), names);
}

enum adv_status adv_request_read_divergence(struct adv_request *request, const char *name,
                                            const json_t *value, struct adv_error *error)
{
    bool wanted = !json_is_false(value);
    if (!json_is_boolean(value)) {
        enum adv_status status = adv_request_read_group(request, name, value, error);
        if (status != ADV_OK)
            return status;
    }
    request->options.velocity_divergence = wanted ? ADV_VELOCITY_DIVERGENCE : ADV_VELOCITY_ALONE;
    return ADV_OK;
}

/* Into 0 or 1, of an option that may also not be given. */
static enum adv_status read_switch(const char *name, const json_t *value, int64_t *option,
                                   struct adv_error *error)
{
    if (!json_is_boolean(value))
        return adv_fail_field(error, ADV_E_INVALID, name, "%s is %s; it must be true or false",
                              name, adv_json_kind(value));
    *option = json_is_true(value);
    return ADV_OK;
}

enum adv_status adv_request_read_renewal(struct adv_request *request, const char *name,
                                         const json_t *value, struct adv_error *error)
{
    return read_switch(name, value, &request->options.renew_probes, error);
}

enum adv_status adv_request_read_errors(struct adv_request *request, const char *name,
                                        const json_t *value, struct adv_error *error)
{
    return read_switch(name, value, &request->options.errors, error);
}

/* ---------------------------------------------------------------- text */

static enum adv_status refuse_text(const char *name, const char *text, struct adv_error *error)
{
    bool may_be_rows = !strcmp(name, "context");
    if (!strcmp(name, "label"))
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s is %s; it must be classes separated by commas, by number or by "
                              "name, or JSON",
                              name, adv_quote(text).text);
    return adv_fail_field(error, ADV_E_INVALID, name,
                          "%s is %s; it must be numbers separated by commas%s", name,
                          adv_quote(text).text,
                          may_be_rows ? ", and contexts by semicolons, as in 0.1,-0.2;0.3,0" : "");
}

/* As JSON has them, but for zeros and points in odd places. */
static bool is_number(const char *cell, size_t length)
{
    char *end;
    const char *first = cell + (*cell == '-');
    if (length == 0 || strspn(first, ".0123456789") == 0 || first[strspn(first, "0")] == 'x')
        return false;
    strtod(cell, &end);
    return end + strspn(end, " \t") == cell + length;
}

/* Of a text of rows the first cell that is no number. */
static enum adv_status refuse_rows(const char *name, const char *text, struct adv_error *error)
{
    size_t row = 0, column = 0, length;
    char cell[32];
    for (const char *at = text + strspn(text, " \t");; at += strspn(at, " \t")) {
        length = strcspn(at, ",;");
        if (!is_number(at, length)) {
            snprintf(cell, sizeof cell, "%.*s", length < 24 ? (int)length : 24, at);
            return adv_fail_field(error, ADV_E_INVALID, name,
                                  "%s[%zu][%zu] is %s; it must be a number", name, row, column,
                                  adv_quote(cell).text);
        }
        if (at[length] == '\0') /* of another notation than JSON's */
            return refuse_text(name, text, error);
        column = at[length] == ';' ? 0 : column + 1;
        row += at[length] == ';';
        at += length + 1;
    }
}

static enum adv_status scan_list(struct adv_request *request, const struct adv_request_row *row,
                                 const char *list, const char *text, struct adv_error *error)
{
    const char *end = list + strlen(list), *after = adv_scan_skip(list, end);
    struct adv_scan scan = adv_scan_array(list, end);
    if (after[-1] != ']' || adv_scan_blanks(after, end) != end)
        return refuse_text(row->field.name, text, error);
    enum adv_status status = row->scan(request, row->field.name, &scan, error);
    return scan.flaw ? refuse_text(row->field.name, text, error) : status;
}

static enum adv_status read_single(struct adv_request *request, const struct adv_request_row *row,
                                   const char *text, struct adv_error *error)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!value)
        return refuse_text(row->field.name, text, error);
    enum adv_status status = row->read(request, row->field.name, value, error);
    json_decref(value);
    return status;
}

/* A flag whose absence means something: true, false, or the bare name. */
static enum adv_status read_flag(struct adv_request *request, const struct adv_request_row *row,
                                 const char *text, struct adv_error *error)
{
    struct adv_field field = row->field;
    bool flag = false;
    field.offset = 0;
    enum adv_status status = adv_fields_from_text(&field, 1, field.name, text, &flag, error);
    return status == ADV_OK ? row->read(request, field.name, json_boolean(flag), error) : status;
}

/* "0.1,-0.2;0.3,0" is the JSON list [[0.1,-0.2],[0.3,0]]. */
static enum adv_status read_rows(struct adv_request *request, const struct adv_request_row *row,
                                 const char *text, struct adv_error *error)
{
    char *list = adv_request_rows_of_text(text);
    if (!list)
        return adv_no_memory(error);
    const char *end = list + strlen(list);
    struct adv_scan scan = adv_scan_array(list, end);
    enum adv_status status = row->scan(request, row->field.name, &scan, error);
    if (scan.flaw)
        status = refuse_rows(row->field.name, text, error);
    free(list);
    return status;
}

/* As JSON, or pieces with commas between them. */
static enum adv_status read_labels(struct adv_request *request, const struct adv_request_row *row,
                                   const char *text, struct adv_error *error)
{
    const char *first = text + strspn(text, " \t\r\n");
    if (*first == '[')
        return scan_list(request, row, first, text, error);
    if (*first == '"')
        return read_single(request, row, first, error);
    return adv_request_split_labels(request, row->field.name, text, error);
}

/* "0,1,2" is the JSON list [0,1,2], "3" the number 3, and "[[0,1],[2,3]]" what it is. */
static enum adv_status read_list(struct adv_request *request, const struct adv_request_row *row,
                                 const char *text, struct adv_error *error)
{
    const char *first = text + strspn(text, " \t\r\n");
    if (*first == '[' && (first[1] == '[' || !strchr(text, ',')))
        return scan_list(request, row, first, text, error);
    if (row->scan == adv_request_scan_context && strchr(text, ';') && !strpbrk(text, "[]"))
        return read_rows(request, row, text, error);
    if (!strchr(text, ','))
        return read_single(request, row, text, error);
    size_t n_bytes = strlen(text) + sizeof "[]";
    char *list = adv_calloc(n_bytes, 1);
    if (!list)
        return adv_no_memory(error);
    snprintf(list, n_bytes, "[%s]", text);
    enum adv_status status = scan_list(request, row, list, text, error);
    free(list);
    return status;
}

enum adv_status adv_request_set_text(struct adv_request *request, const char *name,
                                     const char *text, struct adv_error *error)
{
    struct adv_field fields[ADV_REQUEST_FIELDS_MAX];
    const struct adv_request_row *rows[ADV_REQUEST_FIELDS_MAX];
    struct adv_request_part part = {.kind = request->kind, .text = true};
    size_t n = adv_request_fields(&part, fields, rows);
    const struct adv_field *field = adv_fields_find(fields, n, name);
    if (!field || !rows[field - fields]->read)
        return adv_fields_from_text(fields, n, name, text, &request->options, error);
    if (field->kind == ADV_FIELD_BOOL)
        return read_flag(request, rows[field - fields], text, error);
    if (rows[field - fields]->scan == adv_request_scan_labels)
        return read_labels(request, rows[field - fields], text, error);
    return read_list(request, rows[field - fields], text, error);
}
