/* The address of the `listen` settings: ADDRESS:PORT, with an IPv6 address in brackets. */
#ifndef ADV_SERVER_ADDRESS_H
#define ADV_SERVER_ADDRESS_H

#include <advect/status.h>
#include <netdb.h>

/* setting: its name, for errors. *found is the caller's to free with freeaddrinfo. */
enum adv_status adv_address_resolve(const char *setting, const char *listen,
                                    struct addrinfo **found, struct adv_error *error);

/* The address that a socket is bound to, as such a setting; "" where it has none. */
#define ADV_ADDRESS_SIZE 80
void adv_address_of_socket(int fd, char text[ADV_ADDRESS_SIZE]);

#endif
