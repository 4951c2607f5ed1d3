/* Bytes that an encoder collects, and text from untrusted bytes. */
#ifndef ADV_IO_TEXT_H
#define ADV_IO_TEXT_H

#include <advect/png.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>

enum adv_status adv_bytes_append(struct adv_bytes *bytes, const void *data, size_t n,
                                 struct adv_error *error);

/* Room for a quoted piece of input in a message. */
#define ADV_PRINTABLE_MAX 72

/* Copies text [n] into out for a message: printable ASCII stays, every other byte becomes '?', and
 * what does not fit ends in "...". Returns out. */
const char *adv_printable(const char *text, size_t n, char out[ADV_PRINTABLE_MAX]);

bool adv_is_utf8(const char *text, size_t n);

#endif
