/* `advect figure` from outside: every figure's size and frames, and what its pixels say: points end
 * where their flow leads. Pictures are read as a viewer shows them (tests/support/apng.h). */
#include "tests/support/apng.h"
#include "tests/support/instrumented.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <advect/array_file.h>

#include <check.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void make_folder(void)
{
    char models[PATH_MAX];
    cli_make_folder();
    ck_assert_ptr_nonnull(realpath("models", models));
    ck_assert_int_eq(symlink(models, cli_at("models")), 0);
}

/* Draws and reads a figure. */
static struct apng drawn(const char *name, const char *flags)
{
    struct apng apng;
    CLI_SUCCEEDS("figure %s %s -o f.png", name, flags);
    apng_read_file(&apng, cli_at("f.png"));
    return apng;
}

static bool too_slow(const char *what)
{
    if (INSTRUMENTED)
        printf("skipped: %s would take minutes in an instrumented build\n", what);
    return INSTRUMENTED;
}

/* ---------------------------------------------------------------- pixels */

static const uint8_t *pixel(const struct adv_image *image, int x, int y)
{
    return image->pixels + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
}

static int spread(const uint8_t *rgb)
{
    int most = rgb[0] > rgb[1] ? rgb[0] : rgb[1], least = rgb[0] < rgb[1] ? rgb[0] : rgb[1];
    most = rgb[2] > most ? rgb[2] : most;
    least = rgb[2] < least ? rgb[2] : least;
    return most - least;
}

/* The middle of a mark, not its soft edge, a title or an arrow. */
static bool is_coloured(const uint8_t *rgb)
{
    return spread(rgb) > 60;
}

static bool is_blue(const uint8_t *rgb) /* the points' 0072b2, not the pale trails */
{
    return rgb[0] < 70 && rgb[2] > 140;
}

static bool is_vermillion(const uint8_t *rgb) /* the target's d55e00, not the pale samples */
{
    return rgb[0] > 190 && rgb[1] < 130 && rgb[2] < 50;
}

/* The plane that a bare panel shows: its frame's pixels, found by the frame's own line. */
struct panel {
    int left, right, top, bottom; /* inside the line */
    double half_side;
};

static bool is_frame(const struct adv_image *image, int x, int y)
{
    const uint8_t *rgb = pixel(image, x, y);
    return rgb[0] > 205 && rgb[0] < 235 && spread(rgb) < 12;
}

static bool is_upright(const struct adv_image *image, int x, int top, int bottom)
{
    int n = 0;
    for (int y = top; y < bottom; y++)
        n += is_frame(image, x, y);
    return n > (bottom - top) * 7 / 10;
}

static bool is_level(const struct adv_image *image, int y, int left, int right)
{
    int n = 0;
    for (int x = left; x < right; x++)
        n += is_frame(image, x, y);
    return n > (right - left) * 7 / 10;
}

/* The panel within a part of a picture. */
static struct panel panel_in(const struct adv_image *image, int left, int right, int top,
                             int bottom, double half_side)
{
    struct panel p = {left, right, top, bottom, half_side};
    while (p.left < right && !is_upright(image, p.left, top, bottom))
        p.left++;
    p.left++;
    p.right = p.left;
    while (p.right < right && !is_upright(image, p.right, top, bottom))
        p.right++;
    while (p.top < bottom && !is_level(image, p.top, p.left, p.right))
        p.top++;
    p.top++;
    p.bottom = p.top;
    while (p.bottom < bottom && !is_level(image, p.bottom, p.left, p.right))
        p.bottom++;
    ck_assert_int_lt(p.right, right);
    ck_assert_int_lt(p.bottom, bottom);
    ck_assert_int_le(abs((p.right - p.left) - (p.bottom - p.top)), 2); /* equal aspect */
    return p;
}

static struct panel only_panel(const struct apng *apng, double half_side)
{
    return panel_in(&apng->frames[0], 0, apng->width, 0, apng->height, half_side);
}

static double x_of(const struct panel *p, int x)
{
    return p->half_side * (2 * (x + 0.5 - p->left) / (p->right - p->left) - 1);
}

static double y_of(const struct panel *p, int y)
{
    return p->half_side * (1 - 2 * (y + 0.5 - p->top) / (p->bottom - p->top));
}

/* The mean place of the pixels of a kind, and their mean distance from (x, y). */
struct cloud {
    int n;
    double x, y, distance;
};

static struct cloud cloud_in(const struct adv_image *image, const struct panel *p,
                             bool (*of_kind)(const uint8_t *rgb), double x, double y)
{
    struct cloud cloud = {0};
    for (int j = p->top; j < p->bottom; j++) {
        for (int i = p->left; i < p->right; i++) {
            if (!of_kind(pixel(image, i, j)))
                continue;
            cloud.n++;
            cloud.x += x_of(p, i);
            cloud.y += y_of(p, j);
            cloud.distance += hypot(x_of(p, i) - x, y_of(p, j) - y);
        }
    }
    ck_assert_int_gt(cloud.n, 0);
    cloud.x /= cloud.n;
    cloud.y /= cloud.n;
    cloud.distance /= cloud.n;
    return cloud;
}

/* ---------------------------------------------------------------- every figure */

#define SMALL_MODEL " --model models/four-modes.safetensors"
#define FEW_SAMPLES SMALL_MODEL " --data few.csv"
#define SMALL_DIGITS " --model models/mnist-mlp.safetensors"

static const struct row {
    const char *name;
    int columns, rows; /* of panels or images */
    int still, start;  /* whether it has one frame; how often the first is shown again */
    const char *quick; /* flags with which its flow is quickly computed */
} rows[] = {
    {"converge-still", 2, 2, 1, 0, ""},
    {"converge-field-still", 2, 2, 1, 0, ""},
    {"converge", 2, 2, 0, 4, ""},
    {"converge-field", 2, 2, 0, 4, ""},
    {"path-samples", 1, 1, 0, 4, ""},
    {"path-field", 1, 1, 0, 4, ""},
    {"path-both", 1, 1, 0, 4, ""},
    {"path-follow", 1, 1, 0, 4, FEW_SAMPLES},
    {"grid-coarse", 1, 1, 0, 4, FEW_SAMPLES},
    {"grid-fine", 1, 1, 0, 4, FEW_SAMPLES},
    {"grid-samples", 1, 1, 0, 4, FEW_SAMPLES},
    {"learned", 2, 1, 0, 4, FEW_SAMPLES},
    {"checkerboard-8x8", 1, 1, 0, 4, SMALL_MODEL},
    {"checkerboard-5x5", 1, 1, 0, 4, SMALL_MODEL},
    {"checkerboard-3d", 1, 1, 0, 0, " --model cube.safetensors"},
    {"digit-three", 5, 1, 0, 3, SMALL_DIGITS},
    {"digit-four", 5, 1, 0, 3, SMALL_DIGITS},
    {"digit-five", 5, 1, 0, 3, SMALL_DIGITS},
    {"digits", 5, 2, 0, 3, SMALL_DIGITS},
    {"few-steps-images", 10, 4, 1, 0, ""},
    {"few-steps-density", 2, 2, 1, 0, ""},
    {"scaling-modes", 2, 1, 1, 0, " --data study.json"},
    {"scaling-dimension", 2, 2, 1, 0, " --data study.json"},
    {"scaling-map", 2, 1, 1, 0, " --data study.json"},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

/* A model of three dimensions that has hardly learned anything. */
static void write_cube_model(void)
{
    cli_write("cube.json",
              "{\"name\": \"cube\", \"net\": {\"kind\": \"mlp\", \"dim\": 3, \"channels\": 8,"
              " \"layers\": 1}, \"data\": {\"source\": {\"kind\": \"density\", \"density\":"
              " {\"kind\": \"checkerboard\", \"dim\": 3, \"cells\": 4}}},"
              " \"train\": {\"steps\": 50, \"batch\": 64, \"learning_rate\": 0.01}}");
    CLI_SUCCEEDS("train cube.json --quiet");
}

/* Results of the scaling study: one board of two dimensions, twice trained, one of three. */
#define STUDY_PLAN "{\"quality\": {\"kl\": 0.1}, \"plan\": {\"most_steps\": 4000, \"seeds\": 1}, "
#define STUDY_RUN(board, steps, kl)                                                                \
    "{\"network\": \"best\", " board ", \"seed\": 1, \"steps\": " steps ", \"processor_s\": 3, "   \
    "\"multiply_adds\": 1e10, \"kl\": " kl ", \"good\": false}"
#define STUDY_SQUARE "\"cells\": 4, \"dim\": 2, \"modes\": 8"
#define STUDY_CUBE "\"cells\": 4, \"dim\": 3, \"modes\": 32"

static void write_study(void)
{
    cli_write("study.json",
              STUDY_PLAN "\"runs\": [" STUDY_RUN(STUDY_SQUARE, "1000", "0.5") ", " STUDY_RUN(
                  STUDY_SQUARE, "2000", "0.25") ", " STUDY_RUN(STUDY_CUBE, "1000", "0.7") "]}");
}

START_TEST(every_figure_is_listed)
{
    CLI_SUCCEEDS("figure --list");
    int n = 0;
    for (const char *line = cli_output; (line = strchr(line, '\n')) != NULL; line++)
        n++;
    ck_assert_int_eq(n, N_ROWS);
    for (int i = 0; i < N_ROWS; i++)
        ck_assert_msg(strstr(cli_output, rows[i].name) != NULL, "%s is not listed", rows[i].name);
}
END_TEST

START_TEST(sizes_and_frames_are_as_asked)
{
    enum { SIDE = 140, FRAMES = 4, GAP = 2 };
    const struct row *row = &rows[_i];
    char flags[256];
    cli_write("few.csv", "-2,1\n0.5,2\n2,-1\n-1,-2\n");
    if (strstr(row->quick, "cube"))
        write_cube_model();
    write_study();
    snprintf(flags, sizeof flags, "--side %d%s%s --quiet", SIDE, row->still ? "" : " --frames 4",
             row->quick);
    struct apng apng = drawn(row->name, flags);
    ck_assert_str_eq(cli_output, "");
    ck_assert_uint_eq(apng.n_frames, row->still ? 1 : FRAMES + (size_t)row->start);
    ck_assert_int_eq(apng.n_loops, row->still ? -1 : 0);
    bool few_steps = strncmp(row->name, "few", 3) == 0;
    bool images = strncmp(row->name, "digit", 5) == 0 || strstr(row->name, "images") != NULL;
    int gap = images ? 3 : GAP, title = images || few_steps ? 0 : SIDE / 16;
    ck_assert_int_eq(apng.width, row->columns * (SIDE + gap) - gap);
    /* Below the panels of the study are three that are together as wide, one per cost. */
    bool costs = strcmp(row->name, "scaling-modes") == 0 || strstr(row->name, "scaling-dim");
    int below = costs ? (2 * SIDE + GAP - 2 * GAP) / 3 + GAP : 0;
    ck_assert_int_eq(apng.height, row->rows * (SIDE + gap) - gap + title + below);
    const struct adv_image *first = &apng.frames[0], *last = &apng.frames[apng.n_frames - 1];
    size_t n_bytes = 3 * (size_t)apng.width * (size_t)apng.height;
    ck_assert_mem_eq(apng.picture.pixels, last->pixels, n_bytes);
    ck_assert(row->still || memcmp(first->pixels, last->pixels, n_bytes) != 0);
    apng_release(&apng);
}
END_TEST

START_TEST(the_same_call_gives_the_same_bytes)
{
    CLI_SUCCEEDS("figure digits" SMALL_DIGITS " --frames 3 --threads 1 -o a.png");
    CLI_SUCCEEDS("figure digits" SMALL_DIGITS " --frames 3 --threads 3 -o b.png");
    void *a, *b;
    size_t n_a, n_b;
    ck_assert_int_eq(adv_file_read(cli_at("a.png"), 1 << 24, &a, &n_a, NULL), ADV_OK);
    ck_assert_int_eq(adv_file_read(cli_at("b.png"), 1 << 24, &b, &n_b, NULL), ADV_OK);
    ck_assert_uint_eq(n_a, n_b);
    ck_assert_mem_eq(a, b, n_a);
    free(a);
    free(b);
}
END_TEST

/* ---------------------------------------------------------------- what they show */

/* The share of the coloured pixels that are in the squares of a board of k x k on [-4, 4]^2, or
 * within a dot's radius of them. */
static double share_inside(const struct adv_image *image, const struct panel *p, int k)
{
    double dot = 2 * p->half_side / (p->right - p->left) * 2.2, side = 8.0 / k;
    int n = 0, n_inside = 0;
    for (int j = p->top; j < p->bottom; j++) {
        for (int i = p->left; i < p->right; i++) {
            if (!is_coloured(pixel(image, i, j)))
                continue;
            bool inside = false;
            for (int c = 0; c < 5; c++) { /* the place itself, and a dot to the four sides */
                double x = x_of(p, i) + dot * (c == 1) - dot * (c == 2);
                double y = y_of(p, j) + dot * (c == 3) - dot * (c == 4);
                int column = (int)floor((x + 4) / side), row = (int)floor((y + 4) / side);
                inside = inside || (column >= 0 && column < k && row >= 0 && row < k &&
                                    (column + row) % 2 == 0);
            }
            n++;
            n_inside += inside;
        }
    }
    ck_assert_int_gt(n, 1000);
    return (double)n_inside / n;
}

/* Of the samples more than 90 in a hundred end inside a square, nearly all others at its edge; of
 * the base only a half starts there, 0.6 with the dots' own width. */
START_TEST(points_end_inside_squares)
{
    static const struct {
        const char *name;
        int cells;
    } boards[] = {{"checkerboard-8x8", 8}, {"checkerboard-5x5", 5}};
    if (too_slow(boards[_i].name))
        return;
    struct apng apng = drawn(boards[_i].name, "--frames 2");
    struct panel p = only_panel(&apng, 4.4);
    double first = share_inside(&apng.frames[0], &p, boards[_i].cells);
    double last = share_inside(&apng.frames[apng.n_frames - 1], &p, boards[_i].cells);
    ck_assert_msg(first < 0.7, "at t = 0 %.3f are inside", first);
    ck_assert_msg(last > 0.97, "at t = 1 %.3f are inside", last);
    apng_release(&apng);
}
END_TEST

/* Three frames: t = 0, 1/2, 1. In each of the four panels the points are half as far from the
 * target sample at t = 1/2 as at t = 0 (dots of a crowd hide each other, which moves the mean by
 * some per cent), and nothing of them is left beside it at t = 1. */
START_TEST(points_converge_on_the_target)
{
    struct apng apng = drawn("converge", "--frames 3 --side 300");
    ck_assert_uint_eq(apng.n_frames, 7);
    for (int k = 0; k < 4; k++) {
        int left = k % 2 * (apng.width / 2), top = k / 2 * (apng.height / 2);
        struct panel p = panel_in(&apng.frames[0], left, left + apng.width / 2, top,
                                  top + apng.height / 2 + (k < 2 ? 12 : 0), 3.6);
        struct cloud target = cloud_in(&apng.frames[0], &p, is_vermillion, 0, 0);
        struct cloud start = cloud_in(&apng.frames[0], &p, is_blue, target.x, target.y);
        struct cloud middle = cloud_in(&apng.frames[5], &p, is_blue, target.x, target.y);
        ck_assert_double_eq_tol(middle.distance / start.distance, 0.5, 0.05);
        int n_left = 0;
        for (int j = p.top; j < p.bottom; j++) {
            for (int i = p.left; i < p.right; i++) {
                if (is_blue(pixel(&apng.frames[6], i, j)))
                    n_left += hypot(x_of(&p, i) - target.x, y_of(&p, j) - target.y) > 0.6;
            }
        }
        ck_assert_msg(n_left < start.n / 20, "panel %d: %d of %d pixels are left", k, n_left,
                      start.n);
    }
    apng_release(&apng);
}
END_TEST

/* Whether a pixel of a kind is within `reach` of a place. */
static bool has_near(const struct adv_image *image, int x, int y, int reach)
{
    for (int j = y - reach; j <= y + reach; j++) {
        for (int i = x - reach; i <= x + reach; i++) {
            if (i >= 0 && j >= 0 && i < image->width && j < image->height &&
                is_coloured(pixel(image, i, j)))
                return true;
        }
    }
    return false;
}

/* The same points end in the same places: nearly all pixels of the right panel have one of the left
 * panel within a dot's width, and far fewer if one of them is seen in a mirror. */
START_TEST(the_learned_flow_ends_where_the_exact_one_does)
{
    if (too_slow("the exact flow"))
        return;
    struct apng apng = drawn("learned", "--frames 2");
    const struct adv_image *last = &apng.frames[apng.n_frames - 1];
    int half = apng.width / 2 + 1, n = 0, n_near = 0, n_mirrored = 0;
    for (int y = 30; y < apng.height; y++) {
        for (int x = half; x < apng.width; x++) {
            if (!is_coloured(pixel(last, x, y)))
                continue;
            n++;
            n_near += has_near(last, x - half, y, 5);
            n_mirrored += has_near(last, apng.width - 1 - x, y, 5);
        }
    }
    ck_assert_int_gt(n, 2000);
    ck_assert_msg(n_near > 0.95 * n, "%d of %d pixels", n_near, n);
    ck_assert_msg(n_mirrored < 0.75 * n, "%d of %d pixels in the mirror", n_mirrored, n);
    apng_release(&apng);
}
END_TEST

/* At t = 0 a row between two lines of the grid crosses the 13 upright ones; at t = 1 the grid has
 * left the middle, where the target has nothing. */
START_TEST(the_grid_tears_where_there_is_no_target)
{
    if (too_slow("the grid's flow"))
        return;
    struct apng apng = drawn("grid-coarse", "--frames 2");
    struct panel p = only_panel(&apng, 3.6);
    const struct adv_image *first = &apng.frames[0], *last = &apng.frames[apng.n_frames - 1];
    int y = p.top + (p.bottom - p.top) / 2 + (p.bottom - p.top) / 30, crossings = 0;
    bool on_line = false;
    for (int x = p.left; x < p.right; x++) {
        bool blue = is_blue(pixel(first, x, y)) || pixel(first, x, y)[0] < 140;
        crossings += blue && !on_line;
        on_line = blue;
    }
    ck_assert_int_eq(crossings, 13);
    int n_middle = 0;
    for (int j = p.top; j < p.bottom; j++) {
        for (int i = p.left; i < p.right; i++)
            n_middle += hypot(x_of(&p, i), y_of(&p, j) - 0.3) < 0.4 && is_blue(pixel(last, i, j));
    }
    ck_assert_int_eq(n_middle, 0);
    apng_release(&apng);
}
END_TEST

/* Samples of the path begin around the origin and end at the four modes: near each of the means of
 * models/four-modes.json, and few anywhere else. */
START_TEST(the_path_ends_at_its_modes)
{
    static const double modes[4][2] = {{-2.2, 1.0}, {0.5, 2.3}, {2.2, -0.3}, {-0.7, -1.9}};
    struct apng apng = drawn("path-samples", "--frames 2");
    struct panel p = only_panel(&apng, 3.65); /* a few samples beyond 3.6 widen it a little */
    const struct adv_image *last = &apng.frames[apng.n_frames - 1];
    int n = 0, n_at[4] = {0}, n_elsewhere = 0;
    for (int j = p.top; j < p.bottom; j++) {
        for (int i = p.left; i < p.right; i++) {
            if (!is_blue(pixel(last, i, j)))
                continue;
            int nearest = -1;
            for (int k = 0; k < 4; k++) {
                if (hypot(x_of(&p, i) - modes[k][0], y_of(&p, j) - modes[k][1]) < 1.35)
                    nearest = k; /* three standard deviations of the widest */
            }
            n++;
            n_elsewhere += nearest < 0;
            if (nearest >= 0)
                n_at[nearest]++;
        }
    }
    ck_assert_int_lt(n_elsewhere, n / 20);
    for (int k = 0; k < 4; k++)
        ck_assert_int_gt(n_at[k], n / 10);
    apng_release(&apng);
}
END_TEST

/* The cloud of the base grows to the cube, whose picture keeps turning. */
START_TEST(the_cube_forms_and_turns)
{
    if (too_slow("the cube"))
        return;
    struct apng apng = drawn("checkerboard-3d", "--frames 9");
    struct panel p = only_panel(&apng, 9.4);
    struct cloud first = cloud_in(&apng.frames[0], &p, is_coloured, 0, 0);
    struct cloud formed = cloud_in(&apng.frames[4], &p, is_coloured, 0, 0);
    ck_assert_double_gt(formed.distance, 1.5 * first.distance);
    for (size_t f = 5; f < 9; f++)
        ck_assert(memcmp(apng.frames[f].pixels, apng.frames[f - 1].pixels,
                         3 * (size_t)apng.width * (size_t)apng.height) != 0);
    apng_release(&apng);
}
END_TEST

/* The ground turns dark, and blue points stay blue, but for a few whose colour the palette mixes. */
START_TEST(dark_figures_have_the_same_hues)
{
    struct apng light = drawn("converge-still", "--side 200"),
                dark = drawn("converge-still", "--side 200 --dark");
    const struct adv_image *a = &light.frames[0], *b = &dark.frames[0];
    int n_blue = 0, n_kept = 0;
    ck_assert_int_eq(a->width, b->width);
    ck_assert_int_gt(pixel(a, 0, 0)[0], 250);
    ck_assert_int_lt(pixel(b, 0, 0)[0], 25);
    for (int y = 0; y < a->height; y++) {
        for (int x = 0; x < a->width; x++) {
            if (!is_blue(pixel(a, x, y)))
                continue;
            n_blue++;
            n_kept += pixel(b, x, y)[2] > pixel(b, x, y)[0] + 60;
        }
    }
    ck_assert_int_gt(n_blue, 100);
    ck_assert_int_gt(n_kept, n_blue * 9 / 10);
    apng_release(&light);
    apng_release(&dark);
    cli_fails(1, "figure all --dark", "are for one figure");
}
END_TEST

/* The mean brightness of digit k's border, 4 data pixels wide, or of its inside. */
static double brightness(const struct adv_image *image, int k, int side, bool border)
{
    int left = k % 5 * (side + 3), top = k / 5 * (side + 3), width = side / 7, n = 0;
    double sum = 0;
    for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
            bool outer = x < width || y < width || x >= side - width || y >= side - width;
            if (outer != border)
                continue;
            sum += pixel(image, left + x, top + y)[0];
            n++;
        }
    }
    return sum / n;
}

/* Noise is as bright at the border as inside; digits of MNIST leave their border black. */
START_TEST(digits_form_from_noise)
{
    enum { SIDE = 112 };
    struct apng apng = drawn("digits", INSTRUMENTED ? SMALL_DIGITS " --frames 3" : "--frames 3");
    const struct adv_image *first = &apng.frames[0], *last = &apng.frames[apng.n_frames - 1];
    for (int k = 0; k < 10; k++) {
        double noise = brightness(first, k, SIDE, true) / brightness(first, k, SIDE, false);
        ck_assert_double_eq_tol(noise, 1, 0.2);
        ck_assert_double_lt(brightness(last, k, SIDE, true), 16);
        ck_assert_double_gt(brightness(last, k, SIDE, false), 30);
    }
    apng_release(&apng);
}
END_TEST

/* ---------------------------------------------------------------- data and refusals */

/* Two samples: points end at one or the other, wherever no models are. */
START_TEST(samples_of_a_file_are_a_target)
{
    cli_write("two.csv", "-2,0\n2,0\n");
    struct apng apng = drawn("path-follow", "--data two.csv --models /nowhere --frames 2");
    struct panel p = only_panel(&apng, 3.6);
    const struct adv_image *last = &apng.frames[apng.n_frames - 1];
    int n = 0, n_near = 0;
    for (int j = p.top; j < p.bottom; j++) {
        for (int i = p.left; i < p.right; i++) {
            if (!is_coloured(pixel(last, i, j)))
                continue;
            n++;
            n_near += fmin(hypot(x_of(&p, i) - 2, y_of(&p, j)),
                           hypot(x_of(&p, i) + 2, y_of(&p, j))) < 0.5;
        }
    }
    ck_assert_int_gt(n, 100);
    ck_assert_int_gt(n_near, n * 9 / 10);
    apng_release(&apng);
}
END_TEST

START_TEST(bad_figures_are_refused)
{
    cli_fails(2, "figure", "an argument is missing");
    cli_fails(1, "figure converg", "did you mean \"converge\"?");
    cli_fails(1, "figure anything", "figure is \"anything\"; it must be one of converge-still, ");
    cli_fails(2, "figure converge --frames 1", "frames is 1");
    cli_fails(2, "figure converge --side 20", "side is 20");
    cli_fails(1, "figure converge-still --frames 4", "converge-still is a still picture");
    cli_fails(1, "figure digits --data x.csv", "--data is for figures of a target");
    cli_fails(1, "figure learned --data x.csv", "--data is given without --model");
    cli_fails(1, "figure all --frames 4", "are for one figure");
    cli_fails(1, "figure converge --models /nowhere", "name one with --model");
    cli_fails(1, "figure converge --data /nowhere/x.csv", "/nowhere/x.csv");
    cli_fails(1, "figure checkerboard-3d --model models/four-modes.safetensors",
              "has 2 dimensions; this");
    cli_fails(1, "figure checkerboard-8x8 --model models/mnist-mlp.safetensors",
              "has 784 dimensions; this");
    cli_fails(1, "figure digits --model models/four-modes.safetensors", "is not one of images");
    cli_fails(1, "figure path-field --model models/mnist-mlp.safetensors", "--data");
    cli_fails(1, "figure path-field --model models/checkerboard-3d.safetensors",
              "a density of 3 dimensions");
    cli_write("three.csv", "1,2,3\n");
    cli_fails(1, "figure path-field --data three.csv -o b.png", "has 3 numbers a row");
    ck_assert(!cli_exists("b.png"));
    cli_fails(1, "figure converge-still -o /nowhere/b.png", "/nowhere/b.png");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("figures");
    TCase *tests = tcase_create("figures");
    tcase_add_checked_fixture(tests, make_folder, cli_remove_folder);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, every_figure_is_listed);
    tcase_add_loop_test(tests, sizes_and_frames_are_as_asked, 0, N_ROWS);
    tcase_add_test(tests, the_same_call_gives_the_same_bytes);
    tcase_add_loop_test(tests, points_end_inside_squares, 0, 2);
    tcase_add_test(tests, points_converge_on_the_target);
    tcase_add_test(tests, the_learned_flow_ends_where_the_exact_one_does);
    tcase_add_test(tests, the_grid_tears_where_there_is_no_target);
    tcase_add_test(tests, the_path_ends_at_its_modes);
    tcase_add_test(tests, the_cube_forms_and_turns);
    tcase_add_test(tests, dark_figures_have_the_same_hues);
    tcase_add_test(tests, digits_form_from_noise);
    tcase_add_test(tests, samples_of_a_file_are_a_target);
    tcase_add_test(tests, bad_figures_are_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
