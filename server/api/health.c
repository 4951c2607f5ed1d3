/* Probes and metrics: answered on the HTTP thread from what is in memory, whatever the load. */
#include "server/api/handlers.h"
#include "server/api/routes.h"
#include "server/net/exchange.h"
#include "server/os/log_buffer.h"

#include <stdlib.h>

void adv_handle_live(struct adv_exchange *exchange)
{
    adv_reply_json(&exchange->reply, MHD_HTTP_OK, "application/json",
                   json_pack("{s:s}", "status", "live"));
}

void adv_handle_ready(struct adv_exchange *exchange)
{
    struct adv_catalogue *catalogue = adv_registry_catalogue(exchange->server->registry);
    size_t n_models = adv_catalogue_models(catalogue);
    adv_catalogue_unref(catalogue);
    if (atomic_load(&exchange->server->draining))
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_DRAINING, NULL, "the server is stopping");
    else if (n_models == 0)
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_NOT_READY, NULL, "no model is loaded");
    else
        adv_reply_json(&exchange->reply, MHD_HTTP_OK, "application/json",
                       json_pack("{s:s, s:I}", "status", "ready", "models", (json_int_t)n_models));
}

static const char *name_of_route(size_t i)
{
    return adv_route_name(&adv_routes, i);
}

void adv_handle_metrics(struct adv_exchange *exchange)
{
    struct adv_server *server = exchange->server;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    adv_metrics_set(server->metrics, ADV_GAUGE_ANSWER_NUMBERS,
                    (int64_t)atomic_load(&server->n_numbers));
    adv_metrics_set(server->metrics, ADV_GAUGE_PICTURES_BYTES,
                    (int64_t)adv_picture_cache_bytes(server->pictures));
    adv_metrics_set(server->metrics, ADV_GAUGE_LOG_BYTES, (int64_t)adv_log_buffer_bytes());
    adv_job_store_sweep(server->jobs);
    if (out)
        adv_metrics_write(server->metrics, name_of_route, out);
    if (out && adv_keys_have_file(server->keys))
        adv_clients_write_metrics(server->clients, out);
    if (!out || fclose(out) != 0) {
        free(text);
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_NO_MEMORY, NULL, "out of memory");
        return;
    }
    adv_reply_bytes(&exchange->reply, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
                    &(struct adv_bytes){.data = (uint8_t *)text, .n = n, .capacity = n});
}
