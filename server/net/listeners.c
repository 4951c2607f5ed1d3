#include "server/net/listeners.h"

#include "server/os/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static enum adv_status fail(const char *setting, int fd, const char *listen_on, int reason,
                            struct adv_error *error)
{
    if (fd >= 0)
        close(fd);
    return adv_fail_field(error, ADV_E_IO, setting, "cannot listen on %.200s: %s", listen_on,
                          strerror(reason));
}

static enum adv_status bind_address(const char *setting, const char *listen_on, int *listener,
                                    struct adv_error *error)
{
    struct addrinfo *found;
    enum adv_status status = adv_address_resolve(setting, listen_on, &found, error);
    if (status != ADV_OK)
        return status;
    int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int yes = 1;
    bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                 bind(fd, found->ai_addr, found->ai_addrlen) == 0;
    int reason = errno;
    freeaddrinfo(found);
    if (!bound)
        return fail(setting, fd, listen_on, reason, error);
    *listener = fd;
    return ADV_OK;
}

/* What is said about the listening address (which names the daemon answers to) is said about the
 * one that is listened on. */
static enum adv_status take_passed(int passed, char **setting, int *listener,
                                   struct adv_error *error)
{
    char address[ADV_ADDRESS_SIZE];
    adv_address_of_socket(passed, address);
    char *copy = strdup(address);
    if (!copy)
        return adv_no_memory(error);
    free(*setting);
    *setting = copy;
    *listener = passed;
    return ADV_OK;
}

enum adv_status adv_listeners_bind(struct adv_config *config, const struct adv_passed *passed,
                                   struct adv_listeners *listeners, struct adv_error *error)
{
    enum adv_status status =
        passed->main >= 0 ? take_passed(passed->main, &config->listen, &listeners->main, error)
                          : bind_address("listen", config->listen, &listeners->main, error);
    if (status != ADV_OK)
        return status;
    if (passed->management >= 0)
        return take_passed(passed->management, &config->management_listen, &listeners->management,
                           error);
    return config->management_listen ? bind_address("management_listen", config->management_listen,
                                                    &listeners->management, error)
                                     : ADV_OK;
}

static enum adv_status start_listening(const char *setting, int fd, struct adv_error *error)
{
    char address[ADV_ADDRESS_SIZE];
    if (fd < 0 || listen(fd, SOMAXCONN) == 0)
        return ADV_OK;
    int reason = errno;
    adv_address_of_socket(fd, address);
    return fail(setting, -1, address, reason, error);
}

enum adv_status adv_listeners_listen(const struct adv_listeners *listeners, struct adv_error *error)
{
    enum adv_status status = start_listening("listen", listeners->main, error);
    return status == ADV_OK ? start_listening("management_listen", listeners->management, error)
                            : status;
}

void adv_listeners_close(struct adv_listeners *listeners)
{
    if (listeners->main >= 0)
        close(listeners->main);
    if (listeners->management >= 0)
        close(listeners->management);
    listeners->main = listeners->management = -1;
}
