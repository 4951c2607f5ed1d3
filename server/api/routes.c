#include "server/api/routes.h"

#include "server/api/handlers.h"

#include <stdio.h>
#include <string.h>

static const struct adv_route routes[] = {
    {"GET", "/", adv_handle_index, .open = true, .summary = "The front-end"},
    {"GET", "/web/{file}", adv_handle_asset, .open = true, .summary = "A file of the front-end"},
    {"GET", "/health/live", adv_handle_live, .open = true, .summary = "The process runs"},
    {"GET", "/health/ready", adv_handle_ready, .open = true,
     .summary = "Requests are taken: 200, or 503 while draining or without a model"},
    {"GET", "/metrics", adv_handle_metrics, .summary = "Prometheus text"},
    {"GET", "/openapi.json", adv_handle_openapi, .summary = "This description"},
    {"GET", "/v1/models", adv_handle_models, .summary = "The models that are served"},
    {"GET", "/v1/models/{model}", adv_handle_model, .summary = "One model, with its whole config"},
    {"POST", "/v1/models/{model}/samples", adv_handle_query, ADV_QUERY_SAMPLES,
     .summary = "Draw samples"},
    {"POST", "/v1/models/{model}/trajectories", adv_handle_query, ADV_QUERY_TRAJECTORIES,
     .summary = "Samples on their way from the base, at several times"},
    {"POST", "/v1/models/{model}/log-density", adv_handle_query, ADV_QUERY_LOG_DENSITY,
     .summary = "Log-densities of points, in nats"},
    {"POST", "/v1/models/{model}/latents", adv_handle_query, ADV_QUERY_LATENTS,
     .summary = "The base points that the flow maps to given points"},
    {"POST", "/v1/models/{model}/velocity", adv_handle_query, ADV_QUERY_VELOCITY,
     .summary = "The learned velocity at points"},
    {"GET", "/v1/models/{model}/samples.png", adv_handle_picture, ADV_QUERY_SAMPLES,
     .summary = "A picture of samples"},
    {"GET", "/v1/models/{model}/trajectories.png", adv_handle_picture, ADV_QUERY_TRAJECTORIES,
     .summary = "An animated picture of trajectories"},
    {"GET", "/v1/models/{model}/density.png", adv_handle_picture, ADV_QUERY_LOG_DENSITY,
     .summary = "A heat map of a 2-D density"},
    {"GET", "/v1/models/{model}/velocity.png", adv_handle_picture, ADV_QUERY_VELOCITY,
     .summary = "Arrows of a 2-D velocity field"},
};
#define N_ROUTES (sizeof routes / sizeof routes[0])

size_t adv_routes_count(void)
{
    return N_ROUTES;
}

const struct adv_route *adv_routes_at(size_t i)
{
    return &routes[i];
}

size_t adv_route_index(const struct adv_route *route)
{
    return route ? (size_t)(route - routes) : N_ROUTES;
}

const char *adv_route_name(size_t i)
{
    return i < N_ROUTES ? routes[i].pattern : "none";
}

/* Whether the segments follow the pattern; {model} or {file} takes any one segment but an empty
 * one.
 */
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
        else if (strlen(segment) != n || memcmp(segment, pattern, n) != 0 || n == 0)
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

const struct adv_route *adv_routes_find(const char *method, const struct adv_target *target,
                                        const char **variable, char allow[64])
{
    bool any = target->n_segments == 1 && !strcmp(target->segments[0], "*"); /* OPTIONS * */
    bool get = any, post = any;
    for (size_t i = 0; i < N_ROUTES; i++) {
        if (!matches(routes[i].pattern, target, variable))
            continue;
        if (takes(&routes[i], method))
            return &routes[i];
        get = get || !strcmp(routes[i].method, "GET");
        post = post || !strcmp(routes[i].method, "POST");
    }
    *variable = NULL;
    snprintf(allow, 64, "%s%s%s", get ? "GET, HEAD, " : "", post ? "POST, " : "",
             get || post ? "OPTIONS" : "");
    return NULL;
}
