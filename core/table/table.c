/* Tables, from their text to rows of numbers. Every record is looked at before anything is refused
 * for what its cells hold, so that one message can tell it all. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/io/file.h"
#include "core/io/gzip.h"
#include "core/table/reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const adv_missing_names[] = {
    [ADV_MISSING_REFUSE] = "refuse", [ADV_MISSING_DROP] = "drop", NULL};
const char *const adv_header_names[] = {
    [ADV_HEADER_AUTO] = "auto", [ADV_HEADER_YES] = "yes", [ADV_HEADER_NO] = "no", NULL};
const char *const adv_separator_names[] = {
    [ADV_SEPARATOR_AUTO] = "auto",           [ADV_SEPARATOR_COMMA] = "comma",
    [ADV_SEPARATOR_SEMICOLON] = "semicolon", [ADV_SEPARATOR_TAB] = "tab",
    [ADV_SEPARATOR_BLANKS] = "blanks",       NULL};
const char adv_table_separators[] = {[ADV_SEPARATOR_AUTO] = '\0',
                                     [ADV_SEPARATOR_COMMA] = ',',
                                     [ADV_SEPARATOR_SEMICOLON] = ';',
                                     [ADV_SEPARATOR_TAB] = '\t',
                                     [ADV_SEPARATOR_BLANKS] = ' '};

/* ---------------------------------------------------------------- cells */

bool adv_table_is_missing(const struct adv_csv_cell *cell)
{
    static const char *const words[] = {"", "NA", "N/A", "NaN", "null", "?", "-"};
    for (size_t i = 0; i < ADV_COUNT(words); i++) {
        if (strlen(words[i]) == cell->n && !strncasecmp(words[i], cell->text, cell->n))
            return true;
    }
    return false;
}

/* Notes a cell that is no number; the row is incomplete. */
static void note_missing(struct adv_table_column *column, const struct adv_csv_cell *cell,
                         bool *complete)
{
    if (column->n_missing++ == 0)
        column->missing = *cell;
    *complete = false;
}

static enum adv_status take_number(struct adv_table_reader *reader, struct adv_table_column *column,
                                   const struct adv_csv_cell *cell, float *value, bool *complete,
                                   struct adv_error *error)
{
    enum adv_csv_number what = adv_csv_number(&reader->csv, cell, value);
    if (what == ADV_CSV_NUMBER)
        return ADV_OK;
    if (adv_table_is_missing(cell)) {
        note_missing(column, cell, complete);
        return ADV_OK;
    }
    if (what != ADV_CSV_NOT_A_NUMBER)
        return adv_csv_refuse(&reader->csv, cell, what, error);
    if (column->n_text++ == 0)
        column->text = *cell;
    *complete = false;
    return ADV_OK;
}

static enum adv_status take_label(struct adv_table_reader *reader, struct adv_table_column *column,
                                  const struct adv_csv_cell *cell, int32_t *label, bool *complete,
                                  struct adv_error *error)
{
    if (!adv_table_is_missing(cell))
        return adv_classes_find(&reader->classes, cell, label, error);
    note_missing(column, cell, complete);
    return ADV_OK;
}

/* ---------------------------------------------------------------- rows */

/* Reads the record at hand into row and label; *complete stays true where every cell is there. */
static enum adv_status read_record(struct adv_table_reader *reader, float *row, int32_t *label,
                                   bool *complete, struct adv_error *error)
{
    struct adv_csv *csv = &reader->csv;
    size_t at = 0;
    enum adv_status status = ADV_OK;
    for (; csv->more && status == ADV_OK; at++) {
        struct adv_csv_cell cell;
        status = adv_csv_take(csv, &cell, error);
        if (status != ADV_OK)
            return status;
        if (at == reader->n_columns)
            return adv_csv_fail(&cell, ADV_E_FORMAT, "is one field more than the first line has",
                                error);
        struct adv_table_column *column = &reader->columns[at];
        if (column->to >= 0)
            status = take_number(reader, column, &cell, &row[column->to], complete, error);
        else if (column->to == ADV_COLUMN_LABEL)
            status = take_label(reader, column, &cell, label, complete, error);
    }
    if (status == ADV_OK && at < reader->n_columns)
        return adv_fail(error, ADV_E_FORMAT, "line %zu has %zu column%s; the first line has %zu",
                        csv->record_line, at, at == 1 ? "" : "s", reader->n_columns);
    return status;
}

static enum adv_status make_room(struct adv_table_reader *reader, struct adv_error *error)
{
    struct adv_table *table = &reader->table;
    size_t n = reader->n_rows + 1;
    enum adv_status status = adv_grow(&table->rows.data, &reader->data_capacity, n * reader->n_used,
                                      sizeof *table->rows.data, error);
    if (status == ADV_OK)
        status = adv_grow(&reader->lines, &reader->lines_capacity, n, sizeof *reader->lines, error);
    if (status == ADV_OK && reader->label >= 0)
        status = adv_grow(&table->label, &reader->label_capacity, n, sizeof *table->label, error);
    return status;
}

static enum adv_status read_records(struct adv_table_reader *reader, bool has_record,
                                    struct adv_error *error)
{
    struct adv_table *table = &reader->table;
    enum adv_status status = make_room(reader, error); /* so that no rows have data too */
    for (; has_record && status == ADV_OK; has_record = adv_csv_next(&reader->csv)) {
        bool complete = true;
        status = make_room(reader, error);
        if (status != ADV_OK)
            return status;
        size_t n = reader->n_rows;
        reader->lines[n] = (uint32_t)reader->csv.record_line;
        status = read_record(reader, table->rows.data + n * reader->n_used,
                             table->label ? table->label + n : NULL, &complete, error);
        reader->n_records++;
        reader->n_incomplete += !complete;
        reader->n_rows += complete;
    }
    return status;
}

/* ---------------------------------------------------------------- the table */

enum adv_status adv_table_read_header(struct adv_table_reader *reader, bool *has_record,
                                      struct adv_error *error)
{
    struct adv_csv_survey survey;
    int64_t header = reader->options->header;
    enum adv_status status = adv_csv_survey(&reader->csv, &survey, error);
    if (status != ADV_OK)
        return status;
    reader->n_columns = survey.n_columns;
    if (header == ADV_HEADER_YES || (header == ADV_HEADER_AUTO && survey.is_header)) {
        status = adv_csv_names(&reader->csv, &survey, &reader->names, error);
        *has_record = adv_csv_next(&reader->csv);
    } else if (header == ADV_HEADER_AUTO && survey.counts && survey.n_columns > 2) {
        bool recipe = adv_table_remedy(reader) == ADV_REMEDY_RECIPE;
        status = adv_note(&reader->table.notes, error,
                          "the first line counts the columns, but is taken for a row%s",
                          recipe ? "; if it names them, say \"header\": \"yes\"" : "");
    }
    return status;
}

/* The names of the columns that are used: one block, pointers first. */
static enum adv_status keep_names(struct adv_table_reader *reader, struct adv_error *error)
{
    if (!reader->names)
        return ADV_OK;
    size_t n_text = 0;
    for (size_t i = 0; i < reader->n_used; i++)
        n_text += strlen(reader->names[reader->used[i]]) + 1;
    char **names = adv_calloc(reader->n_used * sizeof *names + n_text, 1);
    if (!names)
        return adv_no_memory(error);
    char *to = (char *)(names + reader->n_used);
    for (size_t i = 0; i < reader->n_used; i++) {
        names[i] = to;
        to = stpcpy(to, reader->names[reader->used[i]]) + 1;
    }
    reader->table.rows.columns = names;
    return ADV_OK;
}

static enum adv_status allocate(struct adv_table_reader *reader, struct adv_error *error)
{
    reader->columns = adv_calloc(reader->n_columns, sizeof *reader->columns);
    reader->used = adv_calloc(reader->n_columns, sizeof *reader->used);
    reader->context = adv_calloc(reader->n_columns, sizeof *reader->context);
    return reader->columns && reader->used && reader->context ? ADV_OK : adv_no_memory(error);
}

static enum adv_status finish(struct adv_table_reader *reader, struct adv_error *error)
{
    struct adv_table *table = &reader->table;
    table->n_context = reader->n_context;
    table->rows.n_dims = 2;
    table->rows.shape[0] = reader->n_rows;
    table->rows.shape[1] = reader->n_used;
    table->rows.n_elements = reader->n_rows * reader->n_used;
    table->n_dropped = reader->n_records - reader->n_rows;
    enum adv_status status = keep_names(reader, error);
    if (status == ADV_OK && reader->label >= 0) {
        status = adv_classes_texts(&reader->classes, &table->classes, error);
        table->n_classes = reader->classes.n;
    }
    return status == ADV_OK ? adv_table_look(reader, error) : status;
}

static enum adv_status read_table(struct adv_table_reader *reader, struct adv_error *error)
{
    bool has_record = reader->csv.more;
    if (!has_record)
        return adv_fail(error, ADV_E_FORMAT, "there is no line with numbers");
    enum adv_status status = adv_table_read_header(reader, &has_record, error);
    if (status == ADV_OK)
        status = allocate(reader, error);
    if (status == ADV_OK)
        status = adv_table_choose(reader, error);
    if (status != ADV_OK || reader->n_used == 0) /* see names_may_lack */
        return status;
    status = read_records(reader, has_record, error);
    if (status == ADV_OK)
        status = adv_table_judge(reader, error);
    return status == ADV_OK ? finish(reader, error) : status;
}

enum adv_status adv_table_parse(const char *text, size_t n_bytes, const char *name,
                                const struct adv_table_options *options, struct adv_table *table,
                                struct adv_error *error)
{
    struct adv_table_reader reader = {.options = options, .label = -1};
    enum adv_status status =
        adv_csv_open(&reader.csv, text, n_bytes, adv_table_separators[options->separator], error);
    if (status == ADV_OK)
        status = read_table(&reader, error);
    if (status == ADV_OK && !(reader.table.name = strdup(name)))
        status = adv_no_memory(error);
    if (status == ADV_OK) {
        *table = reader.table;
        table->lines = reader.lines;
        reader.lines = NULL;
    } else {
        adv_error_prefix(error, "%s: ", name);
        adv_table_release(&reader.table);
    }
    adv_csv_close(&reader.csv);
    adv_classes_release(&reader.classes);
    free(reader.names);
    free(reader.columns);
    free(reader.used);
    free(reader.context);
    free(reader.lines);
    return status;
}

enum adv_status adv_table_read(const char *path, const struct adv_table_options *options,
                               struct adv_table *table, struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read_plain(path, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    status = adv_file_check_text(bytes, n_bytes, path, error);
    if (status == ADV_OK)
        status = adv_table_parse(bytes, n_bytes, path, options, table, error);
    free(bytes);
    return status;
}

void adv_table_release(struct adv_table *table)
{
    adv_array_release(&table->rows);
    free(table->label);
    free(table->classes);
    free(table->name);
    free(table->lines);
    adv_bytes_release(&table->notes);
    *table = (struct adv_table){0};
}
