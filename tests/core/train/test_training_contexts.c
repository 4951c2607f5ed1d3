/* A training on contexts learns p(x | context), and its model says what the contexts were. */
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>
#include <advect/train.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 2000
#define SAMPLES 500

/* y is 3 c + 1 with a standard deviation of 0.5; c from -10 to 10. */
static void write_table(const char *path)
{
    float c[ROWS], noise[ROWS];
    adv_rng_uniform(1, ADV_STREAM_DATA, 0, ROWS, 1, c);
    adv_rng_normal(1, ADV_STREAM_DATA_NOISE, 0, ROWS, 1, noise);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("y,c\n", file);
    for (size_t i = 0; i < ROWS; i++) {
        double x = 20 * (double)c[i] - 10;
        fprintf(file, "%.6f,%.6f\n", 3 * x + 1 + 0.5 * (double)noise[i], x);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static struct adv_model *trained(const char *path, const char *net, const char *train)
{
    char recipe[1000];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = NULL;
    struct adv_model *model = NULL;
    snprintf(recipe, sizeof recipe,
             "{\"name\": \"line\", \"net\": {%s}, \"data\": {\"source\": {\"kind\": \"csv\", "
             "\"file\": \"%s\", "
             "\"context\": [\"c\"]}, \"held_out\": 0.1}, \"train\": {\"steps\": 600, \"batch\": "
             "256, \"learning_rate\": 0.01, \"ema_decay\": 0.99%s}}",
             net, path, train);
    struct adv_training_options options = {.size = sizeof options};
    ck_assert_msg(adv_training_new(recipe, &options, &training, &error) == ADV_OK, "%s",
                  error.message);
    ck_assert_msg(adv_training_run(training, NULL, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(adv_training_model(training, &model, NULL), ADV_OK);
    adv_training_free(training);
    return model;
}

static void check_samples(struct adv_model *model, const float *context, double mean,
                          double deviation)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    double sum = 0, squares = 0;
    query.n = SAMPLES;
    query.context = context;
    query.n_contexts = context ? 1 : 0;
    ck_assert_int_eq(adv_run_new(model, &query, &run, NULL), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, NULL, &answer, NULL), ADV_OK);
    for (size_t i = 0; i < SAMPLES; i++) {
        sum += (double)answer->states[i];
        squares += (double)answer->states[i] * (double)answer->states[i];
    }
    double found = sum / SAMPLES;
    ck_assert_double_eq_tol(found, mean, 0.6);
    ck_assert_double_eq_tol(sqrt(squares / SAMPLES - found * found), deviation, 0.3 * deviation);
    adv_run_free(run);
}

#define MLP                                                                                        \
    "\"kind\": \"mlp\", \"dim\": 1, \"channels\": 32, \"layers\": 2, \"activation\": \"silu\", "   \
    "\"residual\": true, \"conditioning\": \"scale_shift\""
#define TRANSFORMER "\"kind\": \"transformer\", \"dim\": 1, \"channels\": 16, \"layers\": 1"

START_TEST(samples_follow_their_context)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/advect-contexts-%d.csv", (int)getpid());
    write_table(path);
    struct adv_model *model = trained(path, MLP, "");
    check_samples(model, &(float){-6}, -17, 0.6);
    check_samples(model, &(float){0}, 1, 0.6);
    check_samples(model, &(float){7}, 22, 0.6);
    ck_assert_str_eq(adv_model_context_name(model, 0), "c");
    ck_assert_double_eq_tol(adv_model_context_reach(model), sqrt(3), 0.05); /* of a uniform */
    adv_model_unref(model);
    model = trained(path, MLP ", \"null_context\": true", ", \"context_dropout\": 0.2");
    check_samples(model, &(float){-6}, -17, 0.8);
    ck_assert(adv_model_has_null_context(model));
    adv_model_unref(model);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/* The model as its file has it. */
static struct adv_model *saved_and_loaded(struct adv_model *model)
{
    char path[64];
    struct adv_model *again = NULL;
    snprintf(path, sizeof path, "/tmp/advect-contexts-%d.safetensors", (int)getpid());
    ck_assert_int_eq(adv_model_save(model, path, ADV_F32, NULL), ADV_OK);
    ck_assert_int_eq(adv_model_load(path, NULL, &again, NULL), ADV_OK);
    ck_assert_int_eq(unlink(path), 0);
    adv_model_unref(model);
    return again;
}

/* By itself, and from the start of a linear regression and a mixture on. */
START_TEST(samples_of_a_transformer_do_too)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/advect-contexts-%d.csv", (int)getpid());
    write_table(path);
    static const char *const nets[] = {TRANSFORMER,
                                       TRANSFORMER ", \"context_mean\": true, \"mixture\": 1"};
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        struct adv_model *model = saved_and_loaded(trained(path, nets[i], ""));
        check_samples(model, &(float){-6}, -17, 0.6);
        check_samples(model, &(float){7}, 22, 0.6);
        adv_model_unref(model);
    }
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(other_nets_take_no_contexts)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = NULL;
    struct adv_training_options options = {.size = sizeof options};
    char path[64], recipe[500];
    snprintf(path, sizeof path, "/tmp/advect-contexts-%d.csv", (int)getpid());
    write_table(path);
    snprintf(
        recipe, sizeof recipe,
        "{\"name\": \"line\", \"net\": {\"kind\": \"sequential\", \"dim\": 1, \"channels\": 8, "
        "\"layers\": 1}, \"data\": {\"source\": {\"kind\": \"csv\", \"file\": \"%s\", "
        "\"context\": [\"c\"]}}, \"train\": {\"steps\": 1}}",
        path);
    ck_assert_int_eq(adv_training_new(recipe, &options, &training, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.message,
                     "data.source.context names columns, which nets of the kinds mlp and "
                     "transformer take; net.kind is sequential");
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/* What is asked for as context is one in the recipe, which trains. */
START_TEST(a_proposal_keeps_the_context_apart)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/advect-contexts-%d.csv", (int)getpid());
    write_table(path);
    json_t *context = json_pack("[s]", "c");
    struct adv_propose_options options = {.file = path, .context = context, .where = "--"};
    struct adv_proposal proposal = {0};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_recipe_propose(&options, &proposal, &error) == ADV_OK, "%s", error.message);
    const json_t *columns = json_object_get(proposal.found, "columns");
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(columns, 0), "use")),
                     "number");
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(columns, 1), "use")),
                     "context");
    const json_t *net = json_object_get(proposal.recipe, "net");
    ck_assert_int_eq(json_integer_value(json_object_get(net, "dim")), 1);
    ck_assert_int_eq(adv_recipe_set(proposal.recipe, "train.steps=3", NULL), ADV_OK);
    char *text = json_dumps(proposal.recipe, 0);
    struct adv_training *training = NULL;
    struct adv_training_options training_options = {.size = sizeof training_options};
    ck_assert_msg(adv_training_new(text, &training_options, &training, &error) == ADV_OK, "%s",
                  error.message);
    ck_assert_int_eq(adv_training_run(training, NULL, NULL), ADV_OK);
    adv_training_free(training);
    free(text);
    adv_proposal_release(&proposal);
    json_decref(context);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("training on contexts");
    TCase *tests = tcase_create("contexts");
    tcase_add_test(tests, samples_follow_their_context);
    tcase_add_test(tests, samples_of_a_transformer_do_too);
    tcase_add_test(tests, other_nets_take_no_contexts);
    tcase_add_test(tests, a_proposal_keeps_the_context_apart);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
