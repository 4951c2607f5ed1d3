#include "trainer/cli/table.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL_BYTES 64

static void format_cell(const struct adv_column *column, const json_t *row, char cell[CELL_BYTES])
{
    const json_t *value = json_object_get(row, column->key);
    if (json_is_string(value))
        snprintf(cell, CELL_BYTES, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(cell, CELL_BYTES, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value)) /* of what rounds to nothing, no sign */
        snprintf(cell, CELL_BYTES, "%.*f", column->decimals,
                 fabs(json_real_value(value)) < 0.5 * pow(10, -column->decimals)
                     ? 0
                     : json_real_value(value));
    else
        snprintf(cell, CELL_BYTES, "-");
}

/* 0: nothing to show. Negative, as printf has it: texts stand on the left. */
static int column_width(const struct adv_column *column, const json_t *rows)
{
    int width = (int)strlen(column->header);
    bool shown = false, text = false;
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        char cell[CELL_BYTES];
        const json_t *value = json_object_get(row, column->key);
        format_cell(column, row, cell);
        width = (int)strlen(cell) > width ? (int)strlen(cell) : width;
        shown = shown || (value && !json_is_null(value));
        text = text || json_is_string(value);
    }
    return !shown ? 0 : text ? -width : width;
}

/* Blanks wait for what follows them, so that no line ends in some. */
static void print_cell(const char *cell, int width, size_t *blanks)
{
    size_t length = strlen(cell), wanted = (size_t)abs(width);
    size_t pad = wanted > length ? wanted - length : 0;
    *blanks += width > 0 ? pad : 0;
    if (*cell) {
        printf("%*s%s", (int)*blanks, "", cell);
        *blanks = 0;
    }
    *blanks += width < 0 ? pad : 0;
}

void adv_table_print(const struct adv_column *columns, size_t n_columns, const json_t *rows)
{
    for (size_t line = 0; line <= json_array_size(rows); line++) {
        size_t blanks = 0;
        bool first = true;
        for (size_t c = 0; c < n_columns; c++) {
            int width = column_width(&columns[c], rows);
            char cell[CELL_BYTES];
            if (line > 0)
                format_cell(&columns[c], json_array_get(rows, line - 1), cell);
            else
                snprintf(cell, sizeof cell, "%s", columns[c].header);
            if (width == 0)
                continue;
            blanks += first ? 0 : 2;
            first = false;
            print_cell(cell, width, &blanks);
        }
        putchar('\n');
    }
}

json_t *adv_table_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
