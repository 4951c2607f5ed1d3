/* A line is a row; the first line that is no comment decides the separator (semicolon, else comma,
 * else tab, else runs of spaces) and is a header if none of its fields is a number. A field may be
 * quoted: "a ""b"", c". */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/io/gzip.h"

#include <advect/array_file.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number longer than this is refused; the exact decimal value of any float is shorter. */
enum { NUMBER_MAX = 192 };

struct field {
    const char *text; /* without the quotes around it */
    size_t n;
    bool quoted;
};

struct line {
    const char *at, *end;
    size_t number; /* from 1 */
    char separator;
    bool more; /* a field follows */
};

struct reader {
    const char *at, *end;
    struct line line;
    locale_t c_locale; /* numbers are read the same way in every country */
    struct adv_array array;
    size_t capacity; /* of array.data */
    struct adv_error *error;
};

/* ---------------------------------------------------------------- fields */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static enum adv_status field_error(const struct reader *reader, enum adv_status status,
                                   size_t column, const struct field *field, const char *problem)
{
    char shown[ADV_PRINTABLE_MAX];
    return adv_fail(reader->error, status, "line %zu, column %zu: '%s' %s", reader->line.number,
                    column + 1, adv_printable(field->text, field->n, shown), problem);
}

/* Takes a quoted field; line->at is at its opening quote. */
static bool take_quoted(struct line *line, struct field *field)
{
    const char *at = line->at + 1;
    field->text = at;
    field->quoted = true;
    while (at < line->end && (*at != '"' || (at + 1 < line->end && at[1] == '"')))
        at += *at == '"' ? 2 : 1;
    field->n = (size_t)(at - field->text);
    line->at = at < line->end ? at + 1 : at;
    return at < line->end;
}

static void take_plain(struct line *line, struct field *field)
{
    const char *start = line->at;
    while (line->at < line->end && *line->at != line->separator &&
           (line->separator != ' ' || *line->at != '\t'))
        line->at++;
    const char *end = line->at;
    while (end > start && is_blank(end[-1]))
        end--;
    *field = (struct field){start, (size_t)(end - start), false};
}

/* Blanks around fields mean nothing, unless the blank is the separator. */
static void skip_blanks(struct line *line)
{
    while (line->at < line->end && is_blank(*line->at) &&
           (line->separator == ' ' || *line->at != line->separator))
        line->at++;
}

/* The next field of the line; column: its index, for messages. */
static enum adv_status take_field(struct reader *reader, size_t column, struct field *field)
{
    struct line *line = &reader->line;
    skip_blanks(line);
    if (line->at == line->end || *line->at != '"')
        take_plain(line, field);
    else if (!take_quoted(line, field))
        return field_error(reader, ADV_E_FORMAT, column, field, "has no closing quote");
    skip_blanks(line);
    line->more = line->at < line->end;
    if (!line->more || line->separator == ' ')
        return ADV_OK;
    if (*line->at != line->separator)
        return field_error(reader, ADV_E_FORMAT, column, field, "has text after its closing quote");
    line->at++;
    return ADV_OK;
}

enum number { NUMBER, NOT_A_NUMBER, NOT_FINITE };

static enum number read_number(const struct reader *reader, const struct field *field, float *value)
{
    char text[NUMBER_MAX], *end;
    if (field->n == 0 || field->n >= sizeof text)
        return NOT_A_NUMBER;
    memcpy(text, field->text, field->n);
    text[field->n] = '\0';
    *value = strtof_l(text, &end, reader->c_locale);
    if (end != text + field->n)
        return NOT_A_NUMBER;
    if (!isfinite(*value))
        return NOT_FINITE;
    bool decimal = strspn(text, "+-.0123456789eE") == field->n;
    return decimal ? NUMBER : NOT_A_NUMBER;
}

/* ---------------------------------------------------------------- lines */

/* Goes to the next line that holds a row; false at the end of the text. */
static bool next_line(struct reader *reader)
{
    struct line *line = &reader->line;
    while (reader->at < reader->end) {
        const char *feed = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
        line->at = reader->at;
        line->end = feed ? feed : reader->end;
        line->number++;
        reader->at = feed ? feed + 1 : reader->end;
        if (line->end > line->at && line->end[-1] == '\r')
            line->end--;
        const char *first = line->at;
        while (first < line->end && is_blank(*first))
            first++;
        line->more = first < line->end && *first != '#';
        if (line->more)
            return true;
    }
    return false;
}

static char choose_separator(const struct line *line)
{
    bool quoted = false, comma = false, tab = false;
    for (const char *at = line->at; at < line->end; at++) {
        quoted ^= *at == '"';
        if (quoted)
            continue;
        if (*at == ';')
            return ';';
        comma |= *at == ',';
        tab |= *at == '\t';
    }
    return comma ? ',' : tab ? '\t' : ' ';
}

/* Looks through the first line, whose position is kept: how many columns, and whether they are
 * names. n_text: the bytes of their text. */
static enum adv_status survey_first_line(struct reader *reader, size_t *n_columns, bool *names,
                                         size_t *n_text)
{
    const struct line start = reader->line;
    size_t n = 0;
    *names = true;
    *n_text = 0;
    for (; reader->line.more; n++) {
        struct field field;
        float value;
        enum adv_status status = take_field(reader, n, &field);
        if (status != ADV_OK)
            return status;
        if (!field.quoted && read_number(reader, &field, &value) != NOT_A_NUMBER)
            *names = false;
        *n_text += field.n + 1;
    }
    *n_columns = n;
    reader->line = start;
    return ADV_OK;
}

/* Reads the column names into one block: pointers first, then what they point to. */
static enum adv_status read_names(struct reader *reader, size_t n_columns, size_t n_text)
{
    size_t n_bytes;
    if (!adv_mul_size(n_columns, sizeof(char *), &n_bytes) ||
        __builtin_add_overflow(n_bytes, n_text, &n_bytes))
        return adv_no_memory(reader->error);
    char **names = adv_calloc(n_bytes, 1);
    if (!names)
        return adv_no_memory(reader->error);
    char *to = (char *)(names + n_columns);
    for (size_t column = 0; column < n_columns; column++) {
        struct field field;
        enum adv_status status = take_field(reader, column, &field);
        if (status == ADV_OK &&
            (!adv_is_utf8(field.text, field.n) || memchr(field.text, '\0', field.n)))
            status = field_error(reader, ADV_E_FORMAT, column, &field, "is not UTF-8 text");
        if (status != ADV_OK) {
            free(names);
            return status;
        }
        names[column] = to;
        for (size_t i = 0; i < field.n; i++) {
            *to++ = field.text[i];
            if (field.quoted && field.text[i] == '"')
                i++; /* "" stands for one quote */
        }
        *to++ = '\0';
    }
    reader->array.columns = names;
    return ADV_OK;
}

/* Reads the line into the values of a row. */
static enum adv_status read_row(struct reader *reader, size_t n_columns, float *row)
{
    size_t column = 0;
    for (; reader->line.more; column++) {
        struct field field;
        enum adv_status status = take_field(reader, column, &field);
        if (status != ADV_OK)
            return status;
        if (column == n_columns)
            return field_error(reader, ADV_E_FORMAT, column, &field,
                               "is one field more than the first line has");
        switch (read_number(reader, &field, &row[column])) {
        case NUMBER:
            break;
        case NOT_A_NUMBER:
            return field_error(reader, ADV_E_FORMAT, column, &field, "is not a number");
        case NOT_FINITE:
            return field_error(reader, ADV_E_INVALID, column, &field, "is not a finite float32");
        }
    }
    if (column < n_columns)
        return adv_fail(reader->error, ADV_E_FORMAT,
                        "line %zu has %zu columns; the first line has %zu", reader->line.number,
                        column, n_columns);
    return ADV_OK;
}

static enum adv_status read_rows(struct reader *reader, size_t n_columns, bool has_line)
{
    struct adv_array *array = &reader->array;
    size_t *n_rows = &array->shape[0], n = 0;
    /* A table without rows has data too, though none of it counts. */
    enum adv_status status =
        adv_grow(&array->data, &reader->capacity, 1, sizeof *array->data, reader->error);
    for (; has_line && status == ADV_OK; has_line = next_line(reader)) {
        status = adv_grow(&array->data, &reader->capacity, n + n_columns, sizeof *array->data,
                          reader->error);
        if (status == ADV_OK)
            status = read_row(reader, n_columns, array->data + n);
        n += n_columns;
        ++*n_rows;
    }
    array->n_elements = n;
    return status;
}

static enum adv_status read_table(struct reader *reader)
{
    size_t n_columns = 0, n_text = 0;
    bool names = false, has_line = next_line(reader);
    if (!has_line)
        return adv_fail(reader->error, ADV_E_FORMAT, "there is no line with numbers");
    reader->line.separator = choose_separator(&reader->line);
    enum adv_status status = survey_first_line(reader, &n_columns, &names, &n_text);
    if (status == ADV_OK && names) {
        status = read_names(reader, n_columns, n_text);
        has_line = next_line(reader);
    }
    if (status != ADV_OK)
        return status;
    reader->array.n_dims = 2;
    reader->array.shape[1] = n_columns;
    return read_rows(reader, n_columns, has_line);
}

enum adv_status adv_csv_parse(const char *text, size_t n_bytes, const char *name,
                              struct adv_array *array, struct adv_error *error)
{
    static const char byte_order_mark[3] = "\xef\xbb\xbf";
    struct reader reader = {.at = text, .end = text + n_bytes, .error = error};
    if (n_bytes >= 3 && memcmp(text, byte_order_mark, 3) == 0)
        reader.at += 3;
    reader.c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!reader.c_locale)
        return adv_fail(error, ADV_E_MEMORY, "%s: out of memory", name);
    enum adv_status status = read_table(&reader);
    freelocale(reader.c_locale);
    if (status == ADV_OK) {
        *array = reader.array;
    } else {
        adv_error_prefix(error, "%s: ", name);
        adv_array_release(&reader.array);
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
