/* Cells of columns that are used, but hold no numbers: told at once for the whole table, with what
 * to write about them. */
#include "core/base/words.h"
#include "core/table/reader.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 6 /* columns that a message names */

/* 2024-12-31, 31.12.2024, 12/31/24, with or without a time. */
bool adv_table_is_date(const struct adv_csv_cell *cell)
{
    size_t n_digits[3] = {0}, part = 0, i = 0;
    char mark = '\0';
    for (; i < cell->n; i++) {
        char c = cell->text[i];
        if (isdigit((unsigned char)c)) {
            n_digits[part]++;
        } else if (part < 2 && strchr("-/.", c) && (mark == '\0' || c == mark)) {
            mark = c;
            part++;
        } else {
            break;
        }
    }
    bool sizes = part == 2 && n_digits[0] >= 1 && n_digits[0] <= 4 && n_digits[1] >= 1 &&
                 n_digits[1] <= 2 && n_digits[2] >= 1 && n_digits[2] <= 4;
    return sizes && (i == cell->n || cell->text[i] == ' ' || cell->text[i] == 'T');
}

/* Most of what the column holds is no number, so it is of another kind; else a cell is at fault. */
static bool is_text(const struct adv_table_reader *reader, const struct adv_table_column *column)
{
    return 2 * column->n_text > reader->n_records - column->n_missing;
}

static enum adv_status refuse_cell(const struct adv_table_reader *reader, size_t at,
                                   struct adv_error *error)
{
    const struct adv_table_column *column = &reader->columns[at];
    char shown[ADV_PRINTABLE_MAX], more[64] = "";
    if (column->n_text > 1)
        snprintf(more, sizeof more, " (nor are %zu more cells below it)", column->n_text - 1);
    return adv_fail(error, ADV_E_FORMAT,
                    "line %zu, %s: '%s' is not a number%s; a missing value is empty, NA, N/A, NaN, "
                    "null, ? or -",
                    column->text.line, adv_table_column_name(reader, at).text,
                    adv_printable(column->text.text, column->text.n, shown), more);
}

/* What to write about columns of the context: leave "cls" out of --context, or make it ... */
static void describe_context_remedy(const struct adv_table_reader *reader, size_t n, char text[512])
{
    static const char *const class_options[] = {
        [ADV_REMEDY_RECIPE] = "data.source.label_column", [ADV_REMEDY_FLAGS] = "--label-column"};
    text[0] = '\0';
    if (adv_table_remedy(reader) == ADV_REMEDY_NONE)
        return;
    snprintf(text, 512, ": leave %s out of %s", n > 1 ? "them" : "it",
             adv_table_option(reader, "context").text);
    if (reader->label < 0)
        adv_append(text, 512, ", or give a column of classes as %s",
                   class_options[adv_table_remedy(reader)]);
}

/* What to write to be rid of the columns: "columns": ["!a", "!b"]. */
static void describe_remedy(const struct adv_table_reader *reader, const size_t *columns, size_t n,
                            char text[512])
{
    bool recipe = adv_table_remedy(reader) == ADV_REMEDY_RECIPE;
    text[0] = '\0';
    if (adv_table_remedy(reader) == ADV_REMEDY_NONE)
        return;
    if (!reader->names) {
        snprintf(text, 512, ": name the positions of the others, from 0, in %s",
                 adv_table_option(reader, "columns").text);
        return;
    }
    snprintf(text, 512, ": leave %s out with %s", n > 1 ? "them" : "it",
             recipe ? "\"columns\": [" : "--columns '");
    for (size_t i = 0; i < n; i++) {
        struct adv_quoted name = adv_quote(reader->names[columns[i]]);
        name.text[strlen(name.text) - 1] = '\0';
        adv_append(text, 512, "%s%s!%s%s", i ? ", " : "", recipe ? "\"" : "", name.text + 1,
                   recipe ? "\"" : "");
    }
    adv_append(text, 512, "%s%s", recipe ? "]" : "'",
               recipe && reader->label < 0 ? ", or take a column of classes for \"label_column\""
                                           : "");
}

static enum adv_status refuse_columns(const struct adv_table_reader *reader, const size_t *columns,
                                      size_t n, struct adv_error *error)
{
    const struct adv_table_column *first = &reader->columns[columns[0]];
    char shown[ADV_PRINTABLE_MAX], others[400] = "", remedy[512];
    if (reader->n_columns == 1)
        return adv_fail(error, ADV_E_FORMAT,
                        "the only column holds %s (line %zu: '%s'); cells are separated by comma, "
                        "semicolon, tab or blanks",
                        adv_table_is_date(&first->text) ? "dates" : "text", first->text.line,
                        adv_printable(first->text.text, first->text.n, shown));
    for (size_t i = 1; i < n; i++)
        adv_append(others, sizeof others, "%s%s", i > 1 ? ", " : "; so does ",
                   adv_table_column_name(reader, columns[i]).text);
    bool of_context = adv_table_is_context(reader, columns[0]);
    if (of_context)
        describe_context_remedy(reader, n, remedy);
    else
        describe_remedy(reader, columns, n, remedy);
    const char *option = of_context ? "context" : "columns";
    return adv_fail_field(error, ADV_E_FORMAT, adv_table_field(reader, option).text,
                          "%s holds %s, not numbers (line %zu: '%s')%s%s",
                          adv_table_column_name(reader, columns[0]).text,
                          adv_table_is_date(&first->text) ? "dates" : "text", first->text.line,
                          adv_printable(first->text.text, first->text.n, shown), others, remedy);
}

/* The columns of text, of the context or else the others, into columns [SHOWN_MAX]; their number. */
static size_t find_text(const struct adv_table_reader *reader, bool of_context, size_t *columns)
{
    size_t n = 0;
    for (size_t i = 0; i < reader->n_columns && n < SHOWN_MAX; i++) {
        const struct adv_table_column *column = &reader->columns[i];
        if (column->n_text > 0 && is_text(reader, column) &&
            adv_table_is_context(reader, i) == of_context)
            columns[n++] = i;
    }
    return n;
}

static enum adv_status judge_text(const struct adv_table_reader *reader, struct adv_error *error)
{
    size_t columns[SHOWN_MAX], n = find_text(reader, false, columns), bad = 0;
    if (n == 0)
        n = find_text(reader, true, columns);
    if (n > 0)
        return refuse_columns(reader, columns, n, error);
    while (bad < reader->n_columns && reader->columns[bad].n_text == 0)
        bad++;
    return bad < reader->n_columns ? refuse_cell(reader, bad, error) : ADV_OK;
}

static enum adv_status judge_missing(const struct adv_table_reader *reader, struct adv_error *error)
{
    char cells[700] = "";
    size_t n_cells = 0, n_shown = 0;
    for (size_t i = 0; i < reader->n_columns; i++) {
        const struct adv_table_column *column = &reader->columns[i];
        char shown[ADV_PRINTABLE_MAX];
        n_cells += column->n_missing;
        if (column->n_missing == 0 || n_shown++ >= SHOWN_MAX)
            continue;
        adv_append(cells, sizeof cells, "%s%s has %zu, the first in line %zu ('%s')",
                   n_shown > 1 ? ", " : "", adv_table_column_name(reader, i).text,
                   column->n_missing, column->missing.line,
                   adv_printable(column->missing.text, column->missing.n, shown));
    }
    if (n_cells == 0 || reader->options->missing == ADV_MISSING_DROP)
        return ADV_OK;
    static const char *const remedies[] = {
        [ADV_REMEDY_NONE] = "",
        [ADV_REMEDY_RECIPE] = "; \"missing\": \"drop\" leaves such rows out",
        [ADV_REMEDY_FLAGS] = "; --missing drop leaves such rows out",
    };
    return adv_fail_field(
        error, ADV_E_INVALID, adv_table_field(reader, "missing").text,
        "%zu cell%s of %zu of %zu rows %s missing: %s%s%s", n_cells, n_cells == 1 ? "" : "s",
        reader->n_incomplete, reader->n_records, n_cells == 1 ? "is" : "are", cells,
        n_shown > SHOWN_MAX ? ", and so on" : "", remedies[adv_table_remedy(reader)]);
}

enum adv_status adv_table_judge(const struct adv_table_reader *reader, struct adv_error *error)
{
    enum adv_status status = judge_text(reader, error);
    return status == ADV_OK ? judge_missing(reader, error) : status;
}
