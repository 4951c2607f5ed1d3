/* Bytes into cells. What ends a cell is found by one look at each byte. */
#include "core/base/words.h"
#include "core/io/arrays/csv.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool at_line_end(const struct adv_csv *csv)
{
    const char *at = csv->at;
    return at == csv->end || *at == '\n' || (*at == '\r' && (at + 1 == csv->end || at[1] == '\n'));
}

/* Behind the end of the line. */
static void skip_line(struct adv_csv *csv)
{
    const char *feed =
        csv->at < csv->end ? memchr(csv->at, '\n', (size_t)(csv->end - csv->at)) : NULL;
    csv->at = feed ? feed + 1 : csv->end;
    csv->line++;
}

/* Blanks around cells mean nothing, unless the blank is the separator. */
static void skip_blanks(struct adv_csv *csv)
{
    while (csv->at < csv->end && is_blank(*csv->at) &&
           (csv->separator == ' ' || *csv->at != csv->separator))
        csv->at++;
}

static void take_plain(struct adv_csv *csv, struct adv_csv_cell *cell)
{
    const char *start = csv->at, *at = start, *end = csv->end;
    const char separator = csv->separator, other = separator == ' ' ? '\t' : separator;
    while (at < end && *at != separator && *at != '\n' && *at != other)
        at++;
    csv->at = at;
    if (at > start && (at == end || *at == '\n') && at[-1] == '\r')
        at--;
    while (at > start && is_blank(at[-1]))
        at--;
    cell->text = start;
    cell->n = (size_t)(at - start);
    cell->quoted = false;
}

/* Takes a quoted cell, at whose opening quote csv->at is; false if it is never closed. */
static bool take_quoted(struct adv_csv *csv, struct adv_csv_cell *cell)
{
    const char *at = csv->at + 1, *end = csv->end;
    size_t n_lines = 0;
    cell->text = at;
    cell->quoted = true;
    while (at < end && (*at != '"' || (at + 1 < end && at[1] == '"'))) {
        n_lines += *at == '\n';
        at += *at == '"' ? 2 : 1;
    }
    cell->n = (size_t)(at - cell->text);
    csv->at = at < end ? at + 1 : at;
    csv->line += n_lines;
    return at < end;
}

/* An open quote swallows the rest of the text; what shows where is its first line. */
static enum adv_status fail_open_quote(struct adv_csv_cell *cell, struct adv_error *error)
{
    const char *feed = memchr(cell->text, '\n', cell->n);
    if (feed)
        cell->n = (size_t)(feed - cell->text);
    return adv_csv_fail(cell, ADV_E_FORMAT, "has no closing quote", error);
}

enum adv_status adv_csv_take(struct adv_csv *csv, struct adv_csv_cell *cell,
                             struct adv_error *error)
{
    skip_blanks(csv);
    cell->line = csv->line;
    cell->column = csv->column++;
    if (csv->at == csv->end || *csv->at != '"')
        take_plain(csv, cell);
    else if (!take_quoted(csv, cell))
        return fail_open_quote(cell, error);
    skip_blanks(csv);
    csv->more = !at_line_end(csv);
    if (!csv->more)
        skip_line(csv);
    else if (csv->separator != ' ' && *csv->at++ != csv->separator)
        return adv_csv_fail(cell, ADV_E_FORMAT, "has text after its closing quote", error);
    return ADV_OK;
}

bool adv_csv_next(struct adv_csv *csv)
{
    while (csv->at < csv->end) {
        const char *start = csv->at;
        while (csv->at < csv->end && is_blank(*csv->at))
            csv->at++;
        if (at_line_end(csv) || *csv->at == '#') {
            skip_line(csv);
            continue;
        }
        csv->at = start; /* of tabs the first may separate */
        csv->record_line = csv->line;
        csv->column = 0;
        csv->more = true;
        return true;
    }
    csv->more = false;
    return false;
}

/* Of the record at hand: its end is that of a line outside quotes. */
static char choose_separator(const struct adv_csv *csv)
{
    bool quoted = false, comma = false, tab = false;
    for (const char *at = csv->at; at < csv->end && (quoted || *at != '\n'); at++) {
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

enum adv_status adv_csv_open(struct adv_csv *csv, const char *text, size_t n_bytes, char separator,
                             struct adv_error *error)
{
    static const char byte_order_mark[3] = "\xef\xbb\xbf";
    *csv = (struct adv_csv){.at = text, .end = text + n_bytes, .line = 1, .separator = separator};
    if (n_bytes >= 3 && memcmp(text, byte_order_mark, 3) == 0)
        csv->at += 3;
    csv->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!csv->c_locale)
        return adv_no_memory(error);
    if (adv_csv_next(csv) && !separator)
        csv->separator = choose_separator(csv);
    return ADV_OK;
}

void adv_csv_close(struct adv_csv *csv)
{
    if (csv->c_locale)
        freelocale(csv->c_locale);
    *csv = (struct adv_csv){0};
}

enum adv_status adv_csv_fail(const struct adv_csv_cell *cell, enum adv_status status,
                             const char *problem, struct adv_error *error)
{
    char shown[ADV_PRINTABLE_MAX];
    return adv_fail(error, status, "line %zu, column %zu: '%s' %s", cell->line, cell->column + 1,
                    adv_printable(cell->text, cell->n, shown), problem);
}

size_t adv_csv_text(const struct adv_csv_cell *cell, char *to)
{
    size_t n = 0;
    for (size_t i = 0; i < cell->n; i++) {
        to[n++] = cell->text[i];
        if (cell->quoted && cell->text[i] == '"')
            i++; /* "" stands for one quote */
    }
    return n;
}
