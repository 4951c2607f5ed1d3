#include "core/settings/complaints.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ONE_MAX = 151, MORE_MAX = 40 };

void adv_complain(struct adv_complaints *list, const char *format, ...)
{
    char one[ONE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(one, sizeof one, format, args);
    va_end(args);
    bool first = list->n++ == 0;
    size_t left = sizeof list->text - list->length;
    /* Once one is left out so are all that follow: the first N, not those that happened to fit. */
    if (list->n_shown + 1 < list->n || list->n_shown == ADV_COMPLAINTS_SHOWN ||
        strlen(one) + 2 + MORE_MAX > left)
        return;
    list->n_shown++;
    list->length +=
        (size_t)snprintf(list->text + list->length, left, "%s%s", first ? "" : "; ", one);
}

const char *adv_complaints_text(struct adv_complaints *list)
{
    if (list->n > list->n_shown)
        snprintf(list->text + list->length, sizeof list->text - list->length, "; and %zu more",
                 list->n - list->n_shown);
    return list->text;
}
