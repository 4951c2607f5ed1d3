/* One request and its reply: from the request line to the last byte sent.
 *
 *     begin   request line seen             (libmicrohttpd's log callback)
 *     head    headers seen: route, key, length and type are checked
 *     body    collected under the cap, or swallowed if the request is refused already
 *     answer  the handler runs; a query suspends the connection until its job resumes it
 *     end     the reply is sent, or the connection lost: logged, counted, freed
 *
 * Everything a request owns is freed with its exchange. */
#ifndef ADV_SERVER_EXCHANGE_H
#define ADV_SERVER_EXCHANGE_H

#include "server/clients/origin.h"
#include "server/http/head.h"
#include "server/net/bodies.h"
#include "server/net/route.h"
#include "server/net/server.h"
#include "server/reply/problem.h"

struct adv_exchange {
    struct adv_server *server;
    struct MHD_Connection *connection;
    struct adv_socket *socket;
    int64_t started_us;

    struct adv_client *client;    /* whoever asks: a reference */
    char origin[ADV_ORIGIN_SIZE]; /* its address */

    struct adv_target target;
    struct adv_error target_error; /* why it could not be read */
    char method[16];
    char request_id[ADV_REQUEST_ID_SIZE];
    struct adv_head head;
    const struct adv_route *route; /* NULL: none matched */
    const char *segment;           /* that stands for {model} or another {name}, or NULL */

    bool has_head, has_body; /* have come in */
    bool counted;            /* among those that a drain waits for */
    bool closing;            /* the connection ends with the reply */
    struct adv_bytes body;
    struct adv_body arriving; /* what the budget of bodies knows of it */
    struct adv_reply reply;   /* status 0: none yet */
    struct adv_job *job;      /* that it waits for: a reference, or NULL */
    struct adv_reader reader;

    /* For the log. */
    unsigned sent_status; /* 0: no reply was sent */
    size_t sent_bytes;
    size_t held_bytes; /* of the reply, in memory until it is sent; for the metrics */
};

/* Hands a job (one reference, taken over) to the scheduler and suspends the connection. For a
 * handler, as the last thing it does. */
void adv_exchange_submit(struct adv_exchange *exchange, struct adv_job *job);

/* Suspends the connection until there is something to send of a job (one reference, taken over)
 * that is answered whether this request waits for it or not. Likewise the last thing. */
void adv_exchange_follow(struct adv_exchange *exchange, struct adv_job *job);
/* The body has been read, and is not kept while the query is computed. */
void adv_exchange_release_body(struct adv_exchange *exchange);

/* libmicrohttpd's callbacks; the context is the struct adv_server. */
void *adv_exchange_begin(void *context, const char *target, struct MHD_Connection *connection);
enum MHD_Result adv_exchange_continue(void *context, struct MHD_Connection *connection,
                                      const char *target, const char *method, const char *version,
                                      const char *data, size_t *n_data, void **exchange);
void adv_exchange_end(void *context, struct MHD_Connection *connection, void **exchange,
                      enum MHD_RequestTerminationCode why);

#endif
