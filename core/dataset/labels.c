/* Labels become classes: numbers as they are, texts by the recipe's names of the classes or, where
 * it gives none, by their order as texts, so that no shuffling of the rows changes it. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/dataset/opening.h"

#include <advect/extra/json.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- numbers */

static enum adv_status read_numbers(struct adv_dataset *d, struct adv_error *error)
{
    const struct adv_array *labels = &d->source.labels;
    if (labels->n_dims != 1 || labels->n_elements != d->n_rows)
        return adv_fail_field(error, ADV_E_INVALID, "data.source",
                              "the source has %zu examples but %zu labels", d->n_rows,
                              labels->n_elements);
    for (size_t i = 0; i < d->n_rows; i++) {
        float label = labels->data[i];
        if (!(label >= 0 && label < (float)d->classes) || label != floorf(label))
            return adv_fail_field(error, ADV_E_INVALID, "data.source",
                                  "the label of example %zu is %g; it must be an integer between 0 "
                                  "and %zu",
                                  i, (double)label, d->classes - 1);
        d->labels[i] = (int32_t)label;
    }
    return ADV_OK;
}

/* ---------------------------------------------------------------- texts */

static bool is_integer(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Integers by their size, before all others. */
static int by_text(const void *a, const void *b)
{
    const char *left = *(const char *const *)a, *right = *(const char *const *)b;
    bool are_integers = is_integer(left) && is_integer(right);
    size_t n_left = strlen(left), n_right = strlen(right);
    if (are_integers && n_left != n_right)
        return n_left < n_right ? -1 : 1;
    if (is_integer(left) != is_integer(right))
        return is_integer(left) ? -1 : 1;
    return strcmp(left, right);
}

static const char *list_texts(size_t n, const char *const *texts, char list[400])
{
    list[0] = '\0';
    for (size_t i = 0; i < n && i < 8; i++)
        adv_append(list, 400, "%s%s", i ? ", " : "", adv_quote(texts[i]).text);
    if (n > 8)
        adv_append(list, 400, ", and %zu more", n - 8);
    return list;
}

/* The texts in order become the names of the classes. */
static enum adv_status discover(struct adv_dataset *d, int32_t *class_of, struct adv_error *error)
{
    const struct adv_table *table = &d->source.table;
    size_t n = table->n_classes, odd;
    char list[400];
    const char **sorted = adv_calloc(n, sizeof *sorted);
    json_t *names = json_array();
    bool complete = sorted && names;
    if (complete)
        memcpy(sorted, table->classes, n * sizeof *sorted);
    if (complete)
        qsort(sorted, n, sizeof *sorted, by_text);
    for (size_t i = 0; i < n && complete; i++)
        complete = json_array_append_new(names, json_string(sorted[i])) == 0;
    enum adv_status status = complete ? ADV_OK : adv_no_memory(error);
    if (complete && !adv_table_match(table->classes, n, names, n, class_of, &odd))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_note(&d->source.table.notes, error, "the classes, from 0, are %s",
                          list_texts(n, sorted, list));
    free(sorted);
    if (status == ADV_OK) {
        d->classes = n;
        d->label_names = names;
    } else {
        json_decref(names);
    }
    return status;
}

static enum adv_status refuse_text(const struct adv_dataset *d, const json_t *names, size_t odd,
                                   struct adv_error *error)
{
    const struct adv_table *table = &d->source.table;
    const char *text = table->classes[odd];
    struct adv_error why = ADV_ERROR_INIT;
    char list[400];
    size_t row = 0;
    while (table->label[row] != (int32_t)odd)
        row++;
    if (!names && !is_integer(text))
        return adv_fail_field(
            error, ADV_E_INVALID, "data.classes",
            "the labels are %zu different texts, %s, but data.classes is %zu", table->n_classes,
            list_texts(table->n_classes, (const char *const *)table->classes, list), d->classes);
    if (names)
        adv_fail(&why, ADV_E_INVALID,
                 "the label is %s, which is not one of data.labels, nor an integer between 0 and "
                 "%zu",
                 adv_quote(text).text, d->classes ? d->classes - 1 : 0);
    else
        adv_fail(&why, ADV_E_INVALID, "the label is %s; it must be an integer between 0 and %zu",
                 text, d->classes - 1);
    return adv_dataset_fail_row(d, names ? "data.labels" : "data.source", row, &why, error);
}

/* Without names they may be discovered: of texts, or of other numbers than classes have. */
static bool is_to_discover(const struct adv_dataset *d)
{
    const struct adv_table *table = &d->source.table;
    bool integers = true;
    for (size_t i = 0; i < table->n_classes && integers; i++)
        integers = is_integer(table->classes[i]);
    return d->classes == table->n_classes || (d->classes == 0 && !integers);
}

static enum adv_status read_texts(struct adv_dataset *d, const json_t *names,
                                  struct adv_error *error)
{
    const struct adv_table *table = &d->source.table;
    size_t odd = 0;
    int32_t *class_of = adv_calloc(table->n_classes, sizeof *class_of);
    if (!class_of)
        return adv_no_memory(error);
    enum adv_status status = ADV_OK;
    if (!adv_table_match(table->classes, table->n_classes, names, d->classes, class_of, &odd))
        status = !names && is_to_discover(d) ? discover(d, class_of, error)
                                             : refuse_text(d, names, odd, error);
    for (size_t i = 0; i < d->n_rows && status == ADV_OK; i++)
        d->labels[i] = class_of[table->label[i]];
    free(class_of);
    return status;
}

/* ---------------------------------------------------------------- both */

/* Integers do not say how many classes there are; names, in the recipe or in the file, do. */
static bool count_is_missing(const struct adv_dataset *d)
{
    return d->classes == 0 && !(d->source.table.label && is_to_discover(d));
}

enum adv_status adv_dataset_read_labels(struct adv_dataset *d, const struct adv_data_recipe *recipe,
                                        struct adv_error *error)
{
    const json_t *names = json_is_array(recipe->labels) ? recipe->labels : NULL;
    const int32_t *texts = d->source.table.label;
    d->classes = (size_t)recipe->classes;
    if (d->classes == 0 && texts)
        d->classes = json_array_size(names);
    if (!d->source.labels.data && !texts && d->classes == 0)
        return ADV_OK;
    if (!d->source.labels.data && !texts)
        return adv_fail_field(error, ADV_E_INVALID, "data.classes",
                              "data.classes is %zu, but the source has no labels", d->classes);
    if (count_is_missing(d))
        return adv_fail_field(error, ADV_E_INVALID, "data.classes",
                              "the source has labels, but data.classes is 0; say how many classes "
                              "there are, or leave the labels out");
    d->labels = calloc(d->n_rows, sizeof *d->labels);
    if (!d->labels)
        return adv_no_memory(error);
    enum adv_status status = texts ? read_texts(d, names, error) : read_numbers(d, error);
    free(d->source.table.label); /* classes now */
    d->source.table.label = NULL;
    return status;
}
