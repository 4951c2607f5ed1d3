#include "server/os/address.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool is_port(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= 5 && strspn(text, "0123456789") == n && strtol(text, NULL, 10) <= 65535;
}

/* Splits ADDRESS:PORT or [ADDRESS]:PORT; an empty address is every address. */
static bool split_address(const char *listen, char host[256], char port[8])
{
    const char *colon = strrchr(listen, ':');
    if (!colon || !is_port(colon + 1))
        return false;
    const char *begin = listen, *end = colon;
    if (*begin == '[') {
        if (end - begin < 2 || end[-1] != ']')
            return false;
        begin++;
        end--;
    } else if (memchr(begin, ':', (size_t)(end - begin))) {
        return false;
    }
    snprintf(host, 256, "%.*s", (int)(end - begin), begin);
    snprintf(port, 8, "%s", colon + 1);
    return true;
}

enum adv_status adv_address_resolve(const char *setting, const char *listen,
                                    struct addrinfo **found, struct adv_error *error)
{
    char host[256], port[8];
    if (!split_address(listen, host, port))
        return adv_fail_field(error, ADV_E_INVALID, setting,
                              "%s is \"%.200s\"; it must be ADDRESS:PORT, or [ADDRESS]:PORT for "
                              "IPv6, with a port between 0 and 65535",
                              setting, listen);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int why = getaddrinfo(*host ? host : NULL, port, &hints, found);
    if (why != 0)
        return adv_fail_field(error, ADV_E_INVALID, setting, "%s is \"%.200s\": %s", setting,
                              listen, gai_strerror(why));
    return ADV_OK;
}

void adv_address_of_socket(int fd, char text[ADV_ADDRESS_SIZE])
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    char host[64] = "", port[8] = "";
    *text = '\0';
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    snprintf(text, ADV_ADDRESS_SIZE, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
             port);
}
