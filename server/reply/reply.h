/* A whole reply in memory, and its way into libmicrohttpd. */
#ifndef ADV_SERVER_REPLY_H
#define ADV_SERVER_REPLY_H

#include <advect/extra/bytes.h>
#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#define ADV_REPLY_MAX_HEADERS 8
#define ADV_WARNING_HEADER "Advect-Warning"

struct adv_header {
    const char *name; /* static */
    char value[320];
};

/* Own no memory: they may be copied. */
struct adv_headers {
    size_t n;
    struct adv_header items[ADV_REPLY_MAX_HEADERS];
};

struct adv_reply {
    unsigned status;        /* 0: there is none yet */
    const char *media_type; /* static; NULL without a body */
    struct adv_bytes body;  /* owned */
    const void *asset;      /* or a body that lives as long as the program */
    size_t n_asset;
    struct adv_headers headers;
    bool close; /* the connection ends after it */
};

void adv_reply_release(struct adv_reply *reply);

/* Each sets status, type and body of a reply; bytes are taken over (and left empty), json is
 * decref'd. Without memory for the text the reply becomes an empty 500. */
void adv_reply_bytes(struct adv_reply *reply, unsigned status, const char *media_type,
                     struct adv_bytes *bytes);
void adv_reply_asset(struct adv_reply *reply, unsigned status, const char *media_type,
                     const void *asset, size_t n_asset);
void adv_reply_json(struct adv_reply *reply, unsigned status, const char *media_type, json_t *json);
void adv_reply_empty(struct adv_reply *reply, unsigned status);

/* The text as a JSON string, a new reference. Where it is not UTF-8 (a file's name; a message cut
 * within a character), what is not ASCII becomes '?'. */
json_t *adv_json_text(const char *text);

/* Adds a header; one of the same name is replaced. */
void adv_headers_set(struct adv_headers *headers, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void adv_reply_header(struct adv_reply *reply, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

size_t adv_reply_size(const struct adv_reply *reply);

/* The reply as a response, whose body it takes along. NULL without memory. */
struct MHD_Response *adv_reply_response(struct adv_reply *reply);

/* Sends the reply over a socket of which libmicrohttpd knows nothing, or nothing yet, as far as its
 * buffer takes it without waiting; "Connection: close". */
void adv_reply_send(const struct adv_reply *reply, int fd);

/* Headers and Content-Type (NULL: none) of a response made elsewhere. */
void adv_headers_add(const struct adv_headers *headers, const char *media_type,
                     struct MHD_Response *response);

#endif
