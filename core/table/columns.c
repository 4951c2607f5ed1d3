/* Which columns of a table are used, and in which order. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/table/reader.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct adv_column_name adv_table_column_name(const struct adv_table_reader *reader, size_t column)
{
    struct adv_column_name name;
    if (reader->names)
        snprintf(name.text, sizeof name.text, "column %s", adv_quote(reader->names[column]).text);
    else
        snprintf(name.text, sizeof name.text, "column %zu", column + 1);
    return name;
}

struct adv_column_name adv_table_option(const struct adv_table_reader *reader, const char *name)
{
    const char *where = reader->options->where;
    struct adv_column_name option;
    snprintf(option.text, sizeof option.text, "%s%s", where ? where : "", name);
    return option;
}

struct adv_column_name adv_table_field(const struct adv_table_reader *reader, const char *name)
{
    return reader->options->where ? adv_table_option(reader, name) : (struct adv_column_name){""};
}

enum adv_remedy adv_table_remedy(const struct adv_table_reader *reader)
{
    const char *where = reader->options->where;
    return !where ? ADV_REMEDY_NONE : where[0] == '-' ? ADV_REMEDY_FLAGS : ADV_REMEDY_RECIPE;
}

/* ---------------------------------------------------------------- refusals */

/* The names of the file for a message: "a", "b", ... */
static const char *list_names(const struct adv_table_reader *reader, char list[512])
{
    list[0] = '\0';
    for (size_t i = 0; i < reader->n_columns; i++) {
        if (i == 10) {
            adv_append(list, 512, ", and %zu more", reader->n_columns - i);
            break;
        }
        adv_append(list, 512, "%s%s", i ? ", " : "", adv_quote(reader->names[i]).text);
    }
    return list;
}

/* A name of the file that may be meant, or NULL. */
static const char *nearest(const struct adv_table_reader *reader, const char *wanted)
{
    const char **names = adv_calloc(reader->n_columns + 1, sizeof *names);
    if (!names)
        return NULL;
    memcpy(names, reader->names, reader->n_columns * sizeof *names);
    const char *near = adv_nearest_name(wanted, names);
    free(names);
    return near;
}

/* No column has this name, which stands in an option. */
static enum adv_status refuse_name(const struct adv_table_reader *reader, const char *option,
                                   const char *wanted, struct adv_error *error)
{
    char list[512];
    if (!reader->names)
        return adv_fail_field(error, ADV_E_INVALID, option,
                              "%s is %s, but the file has no header line, so give an index", option,
                              adv_quote(wanted).text);
    const char *near = nearest(reader, wanted[0] == '!' ? wanted + 1 : wanted);
    return adv_fail_field(error, ADV_E_INVALID, option,
                          "%s is %s; the file has no column of that name%s%s%s; it has %s", option,
                          adv_quote(wanted).text, near ? " (did you mean " : "",
                          near ? adv_quote(near).text : "", near ? "?)" : "",
                          list_names(reader, list));
}

static enum adv_status refuse_position(const struct adv_table_reader *reader, const char *option,
                                       json_int_t position, struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, option,
                          "%s is %lld; it must be between 0 and %zu, the positions of the file's "
                          "columns",
                          option, (long long)position, reader->n_columns - 1);
}

/* ---------------------------------------------------------------- columns */

/* Whether a column is the one, or one of those, that a name or a pattern stands for. A column that
 * is called as the pattern is written is meant alone. */
struct matcher {
    const char *pattern;
    bool exact;
};

static struct matcher matcher_of(const struct adv_table_reader *reader, const char *pattern)
{
    struct matcher matcher = {pattern, false};
    for (size_t i = 0; i < reader->n_columns && !matcher.exact; i++)
        matcher.exact = !strcmp(reader->names[i], pattern);
    return matcher;
}

static bool matches(const struct matcher *matcher, const char *name)
{
    return matcher->exact ? !strcmp(name, matcher->pattern)
                          : fnmatch(matcher->pattern, name, 0) == 0;
}

static void use(struct adv_table_reader *reader, size_t column)
{
    if (reader->columns[column].to != ADV_COLUMN_SKIPPED)
        return;
    reader->columns[column].to = (ptrdiff_t)reader->n_used;
    reader->used[reader->n_used++] = column;
}

/* What a column that is named alone is already, or NULL. */
static const char *taken_as(const struct adv_table_reader *reader, size_t column)
{
    if ((ptrdiff_t)column == reader->label)
        return "the labels' column";
    return reader->columns[column].to == ADV_COLUMN_CONTEXT ? "a column of the context" : NULL;
}

static enum adv_status use_named(struct adv_table_reader *reader, const char *option,
                                 const char *pattern, struct adv_error *error)
{
    if (!reader->names)
        return refuse_name(reader, option, pattern, error);
    struct matcher matcher = matcher_of(reader, pattern);
    size_t n_found = 0;
    for (size_t i = 0; i < reader->n_columns; i++) {
        if (!matches(&matcher, reader->names[i]))
            continue;
        n_found++;
        const char *taken = taken_as(reader, i);
        if (matcher.exact && taken)
            return adv_fail_field(error, ADV_E_INVALID, option, "%s is %s, which is also %s",
                                  option, adv_quote(pattern).text, taken);
        use(reader, i);
    }
    return n_found ? ADV_OK : refuse_name(reader, option, pattern, error);
}

static enum adv_status use_position(struct adv_table_reader *reader, const char *option,
                                    json_int_t position, struct adv_error *error)
{
    if (position < 0 || (size_t)position >= reader->n_columns)
        return refuse_position(reader, option, position, error);
    const char *taken = taken_as(reader, (size_t)position);
    if (taken)
        return adv_fail_field(error, ADV_E_INVALID, option, "%s is %lld, which is also %s", option,
                              (long long)position, taken);
    use(reader, (size_t)position);
    return ADV_OK;
}

/* "!name": what it stands for is not used. */
static enum adv_status leave_out(struct adv_table_reader *reader, const char *option,
                                 const char *text, struct adv_error *error)
{
    if (!reader->names)
        return refuse_name(reader, option, text, error);
    struct matcher matcher = matcher_of(reader, text + 1);
    size_t n_found = 0, n_kept = 0;
    for (size_t i = 0; i < reader->n_columns; i++)
        n_found += matches(&matcher, reader->names[i]);
    for (size_t i = 0; i < reader->n_used; i++) {
        size_t column = reader->used[i];
        bool out = matches(&matcher, reader->names[column]);
        reader->columns[column].to = out ? ADV_COLUMN_SKIPPED : (ptrdiff_t)n_kept;
        if (!out)
            reader->used[n_kept++] = column;
    }
    reader->n_used = n_kept;
    return n_found ? ADV_OK : refuse_name(reader, option, text, error);
}

static bool says_what_to_leave_out(const json_t *entry)
{
    return json_is_string(entry) && json_string_value(entry)[0] == '!';
}

/* The entries of an option that say what to take (out false) or what to leave out. */
static enum adv_status apply(struct adv_table_reader *reader, const char *name,
                             const json_t *entries, bool out, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < json_array_size(entries) && status == ADV_OK; i++) {
        const json_t *entry = json_array_get(entries, i);
        char option[96];
        snprintf(option, sizeof option, "%s[%zu]", adv_table_option(reader, name).text, i);
        if (!json_is_string(entry) && !json_is_integer(entry))
            status = adv_fail_field(error, ADV_E_INVALID, option,
                                    "%s must be a column's name, a pattern or a position", option);
        else if (says_what_to_leave_out(entry) != out)
            continue;
        else if (out)
            status = leave_out(reader, option, json_string_value(entry), error);
        else if (json_is_string(entry))
            status = use_named(reader, option, json_string_value(entry), error);
        else
            status = use_position(reader, option, json_integer_value(entry), error);
    }
    return status;
}

static void use_every(struct adv_table_reader *reader)
{
    for (size_t i = 0; i < reader->n_columns; i++)
        use(reader, i);
}

/* All that the entries of an option stand for: without one that says what to take, every other
 * column. */
static enum adv_status apply_all(struct adv_table_reader *reader, const char *name,
                                 const json_t *entries, struct adv_error *error)
{
    size_t n_taken = 0;
    for (size_t i = 0; i < json_array_size(entries); i++)
        n_taken += !says_what_to_leave_out(json_array_get(entries, i));
    if (n_taken == 0)
        use_every(reader);
    enum adv_status status = apply(reader, name, entries, false, error);
    return status == ADV_OK ? apply(reader, name, entries, true, error) : status;
}

static enum adv_status choose_columns(struct adv_table_reader *reader, struct adv_error *error)
{
    const json_t *entries = reader->options->columns;
    bool flags = adv_table_remedy(reader) == ADV_REMEDY_FLAGS;
    struct adv_column_name option = adv_table_option(reader, "columns");
    if (entries && (!json_is_array(entries) || json_array_size(entries) == 0))
        return adv_fail_field(
            error, ADV_E_INVALID, option.text, "%s must name columns, as in %s", option.text,
            flags ? "'height,bill*,!bill_depth,3'" : "[\"height\", \"bill*\", \"!bill_depth\", 3]");
    return apply_all(reader, "columns", entries, error);
}

/* ---------------------------------------------------------------- names that are wanted */

static ptrdiff_t find_name(const struct adv_table_reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->n_columns; i++) {
        if (!strcmp(reader->names[i], name))
            return (ptrdiff_t)i;
    }
    return -1;
}

/* The columns of the names, every one of which must be there. */
static enum adv_status choose_names(struct adv_table_reader *reader, struct adv_error *error)
{
    const json_t *names = reader->options->names;
    char lacking[512] = "", list[512];
    const char *first = NULL; /* of those that are not there */
    size_t n_lacking = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        ptrdiff_t column = name ? find_name(reader, name) : -1;
        if (column < 0 && !first)
            first = name;
        if (column >= 0)
            use(reader, (size_t)column);
        else if (n_lacking++ < 8)
            adv_append(lacking, sizeof lacking, "%s%s", n_lacking > 1 ? ", " : "",
                       adv_quote(name ? name : "").text);
    }
    if (n_lacking > 8)
        adv_append(lacking, sizeof lacking, ", and %zu more", n_lacking - 8);
    if (n_lacking == 0)
        return ADV_OK;
    const char *near = first ? nearest(reader, first) : NULL;
    return adv_fail(error, ADV_E_INVALID, "there %s %s%s%s%s; the file has %s",
                    n_lacking > 1 ? "are no columns" : "is no column", lacking,
                    near ? " (did you mean " : "", near ? adv_quote(near).text : "",
                    near ? "?)" : "", list_names(reader, list));
}

/* Whether the options' columns are those of the names: then positions decide which of two columns
 * of one name is meant. Else no column is used. */
static bool columns_have_names(struct adv_table_reader *reader)
{
    const json_t *names = reader->options->names;
    bool same = reader->options->columns && choose_columns(reader, NULL) == ADV_OK &&
                reader->n_used == json_array_size(names);
    for (size_t i = 0; i < reader->n_used && same; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        same = name && !strcmp(reader->names[reader->used[i]], name);
    }
    for (size_t i = 0; i < reader->n_columns && !same; i++) {
        if (reader->columns[i].to >= 0)
            reader->columns[i].to = ADV_COLUMN_SKIPPED;
    }
    reader->n_used = same ? reader->n_used : 0;
    return same;
}

static bool has_every_name(const struct adv_table_reader *reader)
{
    const json_t *names = reader->options->names;
    bool has = reader->names != NULL;
    for (size_t i = 0; i < json_array_size(names) && has; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        has = name && find_name(reader, name) >= 0;
    }
    return has;
}

/* ---------------------------------------------------------------- labels */

static enum adv_status choose_label(struct adv_table_reader *reader, struct adv_error *error)
{
    const json_t *wanted = reader->options->label_column;
    struct adv_column_name option = adv_table_option(reader, "label_column");
    const char *name = json_string_value(wanted);
    ptrdiff_t found = name && reader->names ? find_name(reader, name) : -1;
    if (!wanted || (found < 0 && reader->options->label_may_lack))
        return ADV_OK;
    if (json_is_integer(wanted)) {
        json_int_t position = json_integer_value(wanted);
        if (position < 0 || (size_t)position >= reader->n_columns)
            return refuse_position(reader, option.text, position, error);
        found = (ptrdiff_t)position;
    } else if (!name) {
        return adv_fail_field(error, ADV_E_INVALID, option.text,
                              "%s must be a column's name or its index", option.text);
    }
    if (found < 0)
        return refuse_name(reader, option.text, name, error);
    reader->label = found;
    reader->columns[found].to = ADV_COLUMN_LABEL;
    return ADV_OK;
}

/* ---------------------------------------------------------------- the context */

/* Marks the columns of the context, so that nothing else takes them. */
static enum adv_status choose_context(struct adv_table_reader *reader, struct adv_error *error)
{
    const json_t *entries = reader->options->context;
    if (!entries)
        return ADV_OK;
    struct adv_column_name option = adv_table_option(reader, "context");
    if (!json_is_array(entries) || json_array_size(entries) == 0)
        return adv_fail_field(error, ADV_E_INVALID, option.text,
                              "%s must name columns, as in [\"x1\", \"y*\", 3]", option.text);
    enum adv_status status = apply_all(reader, "context", entries, error);
    if (status == ADV_OK && reader->n_used == 0)
        status = adv_fail_field(error, ADV_E_INVALID, option.text,
                                "%s leaves out every column that it takes", option.text);
    for (size_t i = 0; i < reader->n_used; i++) {
        reader->context[i] = reader->used[i];
        reader->columns[reader->used[i]].to = ADV_COLUMN_CONTEXT;
    }
    reader->n_context = reader->n_used;
    reader->n_used = 0;
    return status;
}

bool adv_table_is_context(const struct adv_table_reader *reader, size_t column)
{
    size_t i = 0;
    while (i < reader->n_context && reader->context[i] != column)
        i++;
    return i < reader->n_context;
}

static void append_context(struct adv_table_reader *reader)
{
    for (size_t i = 0; i < reader->n_context; i++) {
        reader->columns[reader->context[i]].to = ADV_COLUMN_SKIPPED;
        use(reader, reader->context[i]);
    }
}

/* ---------------------------------------------------------------- all of them */

static int by_name(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

/* Two columns of one name could not be told apart by it. */
static enum adv_status check_distinct(const struct adv_table_reader *reader,
                                      struct adv_error *error)
{
    if (!reader->names)
        return ADV_OK;
    const char **names = adv_calloc(reader->n_used, sizeof *names), *twice = NULL;
    if (!names)
        return adv_no_memory(error);
    for (size_t i = 0; i < reader->n_used; i++)
        names[i] = reader->names[reader->used[i]];
    qsort(names, reader->n_used, sizeof *names, by_name);
    for (size_t i = 1; i < reader->n_used && !twice; i++)
        twice = strcmp(names[i - 1], names[i]) == 0 ? names[i] : NULL;
    free(names);
    if (!twice)
        return ADV_OK;
    size_t first = (size_t)find_name(reader, twice), second = first + 1;
    while (strcmp(reader->names[second], twice) != 0)
        second++;
    bool of_context = adv_table_is_context(reader, first) && adv_table_is_context(reader, second);
    const char *name = of_context ? "context" : "columns";
    struct adv_column_name option = adv_table_option(reader, name);
    return adv_fail_field(error, ADV_E_INVALID, adv_table_field(reader, name).text,
                          "columns %zu and %zu are both called %s: rename one, or take one of them "
                          "by its position from 0 (%zu or %zu) in %s",
                          first + 1, second + 1, adv_quote(twice).text, first, second, option.text);
}

enum adv_status adv_table_choose(struct adv_table_reader *reader, struct adv_error *error)
{
    for (size_t i = 0; i < reader->n_columns; i++)
        reader->columns[i].to = ADV_COLUMN_SKIPPED;
    enum adv_status status = choose_label(reader, error);
    if (status == ADV_OK)
        status = choose_context(reader, error);
    if (status != ADV_OK)
        return status;
    if (reader->options->names_may_lack && !has_every_name(reader))
        return ADV_OK;
    bool by_names = reader->options->names && reader->names;
    if (by_names)
        status = columns_have_names(reader) ? ADV_OK : choose_names(reader, error);
    else if (reader->options->names)
        use_every(reader);
    else
        status = choose_columns(reader, error);
    if (status != ADV_OK)
        return status;
    if (reader->n_used == 0)
        return adv_fail_field(error, ADV_E_INVALID, adv_table_field(reader, "columns").text,
                              reader->n_columns == 1 && reader->label >= 0
                                  ? "the file has one column, so none is left beside the label"
                              : reader->n_context > 0
                                  ? "no column of the file is left beside the context"
                                  : "no column of the file is left");
    append_context(reader);
    return check_distinct(reader, error);
}
