#include "server/api/handlers.h"
#include "server/api/model_json.h"
#include "server/api/queries.h"
#include "server/net/exchange.h"

#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>

static json_t *describe(const struct adv_model *model, const struct adv_server *server)
{
    return adv_model_to_json(model, &server->limits, server->config.max_body_bytes);
}

void adv_handle_models(struct adv_exchange *exchange)
{
    struct adv_server *server = exchange->server;
    struct adv_catalogue *catalogue = adv_registry_catalogue(server->registry);
    json_t *models = json_array(), *refused = json_array();
    for (size_t i = 0; i < adv_catalogue_size(catalogue); i++) {
        const struct adv_catalogue_entry *entry = adv_catalogue_at(catalogue, i);
        if (entry->model)
            json_array_append_new(models, describe(entry->model, server));
        else
            json_array_append_new(refused,
                                  json_pack("{s:o, s:o}", "file", adv_json_text(entry->file),
                                            "reason", adv_json_text(entry->reason)));
    }
    adv_catalogue_unref(catalogue);
    adv_reply_json(&exchange->reply, MHD_HTTP_OK, "application/json",
                   json_pack("{s:o, s:o}", "models", models, "refused", refused));
}

void adv_handle_model(struct adv_exchange *exchange)
{
    struct adv_model *model = adv_queries_model(exchange, exchange->segment);
    if (!model)
        return;
    json_t *json = describe(model, exchange->server);
    if (json)
        json_object_set_new(json, "config", adv_json_deep_copy(adv_model_config_json(model)));
    adv_reply_json(&exchange->reply, MHD_HTTP_OK, "application/json", json);
    adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_ETAG, "\"%s\"", adv_model_digest(model));
    adv_model_unref(model);
}
