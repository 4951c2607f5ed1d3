/* The figures of the scaling study from outside: what their lines show of a file of results, and
 * which files are refused. */
#include "tests/support/apng.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "{\"quality\": {\"kl\": 0.1}, \"plan\": {\"most_steps\": 64000, \"seeds\": 3}, \"runs\": ["
#define TRAINED(cells, modes, seed, steps, seconds, kl, good)                                      \
    "{\"network\": \"best\", \"cells\": " cells ", \"dim\": 2, \"modes\": " modes                  \
    ", \"seed\": " seed ", \"steps\": " steps ", \"processor_s\": " seconds                        \
    ", \"multiply_adds\": 1" steps "0000000, "                                                     \
    "\"kl\": " kl ", \"good\": " good "}"
#define RUN(steps, kl) TRAINED("4", "8", "1", steps, "3", kl, "false")
#define OF_SEED(seed, steps, good) TRAINED("4", "8", seed, steps, "3", "0.2", good)

static bool is_blue(const uint8_t *rgb) /* the first line's 0072b2 */
{
    return rgb[0] < 60 && rgb[1] > 80 && rgb[1] < 150 && rgb[2] > 140;
}

static const uint8_t *pixel(const struct adv_image *image, int x, int y)
{
    return image->pixels + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
}

/* The panels of networks are above, two side by side; those of costs below, three. */
static int costs_top(const struct adv_image *image)
{
    int side = image->width / 2;
    return side + side / 16;
}

/* Blue pixels of the columns [from, to) and rows [top, bottom), and the mean of their rows. */
static int count_blue_in(const struct adv_image *image, int from, int to, int top, int bottom,
                         double *mean_row)
{
    int n = 0;
    double sum = 0;
    for (int y = top; y < bottom; y++) {
        for (int x = from; x < to; x++) {
            if (is_blue(pixel(image, x, y))) {
                n++;
                sum += y;
            }
        }
    }
    *mean_row = n ? sum / n : 0;
    return n;
}

/* Among the panels of networks. */
static int count_blue(const struct adv_image *image, int from, int to, double *mean_row)
{
    return count_blue_in(image, from, to, 0, costs_top(image), mean_row);
}

static void draw_figure(const char *name, const char *results, struct apng *apng)
{
    cli_write("study.json", results);
    CLI_SUCCEEDS("figure %s --data study.json --quiet -o f.png", name);
    apng_read_file(apng, cli_at("f.png"));
}

static void draw(const char *results, struct apng *apng)
{
    draw_figure("scaling-modes", results, apng);
}

/* The line of a divergence that falls goes down; the panel of a network without results has none.
 * The legend's swatch is of either half, and counts little. */
START_TEST(a_line_follows_its_results)
{
    struct apng falls, rises;
    double left, right, none;
    draw(HEAD RUN("1000", "1") ", " RUN("64000", "0.03") "]}", &falls);
    int panel = falls.width / 2, middle = panel / 2;
    ck_assert_int_gt(count_blue(&falls.frames[0], 0, middle, &left), 100);
    ck_assert_int_gt(count_blue(&falls.frames[0], middle, panel, &right), 100);
    ck_assert_double_gt(right, left + 50);
    ck_assert_int_eq(count_blue(&falls.frames[0], panel, falls.width, &none), 0);
    draw(HEAD RUN("1000", "0.03") ", " RUN("64000", "1") "]}", &rises);
    count_blue(&rises.frames[0], 0, middle, &left);
    count_blue(&rises.frames[0], middle, panel, &right);
    ck_assert_double_gt(left, right + 50);
    apng_release(&falls);
    apng_release(&rises);
}
END_TEST

START_TEST(without_results_there_are_no_lines)
{
    struct apng apng;
    double row;
    draw(HEAD "]}", &apng);
    ck_assert_int_eq(count_blue(&apng.frames[0], 0, apng.width, &row), 0);
    apng_release(&apng);
}
END_TEST

/* ---- costs ---- */

/* How far the line of a cost goes down from the left half of its panel to the right one. The
 * legend, at the panel's top left, is left out. */
static double fall_of_cost(const struct adv_image *image, int cost)
{
    double left, right;
    int width = image->width / 3, from = cost * width, top = costs_top(image) + width / 6;
    int n_left = count_blue_in(image, from, from + width / 2, top, image->height, &left);
    int n_right = count_blue_in(image, from + width / 2, from + width, top, image->height, &right);
    ck_assert_int_gt(n_left, 20);
    ck_assert_int_gt(n_right, 20);
    return right - left;
}

/* 72 modes take more steps and multiply-adds than 8, and, in these results, fewer seconds. */
START_TEST(costs_of_the_stated_quality_follow_their_results)
{
    struct apng apng;
    draw(HEAD TRAINED("4", "8", "1", "2000", "900", "0.09",
                      "true") ", " TRAINED("12", "72", "1", "32000", "20", "0.09", "true") "]}",
         &apng);
    ck_assert_double_lt(fall_of_cost(&apng.frames[0], 0), -50);
    ck_assert_double_gt(fall_of_cost(&apng.frames[0], 1), 50);
    ck_assert_double_lt(fall_of_cost(&apng.frames[0], 2), -50);
    apng_release(&apng);
}
END_TEST

/* A board that is not good has a pale dot, and no part in the line. */
START_TEST(boards_that_are_not_good_have_no_costs)
{
    struct apng apng;
    double row;
    draw(HEAD RUN("2000", "0.2") "]}", &apng);
    const struct adv_image *image = &apng.frames[0];
    int width = image->width / 3, top = costs_top(image) + width / 6, n_pale = 0;
    ck_assert_int_eq(count_blue_in(image, 0, image->width, top, image->height, &row), 0);
    for (int y = top; y < image->height; y++) {
        for (int x = 0; x < width; x++)
            n_pale += pixel(image, x, y)[2] - pixel(image, x, y)[0] > 40;
    }
    ck_assert_int_gt(n_pale, 20);
    apng_release(&apng);
}
END_TEST

/* ---- the map ---- */

/* The colour of the map's only tile: the one that fills most pixels but for the ground; those of
 * the colour bar fill few. */
static void find_tile(const char *results, uint8_t rgb[3])
{
    static int counts[64 * 64 * 64];
    struct apng apng;
    draw_figure("scaling-map", results, &apng);
    const struct adv_image *image = &apng.frames[0];
    int most = 0;
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < image->width * image->height; i++) {
        const uint8_t *p = image->pixels + 3 * (size_t)i;
        int *count = &counts[(p[0] / 4 * 64 + p[1] / 4) * 64 + p[2] / 4];
        if (p[0] + p[1] + p[2] < 3 * 230 && ++*count > most) {
            most = *count;
            memcpy(rgb, p, 3);
        }
    }
    ck_assert_int_gt(most, 1000);
    apng_release(&apng);
}

static bool is_grey(const uint8_t rgb[3])
{
    return abs(rgb[0] - rgb[1]) < 12 && abs(rgb[1] - rgb[2]) < 12 && rgb[0] > 180;
}

START_TEST(more_steps_are_brighter_on_the_map)
{
    static const char *const results[] = {HEAD OF_SEED("1", "1000", "true") "]}",
                                          HEAD OF_SEED("1", "8000", "true") "]}",
                                          HEAD OF_SEED("1", "64000", "true") "]}"};
    int last = -1;
    for (int i = 0; i < 3; i++) {
        uint8_t rgb[3];
        find_tile(results[i], rgb);
        ck_assert(!is_grey(rgb));
        ck_assert_int_gt(rgb[0] + 2 * rgb[1], last + 50);
        last = rgb[0] + 2 * rgb[1];
    }
}
END_TEST

static const struct {
    const char *results;
    bool good;
} outcomes[] = {
    {HEAD OF_SEED("1", "64000", "false") "]}", false},
    {HEAD OF_SEED("1", "1000", "false") ", " OF_SEED("1", "2000", "true") "]}", true},
    /* A seed that is not good after as many steps as another needed. */
    {HEAD OF_SEED("1", "2000", "true") ", " OF_SEED("2", "2000", "false") "]}", false},
    /* One that was not trained so long. */
    {HEAD OF_SEED("1", "2000", "true") ", " OF_SEED("2", "1000", "false") "]}", true},
    /* One that was good sooner. */
    {HEAD OF_SEED("1", "1000", "true") ", " OF_SEED("2", "2000", "false") "]}", false},
    {HEAD OF_SEED("1", "1000", "true") ", " OF_SEED("2", "2000", "true") "]}", true},
};

START_TEST(a_board_is_good_when_its_seeds_are)
{
    uint8_t rgb[3];
    find_tile(outcomes[_i].results, rgb);
    ck_assert_int_eq(!is_grey(rgb), outcomes[_i].good);
}
END_TEST

/* ---- refusals ---- */

static const struct {
    const char *results, *message;
} refusals[] = {
    {"{}", "quality.kl must be a number"},
    {"{\"quality\": {\"kl\": 0.1}}", "plan.most_steps must be a whole number"},
    {"{\"quality\": {\"kl\": 0.1}, \"plan\": {\"most_steps\": 1, \"seeds\": 1}, \"runs\": 3}",
     "runs must be an array of trainings"},
    {HEAD "7]}", "runs[0].network must be a text"},
    {HEAD RUN("0", "1") "]}", "runs[0].steps must be a whole number from 1"},
    {HEAD RUN("1000", "1") ", " RUN("2000", "\"?\"") "]}", "runs[1].kl must be a number"},
    {HEAD TRAINED("4", "8", "1", "1000", "null", "1", "true") "]}",
     "runs[0].processor_s must be a number"},
    {HEAD TRAINED("4", "8", "1", "1000", "0", "1", "true") "]}",
     "runs[0].processor_s must be more than 0"},
    {HEAD, "study.json, results of the scaling study: "},
};

START_TEST(broken_results_are_refused)
{
    cli_write("study.json", refusals[_i].results);
    cli_fails(1, "figure scaling-map --data study.json -o b.png", refusals[_i].message);
    ck_assert(!cli_exists("b.png"));
}
END_TEST

START_TEST(results_are_no_model)
{
    cli_fails(1, "figure scaling-map --data nothing.json", "nothing.json");
    cli_fails(1, "figure scaling-map --data nothing.json", "--data names their file");
    cli_fails(1, "figure scaling-map --model any.safetensors", "--model is for figures of a flow");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scaling");
    TCase *tests = tcase_create("scaling");
    tcase_add_checked_fixture(tests, cli_make_folder, cli_remove_folder);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_line_follows_its_results);
    tcase_add_test(tests, without_results_there_are_no_lines);
    tcase_add_test(tests, costs_of_the_stated_quality_follow_their_results);
    tcase_add_test(tests, boards_that_are_not_good_have_no_costs);
    tcase_add_test(tests, more_steps_are_brighter_on_the_map);
    tcase_add_loop_test(tests, a_board_is_good_when_its_seeds_are, 0,
                        (int)(sizeof outcomes / sizeof outcomes[0]));
    tcase_add_loop_test(tests, broken_results_are_refused, 0,
                        (int)(sizeof refusals / sizeof refusals[0]));
    tcase_add_test(tests, results_are_no_model);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
