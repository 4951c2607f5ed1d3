/* The map of the scaling study: steps until boards were good, written into tiles that are coloured
 * by their logarithm. Where not all seeds are good, the tile is grey and has the steps that were
 * not enough; where a board was not trained, there is none. */
#include "trainer/figure/figure.h"
#include "trainer/figure/study_panels.h"

#include <math.h>
#include <stdio.h>

enum { CELLS_STEP = 2, CELLS_MOST = 12, DIM_LEAST = 2, DIM_MOST = 8, TILES_MOST = 42 };

#define STEPS_LEAST 1000.0

/* The texts of a tile. */
struct words {
    char steps[32], seeds[32];
};

/* With commas between the thousands. */
static void write_count(long count, const char *before, char *text, size_t n_bytes)
{
    if (count < 1000)
        snprintf(text, n_bytes, "%s%ld", before, count);
    else if (count < 1000000)
        snprintf(text, n_bytes, "%s%ld,%03ld", before, count / 1000, count % 1000);
    else
        snprintf(text, n_bytes, "%s%ld,%03ld,%03ld", before, count / 1000000, count / 1000 % 1000,
                 count % 1000);
}

static void describe(const struct adv_study_outcome *outcome, struct words *words)
{
    long steps = outcome->good ? lround(outcome->mean[ADV_STUDY_STEPS]) : outcome->most_steps;
    write_count(steps, outcome->good ? "" : "> ", words->steps, sizeof words->steps);
    if (!outcome->good && outcome->n_good > 0)
        snprintf(words->seeds, sizeof words->seeds, "%d of %d good", outcome->n_good,
                 outcome->n_seeds);
    else
        snprintf(words->seeds, sizeof words->seeds, "%d seed%s", outcome->n_seeds,
                 outcome->n_seeds == 1 ? "" : "s");
}

/* How many tiles there are. */
static size_t fill(const struct adv_study *study, const char *network, struct adv_tile *tiles,
                   struct words *words)
{
    size_t n = 0;
    for (int dim = DIM_LEAST; dim <= DIM_MOST; dim++) {
        for (int cells = CELLS_STEP; cells <= CELLS_MOST; cells += CELLS_STEP) {
            const struct adv_study_board board = {network, cells, dim};
            struct adv_study_outcome outcome;
            if (!adv_study_outcome(study, &board, &outcome))
                continue;
            describe(&outcome, &words[n]);
            tiles[n] = (struct adv_tile){
                .x = (float)cells,
                .y = (float)dim,
                .value = outcome.good ? (float)outcome.mean[ADV_STUDY_STEPS] : NAN,
                .lines = {words[n].steps, words[n].seeds},
            };
            n++;
        }
    }
    return n;
}

enum adv_status adv_study_plot_map(const struct adv_study *study, const char *network, int width,
                                   int height, struct adv_image *image, struct adv_error *error)
{
    struct adv_tile tiles[TILES_MOST];
    struct words words[TILES_MOST];
    const struct adv_tile_set set = {
        .n = fill(study, network, tiles, words),
        .tiles = tiles,
        .width = CELLS_STEP,
        .height = 1,
        .lo = STEPS_LEAST,
        .hi = fmax((double)study->most_steps, 2 * STEPS_LEAST),
        .bar_label = "training steps; grey: not good yet",
    };
    char title[80];
    snprintf(title, sizeof title, "%s network: %s", network,
             set.n ? "training steps to the stated quality" : "no results yet");
    const struct adv_axes axes = {.width = width,
                                  .height = height,
                                  .x_lo = CELLS_STEP / 2.0,
                                  .x_hi = CELLS_MOST + CELLS_STEP / 2.0,
                                  .y_lo = DIM_LEAST - 0.5,
                                  .y_hi = DIM_MOST + 0.5,
                                  .title = title,
                                  .x_label = "cells along a side, k",
                                  .y_label = "dimension, d"};
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    if (status == ADV_OK)
        status = adv_plot_tiles(plot, &set, error);
    return adv_panel_finish(status, plot, image, error);
}
