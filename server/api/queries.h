/* The routes of the five queries, and what they share with the pictures and with jobs. */
#ifndef ADV_SERVER_QUERIES_H
#define ADV_SERVER_QUERIES_H

#include "server/net/exchange.h"

/* The last parts of their paths, in the order of enum adv_query_kind; NULL-terminated. */
extern const char *const adv_queries_names[];

/* The model so called, a new reference; NULL with a reply (404) where there is none. */
struct adv_model *adv_queries_model(struct adv_exchange *exchange, const char *name);

/* The formats that queries of a kind are answered in, NULL-terminated; model NULL: any model. */
#define ADV_QUERIES_MAX_FORMATS (ADV_FORMATS + 1)
void adv_queries_formats(enum adv_query_kind kind, const struct adv_model *model,
                         const struct adv_format *formats[ADV_QUERIES_MAX_FORMATS]);

/* The format that accept, as of the header, likes best, or NULL with a reply (406). */
const struct adv_format *adv_queries_negotiate(struct adv_exchange *exchange, const char *accept,
                                               const struct adv_format *const *formats);

/* How a request is to be answered, beyond what it says itself. */
struct adv_answer_options {
    const struct adv_format *format;
    struct adv_picture picture;
    const char *etag;      /* or NULL */
    const char *cache_key; /* of the picture, which is kept by it; or NULL */
    bool stored;           /* the client comes back for the answer: jobs.h */
};

/* Checks the request, which is taken over, and submits it; or leaves a reply. */
void adv_queries_submit(struct adv_exchange *exchange, struct adv_model *model,
                        struct adv_request *request, const struct adv_answer_options *options);

#endif
