/* Where requests come from: the address of a connection, or the one that a trusted proxy names. */
#ifndef ADV_SERVER_ORIGIN_H
#define ADV_SERVER_ORIGIN_H

#include <advect/status.h>
#include <stdbool.h>
#include <sys/socket.h>

#define ADV_ORIGIN_SIZE 64

/* The numeric address, of which an IPv4 one within IPv6 is written as such; "unknown". */
void adv_origin_of(const struct sockaddr *address, char origin[ADV_ORIGIN_SIZE]);

/* What counts as one client: an IPv4 address; or the first 64 bits of an IPv6 address
 * ("2001:db8:1:2::/64"), since whoever has one has all that begin alike. */
void adv_origin_network(const char *origin, char network[ADV_ORIGIN_SIZE]);

/* The `trusted_proxies` setting: addresses, or ADDRESS/BITS, separated by commas. ADV_E_INVALID
 * names one that is neither. NULL or "": none. */
enum adv_status adv_proxies_check(const char *proxies, struct adv_error *error);
bool adv_proxies_include(const char *proxies, const char *origin);

/* The client of a request that came from `origin`: where that is a trusted proxy, the last address
 * in its X-Forwarded-For (or NULL) that is none; what proxies did not write is not believed. */
void adv_origin_forwarded(const char *proxies, const char *origin, const char *forwarded_for,
                          char client[ADV_ORIGIN_SIZE]);

#endif
