/* Pictures of flows, drawn with cairo into RGB images: for files, and for the
 * daemon's picture routes. All of them share one style: a light ground, thin axes with
 * readable ticks, a title, and the one colour map.
 *
 * Data that are not finite, or not positive on a logarithmic axis, are left out. Texts are UTF-8
 * of at most 240 bytes without control characters; those too long for their place end in "...".
 *
 * Threads may draw different plots, and render one plot, at the same time. The same calls give
 * the same bytes. */
#ifndef ADVECT_EXTRA_PLOT_H
#define ADVECT_EXTRA_PLOT_H

#include <advect/api.h>
#include <advect/extra/png.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

/* A pair of axes: what part of the plane is shown, and how. Zero-initialise for the defaults.
 * A range's ends lie within +-1e100, and differ by 1e-100 and by 1e-9 of the larger one at
 * least. */
struct adv_axes {
    int width, height;                     /* pixels, 64..4096; 0: 640 */
    double x_lo, x_hi, y_lo, y_hi;         /* data ranges; lo >= hi: fitted to the data */
    const char *title, *x_label, *y_label; /* or NULL */
    bool equal_aspect; /* one unit is as long on x as on y: fitted ranges grow, given ones shrink
                          the frame. Not with a logarithmic axis */
    bool log_x, log_y;
    bool bare; /* a thin frame in place of axes and ticks: for panels whose units say nothing */
};

struct adv_plot;

/* axes and its texts are copied. */
enum adv_status adv_plot_new(const struct adv_axes *axes, struct adv_plot **plot,
                             struct adv_error *error);
void adv_plot_free(struct adv_plot *plot);

/* How the marks of a layer look. Zeros, or NULL in place of the struct, are the defaults. */
struct adv_mark {
    int colour;        /* of the cycle of distinct colours, taken modulo its length; >= 0 */
    double size_px;    /* radius of dots, width of lines, 0..256; 0: chosen */
    double opacity;    /* 0..1; 0: chosen */
    const char *label; /* names the layer in the legend, or NULL; at most 12 layers have one */
};

/* Layers are drawn in the order they are added; data are copied.
 * points [n, 2]; colour_values [n] in [0,1] (clamped) pick from the colour map, or NULL for
 * mark's colour. The chosen size and opacity keep crowds of points readable. */
enum adv_status adv_plot_scatter(struct adv_plot *plot, size_t n, const float *points,
                                 const float *colour_values, const struct adv_mark *mark,
                                 struct adv_error *error);
/* A poly-line through points [n, 2]; a point that is not finite breaks it, so that one layer can
 * hold many lines. */
enum adv_status adv_plot_line(struct adv_plot *plot, size_t n, const float *points,
                              const struct adv_mark *mark, struct adv_error *error);
/* Dots at points [n, 2] with bars from y - half_heights [n] to y + half_heights. */
enum adv_status adv_plot_error_bars(struct adv_plot *plot, size_t n, const float *points,
                                    const float *half_heights, const struct adv_mark *mark,
                                    struct adv_error *error);
/* A histogram: bars of equal width that tile x from lo to hi, from y = 0 to heights [n]. Linear axes
 * only. */
enum adv_status adv_plot_bars(struct adv_plot *plot, size_t n, double lo, double hi,
                              const float *heights, const struct adv_mark *mark,
                              struct adv_error *error);
/* An arrow from each of points [n, 2] along scale x vectors [n, 2], in data units; scale 0: chosen
 * so that the longest reaches a little beyond the next point. Linear axes only. */
enum adv_status adv_plot_arrows(struct adv_plot *plot, size_t n, const float *points,
                                const float *vectors, double scale, const struct adv_mark *mark,
                                struct adv_error *error);
/* values [n_rows, n_columns]: equal cells that tile the axes' given ranges (a fitted range: one
 * unit per cell from 0), row 0 at the bottom. What is not finite is left blank. lo, hi: the values
 * at the ends of the colour map, as for axes; lo >= hi: fitted. A colour bar labelled bar_label
 * (NULL: no bar) is added; the last one wins. Linear axes only. */
enum adv_status adv_plot_heat_map(struct adv_plot *plot, size_t n_rows, size_t n_columns,
                                  const float *values, double lo, double hi, const char *bar_label,
                                  struct adv_error *error);

/* A rectangle with texts in it. */
struct adv_tile {
    float x, y;           /* its middle */
    float value;          /* that the colour stands for; grey where it is no positive number */
    const char *lines[2]; /* one above the other, or NULL; left out where there is no room */
};

struct adv_tile_set {
    size_t n;
    const struct adv_tile *tiles; /* [n] */
    double width, height;         /* of each, in data units, > 0 */
    double lo, hi;                /* values at the ends of the colour map, 0 < lo < hi; between
                                     them colours go by the logarithm */
    const char *bar_label;        /* of a colour bar; NULL: no bar */
};

/* Linear axes only. */
enum adv_status adv_plot_tiles(struct adv_plot *plot, const struct adv_tile_set *set,
                               struct adv_error *error);

/* Points that are shown together. */
struct adv_point_set {
    size_t n;
    const float *points; /* [n, dim] */
    const char *label;   /* names the set in the legend, or NULL */
};

#define ADV_PAIRS_DIM_MAX 16

/* A matrix of panels for points of dim dimensions: each column's histogram on the diagonal, scaled
 * to an area of one, and each pair of columns as a scatter plot below it, or as a histogram too. */
struct adv_pairs {
    size_t dim;               /* 1..ADV_PAIRS_DIM_MAX */
    const char *const *names; /* [dim] of the columns, or NULL: x1, x2, ... */
    size_t n_sets;            /* 1..7; each has a colour of the cycle, the first the first */
    const struct adv_point_set *sets;
    const double *lo, *hi; /* [dim] what is shown of the columns, lo < hi; NULL: fitted */
    bool densities;        /* pairs as heat maps of how many points there are; of one set only */
    int side;              /* pixels, 64..4096; 0: chosen by dim */
    const char *title;     /* or NULL */
};

/* Renders into image (initialised by the call, 3 channels). A fitted column is shown from the least
 * 0.1 % quantile of a set to the largest 99.9 % quantile; of more than 2,000 points scatter plots
 * show that many, the first. ADV_E_INVALID names the member at fault. */
enum adv_status adv_pairs_render(const struct adv_pairs *pairs, struct adv_image *image,
                                 struct adv_error *error);

/* Points of space in a box, seen from an angle: the nearer the larger and the darker, coloured by
 * their third coordinate. */
struct adv_cloud {
    size_t n;
    const float *points;       /* [n, 3] */
    const char *const *names;  /* [3] of the axes, or NULL: x1, x2, x3 */
    const double *lo, *hi;     /* [3] the box, lo < hi; NULL: fitted as in a pair plot */
    double azimuth, elevation; /* of the eye, degrees: from the first axis towards the second,
                                  -360..360, and above the plane of both, -90..90 */
    int width, height;         /* pixels, 64..4096; 0: 640 */
    const char *title;         /* or NULL */
};

/* Renders into image (initialised by the call, 3 channels). The box is drawn with sides of one
 * length, whatever its units; points outside it are left out. ADV_E_INVALID names the member at
 * fault. */
enum adv_status adv_cloud_render(const struct adv_cloud *cloud, struct adv_image *image,
                                 struct adv_error *error);

/* Renders into image (initialised by the call, 3 channels); the plot stays usable. */
enum adv_status adv_plot_render(const struct adv_plot *plot, struct adv_image *image,
                                struct adv_error *error);

/* The colour map: value in [0,1] (clamped; NaN as 0) to RGB; perceptually even, dark to bright. */
void adv_plot_colour(double value, uint8_t rgb[3]);

/* How images are laid out in a grid, in rows from the top left. */
struct adv_grid {
    int n_columns;    /* 1..4096; 0: about as many as rows */
    int n_rows;       /* 1..4096; 0: as many as n images need */
    int gap_px;       /* between neighbours, 0..256 */
    int zoom;         /* each pixel is drawn zoom x zoom, 1..64; 0: 1 */
    bool dequantised; /* x in [0, 1] of the range is brightness floor(256 x), else round(255 x) */
    /* [n_rows * n_columns] the image in each cell, -1 for none; NULL: 0, 1, 2 ... n - 1, then none.
     * Given only together with n_rows and n_columns. */
    const long *order;
};

/* pixels [n, channels, height, width], channels 1 or 3, with intensities lo < hi (clamped), into
 * image (initialised by the call, as many channels). Gaps, empty cells and NaN take the ground
 * colour of plots. n >= 1; image sides as adv_image_init allows. */
enum adv_status adv_image_grid(size_t n, int channels, int height, int width, const float *pixels,
                               double lo, double hi, const struct adv_grid *grid,
                               struct adv_image *image, struct adv_error *error);

ADV_API_END
#endif
