/* Arrays of a request, read straight from their text into numbers, as far as the first that is
 * wrong. What there may be of them is known: rows by the limits, numbers in a row by the model. */
#include "core/base/mem.h"
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <math.h>
#include <stdlib.h>

#define NOT_FLOAT "it must fit float32, at most 3.4e38 either way"

#define POINTS_ALLOWED "an array of rows of numbers"
#define LABELS_ALLOWED "a class or an array of classes"
#define TIMES_ALLOWED "an array of times between 0 and 1"

static enum adv_status refuse_kind(const char *name, const char *at, const char *what,
                                   const char *allowed, struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, name, "%s%s is %s; it must be %s", name, at, what,
                          allowed);
}

/* What is no item that may stand at an index: of the wrong kind, or no JSON, which is told by
 * whoever knows where the text came from. */
static enum adv_status refuse_item(const char *name, size_t i, const struct adv_item *item,
                                   const char *allowed, struct adv_error *error)
{
    char at[32];
    snprintf(at, sizeof at, "[%zu]", i);
    return item->kind == ADV_ITEM_FLAW ? ADV_E_FORMAT
                                       : refuse_kind(name, at, item->what, allowed, error);
}

static enum adv_status refuse_empty(const char *name, const char *allowed, struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, name, "%s is empty; it must be %s", name, allowed);
}

/* n items have come, one more than may. */
static enum adv_status refuse_long(const char *name, const struct adv_scan *scan, size_t n,
                                   struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, name, "%s has %zu entries; the limit is %zu", name,
                          n + adv_scan_count_rest(scan), n - 1);
}

/* ---------------------------------------------------------------- points */

struct points {
    const struct adv_request *request;
    const char *name;
    struct adv_scan *scan;
    float *numbers; /* [capacity], of which n_rows x dim and then a part of a row are filled */
    size_t n_rows, dim, capacity;
    struct adv_error *error;
};

/* Of n numbers, of which more than there should be are still in the text. */
static enum adv_status refuse_length(const struct points *points, size_t n)
{
    const char *name = points->name;
    size_t wanted = points->n_rows > 0 ? points->dim : points->request->model_dim;
    if (points->n_rows > 0)
        return adv_fail_field(points->error, ADV_E_INVALID, name,
                              "%s[%zu] has %zu numbers; it must have %zu, as %s[0] has", name,
                              points->n_rows, n, wanted, name);
    return adv_fail_field(points->error, ADV_E_INVALID, name,
                          "%s[0] has %zu numbers; it must have %zu (the model's dimension)", name,
                          n, wanted);
}

static enum adv_status take_number(struct points *points, size_t k, const struct adv_item *item)
{
    const char *name = points->name;
    size_t n = points->n_rows * points->dim + k;
    if (item->kind != ADV_ITEM_NUMBER) {
        char at[64];
        snprintf(at, sizeof at, "[%zu][%zu]", points->n_rows, k);
        return item->kind == ADV_ITEM_FLAW
                   ? ADV_E_FORMAT
                   : refuse_kind(name, at, item->what, "a number", points->error);
    }
    float number = (float)item->number.real;
    if (!isfinite(number))
        return adv_fail_field(points->error, ADV_E_INVALID, name,
                              "%s[%zu][%zu] is %.9g; " NOT_FLOAT, name, points->n_rows, k,
                              item->number.real);
    if (n == points->capacity) {
        enum adv_status status = adv_grow(&points->numbers, &points->capacity, n + 1,
                                          sizeof *points->numbers, points->error);
        if (status != ADV_OK)
            return status;
    }
    points->numbers[n] = number;
    return ADV_OK;
}

/* The numbers of a row, whose array has been opened. */
static enum adv_status take_row(struct points *points)
{
    size_t most = points->n_rows > 0 ? points->dim : points->request->model_dim;
    for (size_t k = 0;; k++) {
        struct adv_item item = adv_scan_next(points->scan);
        if (item.kind != ADV_ITEM_END) {
            if (most > 0 && k == most && item.kind != ADV_ITEM_FLAW)
                return refuse_length(points, k + 1 + adv_scan_count_rest(points->scan));
            enum adv_status status = take_number(points, k, &item);
            if (status != ADV_OK)
                return status;
            continue;
        }
        if (k == 0)
            return adv_fail_field(points->error, ADV_E_INVALID, points->name,
                                  "%s[%zu] is empty; it must be an array of numbers", points->name,
                                  points->n_rows);
        if (most > 0 && k != most)
            return refuse_length(points, k);
        points->dim = k;
        points->n_rows++;
        return ADV_OK;
    }
}

static enum adv_status take_rows(struct points *points)
{
    size_t most = points->request->max_rows;
    for (;;) {
        struct adv_item item = adv_scan_next(points->scan);
        if (item.kind == ADV_ITEM_END)
            return points->n_rows > 0 ? ADV_OK
                                      : refuse_empty(points->name, POINTS_ALLOWED, points->error);
        if (points->n_rows == most && item.kind != ADV_ITEM_FLAW)
            return refuse_long(points->name, points->scan, most + 1, points->error);
        if (item.kind != ADV_ITEM_ARRAY)
            return refuse_item(points->name, points->n_rows, &item, "an array of numbers",
                               points->error);
        enum adv_status status = take_row(points);
        if (status != ADV_OK)
            return status;
    }
}

enum adv_status adv_request_scan_points(struct adv_request *request, const char *name,
                                        struct adv_scan *scan, struct adv_error *error)
{
    struct points points = {.request = request, .name = name, .scan = scan, .error = error};
    adv_scan_next(scan);
    enum adv_status status = take_rows(&points);
    if (status != ADV_OK) {
        free(points.numbers);
        return status;
    }
    free(request->points);
    request->points = points.numbers;
    request->n_points = points.n_rows;
    request->dim = points.dim;
    return ADV_OK;
}

enum adv_status adv_request_read_points(struct adv_request *request, const char *name,
                                        const json_t *value, struct adv_error *error)
{
    (void)request;
    return refuse_kind(name, "", adv_json_kind(value), POINTS_ALLOWED, error);
}

/* ---------------------------------------------------------------- labels */

/* Classes are held against the model later; here they only have to fit. */
static enum adv_status take_class(const char *name, const char *at, int64_t class, int32_t *label,
                                  struct adv_error *error)
{
    if (class < ADV_NO_LABEL || class > INT32_MAX)
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s%s is %lld; it must be a class from 0 on, or -1 for none", name,
                              at, (long long)class);
    *label = (int32_t) class;
    return ADV_OK;
}

static enum adv_status take_label(const char *name, size_t i, const struct adv_item *item,
                                  int32_t *label, struct adv_error *error)
{
    char at[32];
    if (item->kind != ADV_ITEM_NUMBER || !item->number.is_integer)
        return refuse_item(name, i, item, "a class, an integer", error);
    snprintf(at, sizeof at, "[%zu]", i);
    return take_class(name, at, item->number.integer, label, error);
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
            status = refuse_long(name, scan, n + 1, error);
        if (status == ADV_OK)
            status = adv_grow(&labels, &capacity, n + 1, sizeof *labels, error);
        if (status == ADV_OK)
            status = take_label(name, n, &item, &labels[n], error);
        n++;
    }
    if (status == ADV_OK && n == 0)
        status = refuse_empty(name, LABELS_ALLOWED, error);
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
    enum adv_status status =
        json_is_integer(value)
            ? take_class(name, "", json_integer_value(value), label, error)
            : refuse_kind(name, "", adv_json_kind(value), "a class, an integer", error);
    if (status == ADV_OK)
        set_labels(request, 1, label, true);
    else
        free(label);
    return status;
}

/* ---------------------------------------------------------------- times */

static enum adv_status take_time(const char *name, size_t i, const struct adv_item *item,
                                 double *times, struct adv_error *error)
{
    if (item->kind != ADV_ITEM_NUMBER)
        return refuse_item(name, i, item, "a number", error);
    times[i] = item->number.real;
    if (!(times[i] >= 0 && times[i] <= 1))
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s[%zu] is %g; it must be between 0 and 1", name, i, times[i]);
    if (i > 0 && times[i] <= times[i - 1])
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s[%zu] is %g; times must ascend, and the one before is %g", name, i,
                              times[i], times[i - 1]);
    return ADV_OK;
}

enum adv_status adv_request_scan_times(struct adv_request *request, const char *name,
                                       struct adv_scan *scan, struct adv_error *error)
{
    double *times = NULL;
    size_t n = 0, capacity = 0;
    enum adv_status status = ADV_OK;
    adv_scan_next(scan);
    while (status == ADV_OK) {
        struct adv_item item = adv_scan_next(scan);
        if (item.kind == ADV_ITEM_END)
            break;
        if (n == request->max_times && item.kind != ADV_ITEM_FLAW)
            status = refuse_long(name, scan, n + 1, error);
        if (status == ADV_OK)
            status = adv_grow(&times, &capacity, n + 1, sizeof *times, error);
        if (status == ADV_OK)
            status = take_time(name, n, &item, times, error);
        n++;
    }
    if (status == ADV_OK && n == 0)
        status = refuse_empty(name, TIMES_ALLOWED, error);
    if (status == ADV_OK && n == 1)
        status = adv_fail_field(error, ADV_E_INVALID, name,
                                "%s has 1 entry; it must have at least 2", name);
    if (status != ADV_OK) {
        free(times);
        return status;
    }
    free(request->times);
    request->times = times;
    request->n_times = n;
    return ADV_OK;
}

enum adv_status adv_request_read_times(struct adv_request *request, const char *name,
                                       const json_t *value, struct adv_error *error)
{
    (void)request;
    return refuse_kind(name, "", adv_json_kind(value), TIMES_ALLOWED, error);
}
