#include "core/settings/field_text.h"

#include <stdio.h>

int adv_field_flag(const struct adv_field *field, size_t size, char *text)
{
    static const char *const operands[] = {
        [ADV_FIELD_BOOL] = "",        [ADV_FIELD_INT] = " N",       [ADV_FIELD_REAL] = " X",
        [ADV_FIELD_CHOICE] = " NAME", [ADV_FIELD_STRING] = " TEXT", [ADV_FIELD_JSON] = " JSON",
        [ADV_FIELD_INTS] = " N,...",
    };
    int n = snprintf(text, size, "--%s%s", field->name, operands[field->kind]);
    for (char *at = text; *at && *at != ' '; at++)
        *at = *at == '_' ? '-' : *at;
    return n;
}

void adv_field_meaning(const struct adv_field *field, size_t size, char *text)
{
    snprintf(text, size, "%s", field->help ? field->help : "");
    for (size_t i = 0; field->kind == ADV_FIELD_CHOICE && field->choices[i]; i++)
        adv_append(text, size, "%s%s", i ? ", " : ": ", field->choices[i]);
}

void adv_field_default(const struct adv_field *field, size_t size, char *text)
{
    const char *unit = field->unit ? field->unit : "";
    *text = '\0';
    if (field->required)
        snprintf(text, size, "(required%s%s)", *unit ? ", " : "", unit);
    else if (field->fallback && *field->fallback)
        snprintf(text, size, "(default %s%s%s)", field->fallback, *unit ? " " : "", unit);
    else if (*unit)
        snprintf(text, size, "(%s)", unit);
}
