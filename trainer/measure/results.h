/* Measured figures: printed aligned, as JSON, or merged into a model's card. */
#ifndef ADV_TRAINER_FIGURES_H
#define ADV_TRAINER_FIGURES_H

#include <advect/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define ADV_FIGURES_MAX 32

struct adv_figure {
    const char *key;     /* in JSON and in the card: "mode_share_min" */
    const char *meaning; /* in words, with the unit */
    double value;
    bool is_count;
};

struct adv_figures {
    size_t n;
    struct adv_figure items[ADV_FIGURES_MAX];
};

/* Adds one; key and meaning are literals. A value that is not finite is a null in JSON. */
void adv_figures_add(struct adv_figures *figures, const char *key, const char *meaning,
                     double value);
void adv_figures_add_count(struct adv_figures *figures, const char *key, const char *meaning,
                           size_t count);

/* One line per figure to stdout. */
void adv_figures_print(const struct adv_figures *figures);

/* A new reference, or NULL without memory. */
json_t *adv_figures_to_json(const struct adv_figures *figures);

#endif
