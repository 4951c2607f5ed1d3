/* What arrays of a request have in common: refusals, and items that are taken one by one. */
#include "core/base/mem.h"
#include "core/request/table.h"

#include <stdio.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- refusals */

enum adv_status adv_request_refuse_kind(const char *name, const char *at, const char *what,
                                        const char *allowed, struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, name, "%s%s is %s; it must be %s", name, at, what,
                          allowed);
}

enum adv_status adv_request_refuse_item(const char *name, size_t i, const struct adv_item *item,
                                        const char *allowed, struct adv_error *error)
{
    char at[32];
    snprintf(at, sizeof at, "[%zu]", i);
    return item->kind == ADV_ITEM_FLAW
               ? ADV_E_FORMAT
               : adv_request_refuse_kind(name, at, item->what, allowed, error);
}

enum adv_status adv_request_refuse_empty(const char *name, const char *allowed,
                                         struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, name, "%s is empty; it must be %s", name, allowed);
}

enum adv_status adv_request_refuse_long(const char *name, const struct adv_scan *scan, size_t n,
                                        struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, name, "%s has %zu entries; the limit is %zu", name,
                          n + adv_scan_count_rest(scan), n - 1);
}

/* ---------------------------------------------------------------- items */

enum adv_status adv_request_scan_items(struct adv_request *request, const char *name,
                                       struct adv_scan *scan, const struct adv_items *how,
                                       void **out, size_t *n_out, struct adv_error *error)
{
    void *items = NULL;
    size_t n = 0, capacity = 0;
    enum adv_status status = ADV_OK;
    adv_scan_next(scan);
    while (status == ADV_OK) {
        struct adv_item item = adv_scan_next(scan);
        if (item.kind == ADV_ITEM_END)
            break;
        if (n == how->most && item.kind != ADV_ITEM_FLAW)
            status = adv_request_refuse_long(name, scan, n + 1, error);
        if (status == ADV_OK)
            status = adv_grow(&items, &capacity, n + 1, how->item_bytes, error);
        if (status == ADV_OK)
            status = how->take(request, name, scan, &item, n, items, error);
        n++;
    }
    if (status == ADV_OK && n == 0)
        status = adv_request_refuse_empty(name, how->allowed, error);
    if (status != ADV_OK) {
        free(items);
        return status;
    }
    *out = items;
    *n_out = n;
    return ADV_OK;
}
