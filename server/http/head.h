/* The head of a request: the headers that matter here, read in one pass. */
#ifndef ADV_SERVER_HEAD_H
#define ADV_SERVER_HEAD_H

#include "server/reply/reply.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#define ADV_HEAD_MAX_ACCEPT 1024

/* Strings are libmicrohttpd's, valid until the request is completed; NULL where absent. */
struct adv_head {
    const char *host, *content_type, *authorization, *api_key, *expect, *if_none_match;
    const char *accept_encoding, *request_id, *traceparent, *forwarded_for, *prefer;
    const char *content_encoding;     /* other than identity */
    char accept[ADV_HEAD_MAX_ACCEPT]; /* all Accept headers, joined; "" without one */
    bool has_length, chunked;
    uint64_t length; /* Content-Length */
};

/* Reads a head whose framing is beyond doubt (framing.h). False, with a reply that closes the
 * connection, where a header is longer than can be read. */
bool adv_head_read(struct MHD_Connection *connection, struct adv_head *head,
                   struct adv_reply *refusal);

/* Whether If-None-Match names the tag, quotes included, or is "*". */
bool adv_head_has_tag(const struct adv_head *head, const char *etag);

/* Whether Prefer (RFC 7240) asks for an answer that does not wait for the result. */
bool adv_head_prefers_async(const struct adv_head *head);

/* The key of "Authorization: Bearer KEY" or "X-API-Key: KEY", or NULL. */
const char *adv_head_key(const struct adv_head *head);

#endif
