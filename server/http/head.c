#include "server/http/head.h"

#include "server/http/request_id.h"
#include "server/reply/problem.h"

#include <advect/extra/memory.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What one pass over the headers finds. */
struct findings {
    struct adv_head *head;
    const char *length, *transfer_encoding;
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
    } wanted[] = {
        {MHD_HTTP_HEADER_HOST, &head->host},
        {MHD_HTTP_HEADER_CONTENT_LENGTH, &findings->length},
        {MHD_HTTP_HEADER_TRANSFER_ENCODING, &findings->transfer_encoding},
        {MHD_HTTP_HEADER_CONTENT_TYPE, &head->content_type},
        {MHD_HTTP_HEADER_AUTHORIZATION, &head->authorization},
        {"X-API-Key", &head->api_key},
        {MHD_HTTP_HEADER_EXPECT, &head->expect},
        {MHD_HTTP_HEADER_IF_NONE_MATCH, &head->if_none_match},
        {MHD_HTTP_HEADER_ACCEPT_ENCODING, &head->accept_encoding},
        {ADV_REQUEST_ID_HEADER, &head->request_id},
        {"traceparent", &head->traceparent},
        {"X-Forwarded-For", &head->forwarded_for},
        {"Prefer", &head->prefer},
    };
    if (!strcasecmp(name, MHD_HTTP_HEADER_ACCEPT))
        join_accept(findings, value);
    if (!strcasecmp(name, MHD_HTTP_HEADER_CONTENT_ENCODING) && strcasecmp(value, "identity") != 0)
        head->content_encoding = value;
    for (size_t i = 0; i < ADV_COUNT(wanted); i++) {
        if (!strcasecmp(name, wanted[i].name))
            *wanted[i].value = value;
    }
    return MHD_YES;
}

bool adv_head_read(struct MHD_Connection *connection, struct adv_head *head,
                   struct adv_reply *refusal)
{
    struct findings findings = {.head = head};
    *head = (struct adv_head){0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at, &findings);
    head->has_length = findings.length != NULL;
    head->chunked = findings.transfer_encoding != NULL;
    head->length = findings.length ? strtoull(findings.length, NULL, 10) : 0;
    if (!findings.accept_too_long)
        return true;
    adv_problem_reply(refusal, ADV_PROBLEM_HEAD_TOO_LARGE, "Accept",
                      "Accept is longer than %d bytes", ADV_HEAD_MAX_ACCEPT);
    refusal->close = true;
    return false;
}

bool adv_head_has_tag(const struct adv_head *head, const char *etag)
{
    const char *known = head->if_none_match;
    return known && (!strcmp(known, "*") || strstr(known, etag));
}

/* Preferences stand between commas, their parameters behind semicolons. */
bool adv_head_prefers_async(const struct adv_head *head)
{
    static const char wanted[] = "respond-async";
    for (const char *at = head->prefer; at && *at; at += strcspn(at, ","), at += *at == ',') {
        at += strspn(at, " \t");
        size_t n = strcspn(at, " \t,;");
        if (n == strlen(wanted) && !strncasecmp(at, wanted, n))
            return true;
    }
    return false;
}

const char *adv_head_key(const struct adv_head *head)
{
    if (head->authorization && !strncasecmp(head->authorization, "Bearer ", 7))
        return head->authorization + 7;
    return head->api_key;
}
