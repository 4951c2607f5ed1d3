/* Tables as people have them: CSV with names, texts, dates, missing cells and classes, of which
 * some columns are the numbers of points. */
#ifndef ADVECT_EXTRA_TABLE_H
#define ADVECT_EXTRA_TABLE_H

#include <advect/api.h>
#include <advect/array_file.h>
#include <advect/extra/bytes.h>
#include <jansson.h>
#include <stdint.h>

ADV_API_BEGIN

/* What becomes of rows with a missing cell in a column that is used. Missing is what is empty, or
 * NA, N/A, NaN, null, ? or -, in any case of letters. */
enum adv_table_missing { ADV_MISSING_REFUSE, ADV_MISSING_DROP };
/* Whether the first row names the columns. Auto: if none of its cells is a number, or one of them
 * names a column whose next cell is. */
enum adv_table_header { ADV_HEADER_AUTO, ADV_HEADER_YES, ADV_HEADER_NO };
/* Auto: semicolon, comma, tab or blanks, whichever the first row has first in this order. */
enum adv_table_separator {
    ADV_SEPARATOR_AUTO,
    ADV_SEPARATOR_COMMA,
    ADV_SEPARATOR_SEMICOLON,
    ADV_SEPARATOR_TAB,
    ADV_SEPARATOR_BLANKS
};
/* Their names, NULL-terminated, in the order of the enumerations. */
extern const char *const adv_missing_names[];
extern const char *const adv_header_names[];
extern const char *const adv_separator_names[];

#define ADV_TABLE_CLASSES_MAX 65536

/* How a table is read. All zeros: every column is a number. */
struct adv_table_options {
    /* Which columns, in this order: an array of names, shell patterns ("bill*") and positions from
     * 0; with '!' before it a name or a pattern says what to leave out. Without one that says what
     * to take: every other column. NULL: every column. Never the labels' column. */
    const json_t *columns;
    const json_t *label_column; /* name, or position from 0; NULL: none */
    /* Which columns follow those, as the numbers of a context: an array like columns. NULL: none. */
    const json_t *context;
    bool label_may_lack; /* without a column of that name there are no labels */
    /* In place of columns: the names [n] to take from a table with a header, in this order; of a
     * table without one, every column. NULL: columns decides. */
    const json_t *names;
    bool names_may_lack; /* of a table without one of the names nothing is read: 0 columns */
    int64_t missing, header, separator; /* the enumerations above */
    /* What messages put before the names of options: "data.source." of recipes, "--" of flags;
     * NULL: nothing can be said about them. */
    const char *where;
};

struct adv_table {
    struct adv_array rows; /* [n, columns]; rows.columns: their names, or NULL without a header */
    size_t n_context;      /* so many columns, the last, are the context's */
    int32_t *label;        /* [n]: index into classes; NULL without a label column */
    char **classes;        /* [n_classes]: the labels' texts in order of appearance; one block */
    size_t n_classes;
    char *name;             /* of the file, as messages have it */
    uint32_t *lines;        /* [n]: where in the file a row begins, from 1 */
    size_t n_dropped;       /* rows left out for a missing cell */
    struct adv_bytes notes; /* what its owner should know, a line each and a NUL; or empty */
    char wild[192];         /* the cell farthest beyond all others of its column; or "" */
};

/* Errors (ADV_E_FORMAT, ADV_E_INVALID) name the option, or the line and the column: ragged rows,
 * quotes that are not closed, text and dates in a column that is used, missing cells, columns that
 * are not there, two of one name, more than ADV_TABLE_CLASSES_MAX classes. Memory: the rows,
 * besides the text. */
enum adv_status adv_table_parse(const char *text, size_t n_bytes, const char *name,
                                const struct adv_table_options *options, struct adv_table *table,
                                struct adv_error *error);
/* Of a file, gzipped or not. Files of other known formats are refused by name. */
enum adv_status adv_table_read(const char *path, const struct adv_table_options *options,
                               struct adv_table *table, struct adv_error *error);
void adv_table_release(struct adv_table *table);

/* What a column of a file seems to be. Text: of most of its cells. Row numbers: each is one more
 * than the one before it, of at least 10. */
enum adv_column_kind {
    ADV_COLUMN_NUMBERS,
    ADV_COLUMN_TEXT,
    ADV_COLUMN_DATES,
    ADV_COLUMN_CONSTANT, /* one number in every row */
    ADV_COLUMN_ROW_NUMBERS,
    ADV_COLUMN_EMPTY /* every cell is missing */
};
extern const char *const adv_column_kind_names[]; /* "numbers", "text", ... */

#define ADV_SURVEY_TEXTS_MAX 20

struct adv_column_survey {
    const char *name; /* borrowed from the survey; NULL without a header */
    enum adv_column_kind kind;
    /* Whether it is one of an example's numbers, one of its context's, or the labels' column. */
    bool is_number, is_context, is_label;
    size_t n_missing;
    double low, high; /* of its numbers; NaN without */
    size_t n_texts;   /* different ones, of text; 0: more than ADV_SURVEY_TEXTS_MAX */
    size_t rarest;    /* rows of the text that fewest have */
};

struct adv_table_survey {
    size_t n_columns;
    struct adv_column_survey *columns; /* [n_columns] */
    char **names;                      /* [n_columns], or NULL without a header */
    size_t n_rows, n_dropped;          /* complete rows, and those with missing cells */
    size_t n_classes;                  /* different labels */
    json_t *numbers; /* the columns that are numbers, as options take them: names or positions */
};

/* Looks at every column of a file. Where options->columns says nothing, or only what to leave out,
 * the columns that are numbers are all other columns of kind ADV_COLUMN_NUMBERS. Errors as of
 * adv_table_read, with the columns so chosen; ADV_E_INVALID where none is left. */
enum adv_status adv_table_survey(const char *path, const struct adv_table_options *options,
                                 struct adv_table_survey *survey, struct adv_error *error);
void adv_table_survey_release(struct adv_table_survey *survey);

/* names[i] becomes class_of[i], the index of the class that a text [n_texts] names among the
 * strings of the array labels; or, if not all do (or labels is NULL), the number that it is, from 0
 * to n_classes - 1. False where some are neither: *odd is the first of them. */
bool adv_table_match(char *const *texts, size_t n_texts, const json_t *labels, size_t n_classes,
                     int32_t *class_of, size_t *odd);

ADV_API_END
#endif
