#include "server/net/identify.h"

#include "server/net/exchange.h"

#include <math.h>
#include <string.h>

static void set_client(struct adv_exchange *exchange, struct adv_client *client)
{
    if (!client)
        return; /* no memory for another: it stays who it was */
    adv_client_unref(exchange->client);
    exchange->client = client;
}

void adv_identify_connection(struct adv_exchange *exchange)
{
    snprintf(exchange->origin, sizeof exchange->origin, "%s", adv_socket_origin(exchange->socket));
    exchange->client = adv_client_ref(adv_socket_client(exchange->socket));
}

void adv_identify_forwarded(struct adv_exchange *exchange)
{
    struct adv_server *server = exchange->server;
    const char *origin = adv_socket_origin(exchange->socket);
    adv_origin_forwarded(server->config.trusted_proxies, origin, exchange->head.forwarded_for,
                         exchange->origin);
    if (strcmp(origin, exchange->origin) != 0)
        set_client(exchange, adv_client_of_address(server->clients, exchange->origin));
}

static void challenge(struct adv_exchange *exchange)
{
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_NO_KEY, NULL,
                      "this server wants its key as Authorization: Bearer or X-API-Key");
    adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"advect\"");
}

static void refuse_unread(struct adv_exchange *exchange, double wait)
{
    char who[128];
    double seconds = fmax(1, ceil(wait));
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_TOO_MANY, NULL,
                      "%s has sent several wrong keys: keys that it sends are looked at again in "
                      "%.0f s",
                      adv_client_describe(exchange->client, sizeof who, who), seconds);
    adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_RETRY_AFTER, "%.0f", seconds);
}

bool adv_identify_key(struct adv_exchange *exchange)
{
    struct adv_server *server = exchange->server;
    struct adv_client *client;
    const char *key = adv_head_key(&exchange->head);
    double wait = key ? adv_client_key_wait(exchange->client) : 0;
    if (wait > 0) {
        adv_metrics_count(server->metrics, ADV_COUNT_KEYS_UNREAD, 1);
        refuse_unread(exchange, wait);
        return false;
    }
    if (key && adv_keys_find(server->keys, key, &client)) {
        set_client(exchange, client);
        return true;
    }
    if (key) {
        adv_client_note_wrong_key(exchange->client);
        adv_metrics_count(server->metrics, ADV_COUNT_WRONG_KEYS, 1);
    }
    challenge(exchange);
    return false;
}
