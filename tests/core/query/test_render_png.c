/* Pictures of answers: decoded again, and asked whether what they show is where it should be. */
#include "tests/core/query/picture_support.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <advect/extra/pace.h>
#include <advect/extra/plot.h>
#include <advect/extra/render.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct adv_model *plane, *boxed, *image, *labelled_image, *colour_image, *cube;

#define NET(dim, more)                                                                             \
    "\"net\": {\"kind\": \"mlp\", \"dim\": " #dim ", \"channels\": 8, \"layers\": 1" more "}"

static void set_up(void)
{
    plane = model_of("{\"name\": \"plane\", " NET(2, "") "}");
    boxed = model_of("{\"name\": \"boxed\", " NET(
        2, "") ","
               " \"data\": {\"shape\": [2], \"box\": [[0, 16], [1, 9]]}}");
    image = model_of("{\"name\": \"image\", " NET(
        6, "") ", \"data\": {\"shape\": [1, 2, 3],"
               " \"transform\": {\"kind\": \"identity\", \"range\": [0, 1]}}}");
    labelled_image = model_of("{\"name\": \"labelled\", " NET(
        4, ", \"num_classes\": 2") ","
                                   " \"data\": {\"shape\": [1, 2, 2]}}");
    colour_image =
        model_of("{\"name\": \"colours\", " NET(12, "") ","
                                                        " \"data\": {\"shape\": [3, 2, 2]}}");
    cube = model_of("{\"name\": \"cube\", " NET(3, "") "}");
}

static void tear_down(void)
{
    adv_model_unref(plane);
    adv_model_unref(boxed);
    adv_model_unref(image);
    adv_model_unref(labelled_image);
    adv_model_unref(colour_image);
    adv_model_unref(cube);
}

static void check_refused(const struct adv_model *model, const struct adv_query *query,
                          const struct adv_answer *answer, bool animation, enum adv_status wanted,
                          const char *message)
{
    struct adv_bytes png = {0};
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = animation
                                 ? adv_render_animation(model, query, answer, NULL, &png, &error)
                                 : adv_render_png(model, query, answer, NULL, &png, &error);
    ck_assert_int_eq(status, wanted);
    ck_assert_str_eq(error.message, message);
    ck_assert_uint_eq(png.n, 0);
    adv_bytes_release(&png);
}

/* ---------------------------------------------------------------- planes */

/* Where a single sample is drawn. */
static struct picture_spot spot_of(const struct adv_model *model, float x, float y)
{
    const float states[2] = {x, y};
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = {.n = 1, .dim = 2, .n_frames = 1, .states = states};
    struct adv_image picture = picture_draw(model, &query, &answer, NULL);
    ck_assert_int_eq(picture.width, 640);
    ck_assert_int_eq(picture.height, 640);
    struct picture_spot spot = picture_find(&picture, 0, picture.width, picture_is_accent);
    adv_image_release(&picture);
    return spot;
}

/* One map from the plane to pixels whatever the sample: linear, x to the right, y up, as long on x
 * as on y. */
START_TEST(samples_lie_where_the_axes_say)
{
    struct picture_spot low = spot_of(plane, -4, -4), middle = spot_of(plane, 0, 0);
    struct picture_spot high = spot_of(plane, 4, 4);
    ck_assert_double_eq_tol(high.x - middle.x, middle.x - low.x, 1);
    ck_assert_double_eq_tol(high.y - middle.y, middle.y - low.y, 1);
    ck_assert_double_eq_tol(high.x - low.x, low.y - high.y, 1);
    ck_assert_double_gt(high.x - low.x, 400);
    /* [0,16] x [1,9] is shown as the square around (8, 5). */
    struct picture_spot centre = spot_of(boxed, 8, 5), right = spot_of(boxed, 16, 5);
    struct picture_spot top = spot_of(boxed, 8, 13);
    ck_assert_double_eq_tol(centre.x, middle.x, 20);
    ck_assert_double_eq_tol(right.x - centre.x, centre.y - top.y, 1);
    ck_assert_double_eq_tol(right.x - centre.x, high.x - middle.x, 20);
}
END_TEST

START_TEST(plots_have_the_asked_size)
{
    const float states[4] = {0, 0, 1, 1};
    struct adv_query query = adv_query_default(ADV_QUERY_LATENTS);
    struct adv_answer answer = {.n = 2, .dim = 2, .n_frames = 1, .states = states};
    struct adv_image picture =
        picture_draw(plane, &query, &answer, &(struct adv_picture){.width = 320, .height = 300});
    ck_assert_int_eq(picture.width, 320);
    ck_assert_int_eq(picture.height, 300);
    adv_image_release(&picture);
}
END_TEST

START_TEST(film_strips_have_a_panel_per_frame)
{
    enum { FRAMES = 8 };
    float states[FRAMES][2];
    double times[FRAMES];
    for (int f = 0; f < FRAMES; f++) {
        times[f] = f / (FRAMES - 1.0);
        states[f][0] = (float)f - 4;
        states[f][1] = 0;
    }
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = {
        .n = 1, .dim = 2, .n_frames = FRAMES, .states = states[0], .times = times};
    struct adv_image strip =
        picture_draw(plane, &query, &answer, &(struct adv_picture){.width = 1200});
    ck_assert_int_eq(strip.width, 1200);
    ck_assert_int_eq(strip.height, 400); /* 6 panels and 2, of 200 x 200 */
    double step = 0, before = 0;
    for (int f = 2; f < 6; f++) { /* columns with one panel only, its sample a little more right */
        struct picture_spot spot = picture_find(&strip, 200 * f, 200 * (f + 1), picture_is_accent);
        double x = spot.x - 200 * f;
        ck_assert_double_lt(spot.y, 200);
        if (f == 3)
            step = x - before;
        if (f > 3)
            ck_assert_double_eq_tol(x - before, step, 1);
        before = x;
    }
    ck_assert_double_gt(step, 10);
    const uint8_t *blank = strip.pixels + 3 * (300 * 1200 + 900);
    ck_assert_mem_eq(blank, "\xff\xff\xff", 3);
    adv_image_release(&strip);
}
END_TEST

START_TEST(long_strips_keep_the_first_and_the_last_frame)
{
    enum { FRAMES = 100 };
    static float states[FRAMES][6];
    double times[FRAMES];
    for (int f = 0; f < FRAMES; f++) {
        times[f] = f / (FRAMES - 1.0);
        for (int k = 0; k < 6; k++)
            states[f][k] = (float)times[f];
    }
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = {
        .n = 1, .dim = 6, .n_frames = FRAMES, .states = states[0], .times = times};
    struct adv_image strip = picture_draw(image, &query, &answer, &(struct adv_picture){.zoom = 1});
    ck_assert_int_eq(strip.width, 24 * 3 + 23 * 2);
    ck_assert_int_eq(strip.height, 2);
    ck_assert_uint_eq(strip.pixels[0], 0);
    ck_assert_uint_eq(strip.pixels[strip.width - 1], 255);
    for (int i = 1; i < 24; i++) /* evenly spread: 255 / 23 each, to a frame's width */
        ck_assert_int_le(abs(strip.pixels[5 * i] - 255 * i / 23), 3);
    adv_image_release(&strip);
}
END_TEST

static bool is_brightest(const uint8_t *rgb)
{
    uint8_t top[3];
    adv_plot_colour(1, top);
    return !memcmp(rgb, top, sizeof top);
}

/* What is drawn in the brightest colour of a density on a grid of the plane. */
static struct picture_spot brightest_spot(size_t side, const double *log_density)
{
    float *points = NULL;
    ck_assert_int_eq(adv_picture_grid(plane, side, &points, NULL), ADV_OK);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = side * side;
    query.points = points;
    struct adv_answer answer = {
        .n = side * side, .dim = 2, .n_frames = 1, .log_density = log_density};
    struct adv_image picture = picture_draw(plane, &query, &answer, NULL);
    struct picture_spot spot =
        picture_find(&picture, 0, picture.width * 17 / 20, is_brightest); /* not the bar */
    free(points);
    adv_image_release(&picture);
    return spot;
}

/* Where the only cell of a 9 x 9 grid with any density is drawn. */
static struct picture_spot cell_spot(size_t row, size_t column)
{
    double log_density[81];
    for (size_t i = 0; i < 81; i++)
        log_density[i] = i == 9 * row + column ? -2 : -INFINITY;
    return brightest_spot(9, log_density);
}

START_TEST(densities_are_cells_of_the_plane)
{
    struct picture_spot low = cell_spot(0, 0), middle = cell_spot(4, 4), right = cell_spot(4, 8);
    ck_assert_double_eq_tol(middle.x - low.x, right.x - middle.x, 1.5);
    ck_assert_double_eq_tol(low.y - middle.y, right.x - middle.x, 1.5);
    ck_assert_double_eq_tol(right.y, middle.y, 1.5);
    double cell = (right.x - middle.x) / 4;
    ck_assert_double_eq_tol((double)middle.n, cell * cell, 0.1 * cell * cell);
}
END_TEST

/* A uniform density beside which one cell has e^20 is drawn as without that cell; but where there is
 * next to nothing beside it, it is a mode. The cells are of one size, so their pixels are alike. */
START_TEST(a_stray_cell_does_not_leave_the_others_dark)
{
    enum { SIDE = 40, N = SIDE * SIDE };
    static double uniform[N], stray[N], narrow[N];
    for (size_t i = 0; i < N; i++) {
        uniform[i] = stray[i] = -2; /* over the plane: all that there is, and more */
        narrow[i] = -20;
    }
    stray[N / 2 + SIDE / 2] = narrow[N / 2 + SIDE / 2] = 20;
    size_t all = brightest_spot(SIDE, uniform).n, one = brightest_spot(SIDE, narrow).n;
    ck_assert_uint_eq(brightest_spot(SIDE, stray).n, all);
    ck_assert_double_eq_tol((double)one * N, (double)all, 0.3 * (double)all);
}
END_TEST

START_TEST(velocities_are_arrows_from_their_points)
{
    struct picture_spot spots[2], between = spot_of(plane, 0.5f, 0);
    const float points[4] = {0, 0, 1, 0};
    struct adv_query query = adv_query_default(ADV_QUERY_VELOCITY);
    query.n = 2;
    query.points = points;
    for (int i = 0; i < 2; i++) {
        const float v[4] = {i ? 1 : -1, 0, i ? 1 : -1, 0};
        struct adv_answer answer = {.n = 2, .dim = 2, .n_frames = 1, .states = v};
        struct adv_image picture = picture_draw(plane, &query, &answer, NULL);
        spots[i] = picture_find(&picture, 0, picture.width, picture_is_accent);
        adv_image_release(&picture);
    }
    ck_assert_double_gt(spots[1].x - between.x, 10); /* to the right, and as far to the left */
    ck_assert_double_eq_tol(between.x - spots[0].x, spots[1].x - between.x, 2);
    ck_assert_double_eq_tol(spots[0].y, between.y, 1);
    ck_assert_double_eq_tol(spots[1].y, between.y, 1);
}
END_TEST

START_TEST(grids_are_cell_centres)
{
    static const float wanted[4][2] = {
        {-2.25f, -2.25f}, {2.25f, -2.25f}, {-2.25f, 2.25f}, {2.25f, 2.25f}}; /* of [-4.5, 4.5]^2 */
    float *points = NULL;
    ck_assert_int_eq(adv_picture_grid(plane, 2, &points, NULL), ADV_OK);
    ck_assert_mem_eq(points, wanted, sizeof wanted);
    free(points);
    ck_assert_int_eq(adv_picture_grid(boxed, 1, &points, NULL), ADV_OK);
    ck_assert_float_eq(points[0], 8);
    ck_assert_float_eq(points[1], 5);
    free(points);
    ck_assert_int_eq(adv_picture_grid(boxed, 18, &points, NULL), ADV_OK);
    ck_assert_float_eq(points[0], -0.5f); /* [-1, 17] x [-4, 14] */
    ck_assert_float_eq(points[1], -3.5f);
    ck_assert_float_eq(points[2 * 18 * 18 - 1], 13.5f);
    free(points);
}
END_TEST

/* ---------------------------------------------------------------- images */

START_TEST(images_are_drawn_pixel_by_pixel)
{
    const float states[2][6] = {{0, 1, 0.2f, 0.4f, 0.6f, 0.8f}, {-5, 7, 0, 0, 0, 1}};
    static const uint8_t wanted[2][6] = {{0, 255, 51, 102, 153, 204}, {0, 255, 0, 0, 0, 255}};
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = {.n = 2, .dim = 6, .n_frames = 1, .states = states[0]};
    struct adv_image picture =
        picture_draw(image, &query, &answer, &(struct adv_picture){.columns = 2});
    const int zoom = 3, gap = 2;
    ck_assert_int_eq(picture.width, 2 * 3 * zoom + gap);
    ck_assert_int_eq(picture.height, 2 * zoom);
    for (int i = 0; i < 2; i++) {
        for (int y = 0; y < 2 * zoom; y++) {
            for (int x = 0; x < 3 * zoom; x++)
                ck_assert_uint_eq(picture.pixels[y * picture.width + i * (3 * zoom + gap) + x],
                                  wanted[i][y / zoom * 3 + x / zoom]);
        }
    }
    adv_image_release(&picture);
}
END_TEST

START_TEST(colours_keep_their_channels)
{
    float states[12];
    for (int k = 0; k < 12; k++)
        states[k] = k < 4 ? 1.0f : k < 8 ? -1.0f : 0.2f; /* without a stated range: [-1, 1] */
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = {.n = 1, .dim = 12, .n_frames = 1, .states = states};
    struct adv_image picture = picture_draw(colour_image, &query, &answer, NULL);
    ck_assert_int_eq(picture.width, 6);
    ck_assert_mem_eq(picture.pixels, "\xff\x00\x99", 3); /* 255, 0, 255 * 0.6 */
    adv_image_release(&picture);
}
END_TEST

/* The grey of cell (row, column) of a grid of 2 x 2 images. */
static int cell_grey(const struct adv_image *picture, int row, int column)
{
    return picture->pixels[row * 8 * picture->width + column * 8];
}

START_TEST(classes_have_a_row_each)
{
    float states[5][4];
    static const int32_t labels[5] = {1, 0, 1, 0, 1};
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < 4; k++)
            states[i][k] = (float)i / 2.5f - 1; /* grey 51 i */
    }
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = {
        .n = 5, .dim = 4, .n_frames = 1, .states = states[0], .labels = labels};
    static const int wanted[2][3] = {{51, 153, 255}, {0, 102, 204}}; /* 255: nothing there */
    struct adv_image picture = picture_draw(labelled_image, &query, &answer, NULL);
    ck_assert_int_eq(picture.width, 3 * 6 + 2 * 2);
    ck_assert_int_eq(picture.height, 2 * 6 + 2);
    for (int row = 0; row < 2; row++) {
        for (int column = 0; column < 3; column++)
            ck_assert_int_eq(cell_grey(&picture, row, column), wanted[row][column]);
    }
    adv_image_release(&picture);
    query.labels = labels; /* asked for: as they come */
    picture = picture_draw(labelled_image, &query, &answer, &(struct adv_picture){.columns = 5});
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(cell_grey(&picture, 0, i), 51 * i);
    adv_image_release(&picture);
}
END_TEST

START_TEST(image_strips_have_a_row_per_sample)
{
    static const double times[3] = {0, 0.5, 1};
    float states[3][2][4];
    for (int f = 0; f < 3; f++) {
        for (int i = 0; i < 2; i++) {
            for (int k = 0; k < 4; k++)
                states[f][i][k] = (float)(2 * f + i) / 2.5f - 1; /* grey 51 (2 f + i) */
        }
    }
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = {
        .n = 2, .dim = 4, .n_frames = 3, .states = states[0][0], .times = times};
    struct adv_image picture = picture_draw(labelled_image, &query, &answer, NULL);
    ck_assert_int_eq(picture.width, 3 * 6 + 2 * 2);
    ck_assert_int_eq(picture.height, 2 * 6 + 2);
    for (int i = 0; i < 2; i++) {
        for (int f = 0; f < 3; f++)
            ck_assert_int_eq(cell_grey(&picture, i, f), 51 * (2 * f + i));
    }
    adv_image_release(&picture);
}
END_TEST

START_TEST(velocities_of_images_are_centred_on_grey)
{
    const float v[6] = {0, 4, -4, 2, -2, 0};
    static const uint8_t wanted[6] = {128, 255, 0, 191, 64, 128};
    struct adv_query query = adv_query_default(ADV_QUERY_VELOCITY);
    struct adv_answer answer = {.n = 1, .dim = 6, .n_frames = 1, .states = v};
    struct adv_image picture =
        picture_draw(image, &query, &answer, &(struct adv_picture){.zoom = 1});
    for (int k = 0; k < 6; k++)
        ck_assert_int_le(abs(picture.pixels[k] - wanted[k]), 1);
    adv_image_release(&picture);
}
END_TEST

/* ---------------------------------------------------------------- animations */

/* How many chunks of a type there are. */
START_TEST(animations_have_every_frame)
{
    enum { FRAMES = 5 };
    float states[FRAMES][2];
    double times[FRAMES];
    for (int f = 0; f < FRAMES; f++) {
        times[f] = f / (FRAMES - 1.0);
        states[f][0] = states[f][1] = (float)f; /* the last one is (4, 4) */
    }
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = {
        .n = 1, .dim = 2, .n_frames = FRAMES, .states = states[0], .times = times};
    struct adv_bytes png = {0};
    ck_assert_int_eq(adv_render_animation(plane, &query, &answer, NULL, &png, NULL), ADV_OK);
    ck_assert_uint_eq(picture_count_chunks(&png, "acTL"), 1);
    ck_assert_uint_eq(picture_count_chunks(&png, "fcTL"), FRAMES);
    struct adv_image last = picture_decode(&png, 3); /* the default image is the last frame */
    struct picture_spot spot = picture_find(&last, 0, last.width, picture_is_accent),
                        wanted = spot_of(plane, 4, 4);
    ck_assert_double_eq_tol(spot.x, wanted.x, 1.5);
    ck_assert_double_eq_tol(spot.y, wanted.y, 1.5);
    adv_image_release(&last);
}
END_TEST

/* ---------------------------------------------------------------- other dimensions */

/* A cube's points make a pair plot, as wide as asked for, and frames of one size and scale. */
START_TEST(points_of_other_dimensions_make_pair_plots)
{
    enum { N = 50, FRAMES = 3 };
    static float states[FRAMES][N][3];
    static const double times[FRAMES] = {0, 0.5, 1};
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = {
        .n = N, .dim = 3, .n_frames = 1, .states = states[0][0], .times = times};
    struct adv_picture picture = {.width = 500};
    struct adv_bytes png = {0};
    for (int i = 0; i < FRAMES * N; i++) {
        for (int k = 0; k < 3; k++)
            states[i / N][i % N][k] = (float)((i + k) * (i + k) % 101);
    }
    ck_assert_int_eq(adv_render_png(cube, &query, &answer, &picture, &png, NULL), ADV_OK);
    struct adv_image drawn = picture_decode(&png, 3);
    ck_assert_int_eq(drawn.width, 500);
    ck_assert_int_eq(drawn.height, 500);
    size_t seen = 0;
    for (int y = 0; y < 500; y++) {
        for (int x = 0; x < 500; x++)
            seen += picture_is_accent(drawn.pixels + 3 * (500 * y + x));
    }
    ck_assert_uint_gt(seen, 300);
    adv_image_release(&drawn);
    query.kind = ADV_QUERY_TRAJECTORIES;
    answer.n_frames = FRAMES;
    struct adv_bytes animation = {0}, strip = {0};
    ck_assert_int_eq(adv_render_animation(cube, &query, &answer, &picture, &animation, NULL),
                     ADV_OK);
    ck_assert_uint_eq(picture_count_chunks(&animation, "fcTL"), FRAMES);
    adv_bytes_release(&animation);
    picture.width = 600;
    ck_assert_int_eq(adv_render_png(cube, &query, &answer, &picture, &strip, NULL), ADV_OK);
    drawn = picture_decode(&strip, 3);
    ck_assert_int_eq(drawn.width, 600);
    ck_assert_int_eq(drawn.height, 200);
    adv_image_release(&drawn);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

START_TEST(what_has_no_picture_is_refused)
{
    static const float states[81 * 2];
    static const double log_density[81];
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = {.n = 1, .dim = 3, .n_frames = 1, .states = states};
    ck_assert(adv_render_has_picture(cube, ADV_QUERY_SAMPLES));
    ck_assert(!adv_render_has_picture(cube, ADV_QUERY_VELOCITY));
    ck_assert(!adv_render_has_picture(cube, ADV_QUERY_LOG_DENSITY));
    ck_assert(adv_render_has_picture(plane, ADV_QUERY_LOG_DENSITY));
    ck_assert(adv_render_has_picture(colour_image, ADV_QUERY_VELOCITY));
    query.kind = ADV_QUERY_VELOCITY;
    check_refused(
        cube, &query, &answer, false, ADV_E_UNSUPPORTED,
        "there is no such picture of cube, whose points have 3 dimensions: velocities and "
        "densities are drawn of 2 dimensions, and points of at most 16, beside images");
    query.kind = ADV_QUERY_SAMPLES;
    check_refused(plane, &query, &answer, true, ADV_E_UNSUPPORTED,
                  "only trajectories have an animation");
    query.kind = ADV_QUERY_LOG_DENSITY;
    query.points = states;
    answer.log_density = log_density;
    check_refused(
        image, &query, &answer, false, ADV_E_UNSUPPORTED,
        "there is no such picture of image, whose points have 6 dimensions: velocities and "
        "densities are drawn of 2 dimensions, and points of at most 16, beside images");
    for (size_t n = 80; n <= 81; n++) {
        answer.n = n;
        check_refused(
            plane, &query, &answer, false, ADV_E_UNSUPPORTED,
            "a picture of the density needs the points of a grid over the model's plane, as "
            "density.png takes them");
    }
    struct adv_bytes png = {0};
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_picture wide = {.width = 5000};
    query.kind = ADV_QUERY_SAMPLES;
    ck_assert_int_eq(adv_render_png(plane, &query, &answer, &wide, &png, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.message, "width is 5000; it must be between 64 and 4096");
    float *points = NULL;
    ck_assert_int_eq(adv_picture_grid(cube, 4, &points, NULL), ADV_E_UNSUPPORTED);
    ck_assert_ptr_null(points);
}
END_TEST

START_TEST(animations_are_bounded)
{
    enum { FRAMES = 219 }; /* of 640 x 640 x 3 bytes: 218 fit 256 MiB */
    static const float states[FRAMES][2];
    static const double times[FRAMES];
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = {
        .n = 1, .dim = 2, .n_frames = FRAMES, .states = states[0], .times = times};
    check_refused(plane, &query, &answer, true, ADV_E_INVALID,
                  "frames is 219; an animation of 640 x 640 pixels has at most 218");
}
END_TEST

/* ---------------------------------------------------------------- memory */

/* Every kind of picture of a model, from a trajectory of four rows. */
static enum adv_status draw_everything(void *drawn, struct adv_error *error)
{
    static const enum adv_query_kind kinds[] = {ADV_QUERY_SAMPLES, ADV_QUERY_TRAJECTORIES,
                                                ADV_QUERY_VELOCITY};
    static const float states[32];
    static const double times[2] = {0, 1};
    static const int32_t labels[4] = {0, 1, 0, 1};
    struct adv_answer answer = {.n = 4,
                                .dim = adv_model_dim(drawn),
                                .n_frames = 2,
                                .states = states,
                                .times = times,
                                .labels = adv_model_classes(drawn) ? labels : NULL};
    struct adv_picture small = {.width = 64, .height = 64};
    struct adv_bytes png = {0};
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < 3 && status == ADV_OK; i++) {
        struct adv_query query = {.kind = kinds[i], .n = 4, .points = states};
        status = adv_render_png(drawn, &query, &answer, &small, &png, error);
        if (status == ADV_OK && kinds[i] == ADV_QUERY_TRAJECTORIES)
            status = adv_render_animation(drawn, &query, &answer, &small, &png, error);
    }
    adv_bytes_release(&png);
    return status;
}

static enum adv_status draw_density(void *context, struct adv_error *error)
{
    (void)context;
    static const double log_density[16];
    struct adv_query query = {.kind = ADV_QUERY_LOG_DENSITY, .n = 16, .t = 1};
    struct adv_answer answer = {.n = 16, .dim = 2, .n_frames = 1, .log_density = log_density};
    struct adv_bytes png = {0};
    float *points = NULL;
    enum adv_status status = adv_picture_grid(plane, 4, &points, error);
    query.points = points;
    if (status == ADV_OK)
        status =
            adv_render_png(plane, &query, &answer, &(struct adv_picture){.width = 64}, &png, error);
    free(points);
    adv_bytes_release(&png);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_gt(alloc_fail_each(draw_everything, plane), 20);
    ck_assert_int_gt(alloc_fail_each(draw_everything, labelled_image), 20);
    ck_assert_int_gt(alloc_fail_each(draw_density, NULL), 5);
}
END_TEST

/* ---------------------------------------------------------------- in pieces */

struct steps {
    int n, most; /* looks at the pace so far; from which on it says stop */
};

static bool step(void *context)
{
    struct steps *steps = context;
    return ++steps->n < steps->most;
}

static enum adv_status render_with(struct steps *steps, enum adv_format_id format,
                                   struct adv_bytes *out)
{
    enum { FRAMES = 3, N = 400 };
    static float states[FRAMES * N * 6];
    static const double times[FRAMES] = {0, 0.5, 1};
    const struct adv_model *model = format == ADV_FORMAT_PNG ? plane : image;
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = {.n = N,
                                .dim = adv_model_dim(model),
                                .n_frames = FRAMES,
                                .states = states,
                                .times = times,
                                .solver = adv_query_default_solver(&query, model)};
    for (size_t i = 0; i < ADV_COUNT(states); i++)
        states[i] = (float)(i % 97) / 89;
    query.n = N;
    query.n_times = FRAMES;
    query.times = times;
    struct adv_pace pace = {step, steps};
    adv_pace_set(&pace);
    enum adv_status status =
        adv_render(adv_format(format), model, &query, &answer, NULL, out, NULL);
    adv_pace_set(NULL);
    return status;
}

/* Whoever sets a pace is asked often, may stop the writing at any look, and changes no byte. */
START_TEST(answers_are_written_at_the_threads_pace)
{
    static const enum adv_format_id formats[] = {ADV_FORMAT_JSON, ADV_FORMAT_PNG, ADV_FORMAT_APNG};
    static const int least[] = {1, 60, 60}; /* looks: 64 KiB of text each, or a row of pixels */
    struct adv_bytes whole = {0}, again = {0}, part = {0};
    struct steps on = {.most = 1 << 30}, more = {.most = 1 << 30};
    ck_assert_int_eq(render_with(&on, formats[_i], &whole), ADV_OK);
    ck_assert_int_ge(on.n, least[_i]);
    for (int most = 1; most <= on.n; most += 1 + on.n / 20) {
        struct steps steps = {.most = most};
        ck_assert_int_eq(render_with(&steps, formats[_i], &part), ADV_E_CANCELLED);
        adv_bytes_release(&part);
    }
    ck_assert_int_eq(render_with(&more, formats[_i], &again), ADV_OK);
    ck_assert_uint_eq(whole.n, again.n);
    ck_assert_mem_eq(whole.data, again.data, whole.n);
    adv_bytes_release(&whole);
    adv_bytes_release(&again);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("render png");
    TCase *tests = tcase_create("render png");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30); /* on a busy machine */
    tcase_add_test(tests, samples_lie_where_the_axes_say);
    tcase_add_test(tests, plots_have_the_asked_size);
    tcase_add_test(tests, film_strips_have_a_panel_per_frame);
    tcase_add_test(tests, long_strips_keep_the_first_and_the_last_frame);
    tcase_add_test(tests, densities_are_cells_of_the_plane);
    tcase_add_test(tests, a_stray_cell_does_not_leave_the_others_dark);
    tcase_add_test(tests, velocities_are_arrows_from_their_points);
    tcase_add_test(tests, grids_are_cell_centres);
    tcase_add_test(tests, images_are_drawn_pixel_by_pixel);
    tcase_add_test(tests, colours_keep_their_channels);
    tcase_add_test(tests, classes_have_a_row_each);
    tcase_add_test(tests, image_strips_have_a_row_per_sample);
    tcase_add_test(tests, velocities_of_images_are_centred_on_grey);
    tcase_add_test(tests, animations_have_every_frame);
    tcase_add_test(tests, points_of_other_dimensions_make_pair_plots);
    tcase_add_test(tests, what_has_no_picture_is_refused);
    tcase_add_test(tests, animations_are_bounded);
    tcase_add_test(tests, every_allocation_may_fail);
    tcase_add_loop_test(tests, answers_are_written_at_the_threads_pace, 0, 3);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
