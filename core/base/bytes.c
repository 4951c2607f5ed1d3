#include <advect/extra/bytes.h>

#include "core/base/mem.h"

#include <stdlib.h>
#include <string.h>

void adv_bytes_release(struct adv_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct adv_bytes){0};
}

enum adv_status adv_bytes_reserve(struct adv_bytes *bytes, size_t n, struct adv_error *error)
{
    if (n > SIZE_MAX - bytes->n)
        return adv_no_memory(error);
    return adv_grow(&bytes->data, &bytes->capacity, bytes->n + n, 1, error);
}

enum adv_status adv_bytes_append(struct adv_bytes *bytes, const void *data, size_t n,
                                 struct adv_error *error)
{
    enum adv_status status = adv_bytes_reserve(bytes, n, error);
    if (status != ADV_OK)
        return status;
    if (n > 0)
        memcpy(bytes->data + bytes->n, data, n);
    bytes->n += n;
    return ADV_OK;
}
