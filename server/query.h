/* The five POST routes, and what they share with the pictures. */
#ifndef ADV_SERVER_QUERY_H
#define ADV_SERVER_QUERY_H

#include "server/exchange.h"

#include <advect/fields.h>

/* The exchange's model, a new reference; NULL with a reply (404) where there is none of that name.
 */
struct adv_model *adv_query_model(struct adv_exchange *exchange);

/* The formats that queries of a kind are answered in, NULL-terminated; model NULL: any model. */
#define ADV_QUERY_MAX_FORMATS 5
void adv_query_formats(enum adv_query_kind kind, const struct adv_model *model,
                       const struct adv_format *formats[ADV_QUERY_MAX_FORMATS]);

/* The format that Accept likes best, or NULL with a reply (406). */
const struct adv_format *adv_query_negotiate(struct adv_exchange *exchange,
                                             const struct adv_format *const *formats);

/* How a request is to be answered, beyond what it says itself. */
struct adv_query_manner {
    const struct adv_format *format;
    struct adv_picture picture;
    const char *etag; /* or NULL */
};

/* Checks the request, which is taken over, and submits it as a job; or leaves a reply. */
void adv_query_submit(struct adv_exchange *exchange, struct adv_model *model,
                      struct adv_request *request, const struct adv_query_manner *manner);

/* The fields that pictures take in the URL beside those of their query: width, zoom, ... */
const struct adv_field *adv_picture_fields(size_t *n);

#endif
