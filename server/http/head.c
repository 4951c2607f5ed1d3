#include "server/http/head.h"

#include "server/http/problem.h"

#include <advect/extra/memory.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* What one pass over the headers finds. */
struct findings {
    struct adv_head *head;
    const char *length, *transfer_encoding;
    unsigned n_lengths, n_encodings, n_hosts;
    bool accept_too_long;
};

static void join_accept(struct findings *findings, const char *value)
{
    char *accept = findings->head->accept;
    size_t n = strlen(accept), n_value = strlen(value);
    if (n + n_value + 2 > sizeof findings->head->accept) {
        findings->accept_too_long = true;
        return;
    }
    if (n)
        accept[n++] = ',';
    memcpy(accept + n, value, n_value + 1);
}

static enum MHD_Result look_at(void *context, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
    (void)kind;
    struct findings *findings = context;
    struct adv_head *head = findings->head;
    value = value ? value : "";
    const struct {
        const char *name, **value;
        unsigned *count;
    } wanted[] = {
        {MHD_HTTP_HEADER_HOST, &head->host, &findings->n_hosts},
        {MHD_HTTP_HEADER_CONTENT_LENGTH, &findings->length, &findings->n_lengths},
        {MHD_HTTP_HEADER_TRANSFER_ENCODING, &findings->transfer_encoding, &findings->n_encodings},
        {MHD_HTTP_HEADER_CONTENT_TYPE, &head->content_type, NULL},
        {MHD_HTTP_HEADER_AUTHORIZATION, &head->authorization, NULL},
        {"X-API-Key", &head->api_key, NULL},
        {MHD_HTTP_HEADER_EXPECT, &head->expect, NULL},
        {MHD_HTTP_HEADER_IF_NONE_MATCH, &head->if_none_match, NULL},
        {MHD_HTTP_HEADER_ACCEPT_ENCODING, &head->accept_encoding, NULL},
    };
    if (!strcasecmp(name, MHD_HTTP_HEADER_ACCEPT))
        join_accept(findings, value);
    for (size_t i = 0; i < ADV_COUNT(wanted); i++) {
        if (strcasecmp(name, wanted[i].name) != 0)
            continue;
        *wanted[i].value = value;
        if (wanted[i].count)
            ++*wanted[i].count;
    }
    return MHD_YES;
}

/* Decimal digits alone, within 64 bits. */
static bool read_length(const char *text, uint64_t *length)
{
    uint64_t value = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    }
    *length = value;
    return true;
}

/* Why the request's end is in doubt, or NULL. Two readers that disagree on it would see different
 * requests on one connection (RFC 9112, 6.3). */
static const char *doubt(const struct findings *findings, const char *version)
{
    struct adv_head *head = findings->head;
    if (findings->n_lengths && findings->n_encodings)
        return "the request has both Content-Length and Transfer-Encoding";
    if (findings->n_lengths > 1)
        return "the request has more than one Content-Length";
    if (findings->n_encodings > 1)
        return "the request has more than one Transfer-Encoding";
    if (findings->n_encodings && strcasecmp(findings->transfer_encoding, "chunked") != 0)
        return "Transfer-Encoding must be chunked, alone";
    if (findings->n_lengths && !read_length(findings->length, &head->length))
        return "Content-Length is not a number of bytes";
    if (findings->n_hosts > 1)
        return "the request has more than one Host";
    if (findings->n_hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0)
        return "the request has no Host";
    head->has_length = findings->n_lengths > 0;
    head->chunked = findings->n_encodings > 0;
    return NULL;
}

bool adv_head_read(struct MHD_Connection *connection, const char *version, struct adv_head *head,
                   struct adv_reply *refusal)
{
    struct findings findings = {.head = head};
    *head = (struct adv_head){0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at, &findings);
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const char *in_doubt = doubt(&findings, version);
    if (size && size->header_size > ADV_HEAD_MAX_BYTES)
        adv_problem_reply(refusal, ADV_PROBLEM_HEAD_TOO_LARGE, NULL,
                          "the request's head has %zu bytes; at most %d are read",
                          size->header_size, ADV_HEAD_MAX_BYTES);
    else if (findings.accept_too_long)
        adv_problem_reply(refusal, ADV_PROBLEM_HEAD_TOO_LARGE, "Accept",
                          "Accept is longer than %d bytes", ADV_HEAD_MAX_ACCEPT);
    else if (in_doubt)
        adv_problem_reply(refusal, ADV_PROBLEM_MALFORMED, NULL, "%s", in_doubt);
    else
        return true;
    refusal->close = true;
    return false;
}

bool adv_head_has_tag(const struct adv_head *head, const char *etag)
{
    const char *known = head->if_none_match;
    return known && (!strcmp(known, "*") || strstr(known, etag));
}

static bool same_secret(const char *given, const char *key)
{
    size_t n_given = strlen(given), n = strlen(key);
    volatile unsigned char difference = n_given != n;
    for (size_t i = 0; i < n; i++)
        difference |= (unsigned char)(key[i] ^ given[n_given ? i % n_given : 0]);
    return difference == 0;
}

bool adv_head_has_key(const struct adv_head *head, const char *key)
{
    const char *given = head->api_key;
    if (head->authorization && !strncasecmp(head->authorization, "Bearer ", 7))
        given = head->authorization + 7;
    return given && same_secret(given, key);
}
