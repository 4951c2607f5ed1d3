#include "trainer/cli/json.h"

#include <advect/array_file.h>
#include <advect/extra/json.h>

#include <stdlib.h>

#define FILE_MAX_BYTES ((size_t)16 << 20)

enum adv_status adv_json_read(const char *path, json_t **json, struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read(path, FILE_MAX_BYTES, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    status = adv_json_parse(bytes, n_bytes, json, error);
    free(bytes);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", path);
    return status;
}
