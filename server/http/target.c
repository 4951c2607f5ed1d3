/* Segments and pairs are cut before they are decoded, so that an escaped slash
 * or ampersand is data and never structure. */
#include "server/http/target.h"

#include "server/http/host.h"

#include <advect/extra/words.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes text [n bytes] to *at, ends it with a NUL and moves *at behind that; the result, or
 * NULL. */
static const char *decode(const char *text, size_t n, char **at, struct adv_error *error)
{
    char *start = *at, *out = start;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '%') {
            int high = i + 1 < n ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < n ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                adv_fail(error, ADV_E_FORMAT,
                         "the target has a %% that no two hexadecimal digits follow");
                return NULL;
            }
            c = (unsigned char)(high * 16 + low);
            i += 2;
        }
        if (c < 0x20 || c == 0x7f) {
            adv_fail(error, ADV_E_FORMAT, "the target has a control character (%%%02X)", c);
            return NULL;
        }
        *out++ = (char)c;
    }
    *out = '\0';
    *at = out + 1;
    if (!adv_is_utf8(start, (size_t)(out - start))) {
        adv_fail(error, ADV_E_FORMAT, "the target is not UTF-8");
        return NULL;
    }
    return start;
}

static enum adv_status read_path(const char *path, size_t n, char **at, struct adv_target *target,
                                 struct adv_error *error)
{
    if (n == 0 || (n == 1 && path[0] == '/'))
        return ADV_OK;
    size_t begin = path[0] == '/' ? 1 : 0;
    for (;;) {
        size_t end = begin;
        while (end < n && path[end] != '/')
            end++;
        if (target->n_segments == ADV_TARGET_MAX_SEGMENTS)
            return adv_fail(error, ADV_E_FORMAT, "the path has more than %d segments",
                            ADV_TARGET_MAX_SEGMENTS);
        const char *segment = decode(path + begin, end - begin, at, error);
        if (!segment)
            return ADV_E_FORMAT;
        target->segments[target->n_segments++] = segment;
        if (end == n)
            return ADV_OK;
        begin = end + 1;
    }
}

static enum adv_status read_pair(const char *text, size_t n, char **at, struct adv_target *target,
                                 struct adv_error *error)
{
    if (target->n_pairs == ADV_TARGET_MAX_PAIRS)
        return adv_fail(error, ADV_E_FORMAT, "the query has more than %d fields",
                        ADV_TARGET_MAX_PAIRS);
    const char *equals = memchr(text, '=', n);
    size_t n_name = equals ? (size_t)(equals - text) : n;
    struct adv_target_pair pair;
    pair.name = decode(text, n_name, at, error);
    pair.value =
        pair.name ? decode(equals ? equals + 1 : text + n, equals ? n - n_name - 1 : 0, at, error)
                  : NULL;
    if (!pair.value)
        return ADV_E_FORMAT;
    for (size_t i = 0; i < target->n_pairs; i++) {
        if (!strcmp(target->pairs[i].name, pair.name))
            return adv_fail_field(error, ADV_E_FORMAT, pair.name,
                                  "the query gives \"%.60s\" more than once", pair.name);
    }
    target->pairs[target->n_pairs++] = pair;
    return ADV_OK;
}

static enum adv_status read_query(const char *query, char **at, struct adv_target *target,
                                  struct adv_error *error)
{
    while (*query) {
        size_t n = strcspn(query, "&");
        enum adv_status status = n ? read_pair(query, n, at, target, error) : ADV_OK;
        if (status != ADV_OK)
            return status;
        query += n;
        query += *query == '&';
    }
    return ADV_OK;
}

/* The path and query of a target in absolute form, whose authority is kept, else the target itself.
 * A user's name before the host is taken for an attempt to deceive (RFC 9110, 4.2.4). */
static enum adv_status skip_authority(struct adv_target *target, const char **path,
                                      struct adv_error *error)
{
    const char *raw = target->raw;
    size_t scheme = !strncasecmp(raw, "http://", 7) ? 7 : !strncasecmp(raw, "https://", 8) ? 8 : 0;
    *path = raw;
    if (!scheme)
        return ADV_OK;
    size_t n = strcspn(raw + scheme, "/?");
    if (n >= sizeof target->authority)
        return adv_fail(error, ADV_E_FORMAT, "the target's host is too long");
    memcpy(target->authority, raw + scheme, n);
    *path = raw + scheme + n;
    if (!adv_host_is_valid(target->authority))
        return adv_fail(error, ADV_E_FORMAT, "the target does not name HOST or HOST:PORT");
    return ADV_OK;
}

enum adv_status adv_target_parse(const char *raw, struct adv_target *target,
                                 struct adv_error *error)
{
    *target = (struct adv_target){.raw = strndup(raw, ADV_TARGET_MAX_BYTES + 1)};
    if (!target->raw)
        return adv_no_memory(error);
    if (strlen(target->raw) > ADV_TARGET_MAX_BYTES)
        return adv_fail(error, ADV_E_INVALID, "the target is longer than %d bytes",
                        ADV_TARGET_MAX_BYTES);
    const char *path;
    enum adv_status status = skip_authority(target, &path, error);
    if (status != ADV_OK)
        return status;
    size_t n_path = strcspn(path, "?");
    bool asterisk = n_path == 1 && path[0] == '*';
    bool empty = n_path == 0 && *target->authority; /* the same as "/" */
    if (path[0] != '/' && !asterisk && !empty)
        return adv_fail(error, ADV_E_FORMAT, "the target does not begin with /");
    /* A piece decodes to at most its own length and a NUL in place of the separator before it;
     * only pairs without "=" take one byte more. */
    target->decoded = malloc(strlen(path) + ADV_TARGET_MAX_PAIRS + 2);
    if (!target->decoded)
        return adv_no_memory(error);
    char *at = target->decoded;
    status = read_path(path, n_path, &at, target, error);
    if (status == ADV_OK && path[n_path])
        status = read_query(path + n_path + 1, &at, target, error);
    return status;
}

void adv_target_release(struct adv_target *target)
{
    free(target->raw);
    free(target->decoded);
    *target = (struct adv_target){0};
}

void adv_target_join(const struct adv_target *target, size_t from, size_t size, char path[])
{
    size_t length = 0;
    path[0] = '\0';
    for (size_t i = from; i < target->n_segments && length < size; i++)
        length += (size_t)snprintf(path + length, size - length, "%s%s", i > from ? "/" : "",
                                   target->segments[i]);
}

const char *adv_target_query(const struct adv_target *target)
{
    const char *query = target->raw ? strchr(target->raw, '?') : NULL;
    return query ? query : "";
}
