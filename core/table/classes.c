/* The different texts of a column of labels. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/table/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a */
static uint64_t hash_of(const struct adv_csv_cell *cell)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < cell->n; i++)
        hash = (hash ^ (unsigned char)cell->text[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static bool same(const struct adv_csv_cell *a, const struct adv_csv_cell *b)
{
    return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

/* Where the cell is, or the free slot where it is to go. */
static uint32_t *find_slot(const struct adv_classes *classes, const struct adv_csv_cell *cell)
{
    size_t at = (size_t)hash_of(cell) & (classes->n_slots - 1);
    while (classes->slots[at] && !same(&classes->cells[classes->slots[at] - 1], cell))
        at = (at + 1) & (classes->n_slots - 1);
    return &classes->slots[at];
}

/* At least half of the slots stay free. */
static enum adv_status make_room(struct adv_classes *classes, struct adv_error *error)
{
    if (2 * (classes->n + 1) <= classes->n_slots)
        return ADV_OK;
    size_t n_slots = classes->n_slots ? 2 * classes->n_slots : 64;
    uint32_t *slots = adv_calloc(n_slots, sizeof *slots);
    if (!slots)
        return adv_no_memory(error);
    free(classes->slots);
    classes->slots = slots;
    classes->n_slots = n_slots;
    for (size_t i = 0; i < classes->n; i++)
        *find_slot(classes, &classes->cells[i]) = (uint32_t)i + 1;
    return ADV_OK;
}

enum adv_status adv_classes_find(struct adv_classes *classes, const struct adv_csv_cell *cell,
                                 int32_t *index, struct adv_error *error)
{
    enum adv_status status = make_room(classes, error);
    if (status != ADV_OK)
        return status;
    uint32_t *slot = find_slot(classes, cell);
    if (*slot == 0) {
        if (classes->n == ADV_TABLE_CLASSES_MAX)
            return adv_csv_fail(cell, ADV_E_INVALID,
                                "is the 65537th different label: is this a column of labels?",
                                error);
        status = adv_grow(&classes->cells, &classes->capacity, classes->n + 1,
                          sizeof *classes->cells, error);
        if (status != ADV_OK)
            return status;
        classes->cells[classes->n++] = *cell;
        classes->n_text += cell->n + 1;
        *slot = (uint32_t)classes->n;
    }
    *index = (int32_t)(*slot - 1);
    return ADV_OK;
}

enum adv_status adv_classes_texts(const struct adv_classes *classes, char ***out,
                                  struct adv_error *error)
{
    char **texts = adv_calloc(classes->n * sizeof *texts + classes->n_text, 1);
    if (!texts)
        return adv_no_memory(error);
    char *to = (char *)(texts + classes->n);
    for (size_t i = 0; i < classes->n; i++) {
        const struct adv_csv_cell *cell = &classes->cells[i];
        if (!adv_is_utf8(cell->text, cell->n) || memchr(cell->text, '\0', cell->n)) {
            free(texts);
            return adv_csv_fail(cell, ADV_E_FORMAT, "is not UTF-8 text", error);
        }
        texts[i] = to;
        to += adv_csv_text(cell, to);
        *to++ = '\0';
    }
    *out = texts;
    return ADV_OK;
}

void adv_classes_release(struct adv_classes *classes)
{
    free(classes->cells);
    free(classes->slots);
    *classes = (struct adv_classes){0};
}

/* ---------------------------------------------------------------- what they stand for */

static bool find_label(const char *text, const json_t *labels, int32_t *class)
{
    size_t n = json_array_size(labels);
    for (size_t i = 0; i < n; i++) {
        const char *label = json_string_value(json_array_get(labels, i));
        if (label && !strcmp(label, text)) {
            *class = (int32_t)i;
            return true;
        }
    }
    return false;
}

/* As numbers are read elsewhere: rounded to float32, as "1.0" and "1e0" are 1. */
static bool read_class(const char *text, size_t n_classes, int32_t *class)
{
    struct adv_csv csv;
    struct adv_csv_cell cell = {.text = text, .n = strlen(text)};
    float value = -1;
    if (adv_csv_open(&csv, "", 0, ',', NULL) != ADV_OK)
        return false;
    bool numeric = adv_csv_number(&csv, &cell, &value) == ADV_CSV_NUMBER;
    adv_csv_close(&csv);
    if (!numeric || !(value >= 0 && value < (float)n_classes) || value != floorf(value))
        return false;
    *class = (int32_t)value;
    return true;
}

bool adv_table_match(char *const *texts, size_t n_texts, const json_t *labels, size_t n_classes,
                     int32_t *class_of, size_t *odd)
{
    size_t n_found = 0;
    while (n_found < n_texts && labels && find_label(texts[n_found], labels, &class_of[n_found]))
        n_found++;
    if (n_found == n_texts)
        return true;
    size_t n_read = 0;
    while (n_read < n_texts && read_class(texts[n_read], n_classes, &class_of[n_read]))
        n_read++;
    *odd = n_read > n_found ? n_read : n_found;
    return n_read == n_texts;
}
