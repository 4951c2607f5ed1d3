/* Labels and times of a request, read straight from their text, as far as the first that is wrong.
 * How many there may be is known by the limits. Rows of numbers: rows.c. */
#include "core/base/mem.h"
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <stdlib.h>

#define LABELS_ALLOWED "a class or an array of classes"
#define TIMES_ALLOWED "an array of times between 0 and 1"

/* What is no item that may stand at an index: of the wrong kind, or no JSON, which is told by
 * whoever knows where the text came from. */
static enum adv_status refuse_item(const char *name, size_t i, const struct adv_item *item,
                                   const char *allowed, struct adv_error *error)
{
    char at[32];
    snprintf(at, sizeof at, "[%zu]", i);
    return item->kind == ADV_ITEM_FLAW
               ? ADV_E_FORMAT
               : adv_request_refuse_kind(name, at, item->what, allowed, error);
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
            status = adv_request_refuse_long(name, scan, n + 1, error);
        if (status == ADV_OK)
            status = adv_grow(&labels, &capacity, n + 1, sizeof *labels, error);
        if (status == ADV_OK)
            status = take_label(name, n, &item, &labels[n], error);
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
    enum adv_status status =
        json_is_integer(value)
            ? take_class(name, "", json_integer_value(value), label, error)
            : adv_request_refuse_kind(name, "", adv_json_kind(value), "a class, an integer", error);
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
            status = adv_request_refuse_long(name, scan, n + 1, error);
        if (status == ADV_OK)
            status = adv_grow(&times, &capacity, n + 1, sizeof *times, error);
        if (status == ADV_OK)
            status = take_time(name, n, &item, times, error);
        n++;
    }
    if (status == ADV_OK && n == 0)
        status = adv_request_refuse_empty(name, TIMES_ALLOWED, error);
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
    return adv_request_refuse_kind(name, "", adv_json_kind(value), TIMES_ALLOWED, error);
}
