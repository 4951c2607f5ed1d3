#include "server/reply/reply.h"

#include <advect/extra/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

void adv_reply_release(struct adv_reply *reply)
{
    adv_bytes_release(&reply->body);
    *reply = (struct adv_reply){0};
}

static void set(struct adv_reply *reply, unsigned status, const char *media_type)
{
    adv_bytes_release(&reply->body);
    reply->body = (struct adv_bytes){0};
    reply->asset = NULL;
    reply->n_asset = 0;
    reply->status = status;
    reply->media_type = media_type;
}

void adv_reply_bytes(struct adv_reply *reply, unsigned status, const char *media_type,
                     struct adv_bytes *bytes)
{
    set(reply, status, media_type);
    reply->body = *bytes;
    *bytes = (struct adv_bytes){0};
}

void adv_reply_asset(struct adv_reply *reply, unsigned status, const char *media_type,
                     const void *asset, size_t n_asset)
{
    set(reply, status, media_type);
    reply->asset = asset;
    reply->n_asset = n_asset;
}

void adv_reply_json(struct adv_reply *reply, unsigned status, const char *media_type, json_t *json)
{
    /* Fifteen digits: what people wrote, not the nearest binary fraction to it. */
    char *text = adv_json_dump(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(json);
    if (!text) {
        adv_reply_empty(reply, MHD_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }
    size_t n = strlen(text);
    text[n] = '\n'; /* in place of the NUL: the body is counted */
    adv_reply_bytes(reply, status, media_type,
                    &(struct adv_bytes){.data = (uint8_t *)text, .n = n + 1, .capacity = n + 1});
}

void adv_reply_empty(struct adv_reply *reply, unsigned status)
{
    set(reply, status, NULL);
}

json_t *adv_json_text(const char *text)
{
    json_t *json = json_string(text);
    char *plain = json ? NULL : strdup(text);
    for (char *at = plain; at && *at; at++)
        *at = *at & 0x80 ? '?' : *at;
    if (plain)
        json = json_string(plain);
    free(plain);
    return json;
}

static void set_header(struct adv_headers *headers, const char *name, const char *format,
                       va_list args)
{
    size_t i = 0;
    while (i < headers->n && strcmp(headers->items[i].name, name) != 0)
        i++;
    if (i == ADV_REPLY_MAX_HEADERS)
        return;
    if (i == headers->n)
        headers->n++;
    headers->items[i].name = name;
    vsnprintf(headers->items[i].value, sizeof headers->items[i].value, format, args);
}

void adv_headers_set(struct adv_headers *headers, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_header(headers, name, format, args);
    va_end(args);
}

void adv_reply_header(struct adv_reply *reply, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_header(&reply->headers, name, format, args);
    va_end(args);
}

size_t adv_reply_size(const struct adv_reply *reply)
{
    return reply->asset ? reply->n_asset : reply->body.n;
}

void adv_headers_add(const struct adv_headers *headers, const char *media_type,
                     struct MHD_Response *response)
{
    if (media_type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, media_type);
    for (size_t i = 0; i < headers->n; i++)
        MHD_add_response_header(response, headers->items[i].name, headers->items[i].value);
}

struct MHD_Response *adv_reply_response(struct adv_reply *reply)
{
    struct MHD_Response *response;
    if (reply->asset) {
        /* libmicrohttpd's interface predates const: persistent bodies are only read. */
        response = MHD_create_response_from_buffer(reply->n_asset, (void *)reply->asset,
                                                   MHD_RESPMEM_PERSISTENT);
    } else {
        response = MHD_create_response_from_buffer_with_free_callback(reply->body.n,
                                                                      reply->body.data, free);
        if (response)
            reply->body = (struct adv_bytes){0};
    }
    if (response)
        adv_headers_add(&reply->headers, reply->media_type, response);
    return response;
}

void adv_reply_send(const struct adv_reply *reply, int fd)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return;
    char date[40];
    time_t now = time(NULL);
    struct tm parts;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
    fprintf(out,
            "HTTP/1.1 %u %s\r\nDate: %s\r\nConnection: close\r\nServer: advectd\r\n"
            "X-Content-Type-Options: nosniff\r\nContent-Length: %zu\r\n",
            reply->status, MHD_get_reason_phrase_for(reply->status), date, adv_reply_size(reply));
    if (reply->media_type)
        fprintf(out, "Content-Type: %s\r\n", reply->media_type);
    for (size_t i = 0; i < reply->headers.n; i++)
        fprintf(out, "%s: %s\r\n", reply->headers.items[i].name, reply->headers.items[i].value);
    fputs("\r\n", out);
    if (reply->body.n)
        fwrite(reply->body.data, 1, reply->body.n, out);
    if (fclose(out) == 0)
        (void)!send(fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    free(text);
}
