#include "core/base/sized.h"

#include <string.h>

enum adv_status adv_copy_sized(void *to, size_t to_size, const void *from, const char *name,
                               struct adv_error *error)
{
    if (!from)
        return ADV_OK;
    size_t size;
    memcpy(&size, from, sizeof size);
    if (size <= sizeof size || size > ADV_SIZED_MAX_BYTES)
        return adv_fail_field(error, ADV_E_INVALID, "size",
                              "size is %zu; it must be sizeof (struct %s)", size, name);
    for (size_t i = to_size; i < size; i++) {
        if (((const unsigned char *)from)[i])
            return adv_fail_field(error, ADV_E_UNSUPPORTED, "size",
                                  "struct %s has members set that this version of the library does "
                                  "not know",
                                  name);
    }
    memcpy(to, from, size < to_size ? size : to_size);
    return ADV_OK;
}
