#include "server/os/health_check.h"

#include "server/os/address.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char request[] = "GET /health/ready HTTP/1.0\r\n\r\n";

/* The status line of the answer on a connected socket. */
static bool ask(int fd, char *answer, size_t size)
{
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        return false;
    size_t length = 0;
    while (length + 1 < size && !memchr(answer, '\n', length)) {
        ssize_t n = recv(fd, answer + length, size - 1 - length, 0);
        if (n <= 0)
            return false;
        length += (size_t)n;
    }
    answer[length] = '\0';
    answer[strcspn(answer, "\r\n")] = '\0';
    return true;
}

enum adv_status adv_health_check(const char *setting, const char *listen, struct adv_error *error)
{
    struct addrinfo *found;
    enum adv_status status = adv_address_resolve(setting, listen, &found, error);
    if (status != ADV_OK)
        return status;
    const struct timeval patience = {.tv_sec = 2};
    char answer[256] = "";
    int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
    bool answered =
        fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
        connect(fd, found->ai_addr, found->ai_addrlen) == 0 && ask(fd, answer, sizeof answer);
    if (fd >= 0)
        close(fd);
    freeaddrinfo(found);
    if (!answered)
        return adv_fail(error, ADV_E_IO, "no answer from %.200s", listen);
    if (!strstr(answer, " 200 "))
        return adv_fail(error, ADV_E_IO, "%.200s is not ready: %.200s", listen, answer);
    return ADV_OK;
}
