/* Where a row's log-density stands among held-out ones, and latents beyond the base. */
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <string.h>

#define NET "\"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 1"
#define FITTED ", \"width\": 1, \"shift\": 0.2, \"scale\": 0.9}"
#define TYPICAL "\"typicality\": {\"rows\": 5, \"log_density\": [-8, -4, -4, -3, -1]}"

static struct adv_model *typical_model(void)
{
    return model_of("{\"name\": \"typical\", " NET "}, " TYPICAL "}");
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

START_TEST(percentiles_lie_between_the_quantiles)
{
    struct adv_model *model = typical_model();
    const struct {
        double log_density, percentile;
    } cases[] = {{-100, 0}, {-8, 0},    {-6, 12.5}, {-4, 50},        {-3.5, 62.5},
                 {-3, 75},  {-2, 87.5}, {-1, 100},  {INFINITY, 100}, {-INFINITY, 0}};
    ck_assert(adv_model_has_typicality(model));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_double_eq_tol(adv_model_typicality(model, cases[i].log_density),
                                cases[i].percentile, 1e-12);
    ck_assert(isnan(adv_model_typicality(model, NAN)));
    adv_model_unref(model);
    model = model_of("{\"name\": \"silent\", " NET "}}");
    ck_assert(!adv_model_has_typicality(model));
    ck_assert(isnan(adv_model_typicality(model, 0)));
    adv_model_unref(model);
}
END_TEST

/* At t = 0 latents are the points. Two numbers: P(|x|^2 > r^2) is exp(-r^2 / 2), 1e-6 at 5.2565. */
START_TEST(latents_beyond_the_base_are_marked)
{
    struct adv_model *model = typical_model();
    const float points[] = {0, 0, 5.25f, 0, 0, -5.26f, 3.72f, 3.72f};
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = 4;
    query.points = points;
    query.t = 0;
    const struct adv_answer *answer;
    for (int latents = 0; latents < 2; latents++) {
        query.kind = latents ? ADV_QUERY_LATENTS : ADV_QUERY_LOG_DENSITY;
        struct adv_run *run = ask(model, &query, &answer);
        ck_assert_ptr_nonnull(answer->extrapolated);
        ck_assert(!answer->extrapolated[0] && !answer->extrapolated[1]);
        ck_assert(answer->extrapolated[2] && answer->extrapolated[3]);
        adv_run_free(run);
    }
    query.n = 2;
    struct adv_run *run = ask(model, &query, &answer);
    ck_assert_ptr_null(answer->extrapolated);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

/* Angles are uniform on their circle, wherever they are. */
START_TEST(angles_do_not_count)
{
    struct adv_model *model = model_of(
        "{\"name\": \"round\", " NET ", \"periodic\": [0]}, \"data\": {\"transform\": {\"kind\":"
        " \"columns\", \"columns\": [{\"kind\": \"periodic\", \"lo\": -90, \"period\": 360,"
        " \"width\": 1}, {\"kind\": \"real\", \"width\": 1, \"shift\": 0.2, \"scale\": 0.9}]}}}");
    const float far[] = {100, 0}, out[] = {0, 4.9f}; /* 4.89164 is exceeded by 1e-6 */
    ck_assert(!adv_model_is_beyond_base(model, far));
    ck_assert(adv_model_is_beyond_base(model, out));
    adv_model_unref(model);
}
END_TEST

START_TEST(typicality_is_told_where_it_means_something)
{
    struct adv_model *model = typical_model();
    const float point[2] = {0.5f, 0.25f};
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.points = point;
    const struct adv_answer *answer;
    struct adv_run *run = ask(model, &query, &answer);
    ck_assert_ptr_nonnull(answer->typicality);
    ck_assert_double_eq(answer->typicality[0], adv_model_typicality(model, answer->log_density[0]));
    struct adv_bytes csv = {0}, json = {0};
    ck_assert_int_eq(adv_render_csv(model, &query, answer, &csv, NULL), ADV_OK);
    ck_assert_ptr_nonnull(memmem(csv.data, csv.n, "log_density,typicality,extrapolated\n", 36));
    ck_assert_int_eq(adv_render_json(model, &query, answer, &json, NULL), ADV_OK);
    ck_assert_ptr_nonnull(memmem(json.data, json.n, ",\"typicality\":[", 15));
    adv_bytes_release(&csv);
    adv_bytes_release(&json);
    adv_run_free(run);
    query.t = 0.5;
    run = ask(model, &query, &answer);
    ck_assert_ptr_null(answer->typicality);
    adv_run_free(run);
    query.t = 1;
    query.space = ADV_SPACE_FLOW;
    run = ask(model, &query, &answer);
    ck_assert_ptr_null(answer->typicality);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

/* Held-out rows of whole numbers are measured by probabilities of their cells, which a sample's own
 * density is not. */
START_TEST(samples_of_cells_are_not_compared_with_averages)
{
    struct adv_model *model =
        model_of("{\"name\": \"whole\", " NET "}, " TYPICAL ", \"data\": {\"transform\": {"
                 "\"kind\": \"columns\", \"columns\": [{\"kind\": \"interval\", \"lo\": 0, \"hi\": "
                 "4, \"integer\": true" FITTED ", {\"kind\": \"real\"" FITTED "]}}}");
    const float point[2] = {3, 0.25f};
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.points = point;
    const struct adv_answer *answer;
    struct adv_run *run = ask(model, &query, &answer);
    ck_assert_ptr_nonnull(answer->typicality);
    adv_run_free(run);
    query = adv_query_default(ADV_QUERY_SAMPLES);
    query.log_density = true;
    run = ask(model, &query, &answer);
    ck_assert_ptr_null(answer->typicality);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("typicality");
    TCase *tests = tcase_create("typicality");
    tcase_add_test(tests, percentiles_lie_between_the_quantiles);
    tcase_add_test(tests, latents_beyond_the_base_are_marked);
    tcase_add_test(tests, angles_do_not_count);
    tcase_add_test(tests, typicality_is_told_where_it_means_something);
    tcase_add_test(tests, samples_of_cells_are_not_compared_with_averages);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
