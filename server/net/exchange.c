#include "server/net/exchange.h"

#include "server/http/host.h"
#include "server/http/media.h"
#include "server/net/crowding.h"
#include "server/net/identify.h"
#include "server/os/clock.h"
#include "server/os/log.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---------------------------------------------------------------- begin */

void *adv_exchange_begin(void *context, const char *target, struct MHD_Connection *connection)
{
    struct adv_server *server = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct adv_socket *socket = info ? info->socket_context : NULL;
    struct adv_exchange *exchange = socket ? calloc(1, sizeof *exchange) : NULL;
    if (!exchange)
        return NULL; /* the next callback closes the connection */
    exchange->server = server;
    exchange->connection = connection;
    exchange->socket = socket;
    exchange->started_us = adv_now_us();
    adv_identify_connection(exchange);
    adv_target_parse(target, &exchange->target, &exchange->target_error);
    adv_request_id_make(exchange->request_id);
    adv_sockets_read(server->sockets, socket, exchange->request_id);
    return exchange;
}

/* ---------------------------------------------------------------- head */

static void refuse_target(struct adv_exchange *exchange)
{
    const struct adv_error *error = &exchange->target_error;
    if (error->status == ADV_E_INVALID)
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_TARGET_TOO_LONG, NULL, "%s",
                          error->message);
    else
        adv_problem_from_error(&exchange->reply, error);
}

/* OPTIONS, or a method or path that there is not. */
static void answer_without_route(struct adv_exchange *exchange, const char *allow)
{
    struct adv_reply *reply = &exchange->reply;
    if (!*allow) {
        adv_problem_reply(reply, ADV_PROBLEM_NO_ROUTE, NULL,
                          "there is nothing at this path; /openapi.json describes what there is");
        return;
    }
    if (!strcmp(exchange->method, MHD_HTTP_METHOD_OPTIONS)) {
        adv_reply_empty(reply, MHD_HTTP_NO_CONTENT);
        adv_reply_header(reply, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_METHODS, "%s", allow);
        adv_reply_header(
            reply, "Access-Control-Allow-Headers",
            "Authorization, Content-Type, Prefer, X-API-Key, X-Request-Id, traceparent");
        adv_reply_header(reply, MHD_HTTP_HEADER_ACCESS_CONTROL_MAX_AGE, "86400");
    } else {
        adv_problem_reply(reply, ADV_PROBLEM_METHOD, NULL, "%s is not allowed here; %s are",
                          exchange->method, allow);
    }
    adv_reply_header(reply, MHD_HTTP_HEADER_ALLOW, "%s", allow);
}

static bool is_too_long(const struct adv_exchange *exchange)
{
    return exchange->head.length > (uint64_t)exchange->server->config.max_body_bytes;
}

static void refuse_coding(struct adv_exchange *exchange)
{
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_CODING, NULL,
                      "the body's Content-Encoding is %.100s; only bodies without one are taken",
                      exchange->head.content_encoding);
    adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_ACCEPT_ENCODING, "identity");
}

static bool takes_media(const struct adv_route *route, const char *content_type)
{
    enum adv_media media = adv_media_of(route->kind, content_type);
    return route->json_only ? media == ADV_MEDIA_JSON : media != ADV_MEDIA_NONE;
}

static void refuse_for_room(struct adv_exchange *exchange)
{
    char why[300];
    adv_bodies_explain(exchange->server->bodies, sizeof why, why);
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_QUEUE_FULL, NULL, "%s", why);
}

static void refuse_body(struct adv_exchange *exchange)
{
    const struct adv_head *head = &exchange->head;
    const struct adv_route *route = exchange->route;
    if (is_too_long(exchange)) {
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_BODY_TOO_LARGE, NULL,
                          "the body has %llu bytes; at most %lld are taken",
                          (unsigned long long)head->length,
                          (long long)exchange->server->config.max_body_bytes);
    } else if (!strcmp(route->method, "POST")) {
        if (!head->has_length && !head->chunked)
            adv_problem_reply(&exchange->reply, ADV_PROBLEM_LENGTH_REQUIRED, NULL,
                              "a POST needs Content-Length or a chunked body");
        else if (!takes_media(route, head->content_type))
            adv_problem_reply(&exchange->reply, ADV_PROBLEM_MEDIA_TYPE, NULL,
                              "the body's Content-Type is %.100s; taken here are %s",
                              head->content_type ? head->content_type : "missing",
                              route->json_only ? "application/json" : adv_media_names(route->kind));
        else if (head->content_encoding)
            refuse_coding(exchange);
        else if (!adv_bodies_has_room(exchange->server->bodies, (size_t)head->length))
            refuse_for_room(exchange);
    }
}

static bool is_managing(const struct adv_exchange *exchange)
{
    return adv_socket_seat(exchange->socket) == ADV_SEAT_MANAGING;
}

static const char *named_host(const struct adv_exchange *exchange)
{
    return *exchange->target.authority ? exchange->target.authority : exchange->head.host;
}

/* Probes of load balancers name an address or nothing that would be listed, and learn nothing. */
static bool is_our_host(const struct adv_exchange *exchange)
{
    const struct adv_config *config = &exchange->server->config;
    const char *host = named_host(exchange);
    return !host || (exchange->route && exchange->route->health) ||
           adv_host_is_allowed(host, config->allowed_hosts,
                               is_managing(exchange) ? config->management_listen : config->listen);
}

/* A libmicrohttpd that reads past server/net/receive.h: no request can be trusted then. */
static bool was_judged(struct adv_exchange *exchange)
{
    if (adv_sockets_has_head(exchange->socket))
        return true;
    adv_log_fault("a bug in advectd: this libmicrohttpd (%s) does not read by recv, so no request "
                  "can be checked and none is taken",
                  MHD_get_version());
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_INTERNAL, NULL,
                      "the server cannot check its requests");
    exchange->reply.close = true;
    return false;
}

/* Whether the connection came to the port at which the route is served: management has its own,
 * where there is one, and health is served at both. */
static bool is_served_here(const struct adv_exchange *exchange, const struct adv_route *route)
{
    if (is_managing(exchange))
        return route->health || route->management;
    return !route->management || !exchange->server->config.management_listen;
}

static void find_route(struct adv_exchange *exchange, char allow[64])
{
    const struct adv_route *route = adv_routes_find(exchange->server->routes, exchange->method,
                                                    &exchange->target, &exchange->segment, allow);
    exchange->route = route && is_served_here(exchange, route) ? route : NULL;
}

static bool is_key_needed(const struct adv_exchange *exchange)
{
    const struct adv_route *route = exchange->route;
    bool open = route ? route->open : !strcmp(exchange->method, MHD_HTTP_METHOD_OPTIONS);
    return !open && !is_managing(exchange) && adv_keys_are_wanted(exchange->server->keys);
}

/* Whether the connection is one of those that are kept for asking for the daemon's health, and is
 * used for something else. */
static bool is_out_of_place(const struct adv_exchange *exchange)
{
    return adv_socket_seat(exchange->socket) == ADV_SEAT_RESERVED &&
           !(exchange->route && exchange->route->health);
}

/* Everything that can be refused before the body is here. */
static void check_head(struct adv_exchange *exchange)
{
    char allow[64] = "";
    bool read = adv_head_read(exchange->connection, &exchange->head, &exchange->reply);
    adv_request_id_take(exchange->head.request_id, exchange->head.traceparent,
                        exchange->request_id);
    adv_sockets_name(exchange->server->sockets, exchange->socket, exchange->request_id);
    if (!read)
        return;
    adv_identify_forwarded(exchange);
    if (exchange->target_error.status != ADV_OK) {
        refuse_target(exchange);
        return;
    }
    find_route(exchange, allow);
    if (is_out_of_place(exchange)) {
        adv_metrics_count(exchange->server->metrics, ADV_COUNT_CONNECTIONS_REFUSED, 1);
        adv_crowding_refuse(&exchange->reply, adv_socket_client(exchange->socket));
    } else if (!is_our_host(exchange)) {
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_HOST, NULL,
                          "this server does not answer for %.200s; --allowed-hosts lists the names "
                          "for which it does",
                          named_host(exchange));
    } else if (is_key_needed(exchange) && !adv_identify_key(exchange)) {
        return;
    } else if (!exchange->route) {
        answer_without_route(exchange, allow);
    } else {
        refuse_body(exchange);
    }
}

/* Whether a refusal is sent before the body has come: where the body is too long, or where its end
 * is unknown, or where the client waits for leave to send it. Otherwise the body is on its way
 * already and is swallowed, so that the reply is read and the connection lives. */
static bool must_refuse_now(const struct adv_exchange *exchange)
{
    const struct adv_head *head = &exchange->head;
    return exchange->reply.status && (exchange->reply.close || is_too_long(exchange) ||
                                      (head->expect && (head->length > 0 || head->chunked)));
}

/* ---------------------------------------------------------------- body */

/* Bodies that are not small go into blocks that are mapped (main.c) from the start: a heap would
 * keep the steps by which they grow. */
static enum adv_status append(struct adv_bytes *body, const char *data, size_t n,
                              struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    if (body->n + n > ADV_BODY_RESERVE_BYTES && body->n + n < ADV_MAPPED_BYTES)
        status = adv_bytes_reserve(body, ADV_MAPPED_BYTES - body->n, error);
    return status == ADV_OK ? adv_bytes_append(body, data, n, error) : status;
}

/* Without room for the whole body the request is refused, once the body's end has come. */
static void collect(struct adv_exchange *exchange, const char *data, size_t n)
{
    struct adv_bytes *body = &exchange->body;
    size_t most = (size_t)exchange->server->config.max_body_bytes;
    if (exchange->reply.status)
        return;
    if (n > most - body->n) {
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_BODY_TOO_LARGE, NULL,
                          "the body has more than the %zu bytes that are taken", most);
        adv_exchange_release_body(exchange);
        return;
    }
    struct adv_error error = ADV_ERROR_INIT;
    if (!adv_bodies_take(exchange->server->bodies, &exchange->arriving, exchange->socket, n)) {
        refuse_for_room(exchange); /* sent already if it was slow */
        adv_exchange_release_body(exchange);
    } else if (append(body, data, n, &error) != ADV_OK) {
        adv_problem_from_error(&exchange->reply, &error);
        adv_exchange_release_body(exchange);
    }
}

void adv_exchange_release_body(struct adv_exchange *exchange)
{
    adv_bytes_release(&exchange->body);
    adv_bodies_release(exchange->server->bodies, &exchange->arriving);
}

/* ---------------------------------------------------------------- answer */

/* The reference is taken over. */
static void wait_for(struct adv_exchange *exchange, struct adv_job *job)
{
    exchange->job = job;
    adv_reader_suspend(&exchange->reader, &job->channel, exchange->connection);
    adv_sockets_compute(exchange->server->sockets, exchange->socket, &exchange->reader);
}

void adv_exchange_follow(struct adv_exchange *exchange, struct adv_job *job)
{
    wait_for(exchange, job);
}

void adv_exchange_submit(struct adv_exchange *exchange, struct adv_job *job)
{
    struct adv_server *server = exchange->server;
    struct adv_reply refusal = {0};
    job->client = adv_client_ref(exchange->client);
    wait_for(exchange, job);
    if (!adv_scheduler_submit(server->scheduler, job, &refusal))
        adv_job_end(job, &refusal);
}

static void add_common_headers(struct adv_exchange *exchange, struct MHD_Response *response)
{
    const char *origin = exchange->server->config.cors_origin;
    MHD_add_response_header(response, MHD_HTTP_HEADER_SERVER, "advectd");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, ADV_REQUEST_ID_HEADER, exchange->request_id);
    if (origin) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_EXPOSE_HEADERS,
                                "Advect-Seed, " ADV_WARNING_HEADER
                                ", ETag, Location, Retry-After, X-Request-Id");
    }
    exchange->closing = exchange->closing || exchange->reply.close ||
                        atomic_load(&exchange->server->draining) ||
                        adv_sockets_is_last(exchange->socket) ||
                        adv_socket_seat(exchange->socket) == ADV_SEAT_RESERVED;
    if (exchange->closing)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* From here to the end a drain waits for this exchange. */
static void count_in(struct adv_exchange *exchange)
{
    exchange->counted = true;
    atomic_fetch_add(&exchange->server->n_answering, 1);
    adv_metrics_move(exchange->server->metrics, ADV_GAUGE_REQUESTS, 1);
}

static void count_out(struct adv_exchange *exchange)
{
    if (!exchange->counted)
        return;
    adv_metrics_move(exchange->server->metrics, ADV_GAUGE_REQUESTS, -1);
    atomic_fetch_sub(&exchange->server->n_answering, 1);
}

/* The response, which is let go of, is the exchange's reply. */
static enum MHD_Result queue(struct adv_exchange *exchange, unsigned status,
                             struct MHD_Response *response, size_t n_bytes)
{
    add_common_headers(exchange, response);
    enum MHD_Result result = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response); /* the connection has a reference of its own */
    exchange->sent_status = status;
    exchange->sent_bytes = n_bytes;
    return result;
}

static enum MHD_Result send_reply(struct adv_exchange *exchange)
{
    struct adv_reply *reply = &exchange->reply;
    adv_problem_set_request(reply, exchange->request_id);
    size_t n_bytes = adv_reply_size(reply);
    if (!adv_sockets_reply(exchange->server->sockets, exchange->socket, n_bytes) ||
        reply->status == ADV_STATUS_CLIENT_GONE)
        return MHD_NO; /* nobody is there, or may be answered, any more */
    exchange->held_bytes = reply->body.n;
    adv_metrics_move(exchange->server->metrics, ADV_GAUGE_REPLIES_BYTES, (int64_t)reply->body.n);
    struct MHD_Response *response = adv_reply_response(reply);
    return response ? queue(exchange, reply->status, response, n_bytes) : MHD_NO;
}

/* The request is here whole. */
static enum MHD_Result answer(struct adv_exchange *exchange)
{
    exchange->has_body = true;
    adv_bodies_complete(exchange->server->bodies, &exchange->arriving);
    count_in(exchange);
    if (!adv_sockets_reply(exchange->server->sockets, exchange->socket, 0))
        return MHD_NO;
    if (!exchange->reply.status)
        exchange->route->handle(exchange);
    return exchange->job ? MHD_YES : send_reply(exchange);
}

static enum MHD_Result start(struct adv_exchange *exchange, const char *method)
{
    exchange->has_head = true;
    snprintf(exchange->method, sizeof exchange->method, "%s", method);
    if (was_judged(exchange))
        check_head(exchange);
    if (!must_refuse_now(exchange))
        return MHD_YES;
    count_in(exchange);
    exchange->closing = true;
    adv_sockets_linger(exchange->socket); /* with the body unread */
    return send_reply(exchange);
}

enum MHD_Result adv_exchange_continue(void *context, struct MHD_Connection *connection,
                                      const char *target, const char *method, const char *version,
                                      const char *data, size_t *n_data, void **pointer)
{
    (void)context;
    (void)connection;
    (void)target;
    (void)version;
    struct adv_exchange *exchange = *pointer;
    if (!exchange)
        return MHD_NO;
    if (!exchange->has_head)
        return start(exchange, method);
    if (*n_data) {
        collect(exchange, data, *n_data);
        *n_data = 0;
        return MHD_YES;
    }
    if (!exchange->has_body)
        return answer(exchange);
    struct MHD_Response *response;
    adv_job_collect(exchange->job, &exchange->reader, &exchange->reply, &response);
    return response ? queue(exchange, MHD_HTTP_OK, response, 0) : send_reply(exchange);
}

/* ---------------------------------------------------------------- end */

/* The status that the log tells: ours; or what the watcher or the judge of its bytes sent; or that
 * of libmicrohttpd, which answers by itself what it cannot read; or, of a request that got no
 * reply, who is to blame. */
static unsigned final_status(struct adv_exchange *exchange, bool cut)
{
    if (!exchange->sent_status)
        exchange->sent_status = adv_sockets_refusal(exchange->socket, &exchange->sent_bytes);
    if (exchange->sent_status)
        return exchange->sent_status;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    if (info)
        return info->http_status;
    return cut ? MHD_HTTP_REQUEST_TIMEOUT : ADV_STATUS_CLIENT_GONE;
}

static void log_exchange(const struct adv_exchange *exchange, unsigned status, double seconds)
{
    struct adv_access access = {
        .method = exchange->has_head ? exchange->method : "-",
        .target = exchange->target.raw ? exchange->target.raw : "-",
        .client = exchange->origin,
        .key = adv_client_key(exchange->client),
        .request_id = exchange->request_id,
        .status = status,
        .bytes = exchange->sent_bytes,
        .ms = seconds * 1000,
        .n = -1,
        .nfe = -1,
    };
    if (exchange->job) {
        access.n = (int64_t)exchange->job->work.query.n;
        access.nfe = adv_channel_nfe(&exchange->job->channel);
        access.bytes += adv_reader_bytes_sent(&exchange->reader);
    }
    adv_log_access(&access);
}

void adv_exchange_end(void *context, struct MHD_Connection *connection, void **pointer,
                      enum MHD_RequestTerminationCode why)
{
    (void)connection;
    struct adv_server *server = context;
    struct adv_exchange *exchange = *pointer;
    if (!exchange)
        return;
    *pointer = NULL;
    bool cut = adv_sockets_is_cut(exchange->socket);
    unsigned status = final_status(exchange, cut);
    double seconds = (double)(adv_now_us() - exchange->started_us) * 1e-6;
    adv_reader_detach(&exchange->reader);
    adv_metrics_request(server->metrics, adv_route_index(server->routes, exchange->route), status,
                        seconds);
    if (server->config.access_log == ADV_SWITCH_ON)
        log_exchange(exchange, status, seconds);
    count_out(exchange);
    adv_metrics_move(server->metrics, ADV_GAUGE_REPLIES_BYTES, -(int64_t)exchange->held_bytes);
    adv_sockets_idle(server->sockets, exchange->socket,
                     exchange->closing || why != MHD_REQUEST_TERMINATED_COMPLETED_OK);
    adv_job_unref(exchange->job);
    adv_client_unref(exchange->client);
    adv_target_release(&exchange->target);
    adv_reply_release(&exchange->reply);
    adv_exchange_release_body(exchange);
    free(exchange);
}
