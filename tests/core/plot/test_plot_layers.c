/* What each kind of layer draws. It is found as the difference to the picture without the layer,
 * and held against where the axes say that it is. */
#include "core/plot/style.h"
#include "tests/core/plot/plot_support.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the colour map ---- */

/* CIE 1976 lightness of an sRGB colour under its own white: relative luminance (Rec. 709
 * primaries), then the cube-root law. */
static double lightness(const uint8_t rgb[3])
{
    static const double weights[3] = {0.2126, 0.7152, 0.0722};
    double luminance = 0;
    for (int c = 0; c < 3; c++) {
        double encoded = rgb[c] / 255.0;
        luminance += weights[c] *
                     (encoded <= 0.04045 ? encoded / 12.92 : pow((encoded + 0.055) / 1.055, 2.4));
    }
    return luminance > 0.008856 ? 116 * cbrt(luminance) - 16 : 903.3 * luminance;
}

START_TEST(colours_climb_evenly_from_dark_to_bright)
{
    uint8_t rgb[3];
    double last = -1, least = INFINITY, most = 0;
    for (int i = 0; i <= 64; i++) {
        adv_plot_colour(i / 64.0, rgb);
        double l = lightness(rgb);
        ck_assert_double_gt(l, last);
        if (i > 0) {
            least = fmin(least, l - last);
            most = fmax(most, l - last);
        }
        last = l;
    }
    /* OKLab's and CIE's lightness differ most for dark colours; evenness in the one still bounds
     * the steps in the other. */
    ck_assert_double_lt(most, 2.5 * least);
    adv_plot_colour(0, rgb);
    ck_assert(lightness(rgb) < 20 && rgb[2] > rgb[0] && rgb[0] > rgb[1]); /* purple */
    adv_plot_colour(1, rgb);
    ck_assert(lightness(rgb) > 90 && rgb[0] > 200 && rgb[1] > 200 && rgb[2] < 150); /* yellow */
}
END_TEST

START_TEST(colours_are_clamped)
{
    static const double values[][2] = {{-1, 0}, {2, 1}, {INFINITY, 1}, {-INFINITY, 0}, {NAN, 0}};
    for (int i = 0; i < COUNT(values); i++) {
        uint8_t a[3], b[3];
        adv_plot_colour(values[i][0], a);
        adv_plot_colour(values[i][1], b);
        ck_assert_mem_eq(a, b, 3);
    }
}
END_TEST

/* ---- scatter ---- */

static const struct {
    struct adv_axes axes;
    float point[2];
} dot_cases[] = {
    {{.x_lo = -4, .x_hi = 4, .y_lo = -4, .y_hi = 4}, {1.3f, -2.7f}},
    {{.x_lo = -4, .x_hi = 4, .y_lo = -4, .y_hi = 4, .equal_aspect = true, .height = 300},
     {3.2f, 3.3f}},
    {{.width = 320,
      .x_lo = 0,
      .x_hi = 1e30,
      .y_lo = 0,
      .y_hi = 1e-30,
      .title = "tiny",
      .x_label = "x"},
     {2e29f, 7e-31f}},
    {{.width = 1200, .height = 700, .x_hi = 1, .y_lo = 1e-4, .y_hi = 10, .log_y = true},
     {0.5f, 0.02f}},
    {{.x_lo = 1, .x_hi = 100, .y_hi = 1, .log_x = true}, {30, 0.25f}},
};

START_TEST(a_dot_is_where_the_axes_say)
{
    const struct adv_axes *axes = &dot_cases[_i].axes;
    const float *point = dot_cases[_i].point;
    struct adv_plot *plot = plot_of(axes);
    ck_assert_int_eq(adv_plot_scatter(plot, 1, point, NULL,
                                      &(struct adv_mark){.size_px = 3, .opacity = 1}, NULL),
                     ADV_OK);
    struct adv_layout layout;
    struct difference dot = drawn(plot, &layout);
    const struct adv_frame *frame = &layout.frame;
    double fx = axes->log_x ? log(point[0] / axes->x_lo) / log(axes->x_hi / axes->x_lo)
                            : (point[0] - axes->x_lo) / (axes->x_hi - axes->x_lo);
    double fy = axes->log_y ? log(point[1] / axes->y_lo) / log(axes->y_hi / axes->y_lo)
                            : (point[1] - axes->y_lo) / (axes->y_hi - axes->y_lo);
    /* The light lines behind the dot pull its centre a little. */
    ck_assert_double_eq_tol(dot.x, frame->left + fx * frame->width, 0.2);
    ck_assert_double_eq_tol(dot.y, frame->top + (1 - fy) * frame->height, 0.2);
    ck_assert_int_le(dot.right - dot.left, 7);
    ck_assert_int_le(dot.bottom - dot.top, 7);
}
END_TEST

START_TEST(equal_aspect_makes_units_as_long)
{
    struct adv_axes axes = {.width = 800, .height = 400, .equal_aspect = true};
    const float points[] = {-1, -1, 1, 5};
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_scatter(plot, 2, points, NULL, NULL, NULL), ADV_OK);
    struct adv_layout layout = layout_of(plot);
    double x_unit = layout.frame.width / (layout.x.hi - layout.x.lo);
    double y_unit = layout.frame.height / (layout.y.hi - layout.y.lo);
    ck_assert_double_eq_tol(x_unit, y_unit, 1e-9 * x_unit);
    ck_assert(layout.frame.width > layout.frame.height); /* grown, not shrunk */
    adv_plot_free(plot);
}
END_TEST

START_TEST(values_pick_colours)
{
    struct adv_axes axes = {.x_hi = 1, .y_hi = 1};
    const float points[] = {0.25f, 0.5f, 0.55f, 0.5f, 0.75f, 0.5f};
    const float values[] = {0, 1, NAN};
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_scatter(plot, 3, points, values,
                                      &(struct adv_mark){.size_px = 5, .opacity = 1}, NULL),
                     ADV_OK);
    struct adv_layout layout = layout_of(plot);
    struct adv_image image = picture_of(plot);
    for (int i = 0; i < 2; i++) {
        uint8_t rgb[3];
        adv_plot_colour(values[i], rgb);
        ck_assert_mem_eq(pixel_of(&image, (int)adv_axis_pixel(&layout.x, points[2 * i]),
                                  (int)adv_axis_pixel(&layout.y, points[2 * i + 1])),
                         rgb, 3);
    }
    const uint8_t *none = pixel_of(&image, (int)adv_axis_pixel(&layout.x, 0.75) + 2,
                                   (int)adv_axis_pixel(&layout.y, 0.5) + 2);
    ck_assert(none[0] == 0xff && none[1] == 0xff && none[2] == 0xff);
    adv_image_release(&image);
    adv_plot_free(plot);
}
END_TEST

/* The part of the frame that n random points leave as it was. */
static double bare_part(size_t n)
{
    struct adv_axes axes = {.x_hi = 1, .y_hi = 1};
    struct random random = {n};
    float *points = calloc(2 * n, sizeof *points);
    for (size_t i = 0; i < 2 * n; i++)
        points[i] = (float)random_between(&random, 0, 1);
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_scatter(plot, n, points, NULL, NULL, NULL), ADV_OK);
    struct adv_layout layout;
    struct difference difference = drawn(plot, &layout);
    free(points);
    return 1 - difference.n / (double)(layout.frame.width * layout.frame.height);
}

START_TEST(crowds_cover_more_but_not_all)
{
    double few = bare_part(64), many = bare_part(20000);
    ck_assert_double_gt(few, 0.95);
    ck_assert_double_lt(many, 0.8);
    ck_assert_double_gt(many, 0.1);
}
END_TEST

/* ---- lines and error bars ---- */

static struct difference drawn_line(size_t n, const float *points, const struct adv_mark *mark,
                                    struct adv_layout *layout)
{
    struct adv_axes axes = {.x_hi = 4, .y_hi = 4};
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_line(plot, n, points, mark, NULL), ADV_OK);
    return drawn(plot, layout);
}

START_TEST(a_line_spans_its_points)
{
    const struct adv_mark mark = {.size_px = 2};
    const float points[] = {1, 2, 3, 2};
    struct adv_layout layout;
    struct difference line = drawn_line(2, points, &mark, &layout);
    ck_assert_double_eq_tol(line.y, adv_axis_pixel(&layout.y, 2), 0.2);
    ck_assert_double_eq_tol(line.left, adv_axis_pixel(&layout.x, 1), 2);
    ck_assert_double_eq_tol(line.right, adv_axis_pixel(&layout.x, 3), 2);
    ck_assert_int_le(line.bottom - line.top, 3);
}
END_TEST

START_TEST(a_line_is_broken_where_a_point_is_not_finite)
{
    const struct adv_mark mark = {.size_px = 2};
    const float broken[] = {0.5f, 2, 1.5f, 2, NAN, 2, 2.5f, 2, 3.5f, 2};
    const float whole[] = {0.5f, 2, 1.5f, 2, 2.5f, 2, 3.5f, 2};
    struct adv_layout layout;
    struct difference a = drawn_line(5, broken, &mark, &layout);
    struct difference b = drawn_line(4, whole, &mark, &layout);
    ck_assert(a.left == b.left && a.right == b.right && a.top == b.top);
    /* A third of the length is missing. */
    ck_assert_double_eq_tol(a.n, b.n * 2 / 3.0, b.n * 0.05);
}
END_TEST

START_TEST(a_line_through_the_far_away_is_cut_at_the_frame)
{
    const struct adv_mark mark = {.size_px = 2};
    const float points[] = {-1e6f, -1e6f, 1e6f, 1e6f};
    struct adv_layout layout;
    struct difference line = drawn_line(2, points, &mark, &layout);
    const struct adv_frame *frame = &layout.frame;
    ck_assert_int_le(abs(line.left - frame->left), 2);
    ck_assert_int_le(abs(line.right - (frame->left + frame->width)), 2);
    ck_assert_int_le(abs(line.top - frame->top), 2);
    ck_assert_int_le(abs(line.bottom - (frame->top + frame->height)), 2);
    ck_assert_double_eq_tol(line.x, frame->left + frame->width / 2.0, 1);

    const float inside_out[] = {2, 2, 1e30f, 2};
    line = drawn_line(2, inside_out, &mark, &layout);
    ck_assert_double_eq_tol(line.left, adv_axis_pixel(&layout.x, 2), 2);
    ck_assert_int_le(abs(line.right - (frame->left + frame->width)), 2);
    ck_assert_double_eq_tol(line.y, adv_axis_pixel(&layout.y, 2), 0.2);

    const float outside[] = {-1, 5, 5, 6, 1e30f, 5, 5, -1e30f, 5, 3};
    ck_assert_int_eq(drawn_line(5, outside, &mark, &layout).n, 0);
}
END_TEST

START_TEST(error_bars_reach_as_far_as_the_error)
{
    struct adv_axes axes = {.x_hi = 4, .y_hi = 4};
    const float point[] = {1, 2}, half_height = 0.75f;
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_error_bars(plot, 1, point, &half_height, NULL, NULL), ADV_OK);
    struct adv_layout layout;
    struct difference bar = drawn(plot, &layout);
    ck_assert_double_eq_tol(bar.top + 0.5, adv_axis_pixel(&layout.y, 2.75), 1.5);
    ck_assert_double_eq_tol(bar.bottom + 0.5, adv_axis_pixel(&layout.y, 1.25), 1.5);
    ck_assert_double_eq_tol(bar.x, adv_axis_pixel(&layout.x, 1), 0.5);
}
END_TEST

/* Of three bars the middle one has no number, and the last reaches out of the frame. */
START_TEST(bars_tile_their_range_from_zero)
{
    static const struct adv_mark solid = {.opacity = 1};
    struct adv_axes axes = {.x_lo = -1, .x_hi = 4, .y_lo = -1, .y_hi = 4};
    static const float heights[][3] = {{2, NAN, NAN}, {NAN, NAN, 9}};
    for (int i = 0; i < 2; i++) {
        struct adv_plot *plot = plot_of(&axes);
        struct adv_layout layout;
        ck_assert_int_eq(adv_plot_bars(plot, 3, 0, 3, heights[i], &solid, NULL), ADV_OK);
        struct difference bar = drawn(plot, &layout);
        ck_assert_double_eq_tol(bar.left, adv_axis_pixel(&layout.x, i ? 2 : 0), 1.5);
        ck_assert_double_eq_tol(bar.right + 1, adv_axis_pixel(&layout.x, i ? 3 : 1), 1.5);
        ck_assert_double_eq_tol(bar.bottom + 1, adv_axis_pixel(&layout.y, 0), 1.5);
        ck_assert_double_eq_tol(bar.top, adv_axis_pixel(&layout.y, i ? 4 : 2), 1.5);
    }
}
END_TEST

START_TEST(bars_need_a_range_and_linear_axes)
{
    const float height = 1;
    struct adv_error error = ADV_ERROR_INIT, log_error = ADV_ERROR_INIT;
    struct adv_axes axes = {0}, log_axes = {.log_y = true};
    struct adv_plot *plot = plot_of(&axes), *log_plot = plot_of(&log_axes);
    ck_assert_int_eq(adv_plot_bars(plot, 1, 2, 2, &height, NULL, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "lo");
    ck_assert_int_eq(adv_plot_bars(log_plot, 1, 0, 1, &height, NULL, &log_error), ADV_E_INVALID);
    ck_assert_str_eq(log_error.field, "log_y");
    adv_plot_free(plot);
    adv_plot_free(log_plot);
}
END_TEST

START_TEST(an_error_bar_below_zero_ends_at_a_logarithmic_axis)
{
    struct adv_axes axes = {.x_hi = 4, .y_lo = 0.1, .y_hi = 10, .log_y = true};
    const float point[] = {1, 1}, half_height = 2;
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_error_bars(plot, 1, point, &half_height, NULL, NULL), ADV_OK);
    struct adv_layout layout;
    struct difference bar = drawn(plot, &layout);
    ck_assert_double_eq_tol(bar.top + 0.5, adv_axis_pixel(&layout.y, 3), 1.5);
    ck_assert_int_le(abs(bar.bottom - (layout.frame.top + layout.frame.height)), 1);
}
END_TEST

/* ---- heat maps ---- */

/* In random order, so that neighbours differ. */
static void fill_values(size_t n, float *values)
{
    struct random random = {n};
    for (size_t i = 0; i < n; i++)
        values[i] = (float)random_between(&random, -3, 5);
}

static const struct {
    size_t n_rows, n_columns;
    bool given; /* the axes' ranges */
} map_cases[] = {{4, 4, true}, {3, 7, false}, {64, 64, true}, {1, 1, false}, {900, 2, true}};

START_TEST(every_pixel_has_its_cell_s_colour)
{
    size_t n_rows = map_cases[_i].n_rows, n_columns = map_cases[_i].n_columns;
    double x_lo = map_cases[_i].given ? -2 : 0, x_hi = map_cases[_i].given ? 2 : (double)n_columns;
    double y_lo = map_cases[_i].given ? 10 : 0, y_hi = map_cases[_i].given ? 30 : (double)n_rows;
    struct adv_axes axes = {.title = "cells", .width = 500};
    if (map_cases[_i].given)
        axes = (struct adv_axes){.x_lo = x_lo, .x_hi = x_hi, .y_lo = y_lo, .y_hi = y_hi};
    float *values = calloc(n_rows * n_columns, sizeof *values);
    uint8_t(*colours)[3] = calloc(n_rows * n_columns, sizeof *colours);
    fill_values(n_rows * n_columns, values);
    for (size_t cell = 0; cell < n_rows * n_columns; cell++)
        adv_plot_colour((values[cell] + 3) / 8, colours[cell]);
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_heat_map(plot, n_rows, n_columns, values, -3, 5, "z", NULL), ADV_OK);
    struct adv_layout layout = layout_of(plot);
    struct adv_image image = picture_of(plot);
    const struct adv_frame *frame = &layout.frame;
    for (int j = 0; j < frame->height; j++) {
        for (int i = 0; i < frame->width; i++) {
            /* The cells of nine places in the pixel: all the same but at borders, where any of
             * them will do. */
            bool found = false;
            for (int place = 0; !found && place < 9; place++) {
                double fx = (i + 0.01 + 0.49 * (place % 3)) / frame->width;
                double fy = 1 - (j + 0.01 + 0.49 * (place / 3)) / frame->height;
                size_t row = (size_t)(fy * (double)n_rows);
                size_t column = (size_t)(fx * (double)n_columns);
                const uint8_t *got = pixel_of(&image, frame->left + i, frame->top + j);
                found = memcmp(colours[row * n_columns + column], got, 3) == 0;
            }
            if (!found)
                ck_abort_msg("pixel %d, %d", i, j);
        }
    }
    adv_image_release(&image);
    adv_plot_free(plot);
    free(colours);
    free(values);
}
END_TEST

START_TEST(cells_that_are_not_finite_stay_blank)
{
    static const float blanks[] = {NAN, INFINITY, -INFINITY};
    struct adv_axes axes = {.x_hi = 3, .y_hi = 1};
    struct adv_plot *plot = plot_of(&axes);
    const float values[] = {1, blanks[_i], 2};
    ck_assert_int_eq(adv_plot_heat_map(plot, 1, 3, values, 0, 0, NULL, NULL), ADV_OK);
    struct adv_plot *bare = plot_of(&axes);
    struct adv_layout layout = layout_of(plot);
    struct adv_image image = picture_of(plot), ground = picture_of(bare);
    int x_first = (int)ceil(adv_axis_pixel(&layout.x, 1)) + 1;
    int x_last = (int)adv_axis_pixel(&layout.x, 2) - 1;
    for (int y = layout.frame.top; y < layout.frame.top + layout.frame.height; y++) {
        for (int x = x_first; x < x_last; x++)
            ck_assert_mem_eq(pixel_of(&image, x, y), pixel_of(&ground, x, y), 3);
    }
    adv_image_release(&image);
    adv_image_release(&ground);
    adv_plot_free(bare);
    adv_plot_free(plot);
}
END_TEST

START_TEST(a_colour_bar_spans_the_values)
{
    struct adv_axes axes = {.x_hi = 2, .y_hi = 2};
    const float values[] = {-1, NAN, 7, 3};
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_heat_map(plot, 2, 2, values, 0, 0, "", NULL), ADV_OK);
    struct adv_layout layout = layout_of(plot);
    struct adv_image image = picture_of(plot);
    const struct adv_frame *frame = &layout.frame;
    ck_assert(layout.has_bar);
    ck_assert_double_eq(layout.bar.lo, -1);
    ck_assert_double_eq(layout.bar.hi, 7);
    ck_assert_int_ge(layout.bar_ticks.n, 3);
    int x = frame->left + frame->width + (int)(layout.offsets.bar + 4);
    for (int j = 0; j < frame->height; j += 7) {
        uint8_t rgb[3];
        double y = frame->top + j + 0.5;
        adv_plot_colour((adv_axis_value(&layout.bar, y) + 1) / 8, rgb);
        for (int c = 0; c < 3; c++)
            ck_assert_int_le(abs(pixel_of(&image, x, (int)y)[c] - rgb[c]), 1);
    }
    adv_image_release(&image);
    adv_plot_free(plot);
}
END_TEST

/* ---- arrows ---- */

START_TEST(an_arrow_goes_along_its_vector)
{
    struct adv_axes axes = {.x_lo = -3, .x_hi = 3, .y_lo = -3, .y_hi = 3};
    const float point[] = {-1, 1}, vector[] = {2, -1};
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_arrows(plot, 1, point, vector, 1.5, NULL, NULL), ADV_OK);
    struct adv_layout layout;
    struct difference arrow = drawn(plot, &layout);
    ck_assert_double_eq_tol(arrow.left, adv_axis_pixel(&layout.x, -1), 3);
    ck_assert_double_eq_tol(arrow.top, adv_axis_pixel(&layout.y, 1), 3);
    ck_assert_double_eq_tol(arrow.right, adv_axis_pixel(&layout.x, 2), 3);
    ck_assert_double_eq_tol(arrow.bottom, adv_axis_pixel(&layout.y, -0.5), 3);
    /* The head makes the far end the heavier. */
    ck_assert_double_gt(arrow.x, (arrow.left + arrow.right) / 2.0);
}
END_TEST

/* A square grid of side^2 points on [-1, 1]^2, and as many vectors (length, 0). */
static size_t make_field(size_t side, float length, float *points, float *vectors)
{
    for (size_t i = 0; i < side * side; i++) {
        points[2 * i] = 2 * (float)(i % side) / (float)(side - 1) - 1;
        points[2 * i + 1] = 2 * (float)(i / side) / (float)(side - 1) - 1;
        vectors[2 * i] = length;
        vectors[2 * i + 1] = 0;
    }
    return side * side;
}

START_TEST(the_longest_arrow_reaches_beyond_the_next_point)
{
    static const float lengths[] = {1e-20f, 1, 1e20f};
    struct adv_axes axes = {.x_lo = -3, .x_hi = 3, .y_lo = -3, .y_hi = 3};
    float points[2 * 49], vectors[2 * 49];
    size_t n = make_field(7, lengths[_i], points, vectors);
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_arrows(plot, n, points, vectors, 0, NULL, NULL), ADV_OK);
    struct adv_layout layout;
    struct difference field = drawn(plot, &layout);
    double spacing = adv_axis_pixel(&layout.x, 1 / 3.0) - adv_axis_pixel(&layout.x, 0);
    ck_assert_double_eq_tol(field.left, adv_axis_pixel(&layout.x, -1), 2.5);
    ck_assert_double_eq_tol(field.right, adv_axis_pixel(&layout.x, 1) + 1.3 * spacing, 2.5);
}
END_TEST

START_TEST(arrows_too_short_are_dots)
{
    struct adv_axes axes = {.x_lo = -3, .x_hi = 3, .y_lo = -3, .y_hi = 3};
    const float point[] = {1, 1};
    static const float vectors[][2] = {{0, 0}, {1e-3f, 0}};
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_arrows(plot, 1, point, vectors[_i], 1, NULL, NULL), ADV_OK);
    struct adv_layout layout;
    struct difference dot = drawn(plot, &layout);
    ck_assert(dot.n > 0 && dot.right - dot.left <= 5 && dot.bottom - dot.top <= 5);
    ck_assert_double_eq_tol(dot.x, adv_axis_pixel(&layout.x, 1), 0.5);
    ck_assert_double_eq_tol(dot.y, adv_axis_pixel(&layout.y, 1), 0.5);
}
END_TEST

/* Tiles of 1, 10, 100 and of no number, side by side. */
static struct adv_plot *plot_of_tiles(const char *text)
{
    const struct adv_axes axes = {.x_hi = 4, .y_hi = 1};
    const float values[] = {1, 10, 100, NAN};
    struct adv_tile tiles[4];
    for (int i = 0; i < 4; i++)
        tiles[i] = (struct adv_tile){(float)i + 0.5f, 0.5f, values[i], {text, NULL}};
    struct adv_plot *plot = plot_of(&axes);
    const struct adv_tile_set set = {4, tiles, 1, 1, 1, 100, "value"};
    ck_assert_int_eq(adv_plot_tiles(plot, &set, NULL), ADV_OK);
    return plot;
}

START_TEST(tiles_are_coloured_by_their_logarithm)
{
    struct adv_plot *plot = plot_of_tiles(NULL);
    struct adv_layout layout = layout_of(plot);
    struct adv_image image = picture_of(plot);
    int y = layout.frame.top + layout.frame.height / 2;
    for (int i = 0; i < 4; i++) {
        uint8_t rgb[3] = {adv_style.tile_grey >> 16 & 0xff, adv_style.tile_grey >> 8 & 0xff,
                          adv_style.tile_grey & 0xff};
        if (i < 3)
            adv_plot_colour(i / 2.0, rgb);
        int left = (int)adv_axis_pixel(&layout.x, i), right = (int)adv_axis_pixel(&layout.x, i + 1);
        ck_assert_mem_eq(pixel_of(&image, left + 1, y), rgb, 3);
        ck_assert_mem_eq(pixel_of(&image, right - 2, y), rgb, 3);
    }
    ck_assert(layout.has_bar && layout.bar.log);
    ck_assert_double_eq(layout.bar.lo, 1);
    ck_assert_double_eq(layout.bar.hi, 100);
    adv_image_release(&image);
    adv_plot_free(plot);
}
END_TEST

/* A text is in the middle of each tile, light on dark ones and dark on light ones; one that is
 * wider than its tile is left out. */
START_TEST(a_tile_s_text_is_in_its_middle)
{
    struct adv_plot *plots[] = {plot_of_tiles(NULL), plot_of_tiles("88"),
                                plot_of_tiles("a text that is far too long for its tile")};
    struct adv_layout layout = layout_of(plots[0]);
    struct adv_image without = picture_of(plots[0]), with = picture_of(plots[1]),
                     too_long = picture_of(plots[2]);
    ck_assert(same_picture(&without, &too_long));
    struct difference text = compare(&without, &with);
    double middle = layout.frame.top + layout.frame.height / 2.0;
    ck_assert_double_eq_tol(text.y, middle, 1); /* digits are as high as capitals, to a pixel */
    ck_assert_double_eq_tol((text.left + text.right + 1) / 2.0,
                            layout.frame.left + layout.frame.width / 2.0, 1.5);
    int lighter[4] = {0}, darker[4] = {0};
    for (int y = text.top; y <= text.bottom; y++) {
        for (int x = text.left; x <= text.right; x++) {
            int tile = (int)adv_axis_value(&layout.x, x + 0.5);
            int change = 0;
            for (int c = 0; c < 3; c++)
                change += pixel_of(&with, x, y)[c] - pixel_of(&without, x, y)[c];
            lighter[tile] += change > 0;
            darker[tile] += change < 0;
        }
    }
    ck_assert(lighter[0] > 10 && !darker[0]);
    ck_assert(darker[2] > 10 && !lighter[2] && darker[3] > 10 && !lighter[3]);
    for (int i = 0; i < 3; i++)
        adv_plot_free(plots[i]);
    adv_image_release(&without);
    adv_image_release(&with);
    adv_image_release(&too_long);
}
END_TEST

START_TEST(every_kind_draws_in_its_colour)
{
    struct adv_axes axes = {.x_hi = 4, .y_hi = 4};
    const float points[] = {1, 2.2f, 3, 2.2f}, error = 1, vectors[] = {1, 0, 0, 0};
    const struct adv_mark mark = {.colour = _i, .size_px = 9, .opacity = 1};
    for (int kind = 0; kind < 4; kind++) {
        struct adv_plot *plot = plot_of(&axes);
        enum adv_status status = kind == 0   ? adv_plot_scatter(plot, 1, points, NULL, &mark, NULL)
                                 : kind == 1 ? adv_plot_line(plot, 2, points, &mark, NULL)
                                 : kind == 2
                                     ? adv_plot_error_bars(plot, 1, points, &error, &mark, NULL)
                                     : adv_plot_arrows(plot, 1, points, vectors, 1, &mark, NULL);
        ck_assert_int_eq(status, ADV_OK);
        struct adv_layout layout = layout_of(plot);
        struct adv_image image = picture_of(plot);
        const uint8_t *p = pixel_of(&image, (int)adv_axis_pixel(&layout.x, 1) + 2,
                                    (int)adv_axis_pixel(&layout.y, 2.2f));
        uint32_t colour = adv_style.cycle[_i % ADV_STYLE_CYCLE];
        ck_assert_int_eq(p[0] << 16 | p[1] << 8 | p[2], (int)colour);
        adv_image_release(&image);
        adv_plot_free(plot);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plot layers");
    TCase *colours = tcase_create("colour map");
    tcase_add_test(colours, colours_climb_evenly_from_dark_to_bright);
    tcase_add_test(colours, colours_are_clamped);
    suite_add_tcase(suite, colours);

    TCase *marks = tcase_create("marks");
    tcase_add_loop_test(marks, a_dot_is_where_the_axes_say, 0, COUNT(dot_cases));
    tcase_add_test(marks, equal_aspect_makes_units_as_long);
    tcase_add_test(marks, values_pick_colours);
    tcase_add_test(marks, crowds_cover_more_but_not_all);
    tcase_add_test(marks, a_line_spans_its_points);
    tcase_add_test(marks, a_line_is_broken_where_a_point_is_not_finite);
    tcase_add_test(marks, a_line_through_the_far_away_is_cut_at_the_frame);
    tcase_add_test(marks, error_bars_reach_as_far_as_the_error);
    tcase_add_test(marks, bars_tile_their_range_from_zero);
    tcase_add_test(marks, bars_need_a_range_and_linear_axes);
    tcase_add_test(marks, an_error_bar_below_zero_ends_at_a_logarithmic_axis);
    tcase_add_loop_test(marks, every_kind_draws_in_its_colour, 0, ADV_STYLE_CYCLE + 2);
    suite_add_tcase(suite, marks);

    TCase *fields = tcase_create("fields");
    tcase_add_loop_test(fields, every_pixel_has_its_cell_s_colour, 0, COUNT(map_cases));
    tcase_add_loop_test(fields, cells_that_are_not_finite_stay_blank, 0, 3);
    tcase_add_test(fields, a_colour_bar_spans_the_values);
    tcase_add_test(fields, tiles_are_coloured_by_their_logarithm);
    tcase_add_test(fields, a_tile_s_text_is_in_its_middle);
    tcase_add_test(fields, an_arrow_goes_along_its_vector);
    tcase_add_loop_test(fields, the_longest_arrow_reaches_beyond_the_next_point, 0, 3);
    tcase_add_loop_test(fields, arrows_too_short_are_dots, 0, 2);
    suite_add_tcase(suite, fields);

    return suite_run(suite);
}
