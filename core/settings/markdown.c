/* Fields as a table of a document. */
#include "core/settings/field_text.h"

#include <math.h>

/* A help text in a cell, which a bar would end. */
static void print_cell(const char *text, FILE *out)
{
    for (; *text; text++)
        fprintf(out, *text == '|' ? "\\|" : "%c", *text);
}

static void print_names(const char *const *names, FILE *out)
{
    for (size_t i = 0; names[i]; i++)
        fprintf(out, "%s`%s`", i ? ", " : "", names[i]);
}

static void print_range(const struct adv_field *field, FILE *out)
{
    if (isfinite(field->min) && isfinite(field->max) && field->min < field->max)
        fprintf(out, ", %.15g to %.15g", field->min, field->max);
}

static void print_takes(const struct adv_field *field, FILE *out)
{
    switch (field->kind) {
    case ADV_FIELD_BOOL:
        fputs("true or false", out);
        break;
    case ADV_FIELD_INT:
        fputs("whole number", out);
        print_range(field, out);
        break;
    case ADV_FIELD_REAL:
        fputs("number", out);
        print_range(field, out);
        break;
    case ADV_FIELD_CHOICE:
        print_names(field->choices, out);
        break;
    case ADV_FIELD_STRING:
        fputs("text", out);
        break;
    case ADV_FIELD_INTS:
        fprintf(out, "array of %zu", field->least);
        if (field->most > field->least)
            fprintf(out, " to %zu", field->most);
        fputs(" whole numbers", out);
        print_range(field, out);
        break;
    case ADV_FIELD_JSON:
        fputs("JSON", out);
        break;
    }
    if (field->unit)
        fprintf(out, ", %s", field->unit);
}

static void print_default(const struct adv_field *field, FILE *out)
{
    const char *own = field->kind == ADV_FIELD_BOOL     ? "false"
                      : field->kind == ADV_FIELD_CHOICE ? field->choices[0]
                      : field->kind == ADV_FIELD_INT || field->kind == ADV_FIELD_REAL ? "0"
                                                                                      : "none";
    fputs(field->required                       ? "needed"
          : field->fallback && *field->fallback ? field->fallback
                                                : own,
          out);
}

void adv_fields_markdown(const struct adv_field *fields, size_t n_fields, FILE *out)
{
    fputs("| field | takes | default | meaning |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < n_fields; i++) {
        fprintf(out, "| `%s` | ", fields[i].name);
        print_takes(&fields[i], out);
        fputs(" | ", out);
        print_default(&fields[i], out);
        fputs(" | ", out);
        print_cell(fields[i].help ? fields[i].help : "", out);
        fputs(" |\n", out);
    }
}
