/* What was found in a table and what is made of it, as lines for people. */
#include "trainer/cli/table.h"
#include "trainer/fit/table_input.h"

#include <advect/extra/memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_SHOWN 60
#define SUPPORTS_SHOWN 1000 /* characters */
#define NAME_WHOLE 70       /* bytes of a name, from which on it may be cut short */

static long long integer_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* How the column enters the model. */
static void describe_use(const json_t *column, long long classes, char *text, size_t size)
{
    const char *use = text_of(column, "use"), *support = text_of(column, "support");
    if (!strcmp(use, "label"))
        snprintf(text, size, "%lld classes", classes);
    else if (!strcmp(use, "context"))
        snprintf(text, size, "context");
    else if (strcmp(use, "number") != 0)
        snprintf(text, size, "left out");
    else
        snprintf(text, size, "modelled%s%s", support ? ", " : "", support ? support : "");
}

static void describe_range(const json_t *column, char *text, size_t size)
{
    const json_t *low = json_object_get(column, "low"), *high = json_object_get(column, "high");
    long long texts = integer_of(column, "texts");
    if (json_is_number(low) && json_is_number(high))
        snprintf(text, size, "%.6g to %.6g", json_number_value(low), json_number_value(high));
    else if (texts > 0)
        snprintf(text, size, "%lld different", texts);
    else
        *text = '\0';
}

static json_t *shown_row(const json_t *column, long long classes)
{
    char use[64], range[64];
    describe_use(column, classes, use, sizeof use);
    describe_range(column, range, sizeof range);
    return json_pack("{s:O, s:O, s:s, s:s, s:o}", "name", json_object_get(column, "name"), "kind",
                     json_object_get(column, "kind"), "use", use, "range", range, "missing",
                     integer_of(column, "missing") ? json_integer(integer_of(column, "missing"))
                                                   : json_null());
}

static void print_columns(const json_t *found)
{
    static const struct adv_column shown[] = {{"name", "column", 0},
                                              {"kind", "holds", 0},
                                              {"range", "values", 0},
                                              {"use", "is", 0},
                                              {"missing", "missing", 0}};
    const json_t *columns = json_object_get(found, "columns");
    json_t *rows = json_array(), *column;
    size_t i, n = json_array_size(columns);
    json_array_foreach((json_t *)columns, i, column)
    {
        if (i < COLUMNS_SHOWN)
            json_array_append_new(rows, shown_row(column, integer_of(found, "classes")));
    }
    adv_table_print(shown, ADV_COUNT(shown), rows);
    if (n > COLUMNS_SHOWN)
        printf("... and %zu more\n", n - COLUMNS_SHOWN);
    json_decref(rows);
}

static void print_lines(const char *title, const json_t *lines)
{
    size_t i;
    json_t *line;
    if (json_array_size(lines) == 0)
        return;
    printf("\n%s\n", title);
    json_array_foreach((json_t *)lines, i, line)
    {
        printf("  %s\n", json_string_value(line));
    }
}

/* The column and the support of a line "column NAME: all values are ...; consider support JSON", into
 * the object that --support takes. */
static void add_support(const char *line, json_t *supports)
{
    static const char column[] = "column ", values[] = ": all values are ",
                      support[] = "; consider support ";
    const char *name = line + sizeof column - 1, *end = strstr(line, values),
               *form = end ? strstr(end, support) : NULL;
    if (!form || strncmp(line, column, sizeof column - 1) != 0 || end - name >= NAME_WHOLE)
        return;
    json_t *json = json_loads(form + sizeof support - 1, JSON_DECODE_ANY, NULL);
    char key[128];
    snprintf(key, sizeof key, "%.*s", (int)(end - name), name);
    if (json)
        json_object_set_new(supports, key, json);
}

/* What is suggested, as a flag to copy. */
static void print_supports(const json_t *lines)
{
    json_t *supports = json_object(), *line;
    size_t i;
    json_array_foreach((json_t *)lines, i, line)
    {
        add_support(json_string_value(line), supports);
    }
    char *text = json_object_size(supports) ? json_dumps(supports, 0) : NULL;
    if (text && !strchr(text, '\'') && strlen(text) < SUPPORTS_SHOWN)
        printf("  what the columns seem to be, as a flag: --support '%s'\n", text);
    free(text);
    json_decref(supports);
}

/* Where the training begins, if anywhere: "a Gaussian", "a mixture of 3 Gaussians around a linear
 * regression". */
static void describe_start(const json_t *net, char *text, size_t size)
{
    long long mixture = integer_of(net, "mixture");
    bool regression = json_is_true(json_object_get(net, "context_mean"));
    text[0] = '\0';
    if (mixture > 1)
        snprintf(text, size, ", starting from a mixture of %lld Gaussians%s", mixture,
                 regression ? " around a linear regression" : "");
    else if (mixture == 1)
        snprintf(text, size, ", starting from a Gaussian%s",
                 regression ? " around a linear regression" : "");
    else if (regression)
        snprintf(text, size, ", starting from a linear regression");
}

static void print_choices(const json_t *recipe)
{
    const json_t *net = json_object_get(recipe, "net"), *train = json_object_get(recipe, "train");
    long long layers = integer_of(net, "layers");
    char start[96];
    describe_start(net, start, sizeof start);
    printf("\nnetwork: %s of %lld layer%s of %lld channels%s; at most %lld steps of %lld rows\n",
           text_of(net, "kind"), layers, layers == 1 ? "" : "s", integer_of(net, "channels"), start,
           integer_of(train, "steps"), integer_of(train, "batch"));
}

void adv_table_input_print(const struct adv_proposal *proposal)
{
    const json_t *found = proposal->found, *rows = json_object_get(found, "rows");
    printf("%s: %lld rows, %lld of them held out", text_of(found, "file"),
           integer_of(rows, "complete"), integer_of(rows, "held_out"));
    printf("\n\n");
    print_columns(found);
    print_lines("noticed:", json_object_get(found, "notes"));
    print_lines("to consider (docs/reference/recipe.md; --support JSON, --label-column NAME):",
                json_object_get(found, "suggestions"));
    print_supports(json_object_get(found, "suggestions"));
    print_choices(proposal->recipe);
}
