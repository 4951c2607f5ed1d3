/* Bytes that an encoder collects. */
#ifndef ADV_IO_TEXT_H
#define ADV_IO_TEXT_H

#include <advect/png.h>
#include <advect/status.h>
#include <stddef.h>

enum adv_status adv_bytes_append(struct adv_bytes *bytes, const void *data, size_t n,
                                 struct adv_error *error);

#endif
