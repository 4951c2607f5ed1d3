/* The names under which the daemon is asked for: Host, or the authority of an absolute target.
 *
 * A page of another site can have its own name resolve to a loopback address (DNS rebinding), and
 * then reads answers of a daemon that nobody else can reach; the name tells it. */
#ifndef ADV_SERVER_HOST_H
#define ADV_SERVER_HOST_H

#include <stdbool.h>

/* HOST or HOST:PORT (RFC 9110, 7.2): a name, an address, or an IPv6 address in brackets. */
bool adv_host_is_valid(const char *host);

/* Whether the daemon answers for the valid host, whatever its port.
 *
 *     allowed   names separated by commas, "*.example.org" for all below example.org, "*" for any;
 *               NULL or "": any, unless the listening address is a loopback one
 *     listen    the `listen` setting
 *
 * Loopback addresses, "localhost" and the listening address itself are always allowed. */
bool adv_host_is_allowed(const char *host, const char *allowed, const char *listen);

#endif
