#include "server/api/query_body.h"

#include "server/http/media.h"

#include <string.h>

const char *adv_query_body_points(enum adv_query_kind kind)
{
    return adv_query_from_base(kind) ? "x0" : "points";
}

static enum adv_status check_json(const struct adv_exchange *exchange, struct adv_error *error)
{
    if (exchange->target.n_pairs)
        return adv_fail_field(error, ADV_E_FORMAT, exchange->target.pairs[0].name,
                              "the fields of a JSON request stand in its body, not in the URL");
    if (!exchange->body.n)
        return adv_fail(error, ADV_E_FORMAT, "the body is empty; a JSON object is wanted: {}");
    return ADV_OK;
}

enum adv_status adv_query_body_parse(const struct adv_exchange *exchange, json_t **json,
                                     struct adv_error *error)
{
    const struct adv_bytes *body = &exchange->body;
    enum adv_status status = check_json(exchange, error);
    if (status != ADV_OK)
        return status;
    json_error_t where;
    *json = json_loadb((const char *)body->data, body->n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
                       &where);
    if (!*json)
        return adv_fail(error, ADV_E_FORMAT, "the body is not JSON: line %d, column %d: %s",
                        where.line, where.column, where.text);
    return ADV_OK;
}

static enum adv_status read_json(const struct adv_exchange *exchange, const struct adv_model *model,
                                 struct adv_request *request, struct adv_error *error)
{
    enum adv_status status = check_json(exchange, error);
    if (status != ADV_OK)
        return status;
    return adv_request_parse_json(request, model, exchange->body.data, exchange->body.n, "the body",
                                  &exchange->server->limits, error);
}

/* The fields beside an upload. */
static enum adv_status read_url(const struct adv_exchange *exchange, struct adv_request *request,
                                struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < exchange->target.n_pairs && status == ADV_OK; i++)
        status = adv_request_set_text(request, exchange->target.pairs[i].name,
                                      exchange->target.pairs[i].value, error);
    return status;
}

/* Of a GET: also the points, which have no other place. */
static enum adv_status read_target(const struct adv_exchange *exchange,
                                   const struct adv_model *model, struct adv_request *request,
                                   struct adv_error *error)
{
    const char *points = adv_query_body_points(exchange->route->kind);
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < exchange->target.n_pairs && status == ADV_OK; i++) {
        const struct adv_target_pair *pair = &exchange->target.pairs[i];
        status = !strcmp(pair->name, points)
                     ? adv_request_parse_text(request, model, pair->value, error)
                     : adv_request_set_text(request, pair->name, pair->value, error);
    }
    return status;
}

static enum adv_status read_npy(const struct adv_exchange *exchange, const struct adv_model *model,
                                struct adv_request *request, struct adv_error *error)
{
    enum adv_status status = adv_request_parse_npy(request, model, exchange->body.data,
                                                   exchange->body.n, "the body", error);
    return status == ADV_OK ? read_url(exchange, request, error) : status;
}

static enum adv_status read_png(const struct adv_exchange *exchange, const struct adv_model *model,
                                struct adv_request *request, struct adv_error *error)
{
    enum adv_status status = adv_request_parse_png(request, model, exchange->body.data,
                                                   exchange->body.n, "the body", error);
    return status == ADV_OK ? read_url(exchange, request, error) : status;
}

/* The URL first: labels that stand in it are taken in place of the table's. */
static enum adv_status read_csv(const struct adv_exchange *exchange, const struct adv_model *model,
                                struct adv_request *request, struct adv_error *error)
{
    enum adv_status status = read_url(exchange, request, error);
    return status == ADV_OK ? adv_request_parse_csv(request, model, exchange->body.data,
                                                    exchange->body.n, "the body", error)
                            : status;
}

static enum adv_status (*const readers[])(const struct adv_exchange *, const struct adv_model *,
                                          struct adv_request *, struct adv_error *) = {
    [ADV_MEDIA_JSON] = read_json,
    [ADV_MEDIA_NPY] = read_npy,
    [ADV_MEDIA_CSV] = read_csv,
    [ADV_MEDIA_PNG] = read_png,
};

enum adv_status adv_query_body_read(const struct adv_exchange *exchange,
                                    const struct adv_model *model, struct adv_request *request,
                                    struct adv_error *error)
{
    enum adv_query_kind kind = exchange->route->kind;
    if (!strcmp(exchange->route->method, "GET"))
        return read_target(exchange, model, request, error);
    return readers[adv_media_of(kind, exchange->head.content_type)](exchange, model, request,
                                                                    error);
}
