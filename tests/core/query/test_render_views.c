/* The views of points: paths and densities of one dimension, clouds of three, histograms of any. */
#include "tests/core/query/picture_support.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <advect/extra/pace.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct adv_model *line, *plane, *cube, *image;

#define NET(dim) "\"net\": {\"kind\": \"mlp\", \"dim\": " #dim ", \"channels\": 8, \"layers\": 1}"

static void set_up(void)
{
    line = model_of("{\"name\": \"line\", " NET(1) "}");
    plane = model_of("{\"name\": \"plane\", " NET(2) "}");
    cube = model_of("{\"name\": \"cube\", " NET(3) "}");
    image = model_of("{\"name\": \"image\", " NET(6) ", \"data\": {\"shape\": [1, 2, 3]}}");
}

static void tear_down(void)
{
    adv_model_unref(line);
    adv_model_unref(plane);
    adv_model_unref(cube);
    adv_model_unref(image);
}

/* The sky blue of paths; the map behind them has none. */
static bool is_path(const uint8_t *rgb)
{
    return rgb[2] > rgb[0] + 60 && rgb[1] > rgb[0] + 30;
}

/* All samples go from 0 to 10, so does the path that is seen. */
START_TEST(trajectories_of_one_dimension_are_paths_in_time)
{
    enum { N = 20, FRAMES = 5 };
    float states[FRAMES][N];
    double times[FRAMES];
    for (int f = 0; f < FRAMES; f++) {
        times[f] = f / (FRAMES - 1.0);
        for (int i = 0; i < N; i++)
            states[f][i] = 10 * (float)times[f];
    }
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = {
        .n = N, .dim = 1, .n_frames = FRAMES, .states = states[0], .times = times};
    struct adv_image drawn = picture_draw(line, &query, &answer, NULL);
    ck_assert_int_eq(drawn.width, 640);
    struct picture_spot early = picture_find(&drawn, 100, 200, is_path),
                        late = picture_find(&drawn, 400, 500, is_path);
    double slope = (early.y - late.y) / (late.x - early.x);
    ck_assert_double_eq_tol(slope, 556.0 / 1.08 / 490, 0.15); /* of the frame, less the padding */
    adv_image_release(&drawn);
    struct adv_bytes animation = {0};
    ck_assert_int_eq(adv_render_animation(line, &query, &answer, NULL, &animation, NULL), ADV_OK);
    ck_assert_uint_eq(picture_count_chunks(&animation, "fcTL"), FRAMES);
    adv_bytes_release(&animation);
}
END_TEST

/* Path pixels around the middle of the height, of samples that go from 200 up to 260, and from -80
 * on. */
static size_t count_across(const struct adv_model *model)
{
    enum { N = 20, FRAMES = 5 };
    static const float way[FRAMES] = {200, 230, 260, -80, -50};
    static const double times[FRAMES] = {0, 0.25, 0.5, 0.75, 1};
    float states[FRAMES][N];
    for (int i = 0; i < FRAMES * N; i++)
        states[i / N][i % N] = way[i / N];
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = {
        .n = N, .dim = 1, .n_frames = FRAMES, .states = states[0], .times = times};
    struct adv_image drawn = picture_draw(model, &query, &answer, NULL);
    size_t n = 0;
    for (int i = 280 * drawn.width; i < 340 * drawn.width; i++)
        n += is_path(drawn.pixels + 3 * i);
    adv_image_release(&drawn);
    return n;
}

START_TEST(paths_of_an_angle_do_not_cross_the_picture_where_it_wraps)
{
    struct adv_model *circle = model_of(
        "{\"name\": \"circle\", \"net\": {\"kind\": \"mlp\", \"dim\": 1, \"channels\": 8,"
        " \"layers\": 1, \"periodic\": [0]}, \"data\": {\"transform\": {\"kind\":"
        " \"columns\", \"columns\": [{\"kind\": \"periodic\", \"lo\": -90, \"period\": 360,"
        " \"width\": 1}]}}}");
    ck_assert_uint_gt(count_across(line), 30);
    ck_assert_uint_eq(count_across(circle), 0);
    adv_model_unref(circle);
}
END_TEST

/* Half of the samples are around -1 and half around 1, with a density of 0.5 each and nothing in
 * between: the curve does not cross the gap. */
START_TEST(the_curve_of_a_density_leaves_gaps_empty)
{
    enum { N = 2000 };
    static float states[N];
    static double log_density[N];
    for (int i = 0; i < N; i++) {
        states[i] = (i % 2 ? 1.5F : -1.5F) + (float)(i / 2) / (N / 2) - 0.5F;
        log_density[i] = log(0.5);
    }
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = {
        .n = N, .dim = 1, .n_frames = 1, .states = states, .log_density = log_density};
    struct adv_picture density = {.view = ADV_VIEW_DENSITY};
    struct adv_image with = picture_draw(line, &query, &answer, &density);
    answer.log_density = NULL;
    struct adv_image without = picture_draw(line, &query, &answer, &density);
    size_t n_gap = 0, n_mode = 0;
    int left = with.width * 2 / 5, right = with.width * 3 / 5, below_legend = 60;
    for (int y = below_legend; y < with.height * 4 / 5; y++) {
        for (int x = 0; x < with.width; x++) {
            bool accent = picture_is_accent(with.pixels + 3 * (y * with.width + x));
            ck_assert(!picture_is_accent(without.pixels + 3 * (y * with.width + x)));
            n_gap += accent && x > left + 60 && x < right;
            n_mode += accent && x < left;
        }
    }
    ck_assert_uint_eq(n_gap, 0);
    ck_assert_uint_gt(n_mode, 100);
    adv_image_release(&with);
    adv_image_release(&without);
}
END_TEST

START_TEST(clouds_turn_in_an_animation_to_end_at_the_angle)
{
    enum { N = 30, FRAMES = 3 };
    static float states[FRAMES][N][3];
    static const double times[FRAMES] = {0, 0.5, 1};
    for (int i = 0; i < FRAMES * N * 3; i++) /* the same in every frame */
        states[i / (3 * N)][i / 3 % N][i % 3] = (float)(i % (3 * N) * 37 % 101);
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = {
        .n = N, .dim = 3, .n_frames = FRAMES, .states = states[0][0], .times = times};
    struct adv_picture picture = {
        .width = 200, .height = 200, .view = ADV_VIEW_CLOUD, .azimuth = 40, .turn = 90};
    struct adv_image last[2];
    for (int i = 0; i < 2; i++, picture.turn = 0) {
        struct adv_bytes png = {0};
        ck_assert_int_eq(adv_render_animation(cube, &query, &answer, &picture, &png, NULL), ADV_OK);
        if (i == 0) /* frames of a cloud at rest would be one */
            ck_assert_uint_eq(picture_count_chunks(&png, "fcTL"), FRAMES);
        last[i] = picture_decode(&png, 3);
    }
    ck_assert_mem_eq(last[0].pixels, last[1].pixels, 3 * 200 * 200);
    adv_image_release(&last[0]);
    adv_image_release(&last[1]);
}
END_TEST

START_TEST(views_that_are_not_there_are_refused)
{
    const struct {
        const struct adv_model *model;
        enum adv_query_kind kind;
        enum adv_view view;
        const char *message;
    } cases[] = {
        {plane, ADV_QUERY_SAMPLES, ADV_VIEW_CLOUD,
         "view is cloud; a cloud has 3 dimensions, and the points of plane have 2"},
        {image, ADV_QUERY_SAMPLES, ADV_VIEW_DENSITY,
         "view is density; only samples, latents and trajectories of points have one, and not "
         "images, velocities and log-densities"},
        {plane, ADV_QUERY_VELOCITY, ADV_VIEW_DENSITY,
         "view is density; only samples, latents and trajectories of points have one, and not "
         "images, velocities and log-densities"},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct adv_picture picture = {.view = cases[i].view};
        struct adv_error error = ADV_ERROR_INIT;
        struct adv_query query = adv_query_default(cases[i].kind);
        ck_assert_int_eq(adv_render_check(cases[i].model, &query, &picture, false, &error),
                         ADV_E_INVALID);
        ck_assert_str_eq(error.field, "view");
        ck_assert_str_eq(error.message, cases[i].message);
    }
    struct adv_picture picture = {.view = ADV_VIEW_CLOUD};
    ck_assert_int_eq(adv_render_check_view(cube, ADV_QUERY_LATENTS, &picture, NULL), ADV_OK);
    picture.view = ADV_VIEW_CLOUD + 1;
    ck_assert_int_eq(adv_render_check_view(cube, ADV_QUERY_LATENTS, &picture, NULL), ADV_E_INVALID);
    ck_assert_int_eq(adv_render_check_view(plane, ADV_QUERY_VELOCITY, NULL, NULL), ADV_OK);
}
END_TEST

/* ---------------------------------------------------------------- long animations */

struct stretch {
    clock_t start, longest; /* between two looks at the pace, in CPU time */
};

static bool look(void *context)
{
    struct stretch *stretch = context;
    clock_t now = clock();
    if (now - stretch->start > stretch->longest)
        stretch->longest = now - stretch->start;
    stretch->start = now;
    return true;
}

/* Draws a long animation of one dimension; the CPU time it takes. */
static clock_t time_animation(int64_t view, size_t n_frames, struct stretch *stretch)
{
    enum { N = 100, FRAMES_MOST = 800 };
    static float states[FRAMES_MOST * N];
    static double times[FRAMES_MOST];
    for (size_t f = 0; f < n_frames; f++)
        times[f] = (double)f / (double)(n_frames - 1);
    for (size_t i = 0; i < n_frames * N; i++)
        states[i] = sinf((float)i * 0.37F);
    struct adv_picture small = {.width = 64, .height = 64, .view = view};
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = {
        .n = N, .dim = 1, .n_frames = n_frames, .states = states, .times = times};
    struct adv_bytes png = {0};
    const struct adv_pace pace = {look, stretch};
    clock_t start = clock();
    *stretch = (struct stretch){.start = start};
    adv_pace_set(&pace);
    ck_assert_int_eq(adv_render_animation(line, &query, &answer, &small, &png, NULL), ADV_OK);
    adv_pace_set(NULL);
    adv_bytes_release(&png);
    return clock() - start;
}

/* The axes of all frames are found once, not for each: eight times as many frames, of which each
 * has as much to draw, take 8 times as long, not 64 times. And none of the time goes without a look
 * at the pace for longer than some frames take. */
START_TEST(long_animations_of_densities_take_as_long_as_their_frames_and_can_be_stopped)
{
    struct stretch stretch;
    clock_t few = time_animation(ADV_VIEW_DENSITY, 100, &stretch);
    clock_t many = time_animation(ADV_VIEW_DENSITY, 800, &stretch);
    ck_assert_double_le((double)many, 20 * (double)few);
    ck_assert_double_le((double)stretch.longest, (double)many / 10);
}
END_TEST

START_TEST(long_animations_of_paths_can_be_stopped)
{
    struct stretch stretch;
    clock_t whole = time_animation(ADV_VIEW_AUTO, 200, &stretch);
    ck_assert_double_le((double)stretch.longest, (double)whole / 10);
}
END_TEST

/* Every view of points, from a trajectory and from samples with log-densities. */
static enum adv_status draw_views(void *drawn, struct adv_error *error)
{
    static const float states[24] = {1, 2, 3};
    static const double times[2] = {0, 1}, log_density[4];
    struct adv_answer answer = {.n = 4,
                                .dim = adv_model_dim(drawn),
                                .n_frames = 2,
                                .states = states,
                                .times = times,
                                .log_density = log_density};
    struct adv_bytes png = {0};
    enum adv_status status = ADV_OK;
    int64_t most = adv_model_dim(drawn) == 3 ? ADV_VIEW_CLOUD : ADV_VIEW_DENSITY;
    for (int64_t view = 0; view <= most && status == ADV_OK; view++) {
        struct adv_picture small = {.width = 64, .height = 64, .view = view};
        struct adv_query query = {.kind = ADV_QUERY_TRAJECTORIES, .n = 4};
        status = adv_render_animation(drawn, &query, &answer, &small, &png, error);
        query.kind = ADV_QUERY_SAMPLES;
        if (status == ADV_OK)
            status = adv_render_png(drawn, &query, &answer, &small, &png, error);
    }
    adv_bytes_release(&png);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_gt(alloc_fail_each(draw_views, line), 20);
    ck_assert_int_gt(alloc_fail_each(draw_views, plane), 20);
    ck_assert_int_gt(alloc_fail_each(draw_views, cube), 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("render views");
    TCase *tests = tcase_create("views");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, trajectories_of_one_dimension_are_paths_in_time);
    tcase_add_test(tests, paths_of_an_angle_do_not_cross_the_picture_where_it_wraps);
    tcase_add_test(tests, the_curve_of_a_density_leaves_gaps_empty);
    tcase_add_test(tests, clouds_turn_in_an_animation_to_end_at_the_angle);
    tcase_add_test(tests, views_that_are_not_there_are_refused);
    tcase_add_test(tests,
                   long_animations_of_densities_take_as_long_as_their_frames_and_can_be_stopped);
    tcase_add_test(tests, long_animations_of_paths_can_be_stopped);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
