/* Models of columns with supports: densities that integrate to one over the support and have no
 * seam, and samples that never leave it, whatever the network says. */
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

#define NET(dim, more)                                                                             \
    "\"net\": {\"kind\": \"mlp\", \"dim\": " #dim ", \"channels\": 32, \"layers\": 2,"             \
    " \"activation\": \"silu\"" more "}"
#define FITTED ", \"width\": 1, \"shift\": 0.2, \"scale\": 0.9}"

#define COUNT(more)                                                                                \
    ", \"data\": {\"classes\": 2, \"transform\": {\"kind\": \"columns\", \"columns\": ["           \
    "{\"kind\": \"real\"" more                                                                     \
    ", \"width\": 1, \"scale\": 2}, {\"kind\": \"real\", \"width\": 1}]}}}"

static struct adv_model *circle_model(void)
{
    return model_of("{\"name\": \"circle\", " NET(
        1, ", \"periodic\": [0]") ", \"data\": {"
                                  "\"transform\": {\"kind\": \"columns\", \"columns\": [{\"kind\": "
                                  "\"periodic\","
                                  " \"lo\": -90, \"period\": 360, \"width\": 1}]}}}");
}

/* One of every kind, the last a whole number of 0 ... 4. */
static struct adv_model *table_model(void)
{
    return model_of("{\"name\": \"table\", " NET(
        6, ", \"periodic\": [3]") ", \"data\": {"
                                  "\"transform\": {\"kind\": \"columns\", \"columns\": ["
                                  "{\"kind\": \"interval\", \"lo\": 0.1, \"hi\": 0.3" FITTED
                                  ", {\"kind\": \"above\", \"lo\": 0.1" FITTED
                                  ", {\"kind\": \"below\", \"hi\": 0.1" FITTED
                                  ", {\"kind\": \"periodic\", \"lo\": 0, \"period\": 6.2831853, "
                                  "\"width\": 1}"
                                  ", {\"kind\": \"heavy\"" FITTED
                                  ", {\"kind\": \"interval\", \"lo\": 0, \"hi\": 4, \"integer\": "
                                  "true" FITTED "]}}}");
}

static struct adv_run *ask(struct adv_model *model, const struct adv_query *query,
                           const struct adv_answer **answer)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_run *run = NULL;
    ck_assert_msg(adv_run_new(model, query, &run, &error) == ADV_OK, "%s", error.message);
    ck_assert_msg(adv_run_all(run, NULL, answer, &error) == ADV_OK, "%s", error.message);
    return run;
}

static struct adv_run *labelled_densities_of(struct adv_model *model, size_t n, const float *points,
                                             const int32_t *labels,
                                             const struct adv_answer **answer)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = n;
    query.points = points;
    query.labels = labels;
    query.solver = adv_solver_spec_accurate();
    query.solver.rtol = query.solver.atol = 1e-6;
    return ask(model, &query, answer);
}

static struct adv_run *densities_of(struct adv_model *model, size_t n, const float *points,
                                    const struct adv_answer **answer)
{
    return labelled_densities_of(model, n, points, NULL, answer);
}

/* The rectangle rule is exact to rounding for periodic functions as smooth as this. */
START_TEST(densities_on_a_circle_integrate_to_one)
{
    enum { N = 200 };
    float points[N];
    double mass = 0, lowest = INFINITY, highest = -INFINITY;
    for (int i = 0; i < N; i++)
        points[i] = -90 + 360 * (float)i / N;
    struct adv_model *model = circle_model();
    const struct adv_answer *answer;
    struct adv_run *run = densities_of(model, N, points, &answer);
    for (int i = 0; i < N; i++) {
        mass += exp(answer->log_density[i]) * 360 / N;
        lowest = fmin(lowest, answer->log_density[i]);
        highest = fmax(highest, answer->log_density[i]);
    }
    ck_assert_double_eq_tol(mass, 1, 1e-4);
    ck_assert_msg(highest - lowest > 1e-3, "the flow does nothing");
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

START_TEST(densities_on_a_circle_have_no_seam)
{
    const float points[] = {-90, 270, 630, -89.99f, 269.99f, 12, 372, -348};
    struct adv_model *model = circle_model();
    const struct adv_answer *answer;
    struct adv_run *run = densities_of(model, 8, points, &answer);
    const double *log_density = answer->log_density;
    for (int i = 1; i < 5; i++)
        ck_assert_double_eq_tol(log_density[i], log_density[0], 1e-3);
    for (int i = 6; i < 8; i++)
        ck_assert_double_eq_tol(log_density[i], log_density[5], 1e-5);
    for (size_t i = 0; i < 8; i++)
        ck_assert(fabs((double)answer->latents[i]) <= M_PI + 1e-6);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

START_TEST(samples_never_leave_the_support)
{
    struct adv_model *model = table_model();
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = 100000;
    query.seed = 3;
    query.solver = adv_solver_spec_accurate();
    ck_assert_int_eq(adv_solver_find("euler", &query.solver.solver, NULL), ADV_OK);
    query.solver.steps = 4;
    const struct adv_answer *answer;
    struct adv_run *run = ask(model, &query, &answer);
    for (size_t i = 0; i < query.n; i++) {
        const float *x = answer->states + i * 6;
        ck_assert((double)x[0] >= 0.1 && (double)x[0] <= 0.3);
        ck_assert((double)x[1] >= 0.1 && (double)x[2] <= 0.1);
        ck_assert((double)x[3] >= 0 && (double)x[3] < 6.2831853);
        ck_assert(isfinite(x[4]));
        ck_assert(x[5] >= 0 && x[5] <= 4 && x[5] == floorf(x[5]));
    }
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

/* Two classes, and a first column of whole numbers or of any. */
static struct adv_model *count_model(bool whole)
{
    return model_of(whole ? "{\"name\": \"count\", " NET(2, ", \"num_classes\": 2")
                                COUNT(", \"integer\": true")
                          : "{\"name\": \"count\", " NET(2, ", \"num_classes\": 2") COUNT(""));
}

/* The midpoint rule over the cell [k, k + 1), of the same network without rounding; in more shards
 * than one, and with labels of their own. */
START_TEST(whole_numbers_have_the_mean_density_of_their_cells)
{
    enum { N = 150, PARTS = 4 };
    float whole[2 * N], real[2 * N * PARTS];
    int32_t labels[N], real_labels[N * PARTS];
    for (int i = 0; i < N; i++) {
        whole[2 * i] = (float)(i % 7 - 3);
        whole[2 * i + 1] = 0.02f * (float)i - 1;
        labels[i] = i % 3 == 0;
        for (int d = 0; d < PARTS; d++) {
            real[2 * (i * PARTS + d)] = whole[2 * i] + ((float)d + 0.5f) / PARTS;
            real[2 * (i * PARTS + d) + 1] = whole[2 * i + 1];
            real_labels[i * PARTS + d] = labels[i];
        }
    }
    struct adv_model *of_whole = count_model(true), *of_real = count_model(false);
    const struct adv_answer *probability, *density;
    struct adv_run *run = labelled_densities_of(of_whole, N, whole, labels, &probability);
    struct adv_run *parts = labelled_densities_of(of_real, N * PARTS, real, real_labels, &density);
    for (int i = 0; i < N; i++) {
        double mean = 0;
        for (int d = 0; d < PARTS; d++)
            mean += exp(density->log_density[i * PARTS + d]) / PARTS;
        ck_assert_double_eq_tol(probability->log_density[i], log(mean), 1e-4);
    }
    adv_run_free(run);
    adv_run_free(parts);
    adv_model_unref(of_whole);
    adv_model_unref(of_real);
}
END_TEST

START_TEST(whole_numbers_cost_what_they_are_integrated_by)
{
    struct adv_model *of_whole = count_model(true), *of_real = count_model(false);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = 10;
    ck_assert_double_eq(adv_query_cost(&query, of_whole), 4 * adv_query_cost(&query, of_real));
    query.t = 0.5; /* no probabilities before the end */
    ck_assert_double_eq(adv_query_cost(&query, of_whole), adv_query_cost(&query, of_real));
    adv_model_unref(of_whole);
    adv_model_unref(of_real);
}
END_TEST

/* Of whole numbers the point's u is another than the sample's, so that this holds for other columns
 * only. */
START_TEST(the_density_of_a_sample_is_that_of_its_point)
{
    struct adv_model *model = circle_model();
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = 20;
    query.log_density = true;
    query.solver = adv_solver_spec_accurate();
    query.solver.rtol = query.solver.atol = 1e-7;
    const struct adv_answer *sampled, *scored;
    struct adv_run *samples = ask(model, &query, &sampled);
    struct adv_run *points = densities_of(model, 20, sampled->states, &scored);
    for (size_t i = 0; i < 20; i++)
        ck_assert_double_eq_tol(sampled->log_density[i], scored->log_density[i], 1e-4);
    adv_run_free(samples);
    adv_run_free(points);
    adv_model_unref(model);
}
END_TEST

static void refuse_model(const char *net, const char *more, const char *message)
{
    char text[512];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    snprintf(text, sizeof text,
             "{\"name\": \"m\", \"net\": {\"kind\": \"mlp\", \"dim\": 1, \"channels\": 4, "
             "\"layers\": 1%s}, %s}",
             net, more);
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_msg(config != NULL, "%s", text);
    ck_assert_int_ne(adv_model_new_json(config, NULL, NULL, &model, &error), ADV_OK);
    ck_assert_msg(strstr(error.message, message) != NULL, "%s", error.message);
    json_decref(config);
}

#define ANGLE                                                                                      \
    "\"data\": {\"transform\": {\"kind\": \"columns\", \"columns\": [{\"kind\": \"periodic\", "    \
    "\"lo\": 0, \"period\": 1, \"width\": 1}]}}"

START_TEST(nets_and_transforms_agree_on_what_is_periodic)
{
    refuse_model("", ANGLE, "net.periodic names 0 columns, and the transform maps 1 to angles");
    refuse_model(", \"periodic\": [0]", "\"data\": {}", "net.periodic names 1 columns");
    refuse_model(", \"periodic\": [0]", ANGLE ", \"path\": \"cosine\"",
                 "path is cosine; with periodic columns it must be condot");
    refuse_model(", \"periodic\": [0], \"input_gain\": true", ANGLE, "is not periodic");
    refuse_model(", \"periodic\": [1]", ANGLE, "net.periodic[0] must be a column");
    refuse_model(", \"periodic\": []", ANGLE, "an array of 1 to 16 columns");
    refuse_model(", \"periodic\": 0", ANGLE, "an array of 1 to 16 columns");
}
END_TEST

/* The plane that pictures show ends where data do, and has its margin where they do not. */
START_TEST(pictures_show_what_data_can_be)
{
    enum { SIDE = 9 };
    struct adv_model *model = model_of(
        "{\"name\": \"table\", " NET(2, "") ", \"data\": {\"box\": [[-1, 1], [-1, 1]], "
                                            "\"transform\": {\"kind\": \"columns\", \"columns\": ["
                                            "{\"kind\": \"interval\", \"lo\": -1, \"hi\": 1" FITTED
                                            ", {\"kind\": \"real\"" FITTED "]}}}");
    float *points = NULL;
    ck_assert_int_eq(adv_picture_grid(model, SIDE, &points, NULL), ADV_OK);
    const float *first = points, *last = points + 2 * (SIDE * SIDE - 1);
    ck_assert_double_eq_tol((double)first[0], -1 + 1.0 / SIDE, 1e-6);
    ck_assert_double_eq_tol((double)last[0], 1 - 1.0 / SIDE, 1e-6);
    ck_assert_double_eq_tol((double)first[1], 1.125 * (-1 + 1.0 / SIDE), 1e-6);
    ck_assert_double_eq_tol((double)last[1], 1.125 * (1 - 1.0 / SIDE), 1e-6);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = SIDE * SIDE;
    query.points = points;
    const struct adv_answer *answer;
    adv_run_free(ask(model, &query, &answer));
    free(points);
    adv_model_unref(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("supports");
    TCase *tests = tcase_create("supports");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, densities_on_a_circle_integrate_to_one);
    tcase_add_test(tests, densities_on_a_circle_have_no_seam);
    tcase_add_test(tests, samples_never_leave_the_support);
    tcase_add_test(tests, whole_numbers_have_the_mean_density_of_their_cells);
    tcase_add_test(tests, whole_numbers_cost_what_they_are_integrated_by);
    tcase_add_test(tests, the_density_of_a_sample_is_that_of_its_point);
    tcase_add_test(tests, nets_and_transforms_agree_on_what_is_periodic);
    tcase_add_test(tests, pictures_show_what_data_can_be);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
