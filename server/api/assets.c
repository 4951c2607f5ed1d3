/* The front-end: the files of web/ and the client for JavaScript, in the program itself. Nothing of it comes from elsewhere, and
 * the policy in its head holds the browser to that. */
#include "server/api/assets.h"
#include "server/api/handlers.h"
#include "server/http/negotiate.h"
#include "server/net/exchange.h"

#include <advect/extra/digest.h>
#include <advect/extra/memory.h>
#include <stdio.h>
#include <string.h>

/* Pictures are also made in the page (blob:); styles and scripts are files. */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "              \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

static const struct {
    const char *suffix, *media_type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
};

static const char *media_type_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < ADV_COUNT(types); i++) {
        if (!strcmp(dot, types[i].suffix))
            return types[i].media_type;
    }
    return "application/octet-stream";
}

static const struct adv_asset *find(const char *name)
{
    for (size_t i = 0; i < adv_assets_count; i++) {
        if (!strcmp(adv_assets[i].name, name))
            return &adv_assets[i];
    }
    return NULL;
}

static bool takes_gzip(const struct adv_head *head)
{
    return head->accept_encoding && *head->accept_encoding &&
           adv_accept_quality(head->accept_encoding, "gzip") > 0;
}

/* One tag per form of each content. */
static void make_etag(const struct adv_asset *asset, bool packed, char etag[32])
{
    uint64_t digest =
        adv_digest(ADV_DIGEST_INIT, asset->plain, (size_t)(asset->plain_end - asset->plain));
    snprintf(etag, 32, "\"%016llx%s\"", (unsigned long long)digest, packed ? "-gzip" : "");
}

static void serve(struct adv_exchange *exchange, const struct adv_asset *asset)
{
    struct adv_reply *reply = &exchange->reply;
    bool packed = takes_gzip(&exchange->head);
    const char *from = packed ? asset->packed : asset->plain;
    const char *end = packed ? asset->packed_end : asset->plain_end;
    char etag[32];
    make_etag(asset, packed, etag);
    if (adv_head_has_tag(&exchange->head, etag)) {
        adv_reply_empty(reply, MHD_HTTP_NOT_MODIFIED);
    } else {
        adv_reply_asset(reply, MHD_HTTP_OK, media_type_of(asset->name), from, (size_t)(end - from));
        adv_reply_header(reply, "Content-Security-Policy", "%s", POLICY);
        adv_reply_header(reply, "Referrer-Policy", "no-referrer");
        if (packed)
            adv_reply_header(reply, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    }
    /* Kept by browsers, but asked about each time: a new daemon's page is never mixed with an old
     * one's. */
    adv_reply_header(reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    adv_reply_header(reply, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
    adv_reply_header(reply, MHD_HTTP_HEADER_ETAG, "%s", etag);
}

void adv_handle_index(struct adv_exchange *exchange)
{
    serve(exchange, find("index.html"));
}

void adv_handle_docs(struct adv_exchange *exchange)
{
    serve(exchange, find("docs.html"));
}

/* The segments of the path from one on: "lib/dom.js" of /web/lib/dom.js from 1. */
static void name_of(const struct adv_target *target, size_t from, size_t size, char name[])
{
    size_t length = 0;
    name[0] = '\0';
    for (size_t i = from; i < target->n_segments && length < size; i++)
        length += (size_t)snprintf(name + length, size - length, "%s%s", i > from ? "/" : "",
                                   target->segments[i]);
}

static void answer_file(struct adv_exchange *exchange, size_t from)
{
    char name[128]; /* longer than that of any file */
    name_of(&exchange->target, from, sizeof name, name);
    const struct adv_asset *asset = find(name);
    if (asset)
        serve(exchange, asset);
    else
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_NO_ROUTE, NULL,
                          "the front-end has no file \"%.100s\"", name);
}

void adv_handle_asset(struct adv_exchange *exchange)
{
    answer_file(exchange, 1);
}

/* At the path that it has in the sources, where the page's modules import it from. */
void adv_handle_client(struct adv_exchange *exchange)
{
    answer_file(exchange, 0);
}
