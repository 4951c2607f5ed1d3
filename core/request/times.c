/* Times of a request, read straight from their text, as far as the first that is wrong. How many
 * there may be is known by the limits. */
#include "core/base/mem.h"
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <stdlib.h>

#define TIMES_ALLOWED "an array of times between 0 and 1"

static enum adv_status take_time(const char *name, size_t i, const struct adv_item *item,
                                 double *times, struct adv_error *error)
{
    if (item->kind != ADV_ITEM_NUMBER)
        return adv_request_refuse_item(name, i, item, "a number", error);
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
