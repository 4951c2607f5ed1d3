#include <advect/extra/json.h>

#include <stdlib.h>

enum adv_status adv_json_parse(const char *text, size_t n_bytes, json_t **json,
                               struct adv_error *error)
{
    json_error_t flaw;
    json_t *read = json_loadb(text, n_bytes, JSON_REJECT_DUPLICATES, &flaw);
    if (!read)
        return adv_fail(error, ADV_E_FORMAT, "line %d, column %d: %s", flaw.line, flaw.column,
                        flaw.text);
    *json = read;
    return ADV_OK;
}

json_t *adv_json_deep_copy(const json_t *json)
{
    json_t *copy = json_deep_copy(json);
    if (copy && !json_equal(copy, json)) {
        json_decref(copy);
        copy = NULL;
    }
    return copy;
}

/* Into a buffer of the right size from the start: only a growing one loses bytes. */
char *adv_json_dump(const json_t *json, size_t flags)
{
    size_t n = json ? json_dumpb(json, NULL, 0, flags) : 0;
    char *text = n > 0 ? malloc(n + 1) : NULL;
    if (!text)
        return NULL;
    if (json_dumpb(json, text, n, flags) != n) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}
