#include "server/net/route.h"

#include <stdio.h>
#include <string.h>

size_t adv_route_index(const struct adv_routes *routes, const struct adv_route *route)
{
    size_t i = 0;
    while (i < routes->n && (!route || strcmp(routes->rows[i].pattern, route->pattern) != 0))
        i++;
    return i;
}

const char *adv_route_name(const struct adv_routes *routes, size_t i)
{
    return i < routes->n ? routes->rows[i].pattern : "none";
}

/* Whether the segments follow the pattern, in which a {name} takes any one segment but an empty
 * one; `variable` is then the last of these. A pattern that ends in / has an empty last segment. */
static bool matches(const char *pattern, const struct adv_target *target, const char **variable)
{
    *variable = NULL;
    for (size_t i = 0; i < target->n_segments; i++) {
        const char *segment = target->segments[i];
        if (*pattern++ != '/')
            return false;
        size_t n = strcspn(pattern, "/");
        if (*pattern == '{' && *segment)
            *variable = segment;
        else if (strlen(segment) != n || memcmp(segment, pattern, n) != 0)
            return false;
        pattern += n;
    }
    return !*pattern || (target->n_segments == 0 && !strcmp(pattern, "/"));
}

static bool takes(const struct adv_route *route, const char *method)
{
    return !strcmp(route->method, method) ||
           (!strcmp(method, "HEAD") && !strcmp(route->method, "GET"));
}

const struct adv_route *adv_routes_find(const struct adv_routes *routes, const char *method,
                                        const struct adv_target *target, const char **variable,
                                        char allow[64])
{
    bool any = target->n_segments == 1 && !strcmp(target->segments[0], "*"); /* OPTIONS * */
    bool get = any, post = any, delete = any;
    for (size_t i = 0; i < routes->n; i++) {
        const struct adv_route *route = &routes->rows[i];
        if (!matches(route->pattern, target, variable))
            continue;
        if (takes(route, method))
            return route;
        get = get || !strcmp(route->method, "GET");
        post = post || !strcmp(route->method, "POST");
        delete = delete || !strcmp(route->method, "DELETE");
    }
    *variable = NULL;
    snprintf(allow, 64, "%s%s%s%s", get ? "GET, HEAD, " : "", post ? "POST, " : "",
             delete ? "DELETE, " : "", get || post || delete ? "OPTIONS" : "");
    return NULL;
}
