/* A file that is sent as it is, from memory: with the media type of its name, a tag by which browsers
 * know that they have it already, and compressed for those that take it so. */
#ifndef ADV_SERVER_STATIC_FILE_H
#define ADV_SERVER_STATIC_FILE_H

#include "server/http/head.h"
#include "server/reply/reply.h"

#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

struct adv_static_file {
    const char *name;           /* its path below some folder: "lib/dom.js" */
    const void *plain, *packed; /* [n_plain] and, by gzip, [n_packed]; packed may be NULL */
    size_t n_plain, n_packed;
    uint64_t digest; /* of plain, by adv_digest */
};

/* Makes a file that copies the name and takes over these malloc'd bytes, also on failure;
 * compressed too where that is smaller. ADV_E_NO_MEMORY. */
enum adv_status adv_static_file_own(const char *name, void *plain, size_t n_plain,
                                    struct adv_static_file *file, struct adv_error *error);
/* Frees what adv_static_file_own made, and leaves nothing. */
void adv_static_file_release(struct adv_static_file *file);

/* The Content-Security-Policy of a page, none of which comes from elsewhere. scripts: after 'self', of
 * script-src. Pictures are also made in the page (blob:). */
#define ADV_PAGE_POLICY(scripts)                                                                   \
    "default-src 'none'; script-src 'self'" scripts "; style-src 'self'; img-src 'self' blob:; "   \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

/* The reply to a GET of the file, whose bytes live until it is sent: 304 where the client has it.
 * policy: an ADV_PAGE_POLICY. */
void adv_static_file_reply(const struct adv_static_file *file, const char *policy,
                           const struct adv_head *head, struct adv_reply *reply);

#endif
