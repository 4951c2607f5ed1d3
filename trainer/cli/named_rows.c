#include "trainer/cli/named_rows.h"

#include <advect/extra/table.h>

#include <jansson.h>

static enum adv_status read_table(const char *path, const json_t *names, struct adv_array *rows,
                                  struct adv_error *error)
{
    struct adv_table table = {0};
    const struct adv_table_options options = {.names = names};
    enum adv_status status = adv_table_read(path, &options, &table, error);
    if (status == ADV_OK) {
        *rows = table.rows;
        table.rows = (struct adv_array){0};
    }
    adv_table_release(&table);
    return status;
}

enum adv_status adv_named_rows_read(const char *path, const char *const *names, size_t n,
                                    struct adv_array *rows, struct adv_error *error)
{
    enum adv_file_format format;
    enum adv_status status = adv_file_format_read(path, &format, error);
    if (status != ADV_OK)
        return status;
    if (format != ADV_FILE_TEXT || !names)
        return adv_array_read(path, rows, error);
    json_t *wanted = json_array();
    for (size_t i = 0; wanted && status == ADV_OK && i < n; i++) {
        if (json_array_append_new(wanted, json_string(names[i])))
            status = adv_no_memory(error);
    }
    if (!wanted)
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = read_table(path, wanted, rows, error);
    json_decref(wanted);
    return status;
}
