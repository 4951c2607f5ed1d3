#include "server/files/static_file.h"

#include "server/http/negotiate.h"

#include <advect/extra/digest.h>
#include <advect/extra/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's word for gzip's header and its largest window */
#define GZIP_MEMORY 8         /* zlib's default */

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

/* Leaves the file without a packed form where that is no smaller. */
static enum adv_status pack(struct adv_static_file *file, struct adv_error *error)
{
    /* zlib's interface predates const. */
    z_stream stream = {.next_in = (Bytef *)file->plain, .avail_in = (uInt)file->n_plain};
    uint8_t *packed = malloc(file->n_plain + 1);
    if (!packed || deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
                                GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(packed);
        return adv_no_memory(error);
    }
    stream.next_out = packed;
    stream.avail_out = (uInt)file->n_plain;
    bool smaller = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    size_t n_packed = stream.total_out;
    deflateEnd(&stream);
    uint8_t *fitted = smaller ? realloc(packed, n_packed) : NULL;
    if (!fitted) {
        free(packed);
        return smaller ? adv_no_memory(error) : ADV_OK;
    }
    file->packed = fitted;
    file->n_packed = n_packed;
    return ADV_OK;
}

enum adv_status adv_static_file_own(const char *name, void *plain, size_t n_plain,
                                    struct adv_static_file *file, struct adv_error *error)
{
    struct adv_static_file fresh = {.name = strdup(name),
                                    .plain = plain,
                                    .n_plain = n_plain,
                                    .digest = adv_digest(ADV_DIGEST_INIT, plain, n_plain)};
    enum adv_status status = fresh.name ? pack(&fresh, error) : adv_no_memory(error);
    if (status != ADV_OK)
        adv_static_file_release(&fresh);
    else
        *file = fresh;
    return status;
}

void adv_static_file_release(struct adv_static_file *file)
{
    free((char *)file->name);
    free((void *)file->plain);
    free((void *)file->packed);
    *file = (struct adv_static_file){0};
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
