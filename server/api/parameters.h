/* The parameters of routes in the API's description: what stands in their paths, URLs and heads. */
#ifndef ADV_SERVER_PARAMETERS_H
#define ADV_SERVER_PARAMETERS_H

#include "server/net/route.h"

#include <jansson.h>

/* Those of a route, an array (new reference). */
json_t *adv_parameters(const struct adv_route *route);

/* Those of paths, by name: components/parameters (new reference). */
json_t *adv_parameters_of_paths(void);

#endif
