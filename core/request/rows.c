/* Rows of numbers of a request, points and contexts, read straight from their text as far as the
 * first that is wrong. What there may be of them is known: rows by the limits, numbers in a row by
 * the model. */
#include "core/base/mem.h"
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <math.h>
#include <stdlib.h>

#define NOT_FLOAT "it must fit float32, at most 3.4e38 either way"

struct rows {
    const char *name, *allowed;
    const char *wanted_is; /* what the model's width is called: " (the model's dimension)" */
    bool like_first;       /* the width of later rows is that of the first, in messages */
    bool is_vector;        /* one row, without brackets of its own */
    size_t n_max, wanted;  /* rows, and the model's numbers in each; wanted 0: not known */
    struct adv_scan *scan;
    float *numbers; /* [capacity], of which n x width and then a part of a row are filled */
    size_t n, width, capacity;
    struct adv_error *error;
};

/* Where the row at hand is, or one of its numbers: "points[3]", "points[3][1]". */
struct place {
    char text[96];
};

static struct place row_place(const struct rows *rows)
{
    struct place place;
    if (rows->is_vector)
        snprintf(place.text, sizeof place.text, "%s", rows->name);
    else
        snprintf(place.text, sizeof place.text, "%s[%zu]", rows->name, rows->n);
    return place;
}

static struct place number_place(const struct rows *rows, size_t k)
{
    struct place row = row_place(rows), place;
    snprintf(place.text, sizeof place.text, "%.64s[%zu]", row.text, k);
    return place;
}

/* Of n numbers, of which more than there should be are still in the text. */
static enum adv_status refuse_width(const struct rows *rows, size_t n)
{
    const char *name = rows->name;
    if (rows->n > 0 && (rows->like_first || !rows->wanted))
        return adv_fail_field(rows->error, ADV_E_INVALID, name,
                              "%s has %zu number%s; it must have %zu, as %s[0] has",
                              row_place(rows).text, n, n == 1 ? "" : "s", rows->width, name);
    return adv_fail_field(rows->error, ADV_E_INVALID, name,
                          "%s has %zu number%s; it must have %zu%s", row_place(rows).text, n,
                          n == 1 ? "" : "s", rows->wanted, rows->wanted_is);
}

static enum adv_status take_number(struct rows *rows, size_t k, const struct adv_item *item)
{
    size_t n = rows->n * rows->width + k;
    if (item->kind == ADV_ITEM_FLAW)
        return ADV_E_FORMAT;
    if (item->kind != ADV_ITEM_NUMBER)
        return adv_fail_field(rows->error, ADV_E_INVALID, rows->name,
                              "%s is %s; it must be a number", number_place(rows, k).text,
                              item->what);
    float number = (float)item->number.real;
    if (!isfinite(number))
        return adv_fail_field(rows->error, ADV_E_INVALID, rows->name, "%s is %.9g; " NOT_FLOAT,
                              number_place(rows, k).text, item->number.real);
    if (n == rows->capacity) {
        enum adv_status status =
            adv_grow(&rows->numbers, &rows->capacity, n + 1, sizeof *rows->numbers, rows->error);
        if (status != ADV_OK)
            return status;
    }
    rows->numbers[n] = number;
    return ADV_OK;
}

/* The numbers of a row, from `item` on: that of its array, which has been opened, which comes next. */
static enum adv_status take_row(struct rows *rows, struct adv_item item)
{
    size_t most = rows->n > 0 ? rows->width : rows->wanted;
    for (size_t k = 0;; k++, item = adv_scan_next(rows->scan)) {
        if (item.kind != ADV_ITEM_END) {
            if (most > 0 && k == most && item.kind != ADV_ITEM_FLAW)
                return refuse_width(rows, k + 1 + adv_scan_count_rest(rows->scan));
            enum adv_status status = take_number(rows, k, &item);
            if (status != ADV_OK)
                return status;
            continue;
        }
        if (k == 0)
            return adv_fail_field(rows->error, ADV_E_INVALID, rows->name,
                                  "%s is empty; it must be an array of numbers",
                                  row_place(rows).text);
        if (most > 0 && k != most)
            return refuse_width(rows, k);
        rows->width = k;
        rows->n++;
        return ADV_OK;
    }
}

/* The rows from `item` on, of an array that has been opened. */
static enum adv_status take_rows(struct rows *rows, struct adv_item item)
{
    for (;; item = adv_scan_next(rows->scan)) {
        if (item.kind == ADV_ITEM_END)
            return rows->n > 0 ? ADV_OK
                               : adv_request_refuse_empty(rows->name, rows->allowed, rows->error);
        if (item.kind == ADV_ITEM_FLAW)
            return ADV_E_FORMAT;
        if (rows->n == rows->n_max)
            return adv_request_refuse_long(rows->name, rows->scan, rows->n_max + 1, rows->error);
        if (item.kind != ADV_ITEM_ARRAY)
            return adv_fail_field(rows->error, ADV_E_INVALID, rows->name,
                                  "%s is %s; it must be an array of numbers", row_place(rows).text,
                                  item.what);
        enum adv_status status = take_row(rows, adv_scan_next(rows->scan));
        if (status != ADV_OK)
            return status;
    }
}

/* ---------------------------------------------------------------- points */

#define POINTS_ALLOWED "an array of rows of numbers"

enum adv_status adv_request_scan_points(struct adv_request *request, const char *name,
                                        struct adv_scan *scan, struct adv_error *error)
{
    struct rows rows = {.name = name,
                        .allowed = POINTS_ALLOWED,
                        .wanted_is = " (the model's dimension)",
                        .like_first = true,
                        .n_max = request->max_rows,
                        .wanted = request->model ? adv_model_dim(request->model) : 0,
                        .scan = scan,
                        .error = error};
    adv_scan_next(scan);
    enum adv_status status = take_rows(&rows, adv_scan_next(scan));
    if (status != ADV_OK) {
        free(rows.numbers);
        return status;
    }
    free(request->points);
    request->points = rows.numbers;
    request->n_points = rows.n;
    request->dim = rows.width;
    return ADV_OK;
}

enum adv_status adv_request_read_points(struct adv_request *request, const char *name,
                                        const json_t *value, struct adv_error *error)
{
    (void)request;
    return adv_request_refuse_kind(name, "", adv_json_kind(value), POINTS_ALLOWED, error);
}

/* ---------------------------------------------------------------- contexts */

/* One vector, or one for each row. */
enum adv_status adv_request_scan_context(struct adv_request *request, const char *name,
                                         struct adv_scan *scan, struct adv_error *error)
{
    const struct adv_model *model = request->model;
    struct adv_name_words words = adv_request_context_words(model);
    struct rows rows = {.name = name,
                        .allowed = ADV_CONTEXT_ALLOWED,
                        .wanted_is = words.text,
                        .n_max = request->max_rows,
                        .wanted = model ? adv_model_context(model) : 0,
                        .scan = scan,
                        .error = error};
    if (model && rows.wanted == 0)
        return adv_request_refuse_context(error);
    adv_scan_next(scan);
    struct adv_item first = adv_scan_next(scan);
    rows.is_vector = first.kind == ADV_ITEM_NUMBER || first.kind == ADV_ITEM_STRING ||
                     first.kind == ADV_ITEM_OTHER;
    enum adv_status status = rows.is_vector ? take_row(&rows, first) : take_rows(&rows, first);
    if (status == ADV_OK)
        adv_request_set_context(request, rows.n, rows.width, rows.numbers);
    else
        free(rows.numbers);
    return status;
}
