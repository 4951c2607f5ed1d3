#include "core/settings/field_text.h"

#include <string.h>

#define HELP_COLUMNS 100

/* The help of a field as it is printed: where the next chunk would pass the last column, it goes on
 * below, from column `indent` on. */
struct paragraph {
    FILE *out;
    int indent, column;
};

/* A chunk of n bytes that stays in one line. */
static void print_chunk(struct paragraph *paragraph, int n, const char *chunk)
{
    bool first = paragraph->column == paragraph->indent;
    if (!first && paragraph->column + 1 + n > HELP_COLUMNS) {
        fprintf(paragraph->out, "\n%*s", paragraph->indent, "");
        paragraph->column = paragraph->indent;
        first = true;
    }
    paragraph->column += fprintf(paragraph->out, "%s%.*s", first ? "" : " ", n, chunk);
}

static void print_words(struct paragraph *paragraph, const char *text)
{
    for (int n; text += strspn(text, " "), n = (int)strcspn(text, " "), n > 0; text += n)
        print_chunk(paragraph, n, text);
}

static void print_meaning(const struct adv_field *field, int indent, FILE *out)
{
    struct paragraph paragraph = {out, indent, indent};
    char text[ADV_FIELD_TEXT_BYTES];
    adv_field_meaning(field, sizeof text, text);
    print_words(&paragraph, text);
    adv_field_default(field, sizeof text, text);
    if (*text)
        print_chunk(&paragraph, (int)strlen(text), text);
    fputc('\n', out);
}

void adv_fields_help(const struct adv_field *fields, size_t n_fields, FILE *out)
{
    char flag[96];
    int width = 0;
    for (size_t i = 0; i < n_fields; i++) {
        int n = adv_field_flag(&fields[i], sizeof flag, flag);
        width = n > width ? n : width;
    }
    for (size_t i = 0; i < n_fields; i++) {
        adv_field_flag(&fields[i], sizeof flag, flag);
        fprintf(out, "  %-*s   ", width, flag);
        print_meaning(&fields[i], width + 5, out);
    }
}
