/* A table being read: which column of the file goes where, and what was found in it. Inside
 * core/table only. */
#ifndef ADV_TABLE_READER_H
#define ADV_TABLE_READER_H

#include "core/io/arrays/csv.h"

#include <advect/extra/table.h>

enum { ADV_COLUMN_SKIPPED = -1, ADV_COLUMN_LABEL = -2, ADV_COLUMN_CONTEXT = -3 };

/* A column of the file. */
struct adv_table_column {
    ptrdiff_t to;                      /* its place in a row, or one of the above */
    size_t n_text, n_missing;          /* cells that are no numbers */
    struct adv_csv_cell text, missing; /* the first of each */
};

/* Texts and their indices in order of appearance, found by hashing; texts are borrowed. */
struct adv_classes {
    struct adv_csv_cell *cells; /* [n] */
    size_t n, capacity;
    uint32_t *slots; /* [n_slots], a power of 2: index + 1, or 0 */
    size_t n_slots;
    size_t n_text; /* bytes of all texts, a NUL after each */
};

struct adv_table_reader {
    struct adv_csv csv;
    const struct adv_table_options *options;
    size_t n_columns;                 /* of the file */
    char **names;                     /* [n_columns], or NULL without a header; owned */
    struct adv_table_column *columns; /* [n_columns] */
    size_t *used, n_used;             /* columns that are used, in their order in a row */
    size_t *context, n_context;       /* columns of the context, which are used last */
    ptrdiff_t label;                  /* the labels' column, or -1 */
    struct adv_classes classes;
    uint32_t *lines; /* [rows]: where each row begins */
    size_t lines_capacity, label_capacity, data_capacity;
    size_t n_rows, n_records, n_incomplete;
    struct adv_table table; /* what comes of it */
};

/* What a column is called in messages: column "bill", or column 3 (from 1). */
struct adv_column_name {
    char text[64];
};
struct adv_column_name adv_table_column_name(const struct adv_table_reader *reader, size_t column);

/* How a value is given in messages: as in a recipe, as in flags, or not at all. */
enum adv_remedy { ADV_REMEDY_NONE, ADV_REMEDY_RECIPE, ADV_REMEDY_FLAGS };
enum adv_remedy adv_table_remedy(const struct adv_table_reader *reader);

/* How an option is called in messages: data.source.columns, or --columns. */
struct adv_column_name adv_table_option(const struct adv_table_reader *reader, const char *name);
/* And as the field of an error: "" where nothing can be said of options. */
struct adv_column_name adv_table_field(const struct adv_table_reader *reader, const char *name);

/* Whether a column of the file is one of the context's, once they are chosen. */
bool adv_table_is_context(const struct adv_table_reader *reader, size_t column);

/* Whether a cell says that its value is missing, and whether it is a date, with or without a
 * time. */
bool adv_table_is_missing(const struct adv_csv_cell *cell);
bool adv_table_is_date(const struct adv_csv_cell *cell);

/* As adv_csv_open takes them, in the order of enum adv_table_separator. */
extern const char adv_table_separators[];

/* Takes n_columns and names from the first record; *has_record: whether there is one of data. */
enum adv_status adv_table_read_header(struct adv_table_reader *reader, bool *has_record,
                                      struct adv_error *error);

/* Decides used, n_used, label and where every column goes. */
enum adv_status adv_table_choose(struct adv_table_reader *reader, struct adv_error *error);

/* The index of a label's text, added if it is new. */
enum adv_status adv_classes_find(struct adv_classes *classes, const struct adv_csv_cell *cell,
                                 int32_t *index, struct adv_error *error);
/* The texts as strings: one block, pointers first. */
enum adv_status adv_classes_texts(const struct adv_classes *classes, char ***texts,
                                  struct adv_error *error);
void adv_classes_release(struct adv_classes *classes);

/* Refuses text, dates and missing cells in columns that are used, of the whole table at once. */
enum adv_status adv_table_judge(const struct adv_table_reader *reader, struct adv_error *error);

/* Writes the table's notes and its wild cell. */
enum adv_status adv_table_look(struct adv_table_reader *reader, struct adv_error *error);

#endif
