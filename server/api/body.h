/* Request bodies: JSON, or points as an NPY array or one PNG image. */
#ifndef ADV_SERVER_BODY_H
#define ADV_SERVER_BODY_H

#include "server/net/exchange.h"

/* Whether queries of the kind take a body of that Content-Type (NULL: none); and what they take,
 * for people: "application/json, application/x-npy". */
bool adv_body_is_taken(enum adv_query_kind kind, const char *content_type);
const char *adv_body_types(enum adv_query_kind kind);

/* Reads the exchange's body into the request. With NPY and PNG, the fields are those of the URL's
 * query; with JSON the query must be empty. ADV_E_FORMAT: bytes that are not what their type says.
 */
enum adv_status adv_body_read(const struct adv_exchange *exchange, const struct adv_model *model,
                              struct adv_request *request, struct adv_error *error);

#endif
