#include "server/service/passed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_FD 3
#define MANAGEMENT "management"

/* A number of the environment between 0 and INT_MAX; -1 for none, or for another text. */
static int number_of(const char *variable)
{
    const char *text = getenv(variable);
    char *end;
    if (!text || *text < '0' || *text > '9')
        return -1;
    errno = 0;
    long number = strtol(text, &end, 10);
    return *end || errno || number > INT_MAX ? -1 : (int)number;
}

/* The i-th of the names, which colons separate. */
static void name_of(int i, char *name, size_t size)
{
    const char *at = getenv("LISTEN_FDNAMES");
    *name = '\0';
    for (; at && i > 0; i--) {
        at = strchr(at, ':');
        at = at ? at + 1 : NULL;
    }
    if (at)
        snprintf(name, size, "%.*s", (int)strcspn(at, ":"), at);
}

static int option_of(int fd, int option)
{
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/* Why connections cannot be accepted on it, or NULL. */
static const char *fault_of(int fd)
{
    if (fcntl(fd, F_GETFD) < 0)
        return "is not open";
    int domain = option_of(fd, SO_DOMAIN);
    if (domain < 0)
        return "is not a socket";
    if ((domain != AF_INET && domain != AF_INET6) || option_of(fd, SO_TYPE) != SOCK_STREAM)
        return "is not a TCP socket";
    return option_of(fd, SO_ACCEPTCONN) == 1 ? NULL : "does not listen";
}

static enum adv_status take(int fd, const char *name, struct adv_passed *passed,
                            struct adv_error *error)
{
    bool managing = !strcmp(name, MANAGEMENT);
    int *place = managing ? &passed->management : &passed->main;
    const char *fault = fault_of(fd);
    if (fault)
        return adv_fail(error, ADV_E_IO,
                        "descriptor %d, which LISTEN_FDS says was passed (\"%s\"), %s; a socket "
                        "unit must have ListenStream=PORT or ADDRESS:PORT",
                        fd, name, fault);
    if (*place >= 0)
        return adv_fail(error, ADV_E_INVALID,
                        "more than one socket was passed %s; there may be one, and one with "
                        "FileDescriptorName=" MANAGEMENT,
                        managing ? "by the name " MANAGEMENT : "for requests");
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    *place = fd;
    return ADV_OK;
}

static enum adv_status check_wanted(const char *setting, const char *value, int fd,
                                    struct adv_error *error)
{
    if (!value || strcmp(value, ADV_LISTEN_SYSTEMD) != 0 || fd >= 0)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, setting,
                          "%s is " ADV_LISTEN_SYSTEMD ", but no socket was passed (LISTEN_FDS, "
                          "LISTEN_PID); start the socket unit, or set an ADDRESS:PORT",
                          setting);
}

enum adv_status adv_passed_read(const struct adv_config *config, struct adv_passed *passed,
                                struct adv_error *error)
{
    struct adv_passed found = {-1, -1};
    int n = number_of("LISTEN_PID") == getpid() ? number_of("LISTEN_FDS") : 0;
    enum adv_status status = ADV_OK;
    for (int i = 0; i < n && status == ADV_OK; i++) {
        char name[256];
        name_of(i, name, sizeof name);
        status = take(FIRST_FD + i, name, &found, error);
    }
    if (status == ADV_OK && n > 0 && found.main < 0)
        status = adv_fail(error, ADV_E_INVALID,
                          "the only socket that was passed is that of the " MANAGEMENT
                          "; there must be one for requests too");
    if (status == ADV_OK)
        status = check_wanted("listen", config->listen, found.main, error);
    if (status == ADV_OK)
        status =
            check_wanted("management_listen", config->management_listen, found.management, error);
    if (status == ADV_OK)
        *passed = found;
    return status;
}
