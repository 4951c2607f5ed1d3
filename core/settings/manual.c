#include "core/settings/field_text.h"

#include <advect/extra/command_line.h>
#include <string.h>

/* A line, its characters escaped. */
static void print_line(const char *text, size_t n, FILE *out)
{
    if (n > 0 && (text[0] == '.' || text[0] == '\''))
        fputs("\\&", out);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\\')
            fputs("\\e", out);
        else if (text[i] == '-')
            fputs("\\-", out);
        else
            fputc(text[i], out);
    }
    fputc('\n', out);
}

void adv_manual_text(const char *text, FILE *out)
{
    bool literal = false;
    while (*text) {
        size_t n = strcspn(text, "\n");
        bool indented = n > 0 && text[0] == ' ';
        if (indented != literal && n > 0) {
            fputs(indented ? ".nf\n" : ".fi\n", out);
            literal = indented;
        }
        if (n == 0)
            fputs(literal ? "\n" : ".PP\n", out);
        else
            print_line(text, n, out);
        text += n + (text[n] == '\n');
    }
    if (literal)
        fputs(".fi\n", out);
}

void adv_manual_flags(const struct adv_field *fields, size_t n_fields, FILE *out)
{
    char text[ADV_FIELD_TEXT_BYTES];
    for (size_t i = 0; i < n_fields; i++) {
        adv_field_flag(&fields[i], sizeof text, text);
        fputs(".TP\n.B ", out);
        print_line(text, strlen(text), out);
        adv_field_meaning(&fields[i], sizeof text, text);
        print_line(text, strlen(text), out);
        adv_field_default(&fields[i], sizeof text, text);
        if (*text)
            print_line(text, strlen(text), out);
    }
}
