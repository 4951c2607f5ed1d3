#include "core/io/text.h"

#include "core/base/mem.h"

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
