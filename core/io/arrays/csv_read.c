/* CSV of nothing but numbers, as an array. Tables with other columns are core/table's. */
#include "core/base/mem.h"
#include "core/io/arrays/csv.h"
#include "core/io/gzip.h"

#include <advect/array_file.h>
#include <stdlib.h>

/* Reads the record at hand into the values of a row. */
static enum adv_status read_row(struct adv_csv *csv, size_t n_columns, float *row,
                                struct adv_error *error)
{
    size_t column = 0;
    for (; csv->more; column++) {
        struct adv_csv_cell cell;
        enum adv_status status = adv_csv_take(csv, &cell, error);
        if (status != ADV_OK)
            return status;
        if (column == n_columns)
            return adv_csv_fail(&cell, ADV_E_FORMAT, "is one field more than the first line has",
                                error);
        enum adv_csv_number what = adv_csv_number(csv, &cell, &row[column]);
        if (what != ADV_CSV_NUMBER)
            return adv_csv_refuse(csv, &cell, what, error);
    }
    if (column < n_columns)
        return adv_fail(error, ADV_E_FORMAT, "line %zu has %zu column%s; the first line has %zu",
                        csv->record_line, column, column == 1 ? "" : "s", n_columns);
    return ADV_OK;
}

static enum adv_status read_rows(struct adv_csv *csv, struct adv_array *array, bool has_record,
                                 struct adv_error *error)
{
    size_t *n_rows = &array->shape[0], n_columns = array->shape[1], capacity = 0, n = 0;
    /* A table without rows has data too, though none of it counts. */
    enum adv_status status = adv_grow(&array->data, &capacity, 1, sizeof *array->data, error);
    for (; has_record && status == ADV_OK; has_record = adv_csv_next(csv)) {
        status = adv_grow(&array->data, &capacity, n + n_columns, sizeof *array->data, error);
        if (status == ADV_OK)
            status = read_row(csv, n_columns, array->data + n, error);
        n += n_columns;
        ++*n_rows;
    }
    array->n_elements = n;
    return status;
}

static enum adv_status read_array(struct adv_csv *csv, struct adv_array *array,
                                  struct adv_error *error)
{
    struct adv_csv_survey survey;
    bool has_record = csv->more;
    if (!has_record)
        return adv_fail(error, ADV_E_FORMAT, "there is no line with numbers");
    enum adv_status status = adv_csv_survey(csv, &survey, error);
    if (status == ADV_OK && survey.is_header) {
        status = adv_csv_names(csv, &survey, &array->columns, error);
        has_record = adv_csv_next(csv);
    }
    if (status != ADV_OK)
        return status;
    array->n_dims = 2;
    array->shape[1] = survey.n_columns;
    return read_rows(csv, array, has_record, error);
}

enum adv_status adv_csv_parse(const char *text, size_t n_bytes, const char *name,
                              struct adv_array *out, struct adv_error *error)
{
    struct adv_csv csv;
    struct adv_array array = {0};
    enum adv_status status = adv_csv_open(&csv, text, n_bytes, 0, error);
    if (status == ADV_OK)
        status = read_array(&csv, &array, error);
    adv_csv_close(&csv);
    if (status == ADV_OK) {
        *out = array;
    } else {
        adv_error_prefix(error, "%s: ", name);
        adv_array_release(&array);
    }
    return status;
}

enum adv_status adv_csv_read(const char *path, struct adv_array *array, struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read_plain(path, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    status = adv_csv_parse(bytes, n_bytes, path, array, error);
    free(bytes);
    return status;
}
