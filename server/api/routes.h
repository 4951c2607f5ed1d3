/* The table of routes: what there is, in one place. */
#ifndef ADV_SERVER_ROUTES_H
#define ADV_SERVER_ROUTES_H

#include "server/net/route.h"

extern const struct adv_routes adv_routes;

#endif
