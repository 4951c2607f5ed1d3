/* What a connection is told that has no place of its own: all are taken, or the client has its
 * share of them (server/clients/client.h). */
#ifndef ADV_SERVER_CROWDING_H
#define ADV_SERVER_CROWDING_H

#include "server/clients/client.h"
#include "server/reply/reply.h"

void adv_crowding_refuse(struct adv_reply *reply, struct adv_client *client);

#endif
