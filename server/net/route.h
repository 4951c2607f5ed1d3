/* Routes: what a method and a path lead to. The table of them is in server/api/routes.h. */
#ifndef ADV_SERVER_ROUTE_H
#define ADV_SERVER_ROUTE_H

#include "server/http/target.h"

#include <advect/query.h>
#include <stdbool.h>

struct adv_exchange;

struct adv_route {
    const char *method;  /* "GET" (which serves HEAD, too), "POST" or "DELETE" */
    const char *pattern; /* "/v1/models/{model}/samples" */
    /* Called once, when the request has come in whole: leaves a reply in the exchange, or submits a
     * job for it. */
    void (*handle)(struct adv_exchange *exchange);
    enum adv_query_kind kind; /* of queries and pictures */
    bool open;                /* needs no key */
    bool health;              /* whatever name it is asked under, and when connections run out */
    bool management;          /* where there is a port for that, there alone */
    bool json_only;           /* no uploads: of POST */
    const char *summary;
    /* Of the answer, in the API's description: its media type where it is neither JSON nor that of
     * a query, and else the name of its schema. */
    const char *media_type, *schema;
};

struct adv_routes {
    const struct adv_route *rows;
    size_t n;
};

/* Its place in the table, of several methods of one path that of the first; NULL: n. */
size_t adv_route_index(const struct adv_routes *routes, const struct adv_route *route);
/* The pattern of row i; "none" for i = n. */
const char *adv_route_name(const struct adv_routes *routes, size_t i);

/* The route of a method and a target, or NULL where there is none.
 *
 *     *variable    the segment that stands for {model} or {file}, the last of several, or NULL
 *     allow [64]   where there is no route: the methods that the path takes, "" for no such path */
const struct adv_route *adv_routes_find(const struct adv_routes *routes, const char *method,
                                        const struct adv_target *target, const char **variable,
                                        char allow[64]);

#endif
