#include "trainer/cli/json.h"

#include "trainer/cli/files.h"

#include <advect/array_file.h>
#include <advect/extra/json.h>

#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)16 << 20)

static enum adv_status parse(void *bytes, size_t n_bytes, const char *name, json_t **json,
                             struct adv_error *error)
{
    /* after 8 bytes with its length comes the header of a safetensors file */
    bool is_binary = n_bytes > 8 && ((const char *)bytes)[8] == '{' && !((const char *)bytes)[7];
    enum adv_status status = adv_json_parse(bytes, n_bytes, json, error);
    free(bytes);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: %s", name,
                         is_binary ? "this is a safetensors file, not JSON: " : "");
    return status;
}

enum adv_status adv_json_read(const char *path, json_t **json, struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read(path, FILE_MAX_BYTES, &bytes, &n_bytes, error);
    return status == ADV_OK ? parse(bytes, n_bytes, path, json, error) : status;
}

enum adv_status adv_json_read_or_stdin(const char *path, json_t **json, struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    if (!adv_is_dash(path))
        return adv_json_read(path, json, error);
    enum adv_status status = adv_stdin_read(FILE_MAX_BYTES, &bytes, &n_bytes, error);
    return status == ADV_OK ? parse(bytes, n_bytes, "standard input", json, error) : status;
}

json_t *adv_json_column(const char *text, size_t n)
{
    bool is_position = n > 0 && n < 7 && strspn(text, "0123456789") >= n;
    return is_position ? json_integer(strtol(text, NULL, 10)) : json_stringn(text, n);
}

json_t *adv_json_columns(const char *text)
{
    json_t *columns = json_array();
    bool complete = columns != NULL;
    for (const char *at = text; complete; at++) {
        size_t n = strcspn(at, ",");
        complete = json_array_append_new(columns, adv_json_column(at, n)) == 0;
        at += n;
        if (!*at)
            return columns;
    }
    json_decref(columns);
    return NULL;
}
