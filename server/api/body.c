#include "server/api/body.h"

#include "server/http/negotiate.h"

static enum adv_status read_json(const struct adv_exchange *exchange, const struct adv_model *model,
                                 struct adv_request *request, struct adv_error *error)
{
    (void)model;
    const struct adv_bytes *body = &exchange->body;
    if (exchange->target.n_pairs)
        return adv_fail_field(error, ADV_E_FORMAT, exchange->target.pairs[0].name,
                              "the fields of a JSON request stand in its body, not in the URL");
    if (!body->n)
        return adv_fail(error, ADV_E_FORMAT, "the body is empty; a JSON object is wanted: {}");
    json_error_t where;
    json_t *json = json_loadb((const char *)body->data, body->n,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (!json)
        return adv_fail(error, ADV_E_FORMAT, "the body is not JSON: line %d, column %d: %s",
                        where.line, where.column, where.text);
    enum adv_status status = adv_request_read_json(request, json, &exchange->server->limits, error);
    json_decref(json);
    return status;
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

static const struct body_type {
    const char *media_type;
    bool of_data_only; /* points in data units: not the starts of samples and trajectories */
    enum adv_status (*read)(const struct adv_exchange *exchange, const struct adv_model *model,
                            struct adv_request *request, struct adv_error *error);
} types[] = {
    {"application/json", false, read_json},
    {"application/x-npy", false, read_npy},
    {"image/png", true, read_png},
};

static const struct body_type *find_type(enum adv_query_kind kind, const char *content_type)
{
    bool from_base = kind == ADV_QUERY_SAMPLES || kind == ADV_QUERY_TRAJECTORIES;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (adv_content_type_is(content_type, types[i].media_type) &&
            !(from_base && types[i].of_data_only))
            return &types[i];
    }
    return NULL;
}

bool adv_body_is_taken(enum adv_query_kind kind, const char *content_type)
{
    return find_type(kind, content_type) != NULL;
}

const char *adv_body_types(enum adv_query_kind kind)
{
    return adv_body_is_taken(kind, "image/png") ? "application/json, application/x-npy, image/png"
                                                : "application/json, application/x-npy";
}

enum adv_status adv_body_read(const struct adv_exchange *exchange, const struct adv_model *model,
                              struct adv_request *request, struct adv_error *error)
{
    enum adv_query_kind kind = exchange->route->kind;
    return find_type(kind, exchange->head.content_type)->read(exchange, model, request, error);
}
