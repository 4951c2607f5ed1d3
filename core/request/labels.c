/* Labels of a request: classes by their numbers or by their names. Names are kept as they come, and
 * become numbers once the model is known. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_ALLOWED "a class, its number or its name"
#define LABELS_ALLOWED "a class or an array of classes"
#define NAMED                                                                                      \
    (ADV_NO_LABEL - 1) /* this label is the request's first name, the one below its second */

/* ---------------------------------------------------------------- reading */

static enum adv_status take_number(const char *name, const char *at, int64_t class, int32_t *label,
                                   struct adv_error *error)
{
    if (class < ADV_NO_LABEL || class > INT32_MAX)
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s%s is %lld; it must be a class from 0 on, or -1 for none", name,
                              at, (long long)class);
    *label = (int32_t) class;
    return ADV_OK;
}

static enum adv_status take_name(struct adv_request *request, const char *text, size_t n,
                                 int32_t *label, struct adv_error *error)
{
    struct adv_label_names *names = &request->label_names;
    enum adv_status status =
        adv_grow(&names->at, &names->capacity, names->n + 1, sizeof *names->at, error);
    size_t at = names->text.n;
    if (status == ADV_OK)
        status = adv_bytes_append(&names->text, text, n, error);
    if (status == ADV_OK)
        status = adv_bytes_append(&names->text, "", 1, error);
    if (status != ADV_OK)
        return status;
    *label = NAMED - (int32_t)names->n;
    names->at[names->n++] = at;
    return ADV_OK;
}

static enum adv_status take_value(struct adv_request *request, const char *name,
                                  const json_t *value, int32_t *label, struct adv_error *error)
{
    if (json_is_integer(value))
        return take_number(name, "", json_integer_value(value), label, error);
    if (json_is_string(value))
        return take_name(request, json_string_value(value), json_string_length(value), label,
                         error);
    return adv_request_refuse_kind(name, "", adv_json_kind(value), LABEL_ALLOWED, error);
}

/* A string of JSON, in its quotes. ADV_E_FORMAT, with nothing reported, where it is none. */
static enum adv_status take_string(struct adv_request *request, const char *quoted, size_t n,
                                   int32_t *label, struct adv_error *error)
{
    bool is_plain = adv_is_utf8(quoted, n);
    for (size_t i = 0; i < n && is_plain; i++)
        is_plain = quoted[i] != '\\' && (unsigned char)quoted[i] >= ' ';
    if (is_plain)
        return take_name(request, quoted + 1, n - 2, label, error);
    json_t *value = json_loadb(quoted, n, JSON_DECODE_ANY, NULL);
    enum adv_status status = value ? take_name(request, json_string_value(value),
                                               json_string_length(value), label, error)
                                   : ADV_E_FORMAT;
    json_decref(value);
    return status;
}

static enum adv_status take_item(struct adv_request *request, const char *name, size_t i,
                                 struct adv_scan *scan, const struct adv_item *item, int32_t *label,
                                 struct adv_error *error)
{
    char at[32];
    snprintf(at, sizeof at, "[%zu]", i);
    if (item->kind == ADV_ITEM_NUMBER && item->number.is_integer)
        return take_number(name, at, item->number.integer, label, error);
    if (item->kind != ADV_ITEM_STRING)
        return adv_request_refuse_item(name, i, item, LABEL_ALLOWED, error);
    size_t n = (size_t)(scan->at - item->quoted);
    enum adv_status status = take_string(request, item->quoted, n, label, error);
    if (status == ADV_E_FORMAT)
        scan->flaw = item->quoted;
    return status;
}

static void set_labels(struct adv_request *request, size_t n, int32_t *labels, bool one)
{
    free(request->labels);
    request->labels = labels;
    request->n_labels = n;
    request->one_label = one;
}

enum adv_status adv_request_scan_labels(struct adv_request *request, const char *name,
                                        struct adv_scan *scan, struct adv_error *error)
{
    int32_t *labels = NULL;
    size_t n = 0, capacity = 0;
    enum adv_status status = ADV_OK;
    adv_scan_next(scan);
    while (status == ADV_OK) {
        struct adv_item item = adv_scan_next(scan);
        if (item.kind == ADV_ITEM_END)
            break;
        if (n == request->max_rows && item.kind != ADV_ITEM_FLAW)
            status = adv_request_refuse_long(name, scan, n + 1, error);
        if (status == ADV_OK)
            status = adv_grow(&labels, &capacity, n + 1, sizeof *labels, error);
        if (status == ADV_OK)
            status = take_item(request, name, n, scan, &item, &labels[n], error);
        n++;
    }
    if (status == ADV_OK && n == 0)
        status = adv_request_refuse_empty(name, LABELS_ALLOWED, error);
    if (status == ADV_OK)
        set_labels(request, n, labels, false);
    else
        free(labels);
    return status;
}

enum adv_status adv_request_read_label(struct adv_request *request, const char *name,
                                       const json_t *value, struct adv_error *error)
{
    int32_t *label = adv_calloc(1, sizeof *label);
    if (!label)
        return adv_no_memory(error);
    enum adv_status status = take_value(request, name, value, label, error);
    if (status == ADV_OK)
        set_labels(request, 1, label, true);
    else
        free(label);
    return status;
}

/* ---------------------------------------------------------------- text */

/* A piece of text, behind which something follows, as JSON: what is a number stays one, anything
 * else is a name. */
static json_t *value_of_piece(const char *piece, size_t n)
{
    while (n > 0 && isspace((unsigned char)*piece)) {
        piece++;
        n--;
    }
    while (n > 0 && isspace((unsigned char)piece[n - 1]))
        n--;
    struct adv_decimal number;
    if (adv_decimal_read(piece, piece + n + 1, &number) != piece + n)
        return json_stringn(piece, n);
    return number.is_integer ? json_integer(number.integer) : json_real(number.real);
}

/* Pieces with commas between them; NULL without memory. */
static json_t *list_of_pieces(const char *text)
{
    json_t *list = json_array();
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        if (json_array_append_new(list, value_of_piece(at, strcspn(at, ",")))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

enum adv_status adv_request_labels_of_text(const char *name, const char *text, json_t **value,
                                           struct adv_error *error)
{
    const char *first = text + strspn(text, " \t\r\n");
    json_error_t flaw = {.text = ""};
    if (*first == '[')
        *value = json_loads(first, 0, &flaw);
    else if (strchr(text, ','))
        *value = list_of_pieces(text);
    else
        *value = value_of_piece(text, strlen(text));
    if (*value)
        return ADV_OK;
    if (*flaw.text)
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s is %s; it must be classes separated by commas, by number or by "
                              "name, or a JSON array of them",
                              name, adv_quote(text).text);
    return adv_no_memory(error);
}

/* ---------------------------------------------------------------- names become numbers */

struct class_name {
    const char *name;
    int32_t class;
};

static int by_name(const void *a, const void *b)
{
    const struct class_name *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* The model's names in their order; NULL without memory, or where it has none. */
static struct class_name *sorted_names(const struct adv_model *model)
{
    size_t n = adv_model_classes(model);
    struct class_name *names = adv_model_label_name(model, 0) ? adv_calloc(n, sizeof *names) : NULL;
    for (size_t i = 0; names && i < n; i++)
        names[i] = (struct class_name){adv_model_label_name(model, i), (int32_t)i};
    if (names)
        qsort(names, n, sizeof *names, by_name);
    return names;
}

/* Of a label below ADV_NO_LABEL. */
static const char *name_of(const struct adv_request *request, int32_t label)
{
    const struct adv_label_names *names = &request->label_names;
    return (const char *)names->text.data + names->at[NAMED - label];
}

static enum adv_status refuse_without_classes(const struct adv_request *request, int32_t label,
                                              struct adv_error *error)
{
    char number[16];
    snprintf(number, sizeof number, "%d", label);
    return adv_fail_field(error, ADV_E_INVALID, "label",
                          "label is %s; this model has no classes and takes none",
                          label > NAMED ? number : adv_quote(name_of(request, label)).text);
}

static enum adv_status refuse_name(const struct adv_request *request, const struct adv_model *model,
                                   size_t i, struct adv_error *error)
{
    char at[32] = "";
    size_t classes = adv_model_classes(model);
    const char *name = name_of(request, request->labels[i]);
    if (!request->one_label)
        snprintf(at, sizeof at, "[%zu]", i);
    struct adv_name_words words = adv_request_name_words(model, classes, adv_model_label_name);
    if (!*words.text)
        return adv_fail_field(
            error, ADV_E_INVALID, "label",
            "label%s is %s; the model's classes have no names, but numbers from 0 "
            "to %zu",
            at, adv_quote(name).text, classes - 1);
    return adv_fail_field(error, ADV_E_INVALID, "label",
                          "label%s is %s, which is none of the model's classes%s", at,
                          adv_quote(name).text, words.text);
}

static enum adv_status number(const struct adv_request *request, const struct adv_model *model,
                              const struct class_name *names, int32_t *numbers,
                              struct adv_error *error)
{
    size_t classes = adv_model_classes(model);
    for (size_t i = 0; i < request->n_labels; i++) {
        int32_t label = request->labels[i];
        const struct class_name *found = NULL;
        if (classes == 0 && label != ADV_NO_LABEL)
            return refuse_without_classes(request, label, error);
        if (label <= NAMED && names)
            found = bsearch(&(struct class_name){.name = name_of(request, label)}, names, classes,
                            sizeof *names, by_name);
        if (label <= NAMED && !found)
            return refuse_name(request, model, i, error);
        numbers[i] = found ? found->class : label;
    }
    return ADV_OK;
}

enum adv_status adv_request_number_labels(const struct adv_request *request,
                                          const struct adv_model *model, int32_t *numbers,
                                          struct adv_error *error)
{
    bool is_named = request->label_names.n > 0 && adv_model_label_name(model, 0);
    struct class_name *names = is_named ? sorted_names(model) : NULL;
    enum adv_status status =
        is_named && !names ? adv_no_memory(error) : number(request, model, names, numbers, error);
    free(names);
    return status;
}
