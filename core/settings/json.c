#include <advect/json.h>

#include <stdlib.h>

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
