/* The models that ship: each loads, has its recipe beside it and its figures on its card, and the
 * densities of the planar ones integrate to one. */
#include <advect/extra/all.h>

#include "tests/support/instrumented.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_PLANAR = 4, N_SHIPPED = 11 };
static const char *const shipped[N_SHIPPED] = {
    "checkerboard-4x4",    "checkerboard-5x5", "checkerboard-8x8",
    "four-modes",          "checkerboard-3d",  "mnist-mlp",
    "posterior-two-moons", "posterior-slcp",   "checkerboard-8x8-fast",
    "mnist-fast",          "fashion"}; /* planar first */

static struct adv_model *load(const char *name)
{
    char path[128];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    snprintf(path, sizeof path, "models/%s.safetensors", name);
    ck_assert_msg(adv_model_load(path, NULL, &model, &error) == ADV_OK, "%s", error.message);
    return model;
}

START_TEST(every_model_has_its_recipe_and_its_card)
{
    const char *name = shipped[_i];
    struct adv_model *model = load(name);
    char path[128];
    snprintf(path, sizeof path, "models/%s.json", name);
    json_error_t json_error;
    json_t *recipe = json_load_file(path, 0, &json_error);
    ck_assert_msg(recipe != NULL, "%s: %s", path, json_error.text);
    ck_assert_str_eq(adv_model_name(model), name);
    ck_assert_str_eq(json_string_value(json_object_get(recipe, "name")), name);

    /* the recipe's network is the model's: defaults filled in on both sides */
    struct adv_net *net = NULL;
    ck_assert_int_eq(adv_net_new(json_object_get(recipe, "net"), &net, NULL), ADV_OK);
    json_t *wanted = adv_net_config(net), *is = adv_net_config(adv_model_net(model));
    ck_assert(json_equal(wanted, is));
    ck_assert(json_is_object(adv_model_card_json(model)));
    ck_assert(json_is_number(json_object_get(adv_model_card_json(model), "held_out_loss")));
    json_decref(wanted);
    json_decref(is);
    adv_net_free(net);
    json_decref(recipe);
    adv_model_unref(model);
}
END_TEST

/* The answer to a query, over all processors; the run must be freed. */
static const struct adv_answer *answer_to(struct adv_model *model, const struct adv_query *query,
                                          struct adv_run **run)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_pool *pool = NULL;
    const struct adv_answer *answer = NULL;
    ck_assert_int_eq(adv_pool_new(adv_cpu_count(), &pool, NULL), ADV_OK);
    ck_assert_msg(adv_run_new(model, query, run, &error) == ADV_OK, "%s", error.message);
    struct adv_run_options options = {.size = sizeof options, .pool = pool};
    ck_assert_int_eq(adv_run_all(*run, &options, &answer, NULL), ADV_OK);
    adv_pool_free(pool);
    return answer;
}

/* A random point in each square of a grid over [-4.5, 4.5]^2: the edges of a board's cells are too
 * steep for the same place in all of them. Of a true board the sum's standard deviation is 0.003 at
 * most. */
START_TEST(planar_densities_integrate_to_one)
{
    enum { SIDE = 127 };
    if (INSTRUMENTED) {
        printf("skipped: the integral takes minutes in an instrumented build\n");
        return;
    }
    struct adv_model *model = load(shipped[_i]);
    struct adv_run *run = NULL;
    float *points = calloc(SIDE * SIDE, 2 * sizeof *points);
    const double cell = 9.0 / SIDE;
    adv_rng_uniform(1, ADV_STREAM_DATA, 0, SIDE * SIDE, 2, points);
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        points[2 * i] = (float)(-4.5 + cell * ((double)(i % SIDE) + (double)points[2 * i]));
        points[2 * i + 1] = (float)(-4.5 + cell * ((double)(i / SIDE) + (double)points[2 * i + 1]));
    }
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = SIDE * SIDE;
    query.points = points;
    query.solver = adv_solver_spec_accurate();
    query.solver.rtol = query.solver.atol = 1e-4;
    const struct adv_answer *answer = answer_to(model, &query, &run);
    double sum = 0;
    for (size_t i = 0; i < query.n; i++)
        sum += exp(answer->log_density[i]) * cell * cell;
    ck_assert_msg(fabs(sum - 1) < 0.01, "%s integrates to %.4f", shipped[_i], sum);
    adv_run_free(run);
    adv_model_unref(model);
    free(points);
}
END_TEST

/* Bits per dimension of an image of class `label`: of the picture, or else of the point. */
static double bits_of(struct adv_model *model, int32_t label, const struct adv_bytes *png,
                      const float *point)
{
    char text[12];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_limits limits = adv_limits_default();
    struct adv_request *request = NULL;
    struct adv_run *run = NULL;
    struct adv_query query;
    snprintf(text, sizeof text, "%d", label);
    const char *const fields[][2] = {{"label", text},     {"solver", "rk4"},
                                     {"steps", "8"},      {"probes", "2"},
                                     {"probe_seed", "1"}, {"renew_probes", "true"}};
    ck_assert_int_eq(adv_request_new(ADV_QUERY_LOG_DENSITY, &request, NULL), ADV_OK);
    for (size_t i = 0; i < ADV_COUNT(fields); i++)
        ck_assert_int_eq(adv_request_set_text(request, fields[i][0], fields[i][1], NULL), ADV_OK);
    ck_assert_msg(adv_request_parse_png(request, model, png->data, png->n, "it", &error) == ADV_OK,
                  "%s", error.message);
    ck_assert_int_eq(adv_request_query(request, model, &limits, 0, &query, NULL), ADV_OK);
    if (point)
        query.points = point;
    double bits = answer_to(model, &query, &run)->bits_per_dim[0];
    adv_run_free(run);
    adv_request_free(request);
    return bits;
}

/* Digits that are saved as pictures and read again are about as probable as they were. What is lost
 * are their places within the levels, which the model does not spread quite evenly: 0.03 to 0.08
 * bits/dim as a mean of ten digits, over several seeds. Wrong levels cost more than 3. */
START_TEST(saved_samples_keep_their_density)
{
    enum { CLASSES = 10 };
    if (INSTRUMENTED) {
        printf("skipped: densities of images take minutes in an instrumented build\n");
        return;
    }
    struct adv_model *model = load("mnist-density");
    double change = 0;
    for (int32_t label = 0; label < CLASSES; label++) {
        struct adv_run *run = NULL;
        struct adv_bytes png = {0};
        struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
        query.labels = &label;
        query.seed = 1;
        query.guidance = adv_model_guidance(model);
        ck_assert_int_eq(adv_solver_find("midpoint", &query.solver.solver, NULL), ADV_OK);
        query.solver.steps = 15;
        const struct adv_answer *sample = answer_to(model, &query, &run);
        const struct adv_picture picture = {.zoom = 1, .columns = 1};
        ck_assert_int_eq(adv_render_png(model, &query, sample, &picture, &png, NULL), ADV_OK);
        change += bits_of(model, label, &png, NULL) - bits_of(model, label, &png, sample->states);
        adv_bytes_release(&png);
        adv_run_free(run);
    }
    ck_assert_double_eq_tol(change / CLASSES, 0, 0.1);
    adv_model_unref(model);
}
END_TEST

/* The root mean square difference, of intensities in [0, 1], between ten digits of a student and
 * those that its teacher makes of the same noise. */
static double deviation(struct adv_model *student, int64_t steps, const float *exact)
{
    struct adv_run *run = NULL;
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    double sum = 0;
    query.n = 10;
    query.seed = 3;
    query.guidance = adv_model_guidance(student);
    ck_assert_int_eq(adv_solver_find("flow_map", &query.solver.solver, NULL), ADV_OK);
    query.solver.steps = steps;
    const struct adv_answer *answer = answer_to(student, &query, &run);
    size_t n = answer->n * answer->dim;
    for (size_t i = 0; i < n; i++)
        sum += pow((double)answer->states[i] - (double)exact[i], 2);
    adv_run_free(run);
    return sqrt(sum / (double)n);
}

/* Other digits of the same classes differ by 0.31. */
START_TEST(few_steps_make_the_digits_of_many)
{
    struct adv_model *teacher = load("mnist"), *student = load("mnist-fast");
    struct adv_run *run = NULL;
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = 10;
    query.seed = 3;
    query.guidance = adv_model_guidance(teacher);
    const struct adv_answer *exact = answer_to(teacher, &query, &run);
    double one = deviation(student, 1, exact->states), four = deviation(student, 4, exact->states);
    ck_assert_msg(four < 0.08, "%g with 4 steps", four);
    ck_assert_msg(one < 0.09, "%g with 1 step", one);
    ck_assert_double_lt(four, one);
    adv_run_free(run);
    adv_model_unref(student);
    adv_model_unref(teacher);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shipped");
    TCase *tests = tcase_create("shipped");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, every_model_has_its_recipe_and_its_card, 0, N_SHIPPED);
    tcase_add_loop_test(tests, planar_densities_integrate_to_one, 0, N_PLANAR);
    tcase_add_test(tests, saved_samples_keep_their_density);
    tcase_add_test(tests, few_steps_make_the_digits_of_many);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
