/* The models that ship: each loads, has its recipe beside it and its figures on its card, and the
 * densities of the planar ones integrate to one. */
#include <advect/advect.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define INSTRUMENTED 1
#else
#define INSTRUMENTED 0
#endif

enum { N_PLANAR = 4, N_SHIPPED = 6 };
static const char *const shipped[N_SHIPPED] = {"checkerboard-4x4", "checkerboard-5x5",
                                               "checkerboard-8x8", "four-modes",
                                               "checkerboard-3d",  "mnist-mlp"}; /* planar first */

static struct adv_model *load(const char *name)
{
    char path[128];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    snprintf(path, sizeof path, "models/%s.safetensors", name);
    ck_assert_msg(adv_model_load(path, &model, &error) == ADV_OK, "%s", error.message);
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
    ck_assert(json_is_object(adv_model_card(model)));
    ck_assert(json_is_number(json_object_get(adv_model_card(model), "held_out_loss")));
    json_decref(wanted);
    json_decref(is);
    adv_net_free(net);
    json_decref(recipe);
    adv_model_unref(model);
}
END_TEST

/* Midpoint rule over [-4.5, 4.5]^2, its squares not in step with the cells, whose edges are steep.
 */
START_TEST(planar_densities_integrate_to_one)
{
    enum { SIDE = 127 };
    if (INSTRUMENTED) {
        printf("skipped: the integral takes minutes in an instrumented build\n");
        return;
    }
    struct adv_model *model = load(shipped[_i]);
    struct adv_pool *pool = NULL;
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    float *points = calloc(SIDE * SIDE, 2 * sizeof *points);
    const double cell = 9.0 / SIDE;
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        points[2 * i] = (float)(-4.5 + cell * ((double)(i % SIDE) + 0.5));
        points[2 * i + 1] = (float)(-4.5 + cell * ((double)(i / SIDE) + 0.5));
    }
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = SIDE * SIDE;
    query.points = points;
    query.solver = adv_solver_spec_accurate();
    query.solver.rtol = query.solver.atol = 1e-4;
    ck_assert_int_eq(adv_pool_new(adv_cpu_count(), &pool, NULL), ADV_OK);
    ck_assert_int_eq(adv_run_new(model, &query, &run, NULL), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, pool, NULL, NULL, NULL, &answer, NULL), ADV_OK);
    double sum = 0;
    for (size_t i = 0; i < query.n; i++)
        sum += exp(answer->log_density[i]) * cell * cell;
    ck_assert_msg(fabs(sum - 1) < 0.01, "%s integrates to %.4f", shipped[_i], sum);
    adv_run_free(run);
    adv_pool_free(pool);
    adv_model_unref(model);
    free(points);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shipped");
    TCase *tests = tcase_create("shipped");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, every_model_has_its_recipe_and_its_card, 0, N_SHIPPED);
    tcase_add_loop_test(tests, planar_densities_integrate_to_one, 0, N_PLANAR);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
