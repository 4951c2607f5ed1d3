/* The address of the `listen` setting: ADDRESS:PORT, with an IPv6 address in brackets. */
#ifndef ADV_SERVER_ADDRESS_H
#define ADV_SERVER_ADDRESS_H

#include <advect/status.h>
#include <netdb.h>

/* *found is the caller's to free with freeaddrinfo. */
enum adv_status adv_address_resolve(const char *listen, struct addrinfo **found,
                                    struct adv_error *error);

#endif
