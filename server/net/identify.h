/* Who sent a request: its client, by the key or the address, and whether it may ask at all. */
#ifndef ADV_SERVER_IDENTIFY_H
#define ADV_SERVER_IDENTIFY_H

#include <stdbool.h>

struct adv_exchange;

/* Before the head: the client of the connection's address. */
void adv_identify_connection(struct adv_exchange *exchange);

/* With the head: the client behind a trusted proxy. */
void adv_identify_forwarded(struct adv_exchange *exchange);

/* The key, of a request that needs one: its client; or false with a reply, 401, or 429 while keys
 * from there are not looked at, after several wrong ones. */
bool adv_identify_key(struct adv_exchange *exchange);

#endif
