#include "server/http/host.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 255

/* The port, colon included, or the end. */
static const char *end_of_name(const char *host)
{
    const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
    return bracket ? bracket + 1 : host + strcspn(host, ":");
}

static bool is_ipv6(const char *text, size_t n)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr ignored;
    if (n >= sizeof address)
        return false;
    snprintf(address, sizeof address, "%.*s", (int)n, text);
    return inet_pton(AF_INET6, address, &ignored) == 1;
}

bool adv_host_is_valid(const char *host)
{
    const char *end = end_of_name(host);
    size_t n = (size_t)(end - host);
    if (n == 0 || n > NAME_MAX_BYTES || (*end && *end != ':'))
        return false;
    if (*end && strspn(end + 1, "0123456789") != strlen(end + 1))
        return false;
    if (*host == '[')
        return n > 2 && is_ipv6(host + 1, n - 2);
    for (size_t i = 0; i < n; i++) {
        /* What a registered name may have (RFC 3986, 3.2.2), escapes aside: no name has them. */
        if (!isalnum((unsigned char)host[i]) && !strchr("-._~!$&'()*+,;=", host[i]))
            return false;
    }
    return true;
}

/* The name alone: no port, no brackets, no dot at the end. */
static void name_of(const char *host, char name[NAME_MAX_BYTES + 1])
{
    size_t n = (size_t)(end_of_name(host) - host);
    bool bracketed = *host == '[' && n >= 2;
    snprintf(name, NAME_MAX_BYTES + 1, "%.*s", (int)(bracketed ? n - 2 : n), host + bracketed);
    n = strlen(name);
    if (n > 1 && name[n - 1] == '.')
        name[n - 1] = '\0';
}

static bool is_loopback(const char *name)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, name, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return !strcasecmp(name, "localhost") ||
           (inet_pton(AF_INET6, name, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

/* Whether the rule [n bytes] is for the name. */
static bool covers(const char *rule, size_t n, const char *name)
{
    size_t n_name = strlen(name);
    if (n > 2 && rule[0] == '*' && rule[1] == '.')
        return n_name > n - 1 && !strncasecmp(name + n_name - (n - 1), rule + 1, n - 1);
    return (n == 1 && *rule == '*') || (n == n_name && !strncasecmp(rule, name, n));
}

bool adv_host_is_allowed(const char *host, const char *allowed, const char *listen)
{
    char name[NAME_MAX_BYTES + 1], own[NAME_MAX_BYTES + 1];
    name_of(host, name);
    name_of(listen, own);
    if (is_loopback(name) || !strcasecmp(name, own))
        return true;
    if (!allowed || !*allowed)
        return !is_loopback(own);
    for (const char *at = allowed; *at;) {
        at += strspn(at, ", ");
        size_t n = strcspn(at, ", ");
        if (n && covers(at, n, name))
            return true;
        at += n;
    }
    return false;
}
