#include "trainer/cli/json.h"

#include <advect/array_file.h>

#include <stdlib.h>

#define FILE_MAX_BYTES ((size_t)16 << 20)

enum adv_status adv_json_read(const char *path, json_t **json, struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read(path, FILE_MAX_BYTES, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    json_error_t flaw;
    json_t *read = json_loadb(bytes, n_bytes, JSON_REJECT_DUPLICATES, &flaw);
    free(bytes);
    if (!read)
        return adv_fail(error, ADV_E_FORMAT, "%s: line %d, column %d: %s", path, flaw.line,
                        flaw.column, flaw.text);
    *json = read;
    return ADV_OK;
}
