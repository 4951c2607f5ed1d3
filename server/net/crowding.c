#include "server/net/crowding.h"

#include "server/reply/problem.h"

void adv_crowding_refuse(struct adv_reply *reply, struct adv_client *client)
{
    char who[128];
    struct adv_seating seating = adv_client_seating(client);
    if (seating.taken >= seating.capacity)
        adv_problem_reply(reply, ADV_PROBLEM_QUEUE_FULL, NULL,
                          "%zu connections are open already, the most this server takes",
                          seating.capacity);
    else
        adv_problem_reply(reply, ADV_PROBLEM_TOO_MANY, NULL,
                          "%s has %zu of %zu connections open already; one client gets at most "
                          "%g of what the others leave",
                          adv_client_describe(client, sizeof who, who), seating.own,
                          seating.capacity, seating.share);
    reply->close = true;
}
