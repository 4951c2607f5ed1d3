/* The first record: how many columns there are, and whether it names them. */
#include "core/base/mem.h"
#include "core/io/arrays/csv.h"

#include <advect/extra/words.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(struct adv_csv *csv, const struct adv_csv_cell *cell, float *value)
{
    return adv_csv_number(csv, cell, value) != ADV_CSV_NOT_A_NUMBER;
}

/* Whether some column is text in the record at hand and a number in the one after it. */
static bool turns_into_numbers(struct adv_csv first, size_t n_columns)
{
    struct adv_csv second = first;
    struct adv_csv_cell name, cell;
    float value;
    while (second.more) {
        if (adv_csv_take(&second, &cell, NULL) != ADV_OK)
            return false;
    }
    if (!adv_csv_next(&second))
        return false;
    for (size_t i = 0; i < n_columns && second.more; i++) {
        if (adv_csv_take(&first, &name, NULL) != ADV_OK ||
            adv_csv_take(&second, &cell, NULL) != ADV_OK)
            return false;
        if (name.n > 0 && !is_number(&first, &name, &value) && is_number(&second, &cell, &value))
            return true;
    }
    return false;
}

enum adv_status adv_csv_survey(const struct adv_csv *csv, struct adv_csv_survey *survey,
                               struct adv_error *error)
{
    struct adv_csv record = *csv;
    struct adv_csv_survey s = {.counts = true};
    float first = 0, value = 0;
    size_t n_numbers = 0;
    for (; record.more; s.n_columns++) {
        struct adv_csv_cell cell;
        enum adv_status status = adv_csv_take(&record, &cell, error);
        if (status != ADV_OK)
            return status;
        bool numeric = is_number(&record, &cell, &value);
        first = s.n_columns == 0 ? value : first;
        s.counts &= numeric && (first == 0 || first == 1) && value == first + (float)s.n_columns;
        n_numbers += numeric && !cell.quoted;
        s.n_text += cell.n + 1;
    }
    s.is_header =
        n_numbers == 0 || (n_numbers < s.n_columns && turns_into_numbers(*csv, s.n_columns));
    *survey = s;
    return ADV_OK;
}

enum adv_status adv_csv_names(struct adv_csv *csv, const struct adv_csv_survey *survey, char ***out,
                              struct adv_error *error)
{
    size_t n_bytes;
    if (!adv_mul_size(survey->n_columns, sizeof(char *), &n_bytes) ||
        __builtin_add_overflow(n_bytes, survey->n_text, &n_bytes))
        return adv_no_memory(error);
    char **names = adv_calloc(n_bytes, 1);
    if (!names)
        return adv_no_memory(error);
    char *to = (char *)(names + survey->n_columns);
    for (size_t column = 0; column < survey->n_columns; column++) {
        struct adv_csv_cell cell;
        enum adv_status status = adv_csv_take(csv, &cell, error);
        if (status == ADV_OK &&
            (!adv_is_utf8(cell.text, cell.n) || memchr(cell.text, '\0', cell.n)))
            status = adv_csv_fail(&cell, ADV_E_FORMAT, "is not UTF-8 text", error);
        if (status != ADV_OK) {
            free(names);
            return status;
        }
        names[column] = to;
        to += adv_csv_text(&cell, to);
        *to++ = '\0';
    }
    *out = names;
    return ADV_OK;
}
