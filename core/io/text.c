#include "core/io/text.h"

#include "core/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum adv_status adv_bytes_append(struct adv_bytes *bytes, const void *data, size_t n,
                                 struct adv_error *error)
{
    if (n > SIZE_MAX - bytes->n)
        return adv_no_memory(error);
    enum adv_status status = adv_grow(&bytes->data, &bytes->capacity, bytes->n + n, 1, error);
    if (status != ADV_OK)
        return status;
    if (n > 0)
        memcpy(bytes->data + bytes->n, data, n);
    bytes->n += n;
    return ADV_OK;
}

void adv_bytes_release(struct adv_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct adv_bytes){0};
}

const char *adv_printable(const char *text, size_t n, char out[ADV_PRINTABLE_MAX])
{
    size_t shown = n < ADV_PRINTABLE_MAX ? n : ADV_PRINTABLE_MAX - sizeof "...";
    for (size_t i = 0; i < shown; i++)
        out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    snprintf(out + shown, sizeof "...", "%s", shown < n ? "..." : "");
    return out;
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool adv_is_utf8(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned char lead = (unsigned char)text[i++];
        int n_following = lead < 0x80   ? 0
                          : lead < 0xc2 ? -1
                          : lead < 0xe0 ? 1
                          : lead < 0xf0 ? 2
                                        : 3;
        if (n_following < 0 || lead > 0xf4 || n - i < (size_t)n_following)
            return false;
        unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        for (; n_following > 0; n_following--) {
            unsigned char next = (unsigned char)text[i++];
            if (next < lowest || next > highest)
                return false;
            lowest = 0x80;
            highest = 0xbf;
        }
    }
    return true;
}
