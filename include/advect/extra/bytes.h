/* A buffer of bytes that grows: what encoders write, and what comes in pieces. All zeros is an
 * empty one. */
#ifndef ADVECT_EXTRA_BYTES_H
#define ADVECT_EXTRA_BYTES_H

#include <advect/api.h>
#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

struct adv_bytes {
    uint8_t *data; /* [n] of [capacity]; owned */
    size_t n, capacity;
};

/* Frees the bytes and leaves an empty buffer. */
void adv_bytes_release(struct adv_bytes *bytes);

/* Room for n more bytes behind the n there are; whoever fills it advances bytes->n. Unchanged
 * without memory. */
enum adv_status adv_bytes_reserve(struct adv_bytes *bytes, size_t n, struct adv_error *error);

/* n more bytes, copied. data may be NULL where n is 0. Unchanged without memory. */
enum adv_status adv_bytes_append(struct adv_bytes *bytes, const void *data, size_t n,
                                 struct adv_error *error);

ADV_API_END
#endif
