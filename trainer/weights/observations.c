#include "trainer/weights/observations.h"

#include "trainer/cli/named_rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With the letters of nan and inf, which are refused as numbers rather than as files. */
static bool is_numbers(const char *text)
{
    return text[strspn(text, "+-.0123456789eE,; \tnaifNAIF")] == '\0';
}

static enum adv_status parse_numbers(const char *text, struct adv_array *rows,
                                     struct adv_error *error)
{
    char *lines = strdup(text);
    if (!lines)
        return adv_no_memory(error);
    for (char *at = strchr(lines, ';'); at; at = strchr(at, ';'))
        *at = '\n';
    enum adv_status status = adv_csv_parse(lines, strlen(lines), "context", rows, error);
    free(lines);
    return status;
}

enum adv_status adv_observations_read(const char *text, const char *const *names, size_t n,
                                      struct adv_array *rows, struct adv_error *error)
{
    if (is_numbers(text))
        return parse_numbers(text, rows, error);
    if (access(text, F_OK) != 0)
        return adv_fail_field(error, ADV_E_INVALID, "context",
                              "context is \"%.80s\"; it must be numbers separated by commas, as in "
                              "0.1,-0.2, or a file, and there is none of that name",
                              text);
    enum adv_status status = adv_named_rows_read(text, names, n, rows, error);
    if (status == ADV_OK && rows->n_dims == 1) {
        rows->shape[1] = rows->shape[0];
        rows->shape[0] = 1;
        rows->n_dims = 2;
    }
    return status;
}
