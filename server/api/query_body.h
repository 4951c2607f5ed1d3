/* Request bodies: JSON, or points as an NPY array, a CSV table or one PNG image. */
#ifndef ADV_SERVER_QUERY_BODY_H
#define ADV_SERVER_QUERY_BODY_H

#include "server/net/exchange.h"

/* Reads the exchange's body into the request. With NPY, CSV and PNG, the fields are those of the
 * URL's query; with JSON the query must be empty; of a GET, all fields and the points are there.
 * ADV_E_FORMAT: bytes that are not what their type says. */
enum adv_status adv_query_body_read(const struct adv_exchange *exchange,
                                    const struct adv_model *model, struct adv_request *request,
                                    struct adv_error *error);

/* What points are called in the URL of a GET: "x0" where they are starts, else "points". */
const char *adv_query_body_points(enum adv_query_kind kind);

/* The exchange's body as JSON, a new reference. ADV_E_FORMAT: it is none, or the URL has fields. */
enum adv_status adv_query_body_parse(const struct adv_exchange *exchange, json_t **json,
                                     struct adv_error *error);

#endif
