/* Decompression of gzip files, as far as is asked for. */
#ifndef ADV_IO_GZIP_H
#define ADV_IO_GZIP_H

#include <advect/extra/bytes.h>
#include <advect/status.h>
#include <stdbool.h>
#include <zlib.h>

struct adv_inflater {
    z_stream stream;
    const uint8_t *at; /* input that zlib, which counts in 32 bits, was not yet given */
    size_t n_left;
    bool ended;
    struct adv_bytes plain; /* what was decompressed so far */
    struct adv_error *error;
};

/* Whether the bytes begin as gzip's do. */
bool adv_is_gzip(const void *bytes, size_t n_bytes);

/* bytes are borrowed. Released also after a failure. */
enum adv_status adv_inflater_init(struct adv_inflater *inflater, const void *bytes, size_t n_bytes,
                                  struct adv_error *error);
void adv_inflater_release(struct adv_inflater *inflater);

/* Decompresses until `limit` bytes are there or the input has ended. */
enum adv_status adv_inflate_to(struct adv_inflater *inflater, size_t limit);

/* What gzip bytes hold, malloc'd for the caller, with a zero byte behind it; name is for messages. */
enum adv_status adv_inflate(const void *bytes, size_t n_bytes, const char *name, void **plain,
                            size_t *n_plain, struct adv_error *error);

/* As adv_file_read, the bytes decompressed where the file is one of gzip. A NUL follows them. */
enum adv_status adv_file_read_plain(const char *path, void **bytes, size_t *n_bytes,
                                    struct adv_error *error);

#endif
