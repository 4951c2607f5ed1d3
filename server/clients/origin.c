#include "server/clients/origin.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_BITS_OF_IPV6 64

/* Addresses of both kinds as 128 bits: IPv4 ones as ::ffff:a.b.c.d. */
static bool parse(const char *text, struct in6_addr *address)
{
    struct in_addr v4;
    char plain[ADV_ORIGIN_SIZE];
    size_t n = strcspn(text, "%"); /* what follows names an interface */
    if (n >= sizeof plain)
        return false;
    memcpy(plain, text, n);
    plain[n] = '\0';
    if (inet_pton(AF_INET, plain, &v4) == 1) {
        *address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
        memcpy(address->s6_addr + 12, &v4, sizeof v4);
        return true;
    }
    return inet_pton(AF_INET6, plain, address) == 1;
}

static void write_address(const struct in6_addr *address, char text[ADV_ORIGIN_SIZE])
{
    if (IN6_IS_ADDR_V4MAPPED(address))
        inet_ntop(AF_INET, address->s6_addr + 12, text, ADV_ORIGIN_SIZE);
    else
        inet_ntop(AF_INET6, address, text, ADV_ORIGIN_SIZE);
}

void adv_origin_of(const struct sockaddr *address, char origin[ADV_ORIGIN_SIZE])
{
    struct in6_addr parsed;
    socklen_t length =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getnameinfo(address, length, origin, ADV_ORIGIN_SIZE, NULL, 0, NI_NUMERICHOST) != 0)
        snprintf(origin, ADV_ORIGIN_SIZE, "unknown");
    else if (parse(origin, &parsed) && IN6_IS_ADDR_V4MAPPED(&parsed))
        write_address(&parsed, origin);
}

void adv_origin_network(const char *origin, char network[ADV_ORIGIN_SIZE])
{
    struct in6_addr address;
    if (!parse(origin, &address) || IN6_IS_ADDR_V4MAPPED(&address)) {
        snprintf(network, ADV_ORIGIN_SIZE, "%s", origin);
        return;
    }
    memset(address.s6_addr + CLIENT_BITS_OF_IPV6 / 8, 0, 16 - CLIENT_BITS_OF_IPV6 / 8);
    write_address(&address, network);
    size_t n = strlen(network);
    snprintf(network + n, ADV_ORIGIN_SIZE - n, "/%d", CLIENT_BITS_OF_IPV6);
}

/* ---------------------------------------------------------------- trusted proxies */

/* ADDRESS or ADDRESS/BITS, the bits counted in 128. */
static bool parse_rule(const char *rule, size_t n, struct in6_addr *address, int *bits)
{
    char text[ADV_ORIGIN_SIZE];
    if (n == 0 || n >= sizeof text)
        return false;
    memcpy(text, rule, n);
    text[n] = '\0';
    char *slash = strchr(text, '/');
    if (slash)
        *slash = '\0';
    if (!parse(text, address))
        return false;
    int most = strchr(text, ':') ? 128 : 32;
    *bits = 128;
    if (!slash)
        return true;
    size_t n_digits = strlen(slash + 1);
    if (n_digits == 0 || n_digits > 3 || strspn(slash + 1, "0123456789") != n_digits)
        return false;
    int given = (int)strtol(slash + 1, NULL, 10);
    *bits = 128 - most + given;
    return given <= most;
}

static bool begins_alike(const struct in6_addr *a, const struct in6_addr *b, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(a->s6_addr, b->s6_addr, (size_t)whole) != 0)
        return false;
    return rest == 0 || (a->s6_addr[whole] ^ b->s6_addr[whole]) >> (8 - rest) == 0;
}

/* The rule at *at, whose length is given; 0 at the end of the list. */
static size_t next_rule(const char **at)
{
    *at += strspn(*at, ", ");
    return strcspn(*at, ", ");
}

enum adv_status adv_proxies_check(const char *proxies, struct adv_error *error)
{
    struct in6_addr address;
    int bits;
    const char *at = proxies ? proxies : "";
    for (size_t n; (n = next_rule(&at)); at += n) {
        if (!parse_rule(at, n, &address, &bits))
            return adv_fail_field(error, ADV_E_INVALID, "trusted_proxies",
                                  "trusted_proxies has \"%.*s\"; it must be addresses, or networks "
                                  "as ADDRESS/BITS, separated by commas",
                                  (int)(n < 100 ? n : 100), at);
    }
    return ADV_OK;
}

bool adv_proxies_include(const char *proxies, const char *origin)
{
    struct in6_addr address, rule;
    int bits;
    const char *at = proxies ? proxies : "";
    if (!*at || !parse(origin, &address))
        return false;
    for (size_t n; (n = next_rule(&at)); at += n) {
        if (parse_rule(at, n, &rule, &bits) && begins_alike(&address, &rule, bits))
            return true;
    }
    return false;
}

/* The last element of the list [n bytes] as an address: some proxies write its port, too. */
static bool read_last(const char *list, size_t *n, char address[ADV_ORIGIN_SIZE])
{
    char text[ADV_ORIGIN_SIZE + 8], *begin = text;
    size_t end = *n, start;
    while (end > 0 && strchr(" \t", list[end - 1]))
        end--;
    for (start = end; start > 0 && list[start - 1] != ',';)
        start--;
    *n = start > 0 ? start - 1 : 0;
    while (start < end && strchr(" \t", list[start]))
        start++;
    if (end - start >= sizeof text)
        return false;
    memcpy(text, list + start, end - start);
    text[end - start] = '\0';
    char *colon = strchr(text, ':');
    if (*text == '[' && strchr(text, ']')) {
        begin++;
        *strchr(text, ']') = '\0';
    } else if (colon && colon == strrchr(text, ':')) {
        *colon = '\0';
    }
    struct in6_addr parsed;
    if (!parse(begin, &parsed))
        return false;
    write_address(&parsed, address);
    return true;
}

void adv_origin_forwarded(const char *proxies, const char *origin, const char *forwarded_for,
                          char client[ADV_ORIGIN_SIZE])
{
    size_t n = forwarded_for ? strlen(forwarded_for) : 0;
    char address[ADV_ORIGIN_SIZE];
    snprintf(client, ADV_ORIGIN_SIZE, "%s", origin);
    while (n > 0 && adv_proxies_include(proxies, client)) {
        if (!read_last(forwarded_for, &n, address))
            return;
        memcpy(client, address, sizeof address);
    }
}
