#include "trainer/measure/results.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void add(struct adv_figures *figures, struct adv_figure figure)
{
    if (figures->n < ADV_FIGURES_MAX)
        figures->items[figures->n++] = figure;
}

void adv_figures_add(struct adv_figures *figures, const char *key, const char *meaning,
                     double value)
{
    add(figures, (struct adv_figure){key, meaning, value, false});
}

void adv_figures_add_count(struct adv_figures *figures, const char *key, const char *meaning,
                           size_t count)
{
    add(figures, (struct adv_figure){key, meaning, (double)count, true});
}

void adv_figures_print(const struct adv_figures *figures)
{
    int width = 0;
    for (size_t i = 0; i < figures->n; i++) {
        int length = (int)strlen(figures->items[i].meaning);
        width = length > width ? length : width;
    }
    for (size_t i = 0; i < figures->n; i++) {
        const struct adv_figure *figure = &figures->items[i];
        printf("%-*s  %.*f\n", width, figure->meaning, figure->is_count ? 0 : 4, figure->value);
    }
}

json_t *adv_figures_to_json(const struct adv_figures *figures)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < figures->n; i++) {
        const struct adv_figure *figure = &figures->items[i];
        json_t *value = figure->is_count          ? json_integer((json_int_t)figure->value)
                        : isfinite(figure->value) ? json_real(figure->value)
                                                  : json_null();
        if (json_object_set_new(object, figure->key, value)) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
