/* Tables of results: rows are JSON objects, columns say what of them is shown and how. */
#ifndef ADV_TRAINER_TABLE_H
#define ADV_TRAINER_TABLE_H

#include <jansson.h>
#include <stddef.h>

struct adv_column {
    const char *key;    /* of the rows' member */
    const char *header; /* above the column */
    int decimals;       /* of numbers that are not integers */
};

/* To stdout: a line of headers and one per row of the array; "-" for null. Columns that are null in
 * every row are left out. */
void adv_table_print(const struct adv_column *columns, size_t n_columns, const json_t *rows);

/* The number, or null where it is not finite: a new reference. */
json_t *adv_table_number(double value);

#endif
