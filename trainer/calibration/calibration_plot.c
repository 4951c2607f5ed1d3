/* Pictures of calibration: ranks against the uniform distribution, and coverage against level. */
#include "trainer/calibration/calibration.h"
#include "trainer/figure/figure.h"

#include <advect/extra/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 460, HEIGHT = 320, COLUMNS = 3, POINTS_MAX = ADV_BAND_THRESHOLDS_MAX + 2 };
enum { COLOUR_RANKS = 0, COLOUR_DISTANCE = 1 };

#define MARGIN 1.25 /* of what is shown around the band */

/* A curve over the band's thresholds, from share 0 to share 1. */
struct curve {
    size_t n;
    float points[POINTS_MAX][2];
};

/* counts: of ranks below each threshold. tilted: less their share, as a difference. */
static void set_curve(struct curve *curve, const struct adv_band *band, const size_t *counts,
                      bool tilted)
{
    size_t n = band->n_thresholds;
    curve->n = n + 2;
    for (size_t i = 0; i < n + 2; i++) {
        double share = i == 0 ? 0 : i == n + 1 ? 1 : adv_band_share(band, i - 1);
        double below = i == 0 ? 0 : i == n + 1 ? 1 : (double)counts[i - 1] / (double)band->n;
        curve->points[i][0] = (float)share;
        curve->points[i][1] = (float)(tilted ? below - share : below);
    }
}

static enum adv_status draw_curve(struct adv_plot *plot, const struct curve *curve,
                                  const struct adv_mark *mark, struct adv_error *error)
{
    return adv_plot_line(plot, curve->n, &curve->points[0][0], mark, error);
}

/* Its two edges, and bars between them. */
static enum adv_status draw_band(struct adv_plot *plot, const struct adv_band *band, bool tilted,
                                 struct adv_error *error)
{
    struct curve low, high;
    float bars[POINTS_MAX * 3][2];
    const struct adv_mark shade = {.colour = ADV_INK_QUIET,
                                   .size_px = 0.82 * WIDTH / (double)(band->n_thresholds + 1),
                                   .opacity = 0.18};
    const struct adv_mark edge = {.colour = ADV_INK_QUIET, .size_px = 1, .label = "99 % band"};
    const struct adv_mark other = {.colour = ADV_INK_QUIET, .size_px = 1};
    set_curve(&low, band, band->low, tilted);
    set_curve(&high, band, band->high, tilted);
    for (size_t i = 0; i < low.n; i++) {
        bars[3 * i][0] = bars[3 * i + 1][0] = low.points[i][0];
        bars[3 * i][1] = low.points[i][1];
        bars[3 * i + 1][1] = high.points[i][1];
        bars[3 * i + 2][0] = bars[3 * i + 2][1] = NAN;
    }
    enum adv_status status = adv_plot_line(plot, 3 * low.n, &bars[0][0], &shade, error);
    if (status == ADV_OK)
        status = draw_curve(plot, &low, &edge, error);
    if (status == ADV_OK)
        status = draw_curve(plot, &high, &other, error);
    return status;
}

static enum adv_status draw_ranks(struct adv_plot *plot, const struct adv_band *band,
                                  const uint32_t *ranks, bool tilted, const struct adv_mark *mark,
                                  struct adv_error *error)
{
    size_t counts[ADV_BAND_THRESHOLDS_MAX];
    struct curve curve;
    adv_band_count(band, ranks, counts);
    set_curve(&curve, band, counts, tilted);
    return draw_curve(plot, &curve, mark, error);
}

/* The largest distance from uniform, of the band and of all ranks: what all panels show. */
static double reach_of(const struct adv_ranked_pairs *ranked, const struct adv_band *band)
{
    double reach = 0, n = (double)band->n;
    size_t counts[ADV_BAND_THRESHOLDS_MAX];
    for (size_t k = 0; k < ranked->dim; k++) {
        adv_band_count(band, ranked->ranks + k * ranked->n, counts);
        for (size_t i = 0; i < band->n_thresholds; i++) {
            double share = adv_band_share(band, i);
            reach = fmax(reach, fabs((double)counts[i] / n - share));
            reach = fmax(reach, fabs((double)band->high[i] / n - share));
            reach = fmax(reach, fabs((double)band->low[i] / n - share));
        }
    }
    return reach;
}

static enum adv_status plot_parameter(const struct adv_ranked_pairs *ranked,
                                      const struct adv_model *model, const struct adv_band *band,
                                      size_t k, double reach, struct adv_image *image,
                                      struct adv_error *error)
{
    char buffer[32];
    const char *name = adv_ranked_name(ranked, model, k, buffer);
    const struct adv_axes axes = {
        .width = WIDTH,
        .height = HEIGHT,
        .title = name,
        .x_hi = 1,
        .y_lo = -MARGIN * reach,
        .y_hi = MARGIN * reach,
        .x_label = "rank of the truth, of the number of samples",
        .y_label = "share below, less uniform",
    };
    const struct adv_mark mark = {.colour = COLOUR_RANKS, .size_px = 2};
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    if (status == ADV_OK)
        status = draw_band(plot, band, true, error);
    if (status == ADV_OK)
        status = draw_ranks(plot, band, ranked->ranks + k * ranked->n, true, &mark, error);
    return adv_panel_finish(status, plot, image, error);
}

static enum adv_status plot_coverage(const struct adv_ranked_pairs *ranked,
                                     const struct adv_band *band, struct adv_image *image,
                                     struct adv_error *error)
{
    const struct adv_axes axes = {
        .width = WIDTH,
        .height = HEIGHT,
        .title = "coverage",
        .x_hi = 1,
        .y_hi = 1,
        .x_label = "level of the region",
        .y_label = "share that holds the truth",
    };
    const uint32_t *ranks = ranked->ranks + ranked->dim * ranked->n;
    const struct adv_mark density = {.colour = COLOUR_RANKS,
                                     .size_px = 2,
                                     .label = "highest density"},
                          distance = {
                              .colour = COLOUR_DISTANCE, .size_px = 2, .label = "distance (TARP)"};
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    if (status == ADV_OK)
        status = draw_band(plot, band, false, error);
    if (status == ADV_OK)
        status = draw_ranks(plot, band, ranks + ranked->n, false, &distance, error);
    if (status == ADV_OK)
        status = draw_ranks(plot, band, ranks, false, &density, error);
    return adv_panel_finish(status, plot, image, error);
}

enum adv_status adv_calibration_plot(const struct adv_ranked_pairs *ranked,
                                     const struct adv_model *model, const struct adv_band *band,
                                     const char *path, struct adv_error *error)
{
    struct adv_image panels[ADV_CALIBRATION_PANELS_MAX + 1] = {0};
    size_t n = ranked->dim < ADV_CALIBRATION_PANELS_MAX ? ranked->dim : ADV_CALIBRATION_PANELS_MAX;
    double reach = reach_of(ranked, band);
    enum adv_status status = ADV_OK;
    for (size_t k = 0; status == ADV_OK && k < n; k++)
        status = plot_parameter(ranked, model, band, k, reach, &panels[k], error);
    if (status == ADV_OK)
        status = plot_coverage(ranked, band, &panels[n], error);
    if (status == ADV_OK)
        status = adv_panels_write(n + 1, panels, n < COLUMNS ? n + 1 : COLUMNS, path, error);
    for (size_t k = 0; k <= n; k++)
        adv_image_release(&panels[k]);
    return status;
}
