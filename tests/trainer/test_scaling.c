/* The figures of the scaling study from outside: what their lines show of a file of results, and
 * which files are refused. */
#include "tests/support/apng.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <check.h>
#include <string.h>

#define HEAD                                                                                       \
    "{\"quality\": {\"kl\": 0.1}, \"plan\": {\"most_steps\": 64000, \"seeds\": 3}, \"runs\": ["
#define RUN(steps, kl)                                                                             \
    "{\"network\": \"best\", \"cells\": 4, \"dim\": 2, \"modes\": 8, \"seed\": 1, "                \
    "\"steps\": " steps ", \"kl\": " kl ", \"good\": false}"

static bool is_blue(const uint8_t *rgb) /* the first line's 0072b2 */
{
    return rgb[0] < 60 && rgb[1] > 80 && rgb[1] < 150 && rgb[2] > 140;
}

/* Blue pixels of the columns [from, to), and the mean of their rows. */
static int count_blue(const struct adv_image *image, int from, int to, double *mean_row)
{
    int n = 0;
    double sum = 0;
    for (int y = 0; y < image->height; y++) {
        for (int x = from; x < to; x++) {
            if (is_blue(image->pixels + 3 * ((size_t)y * (size_t)image->width + (size_t)x))) {
                n++;
                sum += y;
            }
        }
    }
    *mean_row = n ? sum / n : 0;
    return n;
}

static void draw(const char *results, struct apng *apng)
{
    cli_write("study.json", results);
    CLI_SUCCEEDS("figure scaling-modes --data study.json --quiet -o f.png");
    apng_read_file(apng, cli_at("f.png"));
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
    tcase_add_loop_test(tests, broken_results_are_refused, 0,
                        (int)(sizeof refusals / sizeof refusals[0]));
    tcase_add_test(tests, results_are_no_model);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
