#include "server/files/static_file.h"

#include "server/http/negotiate.h"

#include <advect/extra/memory.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *suffix, *media_type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".wasm", "application/wasm"}, /* browsers compile no other type while it comes */
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

static bool takes_gzip(const struct adv_head *head)
{
    return head->accept_encoding && *head->accept_encoding &&
           adv_accept_quality(head->accept_encoding, "gzip") > 0;
}

/* One tag per form of each content. */
static void make_etag(const struct adv_static_file *file, bool packed, char etag[32])
{
    snprintf(etag, 32, "\"%016llx%s\"", (unsigned long long)file->digest, packed ? "-gzip" : "");
}

void adv_static_file_reply(const struct adv_static_file *file, const char *policy,
                           const struct adv_head *head, struct adv_reply *reply)
{
    bool packed = file->packed && takes_gzip(head);
    char etag[32];
    make_etag(file, packed, etag);
    if (adv_head_has_tag(head, etag)) {
        adv_reply_empty(reply, MHD_HTTP_NOT_MODIFIED);
    } else {
        adv_reply_asset(reply, MHD_HTTP_OK, media_type_of(file->name),
                        packed ? file->packed : file->plain,
                        packed ? file->n_packed : file->n_plain);
        adv_reply_header(reply, "Content-Security-Policy", "%s", policy);
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
