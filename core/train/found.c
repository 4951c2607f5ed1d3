/* A table as it was found, told as JSON. */
#include "core/base/words.h"
#include "core/train/proposal.h"

#include <advect/array_file.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CLASS_ROWS_MIN 5 /* of its rarest text, for a column to be worth a suggestion */

/* ---------------------------------------------------------------- names */

void adv_name_of_file(const char *text, bool is_path, char name[ADV_NAME_BYTES])
{
    static const char *const endings[] = {".gz", ".csv", ".tsv", ".txt", ".dat", ".npy"};
    snprintf(name, ADV_NAME_BYTES, "%s", text);
    if (!is_path)
        return;
    const char *slash = strrchr(text, '/');
    snprintf(name, 65, "%s", slash ? slash + 1 : text); /* recipes take no more */
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(name), n_ending = strlen(endings[i]);
        if (n > n_ending && !strcasecmp(name + n - n_ending, endings[i]))
            name[n - n_ending] = '\0';
    }
    for (char *at = name; *at; at++) {
        bool plain = isalnum((unsigned char)*at) || strchr("._-", *at);
        *at = plain && !(at == name && *at == '.') && (unsigned char)*at < 128 ? *at : '-';
    }
    if (!*name)
        snprintf(name, ADV_NAME_BYTES, "table");
}

/* ---------------------------------------------------------------- reading */

static enum adv_status open_npy(const struct adv_propose_options *o, struct adv_source *source,
                                struct adv_error *error)
{
    json_t *spec = json_pack("{s:s, s:s, s:s*, s:s*}", "kind", "npy", "file", o->file, "labels",
                             o->labels, "context", o->context_file);
    enum adv_status status =
        spec ? adv_source_open(spec, o->file, NULL, source, error) : adv_no_memory(error);
    json_decref(spec);
    return status;
}

/* Classes are numbers from 0; whether all labels are such is for the data set to say. */
static size_t count_classes(const struct adv_array *labels)
{
    float last = 0;
    for (size_t i = 0; i < labels->n_elements; i++)
        last = labels->data[i] > last ? labels->data[i] : last;
    return labels->n_elements ? (size_t)fminf(last, 1e9F) + 1 : 0;
}

static enum adv_status read_npy(const struct adv_propose_options *o, struct adv_found *found,
                                struct adv_error *error)
{
    struct adv_source source = {0};
    const char *odd = o->columns        ? "columns"
                      : o->label_column ? "label_column"
                      : o->context      ? "context"
                                        : NULL;
    if (odd)
        return adv_fail_field(error, ADV_E_INVALID, odd, "%s is of CSV files; %s is an NPY file",
                              odd, o->file);
    enum adv_status status = open_npy(o, &source, error);
    if (status == ADV_OK && source.rows.n_dims != 2)
        status = adv_fail(error, ADV_E_INVALID,
                          "%s has %d dimensions; a table has 2: for images, write a recipe "
                          "(docs/guide/recipes.md)",
                          o->file, source.rows.n_dims);
    if (status == ADV_OK) {
        found->n_rows = source.rows.shape[0];
        found->dim = source.rows.shape[1] - source.n_context;
        found->survey.n_classes = count_classes(&source.labels);
    }
    adv_source_release(&source);
    return status;
}

enum adv_status adv_found_read(const struct adv_propose_options *o, struct adv_found *found,
                               struct adv_error *error)
{
    const struct adv_table_options how = {.columns = o->columns,
                                          .label_column = o->label_column,
                                          .context = o->context,
                                          .missing = o->missing,
                                          .header = o->header,
                                          .separator = o->separator,
                                          .where = o->where};
    enum adv_file_format format;
    enum adv_status status = adv_file_format_read(o->file, &format, error);
    if (status != ADV_OK)
        return status;
    found->is_npy = format == ADV_FILE_NPY;
    if (found->is_npy)
        return read_npy(o, found, error);
    const char *odd = o->labels ? "labels" : o->context_file ? "context_file" : NULL;
    if (odd)
        return adv_fail_field(error, ADV_E_INVALID, odd, "%s is of NPY files; %s is none", odd,
                              o->file);
    status = adv_table_survey(o->file, &how, &found->survey, error);
    if (status == ADV_OK) {
        found->n_rows = found->survey.n_rows;
        found->dim = json_array_size(found->survey.numbers);
    }
    return status;
}

void adv_found_release(struct adv_found *found)
{
    adv_table_survey_release(&found->survey);
}

/* ---------------------------------------------------------------- as JSON */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *count_or_null(size_t n)
{
    return n ? json_integer((json_int_t)n) : json_null();
}

/* Names come from files: what JSON cannot hold is shown as '?'. */
static json_t *name_json(const char *name, size_t column)
{
    char text[ADV_PRINTABLE_MAX];
    if (!name || !*name)
        snprintf(text, sizeof text, "%zu", column);
    else
        adv_printable(name, strlen(name), text);
    return json_string(text);
}

/* What the recipe states of a column that is a number, by its place among them. */
static json_t *support_json(const struct adv_dataset *d, size_t place)
{
    char text[128];
    bool stated = d->stated && place < d->dim && d->stated[place] &&
                  adv_transform_describe(d->transform, place, text, sizeof text);
    return stated ? json_string(text) : json_null();
}

static size_t place_of(const struct adv_found *found, size_t column)
{
    const struct adv_table_survey *survey = &found->survey;
    size_t i;
    json_t *entry;
    json_array_foreach(survey->numbers, i, entry)
    {
        const char *name = json_string_value(entry);
        if (name ? survey->columns[column].name && !strcmp(name, survey->columns[column].name)
                 : (size_t)json_integer_value(entry) == column)
            return i;
    }
    return SIZE_MAX;
}

static json_t *column_json(const struct adv_found *found, const struct adv_dataset *d,
                           size_t column)
{
    const struct adv_column_survey *c = &found->survey.columns[column];
    const char *use = c->is_number    ? "number"
                      : c->is_context ? "context"
                      : c->is_label   ? "label"
                                      : "none";
    json_t *support = c->is_number ? support_json(d, place_of(found, column)) : json_null();
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name", name_json(c->name, column),
                     "kind", adv_column_kind_names[c->kind], "use", use, "support", support, "low",
                     number(c->low), "high", number(c->high), "missing",
                     count_or_null(c->n_missing), "texts", count_or_null(c->n_texts));
}

/* Of an array, whose columns are all numbers without names. */
static json_t *array_column_json(const struct adv_dataset *d, size_t column)
{
    const float *x = d->source.rows.data + column;
    float low = *x, high = *x;
    for (size_t i = 1; i < d->n_rows; i++) {
        low = x[i * d->dim] < low ? x[i * d->dim] : low;
        high = x[i * d->dim] > high ? x[i * d->dim] : high;
    }
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "name", name_json(NULL, column), "kind",
                     adv_column_kind_names[ADV_COLUMN_NUMBERS], "use", "number", "support",
                     support_json(d, column), "low", number((double)low), "high",
                     number((double)high));
}

static json_t *columns_json(const struct adv_found *found, const struct adv_dataset *d)
{
    json_t *columns = json_array();
    size_t n = found->is_npy ? d->dim : found->survey.n_columns;
    for (size_t i = 0; columns && i < n; i++) {
        if (json_array_append_new(columns, found->is_npy ? array_column_json(d, i)
                                                         : column_json(found, d, i))) {
            json_decref(columns);
            return NULL;
        }
    }
    return columns;
}

static json_t *notes_json(const char *notes)
{
    json_t *lines = json_array();
    while (lines && *notes) {
        size_t n = strcspn(notes, "\n");
        if (json_array_append_new(lines, json_stringn_nocheck(notes, n))) {
            json_decref(lines);
            return NULL;
        }
        notes += n + (notes[n] == '\n');
    }
    return lines;
}

static void collect(void *lines, const char *sentence)
{
    json_array_append_new(lines, json_string(sentence)); /* advice without memory stays unsaid */
}

static json_t *suggestions_json(const struct adv_propose_options *o, const struct adv_found *found,
                                const struct adv_dataset *d)
{
    json_t *lines = json_array();
    const struct adv_table_survey *survey = &found->survey;
    for (size_t i = 0; lines && !o->label_column && i < survey->n_columns; i++) {
        const struct adv_column_survey *c = &survey->columns[i];
        char text[200];
        if (c->is_number || c->is_context || c->kind != ADV_COLUMN_TEXT || c->n_texts < 2 ||
            c->rarest < CLASS_ROWS_MIN)
            continue;
        struct adv_quoted name = adv_quote(c->name ? c->name : "");
        snprintf(
            text, sizeof text,
            "column %s: %zu different texts, of %zu rows or more each; consider label_column %s",
            name.text, c->n_texts, c->rarest, name.text);
        collect(lines, text);
    }
    if (lines)
        adv_dataset_suggest(d, collect, lines);
    return lines;
}

enum adv_status adv_found_to_json(const struct adv_propose_options *o,
                                  const struct adv_found *found, const struct adv_dataset *d,
                                  json_t **out, struct adv_error *error)
{
    json_t *json =
        json_pack("{s:o, s:{s:I, s:I, s:I}, s:I, s:o, s:o, s:o}", "file",
                  name_json(o->recorded ? o->recorded : o->file, 0), "rows", "complete",
                  (json_int_t)found->n_rows, "dropped", (json_int_t)found->survey.n_dropped,
                  "held_out", (json_int_t)d->n_held_out, "classes", (json_int_t)d->classes,
                  "columns", columns_json(found, d), "notes", notes_json(adv_dataset_notes(d)),
                  "suggestions", suggestions_json(o, found, d));
    if (!json)
        return adv_no_memory(error);
    *out = json;
    return ADV_OK;
}
