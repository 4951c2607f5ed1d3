/* The part of the plane that pictures of a model show holds its samples, and is not much larger. */
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

#define NET(more)                                                                                  \
    "{\"name\": \"m\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": "     \
    "1" more "}, \"data\": {"
#define AFFINE(shift, scale)                                                                       \
    "\"transform\": {\"kind\": \"affine\", \"shift\": " shift ", \"scale\": " scale "}}}"

/* None of them says where its data are. */
static const char *const silent[] = {
    NET("") AFFINE("[0, 0]", "[1, 1]"),
    NET("") AFFINE("[1000, -3]", "[1e-3, 2e-3]"),
    NET("") AFFINE("[5, 5]", "[1e-3, 1e4]"),
    NET(", \"num_classes\": 3") "\"classes\": 3, " AFFINE("[0, 0]", "[50, 30]"),
    NET(", \"periodic\": [0]") "\"transform\": {\"kind\": \"columns\", \"columns\": [{\"kind\": "
                               "\"periodic\", \"lo\": 0, \"period\": 360, \"width\": 1}, "
                               "{\"kind\": "
                               "\"above\", \"lo\": 100, \"width\": 0.01}]}}}",
};

/* Of 1,000 samples of other seeds, a column's least and largest, and how many are in [lo, hi]. */
static size_t look_at_samples(struct adv_model *model, size_t column, double lo, double hi,
                              double *least, double *largest)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    const struct adv_answer *answer;
    struct adv_run *run = NULL;
    size_t inside = 0;
    query.n = 1000;
    query.seed = 77;
    ck_assert_int_eq(adv_run_new(model, &query, &run, NULL), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, NULL, &answer, NULL), ADV_OK);
    *least = INFINITY;
    *largest = -INFINITY;
    for (size_t i = 0; i < query.n; i++) {
        double x = (double)answer->states[2 * i + column];
        *least = fmin(*least, x);
        *largest = fmax(*largest, x);
        inside += x >= lo && x <= hi;
    }
    adv_run_free(run);
    return inside;
}

START_TEST(samples_of_a_model_that_says_nothing_fill_its_box)
{
    double lo[2], hi[2], least, largest;
    struct adv_model *model = model_of(silent[_i]);
    ck_assert(adv_model_box(model, lo, hi));
    for (size_t k = 0; k < 2; k++) {
        size_t inside = look_at_samples(model, k, lo[k], hi[k], &least, &largest);
        ck_assert_msg(inside >= 900, "column %zu: %zu in [%g, %g]", k, inside, lo[k], hi[k]);
        ck_assert_msg(largest - least > (hi[k] - lo[k]) / 4, "column %zu: %g of %g", k,
                      largest - least, hi[k] - lo[k]);
    }
    adv_model_unref(model);
}
END_TEST

/* Pictures of these are what they were. */
START_TEST(models_around_the_origin_keep_the_square)
{
    double lo[2], hi[2];
    struct adv_model *model = model_of(silent[0]);
    ck_assert(adv_model_box(model, lo, hi));
    for (size_t k = 0; k < 2; k++)
        ck_assert(lo[k] == -4 && hi[k] == 4);
    adv_model_unref(model);
}
END_TEST

START_TEST(a_box_that_is_stated_is_taken)
{
    double lo[2], hi[2];
    struct adv_model *model =
        model_of(NET("") "\"box\": [[-1, 2], [50, 60]], " AFFINE("[1000, -3]", "[1e-3, 2e-3]"));
    ck_assert(adv_model_box(model, lo, hi));
    ck_assert(lo[0] == -1 && hi[0] == 2 && lo[1] == 50 && hi[1] == 60);
    adv_model_unref(model);
}
END_TEST

START_TEST(models_of_other_dimensions_have_none)
{
    double lo[2], hi[2];
    struct adv_model *model = model_of("{\"name\": \"m\", \"net\": {\"kind\": \"mlp\", \"dim\": 3, "
                                       "\"channels\": 8, \"layers\": 1}, \"data\": {}}");
    ck_assert(!adv_model_box(model, lo, hi));
    adv_model_unref(model);
}
END_TEST

/* Each axis of a picture has its box's columns, whatever the other's scale, but for what data cannot
 * be: a logit with a margin leaves samples a little beyond. */
START_TEST(grids_of_pictures_fit_columns_of_different_scales)
{
    enum { SIDE = 10 };
    double lo[2], hi[2];
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        struct adv_model *model = model_of(silent[i]);
        float *points = NULL;
        ck_assert(adv_model_box(model, lo, hi));
        ck_assert_int_eq(adv_picture_grid(model, SIDE, &points, NULL), ADV_OK);
        const float *first = points, *last = points + 2 * (SIDE * SIDE - 1);
        double sides[2], cells[2];
        for (size_t k = 0; k < 2; k++) {
            sides[k] = hi[k] - lo[k];
            cells[k] = ((double)last[k] - (double)first[k]) / (SIDE - 1);
            ck_assert_double_ge(cells[k] * SIDE, sides[k] * 0.9);
            ck_assert_double_le(cells[k] * SIDE, sides[k] * 1.13 * 4);
        }
        bool alike = fmax(sides[0], sides[1]) <= 4 * fmin(sides[0], sides[1]);
        ck_assert_msg(!alike || fabs(cells[0] / cells[1] - 1) < 0.01, "model %zu", i);
        free(points);
        adv_model_unref(model);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: box");
    TCase *tests = tcase_create("box");
    tcase_add_loop_test(tests, samples_of_a_model_that_says_nothing_fill_its_box, 0,
                        (int)(sizeof silent / sizeof *silent));
    tcase_add_test(tests, models_around_the_origin_keep_the_square);
    tcase_add_test(tests, a_box_that_is_stated_is_taken);
    tcase_add_test(tests, models_of_other_dimensions_have_none);
    tcase_add_test(tests, grids_of_pictures_fit_columns_of_different_scales);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
