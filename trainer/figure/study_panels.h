/* Panels of the figures of the scaling study. */
#ifndef ADV_TRAINER_STUDY_PANELS_H
#define ADV_TRAINER_STUDY_PANELS_H

#include "trainer/figure/study_runs.h"

#include <advect/extra/plot.h>

enum { ADV_STUDY_NETWORKS = 2, ADV_STUDY_ROWS_MOST = 2, ADV_STUDY_SIZES_MOST = 7 };

extern const char *const adv_study_networks[ADV_STUDY_NETWORKS];

struct adv_study_size {
    int cells, dim;
};

/* Boards that are shown together. */
struct adv_study_curves {
    const char *of; /* which they are, for titles and legends */
    bool by_modes;  /* they differ in their modes, else in their dimension */
    struct adv_study_size sizes[ADV_STUDY_SIZES_MOST + 1]; /* zeros at the end */
};

/* By least squares, of y [n] over x [n]; NaN of fewer than two. */
double adv_study_slope(size_t n, const double *x, const double *y);

struct adv_study_cost_panel {
    enum adv_study_cost cost;
    size_t n_rows;
    const struct adv_study_curves *rows; /* [n_rows], a line per network of each */
    int side;                            /* pixels */
};

/* What the boards took until they were good, against modes or dimension, with the growth fitted to
 * them: means over seeds, and bars of a standard deviation. Dots that are pale and off the lines
 * are of boards that are not good yet, and took more. */
enum adv_status adv_study_plot_cost(const struct adv_study *study,
                                    const struct adv_study_cost_panel *panel,
                                    struct adv_image *image, struct adv_error *error);

/* Steps until the boards of a network were good, over cells and dimension. */
enum adv_status adv_study_plot_map(const struct adv_study *study, const char *network, int width,
                                   int height, struct adv_image *image, struct adv_error *error);

#endif
