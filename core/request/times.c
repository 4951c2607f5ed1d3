/* Times of a request, read straight from their text, as far as the first that is wrong. How many
 * there may be is known by the limits. */
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <stdlib.h>

#define TIMES_ALLOWED "an array of times between 0 and 1"

static enum adv_status take_time(struct adv_request *request, const char *name,
                                 struct adv_scan *scan, const struct adv_item *item, size_t i,
                                 void *items, struct adv_error *error)
{
    double *times = items;
    (void)request;
    (void)scan;
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
    const struct adv_items how = {.allowed = TIMES_ALLOWED,
                                  .most = request->max_times,
                                  .item_bytes = sizeof *request->times,
                                  .take = take_time};
    void *times = NULL;
    size_t n = 0;
    enum adv_status status = adv_request_scan_items(request, name, scan, &how, &times, &n, error);
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
