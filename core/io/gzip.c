#include "core/io/gzip.h"

#include "core/base/mem.h"

#include <advect/array_file.h>
#include <limits.h>
#include <stdlib.h>

bool adv_is_gzip(const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes;
    return n_bytes >= 2 && at[0] == 0x1f && at[1] == 0x8b;
}

static voidpf allocate(voidpf context, uInt items, uInt size)
{
    (void)context;
    return adv_calloc(items, size);
}

static void release(voidpf context, voidpf block)
{
    (void)context;
    free(block);
}

static uInt at_most(size_t n)
{
    return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

static void feed(struct adv_inflater *inflater)
{
    z_stream *stream = &inflater->stream;
    if (stream->avail_in > 0)
        return;
    stream->next_in = (z_const Bytef *)inflater->at;
    stream->avail_in = at_most(inflater->n_left);
    inflater->at += stream->avail_in;
    inflater->n_left -= stream->avail_in;
}

static enum adv_status judge(struct adv_inflater *inflater, int result)
{
    switch (result) {
    case Z_OK:
        return ADV_OK;
    case Z_STREAM_END: /* of a member; a file may consist of several */
        inflater->ended = inflater->stream.avail_in == 0 && inflater->n_left == 0;
        inflateReset(&inflater->stream);
        return ADV_OK;
    case Z_MEM_ERROR:
        return adv_no_memory(inflater->error);
    case Z_BUF_ERROR:
        return adv_fail(inflater->error, ADV_E_FORMAT, "the compressed data are cut short");
    default:
        return adv_fail(inflater->error, ADV_E_FORMAT, "the compressed data are damaged: %s",
                        inflater->stream.msg ? inflater->stream.msg : "a dictionary is asked for");
    }
}

enum adv_status adv_inflate_to(struct adv_inflater *inflater, size_t limit)
{
    struct adv_bytes *plain = &inflater->plain;
    z_stream *stream = &inflater->stream;
    while (plain->n < limit && !inflater->ended) {
        enum adv_status status = adv_bytes_reserve(plain, 1, inflater->error);
        if (status != ADV_OK)
            return status;
        size_t end = plain->capacity < limit ? plain->capacity : limit;
        uInt room = at_most(end - plain->n);
        feed(inflater);
        stream->next_out = plain->data + plain->n;
        stream->avail_out = room;
        int result = inflate(stream, Z_NO_FLUSH);
        plain->n += room - stream->avail_out;
        status = judge(inflater, result);
        if (status != ADV_OK)
            return status;
    }
    return ADV_OK;
}

enum adv_status adv_inflater_init(struct adv_inflater *inflater, const void *bytes, size_t n_bytes,
                                  struct adv_error *error)
{
    *inflater = (struct adv_inflater){.at = bytes, .n_left = n_bytes, .error = error};
    inflater->stream.zalloc = allocate;
    inflater->stream.zfree = release;
    if (inflateInit2(&inflater->stream, 16 + MAX_WBITS) != Z_OK) /* 16: gzip framing */
        return adv_no_memory(error);
    return ADV_OK;
}

void adv_inflater_release(struct adv_inflater *inflater)
{
    inflateEnd(&inflater->stream);
    adv_bytes_release(&inflater->plain);
}

enum adv_status adv_inflate(const void *bytes, size_t n_bytes, const char *name, void **plain,
                            size_t *n_plain, struct adv_error *error)
{
    struct adv_inflater inflater;
    enum adv_status status = adv_inflater_init(&inflater, bytes, n_bytes, error);
    if (status == ADV_OK)
        status = adv_inflate_to(&inflater, SIZE_MAX);
    if (status == ADV_OK)
        status = adv_bytes_append(&inflater.plain, "", 1, error);
    if (status == ADV_OK) {
        *plain = inflater.plain.data;
        *n_plain = inflater.plain.n - 1;
        inflater.plain = (struct adv_bytes){0};
    } else {
        adv_error_prefix(error, "%s: ", name);
    }
    adv_inflater_release(&inflater);
    return status;
}

enum adv_status adv_file_read_plain(const char *path, void **bytes, size_t *n_bytes,
                                    struct adv_error *error)
{
    enum adv_status status = adv_file_read(path, SIZE_MAX, bytes, n_bytes, error);
    if (status != ADV_OK || !adv_is_gzip(*bytes, *n_bytes))
        return status;
    void *packed = *bytes;
    status = adv_inflate(packed, *n_bytes, path, bytes, n_bytes, error);
    free(packed);
    return status;
}
