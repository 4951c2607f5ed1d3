/* The table of routes: what there is, in one place. */
#ifndef ADV_SERVER_ROUTES_H
#define ADV_SERVER_ROUTES_H

#include "server/http/target.h"

#include <advect/query.h>
#include <stdbool.h>

struct adv_exchange;

struct adv_route {
    const char *method;  /* "GET" (which serves HEAD, too) or "POST" */
    const char *pattern; /* "/v1/models/{model}/samples" */
    /* Called once, when the request has come in whole: leaves a reply in the exchange, or submits
     * a job for it. */
    void (*handle)(struct adv_exchange *exchange);
    enum adv_query_kind kind; /* of queries and pictures */
    bool open;                /* needs no key */
    const char *summary;
};

size_t adv_routes_count(void);
const struct adv_route *adv_routes_at(size_t i);       /* i < count */
size_t adv_route_index(const struct adv_route *route); /* NULL: count */
/* Its pattern; "none" for i = count. */
const char *adv_route_name(size_t i);

/* The route of a method and target; *variable is the segment that stands for
 * {model} or {file}, or NULL. Without
 * one NULL, and allow [64] lists the methods that the path takes: "" where there is no such path.
 */
const struct adv_route *adv_routes_find(const char *method, const struct adv_target *target,
                                        const char **variable, char allow[64]);

#endif
