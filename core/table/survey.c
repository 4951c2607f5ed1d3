/* Every column of a file, looked at before any is chosen. The reader does not know of columns that
 * are not used; here they are, with what speaks for leaving them out. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/io/file.h"
#include "core/io/gzip.h"
#include "core/table/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNTED_ROWS 10 /* fewer rows count by chance */

const char *const adv_column_kind_names[] = {[ADV_COLUMN_NUMBERS] = "numbers",
                                             [ADV_COLUMN_TEXT] = "text",
                                             [ADV_COLUMN_DATES] = "dates",
                                             [ADV_COLUMN_CONSTANT] = "constant",
                                             [ADV_COLUMN_ROW_NUMBERS] = "row numbers",
                                             [ADV_COLUMN_EMPTY] = "empty",
                                             NULL};

/* What was seen of a column so far. */
struct seen {
    size_t n_text, n_dates, n_missing, n_numbers;
    float low, high, last;
    bool counts;   /* each number is one more than the one before */
    bool too_many; /* different texts */
    struct adv_classes texts;
    size_t rows_of[ADV_SURVEY_TEXTS_MAX + 1];
};

struct survey {
    struct adv_table_reader reader;
    struct seen *seen; /* [reader.n_columns] */
    size_t n_rows;
};

/* ---------------------------------------------------------------- cells */

static void see_number(struct seen *seen, float value)
{
    bool first = seen->n_numbers++ == 0;
    seen->low = first || value < seen->low ? value : seen->low;
    seen->high = first || value > seen->high ? value : seen->high;
    seen->counts = first || (seen->counts && value == seen->last + 1);
    seen->last = value;
}

static enum adv_status see_text(struct seen *seen, const struct adv_csv_cell *cell,
                                struct adv_error *error)
{
    int32_t index = 0;
    seen->n_text++;
    seen->n_dates += adv_table_is_date(cell);
    if (seen->too_many)
        return ADV_OK;
    enum adv_status status = adv_classes_find(&seen->texts, cell, &index, error);
    if (status == ADV_OK)
        seen->rows_of[index]++;
    seen->too_many = seen->texts.n > ADV_SURVEY_TEXTS_MAX;
    return status;
}

static enum adv_status see_cell(struct survey *s, size_t column, const struct adv_csv_cell *cell,
                                struct adv_error *error)
{
    struct seen *seen = &s->seen[column];
    float value = 0;
    enum adv_csv_number what = adv_csv_number(&s->reader.csv, cell, &value);
    if (what == ADV_CSV_NUMBER)
        see_number(seen, value);
    else if (adv_table_is_missing(cell))
        seen->n_missing++;
    else if (what == ADV_CSV_NOT_A_NUMBER)
        return see_text(seen, cell, error);
    else
        seen->n_numbers++; /* which the reader refuses, if the column is used */
    return ADV_OK;
}

/* Records of other lengths are the reader's to refuse. */
static enum adv_status see_records(struct survey *s, bool has_record, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    struct adv_csv *csv = &s->reader.csv;
    for (; has_record && status == ADV_OK; has_record = adv_csv_next(csv), s->n_rows++) {
        for (size_t at = 0; csv->more && status == ADV_OK; at++) {
            struct adv_csv_cell cell;
            status = adv_csv_take(csv, &cell, error);
            if (status == ADV_OK && at < s->reader.n_columns)
                status = see_cell(s, at, &cell, error);
        }
    }
    return status;
}

/* ---------------------------------------------------------------- columns */

static enum adv_column_kind kind_of(const struct seen *seen)
{
    size_t n = seen->n_text + seen->n_numbers;
    if (n == 0)
        return ADV_COLUMN_EMPTY;
    if (2 * seen->n_text > n)
        return 2 * seen->n_dates > seen->n_text ? ADV_COLUMN_DATES : ADV_COLUMN_TEXT;
    if (seen->n_text == 0 && n > 1 && seen->low == seen->high)
        return ADV_COLUMN_CONSTANT;
    return seen->counts && seen->n_text + seen->n_missing == 0 && n >= COUNTED_ROWS
               ? ADV_COLUMN_ROW_NUMBERS
               : ADV_COLUMN_NUMBERS;
}

static void describe(const struct survey *s, size_t column, struct adv_column_survey *out)
{
    const struct seen *seen = &s->seen[column];
    bool numeric = seen->n_numbers > 0;
    *out = (struct adv_column_survey){
        .name = s->reader.names ? s->reader.names[column] : NULL,
        .kind = kind_of(seen),
        .is_number = s->reader.columns[column].to >= 0,
        .is_context = s->reader.columns[column].to == ADV_COLUMN_CONTEXT,
        .is_label = s->reader.columns[column].to == ADV_COLUMN_LABEL,
        .n_missing = seen->n_missing,
        .low = numeric ? (double)seen->low : NAN,
        .high = numeric ? (double)seen->high : NAN,
        .n_texts = seen->too_many ? 0 : seen->texts.n,
        .rarest = seen->texts.n ? seen->rows_of[0] : 0,
    };
    for (size_t i = 1; i < out->n_texts; i++)
        out->rarest = seen->rows_of[i] < out->rarest ? seen->rows_of[i] : out->rarest;
}

static bool says_what_to_take(const json_t *columns)
{
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)columns, i, entry)
    {
        const char *text = json_string_value(entry);
        if (!text || text[0] != '!')
            return true;
    }
    return false;
}

/* What is asked for as context is no question of what else there is. */
static void set_context_apart(struct adv_table_reader *reader)
{
    reader->n_used -= reader->n_context;
    for (size_t i = 0; i < reader->n_context; i++)
        reader->columns[reader->context[i]].to = ADV_COLUMN_CONTEXT;
}

/* "column x holds ...". */
static const char *held_by(enum adv_column_kind kind)
{
    return kind == ADV_COLUMN_CONSTANT ? "one value throughout"
           : kind == ADV_COLUMN_EMPTY  ? "nothing"
                                       : adv_column_kind_names[kind];
}

/* Keeps those of the columns that are numbers. */
static enum adv_status keep_numbers(struct survey *s, struct adv_error *error)
{
    struct adv_table_reader *reader = &s->reader;
    size_t n_kept = 0;
    if (says_what_to_take(reader->options->columns))
        return ADV_OK;
    for (size_t i = 0; i < reader->n_used; i++) {
        size_t column = reader->used[i];
        bool keep = kind_of(&s->seen[column]) == ADV_COLUMN_NUMBERS;
        reader->columns[column].to = keep ? (ptrdiff_t)n_kept : ADV_COLUMN_SKIPPED;
        if (keep)
            reader->used[n_kept++] = column;
    }
    reader->n_used = n_kept;
    if (n_kept > 0)
        return ADV_OK;
    if (s->n_rows == 0)
        return adv_fail(error, ADV_E_FORMAT, "there is a header and no row below it");
    size_t first = 0;
    while (first + 1 < reader->n_columns && reader->columns[first].to == ADV_COLUMN_LABEL)
        first++;
    return adv_fail_field(error, ADV_E_INVALID, adv_table_option(reader, "columns").text,
                          "no column holds numbers that vary: of %zu, %s holds %s",
                          reader->n_columns, adv_table_column_name(reader, first).text,
                          held_by(kind_of(&s->seen[first])));
}

/* Whether a name stands for its column alone, as options read it. */
static bool is_plain(const json_t *counts, const char *name)
{
    return name[0] != '\0' && name[0] != '!' && adv_is_utf8(name, strlen(name)) &&
           json_integer_value(json_object_get(counts, name)) == 1;
}

static bool count_names(const struct adv_table_reader *reader, json_t *counts)
{
    for (size_t i = 0; reader->names && i < reader->n_columns; i++) {
        const char *name = reader->names[i];
        json_int_t n = json_integer_value(json_object_get(counts, name));
        if (adv_is_utf8(name, strlen(name)) &&
            json_object_set_new(counts, name, json_integer(n + 1)))
            return false;
    }
    return true;
}

static enum adv_status list_numbers(const struct adv_table_reader *reader, json_t **out,
                                    struct adv_error *error)
{
    json_t *counts = json_object(), *list = json_array();
    bool complete = counts && list && count_names(reader, counts);
    for (size_t i = 0; complete && i < reader->n_used; i++) {
        size_t column = reader->used[i];
        bool plain = reader->names && is_plain(counts, reader->names[column]);
        complete = !json_array_append_new(list, plain ? json_string(reader->names[column])
                                                      : json_integer((json_int_t)column));
    }
    json_decref(counts);
    if (complete)
        *out = list;
    else
        json_decref(list);
    return complete ? ADV_OK : adv_no_memory(error);
}

/* ---------------------------------------------------------------- the file */

static enum adv_status survey_columns(struct survey *s, struct adv_error *error)
{
    struct adv_table_reader *reader = &s->reader;
    bool has_record = reader->csv.more;
    if (!has_record)
        return adv_fail(error, ADV_E_FORMAT, "there is no line with numbers");
    enum adv_status status = adv_table_read_header(reader, &has_record, error);
    if (status != ADV_OK)
        return status;
    reader->columns = adv_calloc(reader->n_columns, sizeof *reader->columns);
    reader->used = adv_calloc(reader->n_columns, sizeof *reader->used);
    reader->context = adv_calloc(reader->n_columns, sizeof *reader->context);
    s->seen = adv_calloc(reader->n_columns, sizeof *s->seen);
    if (!reader->columns || !reader->used || !reader->context || !s->seen)
        return adv_no_memory(error);
    status = see_records(s, has_record, error);
    if (status == ADV_OK)
        status = adv_table_choose(reader, error);
    if (status == ADV_OK)
        set_context_apart(reader);
    return status == ADV_OK ? keep_numbers(s, error) : status;
}

static enum adv_status make_survey(struct survey *s, struct adv_table_survey *out,
                                   struct adv_error *error)
{
    struct adv_table_reader *reader = &s->reader;
    out->n_columns = reader->n_columns;
    out->columns = adv_calloc(out->n_columns, sizeof *out->columns);
    if (!out->columns)
        return adv_no_memory(error);
    for (size_t i = 0; i < out->n_columns; i++)
        describe(s, i, &out->columns[i]);
    enum adv_status status = list_numbers(reader, &out->numbers, error);
    out->names = reader->names;
    reader->names = NULL;
    return status;
}

static void release(struct survey *s)
{
    for (size_t i = 0; s->seen && i < s->reader.n_columns; i++)
        adv_classes_release(&s->seen[i].texts);
    adv_bytes_release(&s->reader.table.notes);
    adv_csv_close(&s->reader.csv);
    free(s->seen);
    free(s->reader.names);
    free(s->reader.columns);
    free(s->reader.used);
    free(s->reader.context);
}

static enum adv_status look_at_columns(const char *text, size_t n_bytes,
                                       const struct adv_table_options *options,
                                       struct adv_table_survey *out, struct adv_error *error)
{
    struct survey s = {.reader = {.options = options, .label = -1}};
    char separator = adv_table_separators[options->separator];
    enum adv_status status = adv_csv_open(&s.reader.csv, text, n_bytes, separator, error);
    if (status != ADV_OK)
        return status;
    status = survey_columns(&s, error);
    if (status == ADV_OK)
        status = make_survey(&s, out, error);
    release(&s);
    return status;
}

/* Reads the table with the columns that were chosen: what is wrong with them is told, and the
 * complete rows are counted. */
static enum adv_status count_rows(const char *text, size_t n_bytes, const char *path,
                                  const struct adv_table_options *options,
                                  struct adv_table_survey *survey, struct adv_error *error)
{
    struct adv_table_options chosen = *options;
    struct adv_table table = {0};
    chosen.columns = survey->numbers;
    enum adv_status status = adv_table_parse(text, n_bytes, path, &chosen, &table, error);
    if (status != ADV_OK)
        return status;
    survey->n_rows = table.rows.shape[0];
    survey->n_dropped = table.n_dropped;
    survey->n_classes = table.n_classes;
    adv_table_release(&table);
    return ADV_OK;
}

enum adv_status adv_table_survey(const char *path, const struct adv_table_options *options,
                                 struct adv_table_survey *out, struct adv_error *error)
{
    struct adv_table_survey survey = {0};
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read_plain(path, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    status = adv_file_check_text(bytes, n_bytes, path, error);
    if (status == ADV_OK) {
        status = look_at_columns(bytes, n_bytes, options, &survey, error);
        if (status != ADV_OK)
            adv_error_prefix(error, "%s: ", path);
    }
    if (status == ADV_OK)
        status = count_rows(bytes, n_bytes, path, options, &survey, error);
    free(bytes);
    if (status == ADV_OK)
        *out = survey;
    else
        adv_table_survey_release(&survey);
    return status;
}

void adv_table_survey_release(struct adv_table_survey *survey)
{
    free(survey->columns);
    free(survey->names);
    json_decref(survey->numbers);
    *survey = (struct adv_table_survey){0};
}
