/* Plots as a whole: what is refused, texts and fonts, legends, odd data and sizes, the same bytes
 * again and from many threads; and grids of images. */
#include "core/plot/text.h"
#include "tests/core/plot/plot_support.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- refusals ---- */

#define TEXT_60 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh"

static const struct {
    struct adv_axes axes;
    const char *field, *said; /* at fault; part of the message */
} bad_axes[] = {
    {{.width = 63}, "width", "63"},
    {{.width = 4097}, "width", "64..4096"},
    {{.height = -1}, "height", "-1"},
    {{.height = 1000000}, "height", "1000000"},
    {{.x_lo = NAN}, "x_lo", "nan"},
    {{.x_hi = INFINITY}, "x_hi", "inf"},
    {{.y_lo = 1, .y_hi = 1 + 1e-12}, "y_hi", "differ"},
    {{.y_lo = -1, .y_hi = 1, .log_y = true}, "y_lo", "logarithmic"},
    {{.x_lo = 0, .x_hi = 1, .log_x = true}, "x_lo", "logarithmic"},
    {{.equal_aspect = true, .log_y = true}, "equal_aspect", "log_y"},
    {{.title = "a\xff"}, "title", "byte 1"},
    {{.x_label = "a\nb"}, "x_label", "control"},
    {{.y_label = TEXT_60 TEXT_60 TEXT_60 TEXT_60 "1"}, "y_label", "241"},
};

START_TEST(bad_axes_are_refused)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_plot *plot = NULL;
    ck_assert_int_eq(adv_plot_new(&bad_axes[_i].axes, &plot, &error), ADV_E_INVALID);
    ck_assert_ptr_null(plot);
    ck_assert_str_eq(error.field, bad_axes[_i].field);
    ck_assert_msg(strstr(error.message, bad_axes[_i].said) != NULL, "%s", error.message);
}
END_TEST

static const struct adv_mark bad_marks[] = {
    {.colour = -1}, {.size_px = -1},  {.size_px = 257},    {.size_px = NAN},
    {.opacity = 2}, {.opacity = NAN}, {.label = "a\x01b"}, {.label = "\xc0\xaf"},
};

START_TEST(bad_marks_are_refused)
{
    static const char *const fields[] = {"colour",  "size_px", "size_px", "size_px",
                                         "opacity", "opacity", "label",   "label"};
    struct adv_axes axes = {0};
    struct adv_plot *plot = plot_of(&axes);
    const float data[] = {0, 0};
    const struct adv_mark *mark = &bad_marks[_i];
    for (int kind = 0; kind < 4; kind++) {
        struct adv_error error = ADV_ERROR_INIT;
        enum adv_status status = kind == 0   ? adv_plot_scatter(plot, 1, data, NULL, mark, &error)
                                 : kind == 1 ? adv_plot_line(plot, 1, data, mark, &error)
                                 : kind == 2
                                     ? adv_plot_error_bars(plot, 1, data, data, mark, &error)
                                     : adv_plot_arrows(plot, 1, data, data, 0, mark, &error);
        ck_assert_int_eq(status, ADV_E_INVALID);
        ck_assert_str_eq(error.field, fields[_i]);
    }
    adv_plot_free(plot);
}
END_TEST

START_TEST(bad_layers_are_refused)
{
    struct adv_axes linear = {0}, logarithmic = {.log_y = true};
    struct adv_plot *plot = plot_of(&linear), *log_plot = plot_of(&logarithmic);
    const float data[] = {0, 0};
    const struct adv_tile tile = {.lines = {"\x80"}};
    const struct adv_tile_set bad_tiles[] = {
        {1, &tile, 1, 1, 1, 2, NULL}, {0, NULL, 0, 1, 1, 2, NULL}, {0, NULL, 1, 0, 1, 2, NULL},
        {0, NULL, 1, 1, 0, 2, NULL},  {0, NULL, 1, 1, 2, 2, NULL}, {0, NULL, 1, 1, 1, 2, "\x80"}};
    static const char *const fields[] = {"lines", "width", "height", "lo", "lo", "bar_label"};
    struct adv_error errors[6] = {ADV_ERROR_INIT};
    ck_assert_int_eq(adv_plot_arrows(plot, 1, data, data, (double)NAN, NULL, &errors[0]),
                     ADV_E_INVALID);
    ck_assert_str_eq(errors[0].field, "scale");
    ck_assert_int_eq(adv_plot_arrows(log_plot, 1, data, data, 1, NULL, &errors[1]), ADV_E_INVALID);
    ck_assert_str_eq(errors[1].field, "log_y");
    ck_assert_int_eq(adv_plot_heat_map(log_plot, 1, 1, data, 0, 1, NULL, &errors[2]),
                     ADV_E_INVALID);
    ck_assert_str_eq(errors[2].field, "log_y");
    ck_assert_int_eq(adv_plot_heat_map(plot, 0, 1, data, 0, 1, NULL, &errors[3]), ADV_E_INVALID);
    ck_assert_str_eq(errors[3].field, "n_rows");
    ck_assert_int_eq(adv_plot_heat_map(plot, 1, 1, data, 0, (double)INFINITY, NULL, &errors[4]),
                     ADV_E_INVALID);
    ck_assert_str_eq(errors[4].field, "hi");
    ck_assert_int_eq(adv_plot_heat_map(plot, 1, 1, data, 0, 1, "\x80", &errors[5]), ADV_E_INVALID);
    ck_assert_str_eq(errors[5].field, "bar_label");
    for (int i = 0; i < COUNT(bad_tiles); i++) {
        struct adv_error error = ADV_ERROR_INIT;
        ck_assert_int_eq(adv_plot_tiles(plot, &bad_tiles[i], &error), ADV_E_INVALID);
        ck_assert_str_eq(error.field, fields[i]);
    }
    ck_assert_int_eq(adv_plot_tiles(log_plot, &bad_tiles[0], NULL), ADV_E_INVALID);
    /* Sizes that cannot be are refused before anything is read. */
    ck_assert_int_eq(adv_plot_scatter(plot, SIZE_MAX / 4, data, NULL, NULL, NULL), ADV_E_MEMORY);
    ck_assert_int_eq(adv_plot_heat_map(plot, SIZE_MAX / 4, 16, data, 0, 1, NULL, NULL),
                     ADV_E_MEMORY);
    adv_plot_free(plot);
    adv_plot_free(log_plot);
}
END_TEST

/* ---- texts ---- */

static const struct {
    const char *text;
    bool good;
} encodings[] = {
    {"", true},
    {"plain ASCII, 0 < x & y > \"1\"", true},
    {"\u03c3\u00b2 \u2212 \u00d7 \u6f22\u5b57 \U0001f600", true},
    {"\x7f", false},
    {"\xc2\x85", false},         /* a C1 control */
    {"\xc2\xa0", true},          /* no-break space */
    {"\xc0\x80", false},         /* overlong */
    {"\xe0\x9f\xbf", false},     /* overlong */
    {"\xf0\x8f\xbf\xbf", false}, /* overlong */
    {"\xed\xa0\x80", false},     /* a surrogate */
    {"\xf4\x90\x80\x80", false}, /* beyond U+10FFFF */
    {"\xf5\x80\x80\x80", false},
    {"\xe2\x82", false}, /* cut short */
    {"\x80", false},
};

START_TEST(texts_are_utf_8)
{
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_text_check("title", encodings[_i].text, &error);
    ck_assert_int_eq(status, encodings[_i].good ? ADV_OK : ADV_E_INVALID);
}
END_TEST

START_TEST(any_good_text_is_drawn)
{
    for (int i = 0; i < COUNT(encodings); i++) {
        if (!encodings[i].good)
            continue;
        struct adv_axes axes = {
            .title = encodings[i].text, .x_label = encodings[i].text, .y_label = encodings[i].text};
        struct adv_plot *plot = plot_of(&axes);
        struct adv_image image = picture_of(plot);
        adv_image_release(&image);
        adv_plot_free(plot);
    }
}
END_TEST

/* How many pixels of the topmost rows, where the title is, are not the ground. */
static int title_ink(const char *title, int *right)
{
    struct adv_axes axes = {.title = title, .width = 320, .height = 320};
    struct adv_plot *plot = plot_of(&axes);
    struct adv_image image = picture_of(plot);
    struct adv_layout layout = layout_of(plot);
    int n = 0;
    *right = 0;
    for (int y = 0; y < layout.frame.top - 1; y++) {
        for (int x = layout.frame.left; x < image.width; x++) {
            if (pixel_of(&image, x, y)[0] == 0xff)
                continue;
            n++;
            *right = x > *right ? x : *right;
        }
    }
    adv_image_release(&image);
    adv_plot_free(plot);
    return n;
}

START_TEST(long_titles_are_shortened)
{
    int right;
    ck_assert_int_gt(title_ink(TEXT_60 TEXT_60, &right), 500);
    ck_assert_int_lt(right, 312);
    ck_assert_int_gt(right, 280);
    title_ink("short", &right);
    ck_assert_int_lt(right, 150);
}
END_TEST

START_TEST(a_factor_follows_even_the_longest_label)
{
    static const char longest[] = TEXT_60 TEXT_60 TEXT_60 TEXT_60;
    struct adv_axes axes = {.x_hi = 5e30, .y_hi = 0.5, .x_label = longest, .y_label = longest};
    struct adv_plot *plot = plot_of(&axes);
    struct adv_layout layout = layout_of(plot);
    ck_assert_str_eq(layout.x_label.text, longest);
    ck_assert_str_eq(layout.x_label.tail, "  \u00d710");
    ck_assert_str_eq(layout.x_label.exponent, "30");
    ck_assert_str_eq(layout.y_label.tail, "");
    struct adv_image image = picture_of(plot);
    adv_image_release(&image);
    adv_plot_free(plot);
}
END_TEST

/* Runs in a process of its own: fontconfig reads its settings once. */
START_TEST(without_any_font_texts_are_still_drawn)
{
    char settings[] = "/tmp/advect-no-fonts-XXXXXX";
    static const char none[] = "<?xml version=\"1.0\"?><fontconfig></fontconfig>";
    int file = mkstemp(settings);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, none, sizeof none - 1), (int)sizeof none - 1);
    close(file);
    ck_assert_int_eq(setenv("FONTCONFIG_FILE", settings, 1), 0);
    int right, minus_right, missing_right;
    ck_assert_int_gt(title_ink("x", &right), 5);
    ck_assert_int_eq(title_ink("-", &right), title_ink("\u2212", &minus_right));
    ck_assert_int_eq(title_ink("?", &right), title_ink("\u6f22", &missing_right));
    ck_assert_int_eq(right, missing_right);
    ck_assert_int_eq(title_ink("a ", &right), title_ink("a", &right));
    unlink(settings);
}
END_TEST

START_TEST(a_legend_has_the_labelled_layers)
{
    struct adv_axes axes = {0};
    const float data[] = {0, 0, 1, 1};
    struct adv_plot *plot = plot_of(&axes);
    ck_assert_int_eq(adv_plot_scatter(plot, 2, data, NULL, NULL, NULL), ADV_OK);
    struct adv_layout bare = layout_of(plot);
    ck_assert_int_eq(bare.legend.n, 0);
    ck_assert_int_eq(adv_plot_line(plot, 2, data, &(struct adv_mark){.label = "b"}, NULL), ADV_OK);
    ck_assert_int_eq(adv_plot_scatter(plot, 2, data, NULL, &(struct adv_mark){.label = "c"}, NULL),
                     ADV_OK);
    struct adv_layout layout = layout_of(plot);
    ck_assert_int_eq(layout.legend.n, 2);
    ck_assert_int_eq(layout.legend.n_rows, 1);
    ck_assert_int_gt(layout.frame.top, bare.frame.top);
    adv_plot_free(plot);
}
END_TEST

START_TEST(long_legends_wrap_and_are_bounded)
{
    struct adv_axes axes = {0};
    const float data[] = {0, 0, 1, 1};
    const struct adv_mark mark = {.label = "a label of some length"};
    struct adv_plot *plot = plot_of(&axes);
    for (int i = 0; i < ADV_LEGEND_MOST; i++)
        ck_assert_int_eq(adv_plot_line(plot, 2, data, &mark, NULL), ADV_OK);
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_plot_line(plot, 2, data, &mark, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "label");
    ck_assert_int_eq(adv_plot_line(plot, 2, data, NULL, NULL), ADV_OK);

    struct adv_layout layout = layout_of(plot);
    ck_assert_int_eq(layout.legend.n, ADV_LEGEND_MOST);
    ck_assert_int_gt(layout.legend.n_rows, 2);
    for (int i = 0; i < layout.legend.n; i++) {
        const struct adv_legend_entry *entry = &layout.legend.entries[i];
        ck_assert_double_lt(entry->x + entry->text_width, layout.frame.width);
        for (int k = 0; k < i; k++) {
            const struct adv_legend_entry *other = &layout.legend.entries[k];
            ck_assert(other->y < entry->y || other->x + other->text_width < entry->x);
        }
    }
    struct adv_image image = picture_of(plot);
    adv_image_release(&image);
    adv_plot_free(plot);
}
END_TEST

/* ---- odd data and sizes ---- */

/* A plot with a layer of every kind, of n points drawn from seed. */
static struct adv_plot *full_plot(const struct adv_axes *axes, size_t n, uint64_t seed)
{
    struct adv_plot *plot = plot_of(axes);
    struct random random = {seed};
    float *data = calloc(4 * n + 1, sizeof *data), *values = calloc(n + 64, sizeof *values);
    for (size_t i = 0; i < 4 * n; i++)
        data[i] = (float)random_between(&random, -4, 4);
    for (size_t i = 0; i < n + 64; i++)
        values[i] = (float)random_between(&random, 0, 1);
    ck_assert_int_eq(adv_plot_heat_map(plot, 8, 8, values, 0, 0, "value", NULL), ADV_OK);
    ck_assert_int_eq(adv_plot_arrows(plot, n, data, data + 2 * n, 0, NULL, NULL), ADV_OK);
    ck_assert_int_eq(
        adv_plot_scatter(plot, n, data, values, &(struct adv_mark){.label = "dots"}, NULL), ADV_OK);
    ck_assert_int_eq(
        adv_plot_line(plot, n, data, &(struct adv_mark){.label = "line", .colour = 1}, NULL),
        ADV_OK);
    ck_assert_int_eq(adv_plot_error_bars(plot, n, data, values,
                                         &(struct adv_mark){.label = "bars", .colour = 2}, NULL),
                     ADV_OK);
    free(data);
    free(values);
    return plot;
}

START_TEST(every_size_can_be_drawn)
{
    static const int sides[][2] = {{64, 64},   {64, 4096}, {4096, 64}, {65, 200},
                                   {320, 240}, {101, 97},  {1200, 800}};
    for (int equal = 0; equal < 2; equal++) {
        struct adv_axes axes = {.width = sides[_i][0],
                                .height = sides[_i][1],
                                .title = "title",
                                .x_label = "x",
                                .y_label = "y",
                                .equal_aspect = equal};
        struct adv_plot *plot = full_plot(&axes, 20, 1);
        struct adv_layout layout = layout_of(plot);
        const struct adv_frame *frame = &layout.frame;
        ck_assert(frame->left >= 0 && frame->left + frame->width <= axes.width);
        ck_assert(frame->top >= 0 && frame->top + frame->height <= axes.height);
        if (!equal)
            ck_assert(frame->width >= 0.4 * axes.width && frame->height >= 0.4 * axes.height);
        struct adv_image image = picture_of(plot);
        adv_image_release(&image);
        adv_plot_free(plot);
    }
}
END_TEST

START_TEST(any_number_of_points_can_be_drawn)
{
    static const size_t counts[] = {0, 1, 2, 3000};
    struct adv_axes axes = {.equal_aspect = true};
    struct adv_plot *plot = full_plot(&axes, counts[_i], 2);
    struct adv_image image = picture_of(plot);
    adv_image_release(&image);
    adv_plot_free(plot);
}
END_TEST

START_TEST(any_magnitude_can_be_drawn)
{
    static const float magnitudes[] = {0, 1e-45f, 1e-38f, 1e-10f, 1, 1e10f, 1e30f, 3.4e38f};
    for (int mode = 0; mode < 4; mode++) {
        struct adv_axes axes = {.equal_aspect = mode == 1, .log_x = mode == 2, .log_y = mode >= 2};
        struct adv_plot *plot = plot_of(&axes);
        float m = magnitudes[_i];
        const float points[] = {m, m, -m, m / 2, m, -m, m / 3, 1, 1, m}, errors[] = {m, 1, m, m, 1};
        ck_assert_int_eq(adv_plot_scatter(plot, 5, points, points, NULL, NULL), ADV_OK);
        ck_assert_int_eq(adv_plot_line(plot, 5, points, NULL, NULL), ADV_OK);
        ck_assert_int_eq(adv_plot_error_bars(plot, 5, points, errors, NULL, NULL), ADV_OK);
        if (mode < 2) {
            ck_assert_int_eq(adv_plot_arrows(plot, 2, points, points + 2, 0, NULL, NULL), ADV_OK);
            ck_assert_int_eq(adv_plot_arrows(plot, 2, points, points + 2, 1e10, NULL, NULL),
                             ADV_OK);
            ck_assert_int_eq(adv_plot_heat_map(plot, 2, 4, points, 0, 0, "m", NULL), ADV_OK);
        }
        struct adv_image image = picture_of(plot);
        adv_image_release(&image);
        adv_plot_free(plot);
    }
}
END_TEST

static const struct adv_axes extreme_axes[] = {
    {.x_lo = -1e100, .x_hi = 1e100, .y_hi = 1e-100},
    {.x_lo = -1e100, .x_hi = 1e100, .equal_aspect = true},
    {.x_hi = 1e-100, .equal_aspect = true},
    {.x_lo = 1e15, .x_hi = 1e15 + 2e6, .y_lo = -1e100, .y_hi = -1e100 + 2e91},
    {.x_lo = 1e-100, .x_hi = 1e100, .y_lo = 1e-100, .y_hi = 1e100, .log_x = true, .log_y = true},
    {.x_lo = 1, .x_hi = 1 + 1e-8, .y_lo = 1e99, .y_hi = 1.00001e99, .log_x = true, .log_y = true},
};

START_TEST(any_axes_can_be_drawn)
{
    const float points[] = {-3e38f, 1, 3e38f, -3e38f, 0, 0, 1e-45f, 1}, errors[] = {1, 3e38f, 0, 1};
    const struct adv_axes *axes = &extreme_axes[_i];
    struct adv_plot *plot = plot_of(axes);
    ck_assert_int_eq(adv_plot_line(plot, 4, points, NULL, NULL), ADV_OK);
    ck_assert_int_eq(adv_plot_error_bars(plot, 4, points, errors, NULL, NULL), ADV_OK);
    if (!axes->log_x)
        ck_assert_int_eq(adv_plot_arrows(plot, 2, points, points + 4, 0, NULL, NULL), ADV_OK);
    struct adv_image image = picture_of(plot);
    adv_image_release(&image);
    adv_plot_free(plot);
}
END_TEST

START_TEST(points_that_are_not_finite_leave_no_trace)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    const struct adv_mark mark = {.size_px = 3, .opacity = 0.5};
    const float clean[] = {0, 0, 1, 2}, vectors[] = {1, 0, 0, 1, 1, 1};
    const float dirty[] = {0, 0, bad[_i], 7, 1, 2}, dirty_vectors[] = {1, 0, 1, 1, 0, 1};
    const float values[] = {0, 1, 0.5f}, dirty_values[] = {0, 0.5f, 1};
    struct adv_axes axes = {.equal_aspect = true};
    struct adv_plot *plots[2] = {plot_of(&axes), plot_of(&axes)};
    adv_plot_scatter(plots[0], 2, clean, values, &mark, NULL);
    adv_plot_scatter(plots[1], 3, dirty, dirty_values, &mark, NULL);
    adv_plot_arrows(plots[0], 2, clean, vectors, 0, NULL, NULL);
    adv_plot_arrows(plots[1], 3, dirty, dirty_vectors, 0, NULL, NULL);
    adv_plot_error_bars(plots[0], 2, clean, values, NULL, NULL);
    adv_plot_error_bars(plots[1], 3, dirty, dirty_values, NULL, NULL);
    struct adv_image a = picture_of(plots[0]), b = picture_of(plots[1]);
    ck_assert(same_picture(&a, &b));
    adv_image_release(&a);
    adv_image_release(&b);
    adv_plot_free(plots[0]);
    adv_plot_free(plots[1]);
}
END_TEST

static enum adv_status attempt(void *context, struct adv_error *error)
{
    (void)context;
    const float data[] = {0, 0, 1, 2, 1, 1, 2, 0};
    const struct adv_mark mark = {.label = "a"};
    const struct adv_tile tile = {.x = 1, .y = 1, .value = 2, .lines = {"2"}};
    const struct adv_tile_set tiles = {1, &tile, 1, 1, 1, 10, NULL};
    struct adv_axes axes = {
        .width = 64, .height = 64, .title = "t", .x_label = "x", .y_label = "y"};
    struct adv_plot *plot = NULL;
    struct adv_image image = {.pixels = NULL};
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    for (int i = 0; status == ADV_OK && i < 9; i++) /* the list of layers grows, too */
        status = adv_plot_scatter(plot, 2, data, data, &mark, error);
    if (status == ADV_OK)
        status = adv_plot_line(plot, 2, data, &mark, error);
    if (status == ADV_OK)
        status = adv_plot_error_bars(plot, 2, data, data, &mark, error);
    if (status == ADV_OK)
        status = adv_plot_bars(plot, 2, 0, 1, data, &mark, error);
    if (status == ADV_OK)
        status = adv_plot_arrows(plot, 2, data, data + 4, 0, NULL, error);
    if (status == ADV_OK)
        status = adv_plot_heat_map(plot, 2, 2, data, 0, 0, "bar", error);
    if (status == ADV_OK)
        status = adv_plot_tiles(plot, &tiles, error);
    if (status == ADV_OK)
        status = adv_plot_render(plot, &image, error);
    adv_image_release(&image);
    adv_plot_free(plot);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    /* At least the plot, its list twice, fifteen layers, the picture. */
    ck_assert_int_ge(alloc_fail_each(attempt, NULL), 19);
}
END_TEST

/* ---- bare ---- */

/* A frame without ticks and their texts leaves more room, and is a line of pixels around it. */
START_TEST(bare_axes_are_a_frame)
{
    struct adv_axes axes = {
        .width = 300, .height = 300, .x_lo = 1, .x_hi = 3, .y_lo = 1, .y_hi = 3};
    struct adv_plot *plot = plot_of(&axes);
    struct adv_layout full = layout_of(plot);
    adv_plot_free(plot);
    axes.bare = true;
    plot = plot_of(&axes);
    struct adv_layout bare = layout_of(plot);
    struct adv_image image = picture_of(plot);
    ck_assert_int_eq(bare.x_ticks.n, 0);
    ck_assert_int_eq(bare.y_ticks.n, 0);
    ck_assert_int_gt(full.x_ticks.n, 0);
    ck_assert_int_gt(bare.frame.width, full.frame.width);
    ck_assert_int_gt(bare.frame.height, full.frame.height);
    const struct adv_frame *f = &bare.frame;
    const int corners[4][2] = {{f->left - 1, f->top - 1},
                               {f->left + f->width, f->top - 1},
                               {f->left - 1, f->top + f->height},
                               {f->left + f->width, f->top + f->height}};
    for (int i = 0; i < 4; i++)
        ck_assert_int_lt(pixel_of(&image, corners[i][0], corners[i][1])[0], 255);
    for (int y = 0; y < image.height; y++) {
        for (int x = 0; x < image.width; x++) {
            bool on_frame = (x == corners[0][0] || x == corners[3][0]) && y >= corners[0][1] &&
                            y <= corners[3][1];
            on_frame = on_frame || ((y == corners[0][1] || y == corners[3][1]) &&
                                    x >= corners[0][0] && x <= corners[3][0]);
            ck_assert_msg((pixel_of(&image, x, y)[0] < 255) == on_frame, "%d, %d", x, y);
        }
    }
    adv_image_release(&image);
    adv_plot_free(plot);
}
END_TEST

/* ---- the same bytes ---- */

START_TEST(the_same_calls_give_the_same_bytes)
{
    struct adv_axes axes = {.title = "again", .width = 500},
                    other = {.title = "other", .width = 333};
    struct adv_plot *plot = full_plot(&axes, 200, 3), *between = full_plot(&other, 50, 4);
    struct adv_plot *twin = full_plot(&axes, 200, 3);
    struct adv_image first = picture_of(plot), disturbance = picture_of(between);
    struct adv_image second = picture_of(plot), third = picture_of(twin);
    ck_assert(same_picture(&first, &second));
    ck_assert(same_picture(&first, &third));
    struct adv_image *images[] = {&first, &second, &third, &disturbance};
    for (int i = 0; i < COUNT(images); i++)
        adv_image_release(images[i]);
    adv_plot_free(plot);
    adv_plot_free(between);
    adv_plot_free(twin);
}
END_TEST

#define N_THREADS 6
#define N_PICTURES 8

struct painter {
    const struct adv_plot *shared;
    const struct adv_image *expected; /* of the shared plot, then of plots 0 ... N_PICTURES - 1 */
    bool all_same;
};

static struct adv_plot *plot_number(int i)
{
    char title[16];
    snprintf(title, sizeof title, "plot %d", i);
    struct adv_axes axes = {.title = title, .width = 200 + 30 * i, .height = 240};
    return full_plot(&axes, 40, (uint64_t)i);
}

static void *paint(void *argument)
{
    struct painter *painter = argument;
    painter->all_same = true;
    for (int i = 0; i < N_PICTURES; i++) {
        struct adv_plot *own = plot_number(i);
        struct adv_image a = picture_of(painter->shared), b = picture_of(own);
        painter->all_same &= same_picture(&a, &painter->expected[0]);
        painter->all_same &= same_picture(&b, &painter->expected[i + 1]);
        adv_image_release(&a);
        adv_image_release(&b);
        adv_plot_free(own);
    }
    return NULL;
}

START_TEST(threads_paint_side_by_side)
{
    struct adv_plot *shared = plot_number(100);
    struct painter painters[N_THREADS];
    struct adv_image expected[N_PICTURES + 1];
    pthread_t threads[N_THREADS];
    expected[0] = picture_of(shared);
    for (int i = 0; i < N_PICTURES; i++) {
        struct adv_plot *plot = plot_number(i);
        expected[i + 1] = picture_of(plot);
        adv_plot_free(plot);
    }
    for (int i = 0; i < N_THREADS; i++) {
        painters[i] = (struct painter){shared, expected, false};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, paint, &painters[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(painters[i].all_same);
    }
    for (int i = 0; i <= N_PICTURES; i++)
        adv_image_release(&expected[i]);
    adv_plot_free(shared);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plot");
    TCase *refusals = tcase_create("refusals");
    tcase_add_loop_test(refusals, bad_axes_are_refused, 0, COUNT(bad_axes));
    tcase_add_loop_test(refusals, bad_marks_are_refused, 0, COUNT(bad_marks));
    tcase_add_test(refusals, bad_layers_are_refused);
    suite_add_tcase(suite, refusals);

    TCase *texts = tcase_create("texts");
    tcase_add_loop_test(texts, texts_are_utf_8, 0, COUNT(encodings));
    tcase_add_test(texts, any_good_text_is_drawn);
    tcase_add_test(texts, long_titles_are_shortened);
    tcase_add_test(texts, a_factor_follows_even_the_longest_label);
    tcase_add_test(texts, without_any_font_texts_are_still_drawn);
    tcase_add_test(texts, a_legend_has_the_labelled_layers);
    tcase_add_test(texts, long_legends_wrap_and_are_bounded);
    suite_add_tcase(suite, texts);

    TCase *bare = tcase_create("bare axes");
    tcase_add_test(bare, bare_axes_are_a_frame);
    suite_add_tcase(suite, bare);

    TCase *odd = tcase_create("odd data and sizes");
    tcase_add_loop_test(odd, every_size_can_be_drawn, 0, 7);
    tcase_add_loop_test(odd, any_number_of_points_can_be_drawn, 0, 4);
    tcase_add_loop_test(odd, any_magnitude_can_be_drawn, 0, 8);
    tcase_add_loop_test(odd, any_axes_can_be_drawn, 0, COUNT(extreme_axes));
    tcase_add_loop_test(odd, points_that_are_not_finite_leave_no_trace, 0, 3);
    tcase_add_test(odd, every_allocation_may_fail);
    suite_add_tcase(suite, odd);

    TCase *bytes = tcase_create("the same bytes");
    tcase_set_timeout(bytes, 60);
    tcase_add_test(bytes, the_same_calls_give_the_same_bytes);
    tcase_add_test(bytes, threads_paint_side_by_side);
    suite_add_tcase(suite, bytes);

    return suite_run(suite);
}
