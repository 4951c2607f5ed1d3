/* The request target: path segments and query pairs, decoded. */
#ifndef ADV_SERVER_TARGET_H
#define ADV_SERVER_TARGET_H

#include <advect/status.h>
#include <stddef.h>

#define ADV_TARGET_MAX_BYTES 8192
#define ADV_TARGET_MAX_SEGMENTS 8
#define ADV_TARGET_MAX_PAIRS 64

struct adv_target_pair {
    const char *name, *value;
};

struct adv_target {
    char *raw;           /* as it came, for the log; owned */
    char *decoded;       /* what the pointers below point into; owned */
    char authority[256]; /* of an absolute target: "www.example.org:8080", else "" */
    size_t n_segments, n_pairs;
    const char *segments[ADV_TARGET_MAX_SEGMENTS];
    struct adv_target_pair pairs[ADV_TARGET_MAX_PAIRS];
};

/* "/a/b%20c?d=e" gives the segments "a", "b c" and the pair d = "e"; "/" has no segment, "*" the
 * one segment "*". An absolute target (http://host/path) is read as its path and its authority. ADV_E_FORMAT: a
 * broken escape, an escaped control character, bytes that are not UTF-8, too many segments or
 * pairs, a repeated name. The raw copy is kept also then. */
enum adv_status adv_target_parse(const char *raw, struct adv_target *target,
                                 struct adv_error *error);
void adv_target_release(struct adv_target *target);

/* The segments from one on as one path, at most size - 1 bytes of it: of /web/lib/dom.js from 1
 * "lib/dom.js". */
void adv_target_join(const struct adv_target *target, size_t from, size_t size, char path[]);

/* Where the query begins in the raw target ("?n=3"), or "" without one. */
const char *adv_target_query(const struct adv_target *target);

#endif
