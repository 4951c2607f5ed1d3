/* CSV as records of cells (RFC 4180): bytes only. Cells point into the text, and nothing is
 * allocated for them. Lines that are blank or begin with '#' are no records. A quoted cell may hold
 * separators, line breaks and, doubled, quotes: "a ""b"", c". Blanks around cells mean nothing. */
#ifndef ADV_IO_CSV_H
#define ADV_IO_CSV_H

#include <advect/status.h>
#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

/* A position in the text: copied, it can be returned to. */
struct adv_csv {
    const char *at, *end;
    size_t line;        /* that `at` is on, from 1 */
    size_t record_line; /* where the record at hand begins */
    size_t column;      /* of the next cell, from 0 */
    bool more;          /* the record has another cell */
    char separator;     /* ',' ';' '\t', or ' ' for runs of blanks and tabs */
    char mark;          /* the decimal mark of the numbers so far, '.' or ','; 0: none yet */
    size_t mark_line;
    locale_t c_locale; /* numbers are read the same way in every country */
};

struct adv_csv_cell {
    const char *text; /* [n]; without the quotes around it */
    size_t n;
    size_t line, column; /* from 1, and from 0 */
    bool quoted;
};

/* Opens a text, which is borrowed, at its first record. separator: as in the struct, or 0 for
 * semicolon, comma, tab or blanks, whichever of them the first record has first in this order. */
enum adv_status adv_csv_open(struct adv_csv *csv, const char *text, size_t n_bytes, char separator,
                             struct adv_error *error);
void adv_csv_close(struct adv_csv *csv);

/* Goes to the next record, once all cells of the one before were taken; false at the end. */
bool adv_csv_next(struct adv_csv *csv);

/* The next cell of the record; csv->more must hold. ADV_E_FORMAT, naming line and column, for a
 * quote that is never closed and for text after a closing one. */
enum adv_status adv_csv_take(struct adv_csv *csv, struct adv_csv_cell *cell,
                             struct adv_error *error);

/* "line 3, column 2: 'four' PROBLEM". */
enum adv_status adv_csv_fail(const struct adv_csv_cell *cell, enum adv_status status,
                             const char *problem, struct adv_error *error);

/* Copies the cell's text, its doubled quotes being one each; to [cell->n]. Returns its length. */
size_t adv_csv_text(const struct adv_csv_cell *cell, char *to);

/* What a cell is, as a number. */
enum adv_csv_number {
    ADV_CSV_NUMBER,
    ADV_CSV_NOT_A_NUMBER,
    ADV_CSV_NOT_FINITE, /* NaN, infinity, or beyond float32 */
    ADV_CSV_OTHER_MARK  /* a decimal point after decimal commas, or the reverse */
};

/* *value: the cell's decimal number, rounded once to float32. A comma is a decimal mark where it is
 * not the separator; a text has one mark. */
enum adv_csv_number adv_csv_number(struct adv_csv *csv, const struct adv_csv_cell *cell,
                                   float *value);

/* The status of a cell that is no number, and its message as of adv_csv_fail. */
enum adv_status adv_csv_refuse(const struct adv_csv *csv, const struct adv_csv_cell *cell,
                               enum adv_csv_number what, struct adv_error *error);

/* What the record at hand, a file's first, looks like. */
struct adv_csv_survey {
    size_t n_columns, n_text; /* n_text: bytes of all its texts, a NUL after each */
    bool
        is_header; /* none of its cells is a number, or one is text where the next record has a number
                     */
    bool counts;   /* its cells are 0, 1, 2, ... or 1, 2, 3, ...: names, perhaps */
};
enum adv_status adv_csv_survey(const struct adv_csv *csv, struct adv_csv_survey *survey,
                               struct adv_error *error);

/* Takes the record at hand as column names: one block, pointers first, to be freed. */
enum adv_status adv_csv_names(struct adv_csv *csv, const struct adv_csv_survey *survey,
                              char ***names, struct adv_error *error);

#endif
