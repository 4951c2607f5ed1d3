/* Where requests begin and end among the bytes of a connection (RFC 9112), read as strictly as the
 * standard allows.
 *
 * A head that two readers could take for different requests, or whose body they would end at
 * different places, is how one client's bytes become another's request behind a proxy.
 * libmicrohttpd forgives much of that, and shows heads only after it has read them: a blank before
 * a colon, a NUL or a bare carriage return is gone by then. So the bytes pass here first, and what
 * is in doubt never gets to it (server/net/receive.h). */
#ifndef ADV_SERVER_FRAMING_H
#define ADV_SERVER_FRAMING_H

#include "server/reply/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADV_HEAD_MAX_BYTES 32768
#define ADV_HEAD_MAX_LINES 256 /* each takes some memory of libmicrohttpd's connection */

/* One connection's reader. All zero: a new connection. */
struct adv_framing {
    uint64_t n_heads; /* that have come whole */
    uint64_t n_whole; /* requests that have come whole */

    /* NULL, or why the request after the first n_whole ones is refused; none after it is read. */
    const char *refusal;
    enum adv_problem problem;
    char method[16],
        target[201]; /* of the latest request, as far as they came and fit: for the log */

    /* The rest is the reader's. */
    int state, after_lf;
    bool begun, skipped_empty_line;
    size_t n_head_bytes, n_method, n_target, n_version, n_name, n_value;
    char version[8], name[20], value[512]; /* longer names are none that matter */
    int field;                             /* of those that matter, or none */
    unsigned counts[5];                    /* lines of each of those */
    unsigned n_lines, n_pairs;             /* of headers; of the target's query */
    bool chunked, close, keep_alive;       /* as the head has said so far */
    bool last;                             /* no request follows those of whole heads */
    uint64_t length, n_left;               /* Content-Length; of a body or chunk, bytes to come */
    size_t n_size_digits;
};

/* Reads on. The result is how many bytes of data there are for libmicrohttpd, which differs from n
 * in two cases. What means nothing is taken out where a libmicrohttpd stumbles over it: blanks
 * after the values of Content-Length and Transfer-Encoding (0.9.75), extensions of chunks (1.0),
 * and cookies, of which it makes a list that may be longer than it has room for. And once there is
 * a refusal, only bytes of the requests before the refused one are left; none if that has begun
 * earlier, or if it is refused already. */
size_t adv_framing_take(struct adv_framing *framing, char *data, size_t n);

/* Whether no request can follow those that have come. */
bool adv_framing_is_last(const struct adv_framing *framing);

#endif
