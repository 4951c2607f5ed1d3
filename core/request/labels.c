/* Labels of a request: classes by their numbers or by their names. Names are kept as they come, and
 * become numbers once the model is known. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <advect/query.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_ALLOWED "a class, its number or its name"
#define LABELS_ALLOWED "a class or an array of classes"
#define NAME_BYTES_MAX ((size_t)1024)

/* This label is the request's first name, the one below it its second. */
#define FIRST_NAME (ADV_NO_LABEL - 1)

/* ---------------------------------------------------------------- reading */

/* Where a label stands, for messages: "[3]". */
struct place {
    char text[32];
};

static struct place place_in_list(size_t i)
{
    struct place place;
    snprintf(place.text, sizeof place.text, "[%zu]", i);
    return place;
}

static enum adv_status take_number(const char *name, const char *at, int64_t number, int32_t *label,
                                   struct adv_error *error)
{
    if (number < ADV_NO_LABEL || number > INT32_MAX)
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s%s is %lld; it must be a class from 0 on, or -1 for none", name,
                              at, (long long)number);
    *label = (int32_t)number;
    return ADV_OK;
}

static enum adv_status refuse_long_name(const char *name, const char *at, struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, name,
                          "%s%s has more than %zu bytes; it must be a class, by number where its "
                          "name is that long",
                          name, at, NAME_BYTES_MAX);
}

static enum adv_status take_name(struct adv_request *request, const char *name, const char *at,
                                 const char *text, size_t n, int32_t *label,
                                 struct adv_error *error)
{
    struct adv_label_names *names = &request->label_names;
    size_t begin = names->text.n;
    if (n > NAME_BYTES_MAX)
        return refuse_long_name(name, at, error);
    enum adv_status status =
        adv_grow(&names->at, &names->capacity, names->n + 1, sizeof *names->at, error);
    if (status == ADV_OK)
        status = adv_bytes_append(&names->text, text, n, error);
    if (status == ADV_OK)
        status = adv_bytes_append(&names->text, "", 1, error);
    if (status != ADV_OK)
        return status;
    *label = FIRST_NAME - (int32_t)names->n;
    names->at[names->n++] = begin;
    return ADV_OK;
}

static bool is_plain(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\\' || (unsigned char)text[i] < ' ')
            return false;
    }
    return adv_is_utf8(text, n);
}

/* A string in its quotes, not longer than a name may be. ADV_E_FORMAT, with nothing reported, where
 * it is no JSON. */
static enum adv_status take_string(struct adv_request *request, const char *name, const char *at,
                                   const char *quoted, size_t n, int32_t *label,
                                   struct adv_error *error)
{
    json_error_t flaw = {.text = ""};
    if (is_plain(quoted, n))
        return take_name(request, name, at, quoted + 1, n - 2, label, error);
    json_t *value = json_loadb(quoted, n, JSON_DECODE_ANY, &flaw);
    if (!value && !*flaw.text) /* without memory jansson says nothing */
        return adv_no_memory(error);
    enum adv_status status = value ? take_name(request, name, at, json_string_value(value),
                                               json_string_length(value), label, error)
                                   : ADV_E_FORMAT;
    json_decref(value);
    return status;
}

static enum adv_status take_item(struct adv_request *request, const char *name,
                                 struct adv_scan *scan, const struct adv_item *item, size_t i,
                                 void *labels, struct adv_error *error)
{
    struct place at = place_in_list(i);
    int32_t *label = (int32_t *)labels + i;
    if (item->kind == ADV_ITEM_NUMBER && item->number.is_integer)
        return take_number(name, at.text, item->number.integer, label, error);
    if (item->kind != ADV_ITEM_STRING)
        return adv_request_refuse_item(name, i, item, LABEL_ALLOWED, error);
    size_t n = (size_t)(scan->at - item->quoted);
    if (n > NAME_BYTES_MAX)
        return refuse_long_name(name, at.text, error);
    enum adv_status status = take_string(request, name, at.text, item->quoted, n, label, error);
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
    const struct adv_items how = {.allowed = LABELS_ALLOWED,
                                  .most = request->max_rows,
                                  .item_bytes = sizeof *request->labels,
                                  .take = take_item};
    void *labels = NULL;
    size_t n = 0;
    enum adv_status status = adv_request_scan_items(request, name, scan, &how, &labels, &n, error);
    if (status == ADV_OK)
        set_labels(request, n, labels, false);
    return status;
}

enum adv_status adv_request_read_label(struct adv_request *request, const char *name,
                                       const json_t *value, struct adv_error *error)
{
    int32_t *label = adv_calloc(1, sizeof *label);
    if (!label)
        return adv_no_memory(error);
    enum adv_status status;
    if (json_is_integer(value))
        status = take_number(name, "", json_integer_value(value), label, error);
    else if (json_is_string(value))
        status = take_name(request, name, "", json_string_value(value), json_string_length(value),
                           label, error);
    else
        status = adv_request_refuse_kind(name, "", adv_json_kind(value), LABEL_ALLOWED, error);
    if (status == ADV_OK)
        set_labels(request, 1, label, true);
    else
        free(label);
    return status;
}

/* ---------------------------------------------------------------- text */

/* A piece of text without the blanks around it. */
struct piece {
    const char *text;
    size_t n;
};

static struct piece piece_at(const char *text)
{
    static const char blanks[] = " \t\r\n";
    struct piece piece = {.text = text + strspn(text, blanks)};
    piece.n = strcspn(piece.text, ",");
    while (piece.n > 0 && strchr(blanks, piece.text[piece.n - 1]))
        piece.n--;
    return piece;
}

static enum adv_status take_piece(struct adv_request *request, const char *name, const char *at,
                                  struct piece piece, int32_t *label, struct adv_error *error)
{
    struct adv_decimal number;
    const char *end = piece.text + piece.n; /* behind which the text goes on, if with its NUL */
    if (adv_decimal_read(piece.text, end + 1, &number) != end)
        return take_name(request, name, at, piece.text, piece.n, label, error);
    if (!number.is_integer)
        return adv_request_refuse_kind(name, at, "a real number", LABEL_ALLOWED, error);
    return take_number(name, at, number.integer, label, error);
}

enum adv_status adv_request_split_labels(struct adv_request *request, const char *name,
                                         const char *text, struct adv_error *error)
{
    bool one = !strchr(text, ',');
    size_t n = 1, i = 0;
    for (const char *comma = strchr(text, ','); comma; comma = strchr(comma + 1, ','))
        n++;
    int32_t *labels = adv_calloc(n, sizeof *labels);
    enum adv_status status = labels ? ADV_OK : adv_no_memory(error);
    for (const char *at = text; status == ADV_OK && i < n; at += strcspn(at, ",") + 1, i++) {
        struct place place = place_in_list(i);
        status = take_piece(request, name, one ? "" : place.text, piece_at(at), &labels[i], error);
    }
    if (status == ADV_OK)
        set_labels(request, n, labels, one);
    else
        free(labels);
    return status;
}

/* ---------------------------------------------------------------- names become numbers */

/* Of a label below ADV_NO_LABEL. */
static const char *name_of(const struct adv_request *request, int32_t label)
{
    const struct adv_label_names *names = &request->label_names;
    return (const char *)names->text.data + names->at[FIRST_NAME - label];
}

static enum adv_status refuse_without_classes(const struct adv_request *request, int32_t label,
                                              struct adv_error *error)
{
    char number[16];
    snprintf(number, sizeof number, "%d", label);
    return adv_fail_field(error, ADV_E_INVALID, "label",
                          "label is %s; this model has no classes and takes none",
                          label > FIRST_NAME ? number : adv_quote(name_of(request, label)).text);
}

static enum adv_status refuse_name(const struct adv_request *request, const struct adv_model *model,
                                   size_t i, struct adv_error *error)
{
    size_t classes = adv_model_classes(model);
    struct place at = place_in_list(i);
    struct adv_quoted name = adv_quote(name_of(request, request->labels[i]));
    struct adv_name_words words = adv_request_name_words(model, classes, adv_model_label_name);
    if (request->one_label)
        *at.text = '\0';
    if (!*words.text)
        return adv_fail_field(
            error, ADV_E_INVALID, "label",
            "label%s is %s; the model's classes have no names, but numbers from 0 "
            "to %zu",
            at.text, name.text, classes - 1);
    return adv_fail_field(error, ADV_E_INVALID, "label",
                          "label%s is %s, which is none of the model's classes%s", at.text,
                          name.text, words.text);
}

enum adv_status adv_request_number_labels(struct adv_request *request,
                                          const struct adv_model *model, size_t n_rows,
                                          struct adv_error *error)
{
    for (size_t i = 0; adv_model_classes(model) == 0 && i < request->n_labels; i++) {
        if (request->labels[i] != ADV_NO_LABEL)
            return refuse_without_classes(request, request->labels[i], error);
    }
    if (!request->one_label && request->n_labels != n_rows)
        return adv_fail_field(error, ADV_E_INVALID, "label",
                              "label has %zu entries; it must have %zu, one for every row",
                              request->n_labels, n_rows);
    free(request->row_labels);
    request->row_labels = adv_calloc(n_rows, sizeof *request->row_labels);
    if (!request->row_labels)
        return adv_no_memory(error);
    for (size_t i = 0; i < request->n_labels; i++) {
        int32_t label = request->labels[i];
        bool is_named = label <= FIRST_NAME;
        if (is_named)
            label = adv_model_find_label(model, name_of(request, label));
        if (is_named && label == ADV_NO_LABEL)
            return refuse_name(request, model, i, error);
        request->row_labels[i] = label;
    }
    for (size_t i = 1; request->one_label && i < n_rows; i++)
        request->row_labels[i] = request->row_labels[0];
    return ADV_OK;
}
