/* Tests of the commands that judge and correct posteriors, as they are typed. */
#include "tests/support/instrumented.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <advect/extra/all.h>

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double figure_of(const json_t *figures, const char *key)
{
    ck_assert_msg(json_is_number(json_object_get(figures, key)), "no %s in %s", key, cli_output);
    return json_number_value(json_object_get(figures, key));
}

/* What a command printed as JSON. */
static json_t *printed(void)
{
    json_error_t error;
    json_t *json = json_loads(cli_output, 0, &error);
    ck_assert_msg(json != NULL, "%s: %s", error.text, cli_output);
    return json;
}

/* ---------------------------------------------------------------- calibration */

#define PAIRS 300
#define ENTROPY 2.1447298858494 /* log(2 pi e / 2): of N(x/2, 1/2) in two dimensions, nats */

static const char recipe[] =
    "{\"name\": \"gauss\", \"data\": {\"source\": {\"kind\": \"csv\", \"file\": \"pairs.csv\", "
    "\"columns\": [\"a\", "
    "\"b\"],"
    " \"context\": [\"x\", \"y\"]}, \"held_out\": 1000},"
    " \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"context\": 2, \"channels\": 48, \"layers\": 2,"
    " \"activation\": \"silu\", \"time_frequencies\": 4},"
    " \"train\": {\"steps\": 1500, \"batch\": 256, \"learning_rate\": 0.004}}";

/* x ~ N(0, 2) and theta given x ~ N(x/2 + off, wide^2/2), in both dimensions; off of the first. With
 * 1 and 0 they are those of theta ~ N(0, 1), x ~ N(theta, 1). */
static void write_pairs(size_t n, double wide, double off)
{
    float *z = malloc(4 * n * sizeof *z);
    FILE *file = fopen(cli_at("pairs.csv"), "w");
    adv_rng_normal(2, ADV_STREAM_DATA, 0, n, 4, z);
    fprintf(file, "a,b,x,y\n");
    for (size_t i = 0; i < n; i++) {
        double x = sqrt(2) * (double)z[4 * i], y = sqrt(2) * (double)z[4 * i + 1];
        fprintf(file, "%.7g,%.7g,%.7g,%.7g\n",
                x / 2 + wide * sqrt(0.5) * (double)z[4 * i + 2] + off,
                y / 2 + wide * sqrt(0.5) * (double)z[4 * i + 3], x, y);
    }
    fclose(file);
    free(z);
}

static json_t *calibration(const char *more)
{
    CLI_SUCCEEDS("eval gauss.safetensors --calibration %d --density-solver rk4:6 --json --quiet %s",
                 PAIRS, more);
    return printed();
}

static const char *verdict_of(const json_t *figures, size_t row)
{
    const json_t *ranks = json_object_get(json_object_get(figures, "calibration"), "ranks");
    ck_assert_uint_eq(json_array_size(ranks), 4);
    return json_string_value(json_object_get(json_array_get(ranks, row), "verdict"));
}

static void check_verdicts(double wide, double off, const char *const verdicts[4])
{
    write_pairs(12000, wide, off);
    json_t *figures = calibration("");
    for (size_t row = 0; row < 4; row++)
        ck_assert_str_eq(verdict_of(figures, row), verdicts[row]);
    json_decref(figures);
}

/* The share of pairs in regions of 90 %, whose range is that of 300 binomial trials. */
static void check_coverage(const json_t *figures)
{
    const json_t *rows = json_object_get(json_object_get(figures, "calibration"), "coverage");
    const json_t *row = json_array_get(rows, 1);
    ck_assert_double_eq_tol(figure_of(row, "level"), 0.9, 1e-12);
    ck_assert_double_eq_tol(figure_of(row, "low") * PAIRS, 256, 1e-6); /* scipy.stats.binom */
    ck_assert_double_eq_tol(figure_of(row, "high") * PAIRS, 283, 1e-6);
    ck_assert_double_ge(figure_of(row, "highest_density"), figure_of(row, "low"));
    ck_assert_double_le(figure_of(row, "highest_density"), figure_of(row, "high"));
}

/* Columns of a table are those that the model's context names, wherever they are. */
static void check_same_by_name(void)
{
    cli_write("named.csv", "y,note,x\n0,9,0.2\n1,8,1\n0.5,7,-0.3\n");
    cli_write("other.csv", "y,z\n0,0.2\n");
    CLI_SUCCEEDS("posterior gauss.safetensors --context three.csv --prior flat -n 100 --quiet");
    char *without = strdup(cli_output);
    CLI_SUCCEEDS("posterior gauss.safetensors --context named.csv --prior flat -n 100 --quiet");
    ck_assert_str_eq(cli_output, without);
    free(without);
    cli_fails(1, "posterior gauss.safetensors --context other.csv --prior flat",
              "there is no column \"x\"");
}

/* The product of N((0.2, 0)/2, 1/2), N((1, 1)/2, 1/2) and N((-0.3, 0.5)/2, 1/2): N((0.15, 0.25), 1/6).
 */
static void check_product(void)
{
    struct adv_array rows;
    double mean[2] = {0, 0}, square = 0;
    cli_write("three.csv", "0.2,0\n1,1\n-0.3,0.5\n");
    CLI_SUCCEEDS("posterior gauss.safetensors --context three.csv --prior flat -n 3000 -o p.csv "
                 "--json --quiet");
    json_t *figures = printed();
    double effective = figure_of(figures, "effective_sample_size");
    ck_assert_double_gt(effective, 600);
    ck_assert_ptr_null(json_object_get(figures, "log_evidence_ratio"));
    ck_assert_int_eq(adv_csv_read(cli_at("p.csv"), &rows, NULL), ADV_OK);
    ck_assert_str_eq(rows.columns[0], "a");
    ck_assert_str_eq(rows.columns[2], "weight");
    for (size_t i = 0; i < 3000; i++) {
        const float *row = rows.data + 3 * i;
        mean[0] += (double)row[2] * (double)row[0];
        mean[1] += (double)row[2] * (double)row[1];
        square += (double)row[2] * pow((double)row[0] - 0.15, 2);
    }
    /* Three standard errors, and three times what one posterior of a short training is off. */
    ck_assert_double_eq_tol(mean[0], 0.15, 3 * sqrt(1 / 6.0 / effective) + 0.1);
    ck_assert_double_eq_tol(mean[1], 0.25, 3 * sqrt(1 / 6.0 / effective) + 0.1);
    ck_assert_double_eq_tol(square, 1 / 6.0, 0.05);
    adv_array_release(&rows);
    json_decref(figures);
    cli_fails(1, "posterior gauss.safetensors --context three.csv --prior two_moon",
              "did you mean \"two_moons\"?");
    cli_fails(1, "posterior gauss.safetensors --context three.csv --prior slcp", "5 parameters");
    check_same_by_name();
    cli_fails(1, "posterior gauss.safetensors --context three.csv --prior flat -n 2",
              "n is 2; it must be at least 3");
    cli_fails(1, "posterior gauss.safetensors --context three.csv --prior flat -o p.txt",
              ".txt is no format of weighted samples");
    CLI_SUCCEEDS("posterior gauss.safetensors --context three.csv --prior flat -n 3 -o p.npy -q");
    ck_assert_int_eq(adv_npy_read(cli_at("p.npy"), &rows, NULL), ADV_OK);
    ck_assert_uint_eq(rows.shape[0], 3);
    ck_assert_uint_eq(rows.shape[1], 3);
    adv_array_release(&rows);
    cli_write("wide.csv", "1,2,3\n");
    cli_fails(1, "posterior gauss.safetensors --context wide.csv --prior flat", "rows of 3");
    cli_fails(2, "posterior gauss.safetensors --context three.csv", "prior");
    cli_fails(1, "posterior gauss.safetensors --context none.csv --prior flat", "none.csv");
}

static void check_what_goes_with_calibration(void)
{
    cli_fails(1, "eval gauss.safetensors --calibration-plot r.png",
              "--calibration-plot needs --calibration");
    cli_fails(1, "eval gauss.safetensors --posterior-samples 50",
              "--posterior-samples needs --calibration");
    cli_fails(1, "eval gauss.safetensors --calibration 20 --solvers rk4:6",
              "--solvers needs --curve");
    cli_fails(1, "eval gauss.safetensors --calibration 20 --samples s.npy",
              "--samples writes nothing with --calibration");
    cli_fails(1, "eval gauss.safetensors -n 0 --samples s.npy", "n is 0");
}

/* One pair of 31 is so far out that it has no log-density; blanks at the ends of lines are none. */
static void check_a_lost_pair(void)
{
    FILE *file = fopen(cli_at("far.csv"), "w");
    fprintf(file, "a,b,x,y\n3e38,0,0,0\n");
    for (int i = 0; i < 30; i++)
        fprintf(file, "%g,%g,%g,%g\n", 0.05 * i, 0.1, 0.1 * i, 0.2);
    fclose(file);
    CLI_SUCCEEDS(
        "eval gauss.safetensors --data far.csv --calibration 40 --posterior-samples 19 -q");
    ck_assert_ptr_nonnull(
        strstr(cli_output, "calibration is 40; the split test has 31 rows, and all are taken"));
    ck_assert_ptr_null(strstr(cli_output, " \n"));
    CLI_SUCCEEDS("eval gauss.safetensors --data far.csv --calibration 31 --posterior-samples 19 -q "
                 "--json");
    json_t *figures = printed();
    ck_assert_int_eq((int)figure_of(figures, "calibration_lost"), 1);
    ck_assert_double_gt(figure_of(figures, "posterior_nll_standard_error"), 0);
    ck_assert(isfinite(figure_of(figures, "posterior_nll")));
    json_decref(figures);
}

START_TEST(a_posterior_is_calibrated_where_the_pairs_are_those_it_learned)
{
    write_pairs(12000, 1, 0);
    cli_write("gauss.json", recipe);
    CLI_SUCCEEDS("train gauss.json --out gauss.safetensors --quiet");
    check_product();
    json_t *figures = calibration("--calibration-plot ranks.png");
    ck_assert_int_eq((int)figure_of(figures, "miscalibrated"), 0);
    ck_assert_int_eq((int)figure_of(figures, "calibration_pairs"), PAIRS);
    ck_assert_double_eq_tol(figure_of(figures, "posterior_nll"), ENTROPY,
                            3 * figure_of(figures, "posterior_nll_standard_error") + 0.05);
    check_coverage(figures);
    ck_assert(cli_exists("ranks.png"));
    json_t *alone = calibration("--threads 1");
    ck_assert(json_equal(figures, alone));
    json_decref(alone);
    json_decref(figures);
    check_verdicts(
        1.5, 0,
        (const char *[]){"overconfident", "overconfident", "overconfident", "not calibrated"});
    check_verdicts(
        0.6, 0,
        (const char *[]){"underconfident", "underconfident", "underconfident", "not calibrated"});
    check_verdicts(1, 0.7,
                   (const char *[]){"too low", "calibrated", "overconfident", "not calibrated"});
    cli_fails(1, "eval gauss.safetensors --calibration 30 --calibration-plot none/r.png", "none");
    check_what_goes_with_calibration();
    check_a_lost_pair();
    cli_fails(2, "eval gauss.safetensors --calibration 19", "between 20 and");
    cli_fails(2, "eval gauss.safetensors --calibration 30 --posterior-samples 18", "19");
}
END_TEST

/* x ~ N(0, 2) and theta given x and the class ~ N(x/2 -+ 2, 1/2): without its class, or with another,
 * a pair is miles away from the posterior. */
static void write_classes(size_t n)
{
    float *z = malloc(2 * n * sizeof *z);
    FILE *file = fopen(cli_at("classes.csv"), "w");
    adv_rng_normal(2, ADV_STREAM_DATA, 0, n, 2, z);
    fprintf(file, "a,x,kind\n");
    for (size_t i = 0; i < n; i++) {
        bool high = i % 3 == 0;
        double x = sqrt(2) * (double)z[2 * i];
        fprintf(file, "%.7g,%.7g,%s\n", x / 2 + sqrt(0.5) * (double)z[2 * i + 1] + (high ? 2 : -2),
                x, high ? "hi" : "lo");
    }
    fclose(file);
    free(z);
}

START_TEST(calibration_is_of_each_pairs_class)
{
    write_classes(12000);
    cli_write("classes.json",
              "{\"name\": \"classes\", \"data\": {\"source\": {\"kind\": \"csv\", \"file\":"
              " \"classes.csv\", \"context\": [\"x\"], \"label_column\": \"kind\"},"
              " \"held_out\": 1000}, \"net\": {\"kind\": \"mlp\", \"dim\": 1, \"context\": 1,"
              " \"num_classes\": 2, \"channels\": 48, \"layers\": 2, \"activation\": \"silu\","
              " \"time_frequencies\": 4}, \"train\": {\"steps\": 1500, \"batch\": 256,"
              " \"learning_rate\": 0.004}}");
    CLI_SUCCEEDS("train classes.json --out classes.safetensors --quiet");
    CLI_SUCCEEDS("eval classes.safetensors --calibration %d --density-solver rk4:6 --json --quiet",
                 PAIRS);
    json_t *figures = printed();
    ck_assert_int_eq((int)figure_of(figures, "miscalibrated"), 0);
    ck_assert_double_eq_tol(figure_of(figures, "posterior_nll"), ENTROPY / 2,
                            3 * figure_of(figures, "posterior_nll_standard_error") + 0.05);
    json_decref(figures);
    cli_write("one.csv", "0.5\n");
    cli_fails(1, "posterior classes.safetensors --context one.csv --prior flat",
              "this model has 2 classes");
}
END_TEST

START_TEST(a_model_without_a_context_has_no_calibration)
{
    cli_write("plain.json",
              "{\"name\": \"gauss\", \"data\": {\"source\": {\"kind\": \"csv\", \"file\": "
              "\"pairs.csv\"}, "
              "\"held_out\": 20}, \"net\": {\"kind\": \"mlp\", \"dim\": 4, \"channels\":"
              " 8, \"layers\": 1}, \"train\": {\"steps\": 2, \"batch\": 8}}");
    write_pairs(100, 1, 0);
    CLI_SUCCEEDS("train plain.json --out plain.safetensors --quiet");
    cli_fails(1, "eval plain.safetensors --calibration 20", "takes none");
    cli_fails(1, "posterior plain.safetensors --context pairs.csv --prior flat", "no context");
}
END_TEST

static json_t *judged(const char *model, const char *data)
{
    CLI_SUCCEEDS("eval %s --data %s --calibration 30 --density-solver rk4:3 --json --quiet", model,
                 data);
    return printed();
}

/* Whatever its order, and whether the model learned of a table or of a simulator. */
START_TEST(another_table_is_read_by_the_names_of_the_model)
{
    static const char *const sources[] = {
        "{\"kind\": \"csv\", \"file\": \"a.csv\", \"context\": [\"x*\"]}",
        "{\"kind\": \"simulator\", \"name\": \"two_moons\", \"n\": 2000}"};
    CLI_SUCCEEDS("simulate two_moons -n 2000 -o a.csv");
    CLI_SUCCEEDS("simulate two_moons -n 40 --seed 9 -o b.csv");
    struct adv_array rows;
    ck_assert_int_eq(adv_csv_read(cli_at("b.csv"), &rows, NULL), ADV_OK);
    FILE *file = fopen(cli_at("c.csv"), "w"), *short_file = fopen(cli_at("d.csv"), "w");
    fprintf(file, "x2,more,theta2,x1,theta1,x3\n");
    fprintf(short_file, "theta1,theta2,x1\n");
    for (size_t i = 0; i < 40; i++) {
        const float *row = rows.data + 4 * i;
        fprintf(file, "%.9g,7,%.9g,%.9g,%.9g,%zu\n", (double)row[3], (double)row[1], (double)row[2],
                (double)row[0], i);
        fprintf(short_file, "%.9g,%.9g,%.9g\n", (double)row[0], (double)row[1], (double)row[2]);
    }
    fclose(file);
    fclose(short_file);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        char recipe_text[512];
        snprintf(recipe_text, sizeof recipe_text,
                 "{\"name\": \"m\", \"data\": {\"source\": %s}, \"net\": {\"kind\": \"mlp\", "
                 "\"dim\": 2, \"context\": 2, \"channels\": 8, \"layers\": 1}, \"train\": "
                 "{\"steps\": 4, \"batch\": 8}}",
                 sources[i]);
        cli_write("m.json", recipe_text);
        CLI_SUCCEEDS("train m.json -o m%zu.safetensors --quiet", i);
        char model[32];
        snprintf(model, sizeof model, "m%zu.safetensors", i);
        json_t *straight = judged(model, "b.csv"), *turned = judged(model, "c.csv");
        json_t *own = judged(model, "a.csv");
        ck_assert(json_equal(straight, turned));
        ck_assert(!json_equal(straight, own));
        json_decref(straight);
        json_decref(turned);
        json_decref(own);
        cli_fails(1, i ? "eval m1.safetensors --data d.csv" : "eval m0.safetensors --data d.csv",
                  "\"x2\"; the file has no column of that name");
        cli_fails(1, i ? "eval m1.safetensors --data e.csv" : "eval m0.safetensors --data e.csv",
                  "data is \"e.csv\": No such file");
    }
    ck_assert_int_eq(adv_npy_write_float(cli_at("b.npy"), 2, rows.shape, rows.data, NULL), ADV_OK);
    cli_fails(1, "eval m1.safetensors --data b.npy", "does not say which of its columns");
    cli_fails(1, "eval m1.safetensors --data b.csv --split train",
              "the model did not learn from \"b.csv\" but from draws of a simulator");
    cli_write("bare.csv", "0.1,0.2,0.3,0.4\n0.2,0.2,0.3,0.4\n");
    cli_fails(1, "eval m1.safetensors --data bare.csv",
              "the file has no header line; it needs one");
    cli_write("m.json",
              "{\"name\": \"m\", \"data\": {\"source\": {\"kind\": \"csv\", \"file\": "
              "\"a.csv\", \"context\": [2, 3]}}, \"net\": {\"kind\": \"mlp\", \"dim\": 2, "
              "\"context\": 2, \"channels\": 8, \"layers\": 1}, \"train\": {\"steps\": 2, "
              "\"batch\": 8}}");
    CLI_SUCCEEDS("train m.json -o m2.safetensors --quiet");
    CLI_SUCCEEDS("eval m2.safetensors --data bare.csv --points 2 --quiet");
    adv_array_release(&rows);
}
END_TEST

/* A student has densities by its map, and so are the samples that they weigh. */
static void check_drawn_by_map(void)
{
    struct adv_array drawn, weighed;
    CLI_SUCCEEDS("distill moons.safetensors --steps 3 --paths 128 --quiet -o fast.safetensors");
    CLI_SUCCEEDS("sample fast.safetensors --context 0.1,-0.2 -n 200 --seed 3 --quiet -o s.csv");
    CLI_SUCCEEDS("posterior fast.safetensors --context 0.1,-0.2 --prior two_moons -n 200 --seed 3 "
                 "--quiet -o w.csv");
    ck_assert_int_eq(adv_csv_read(cli_at("s.csv"), &drawn, NULL), ADV_OK);
    ck_assert_int_eq(adv_csv_read(cli_at("w.csv"), &weighed, NULL), ADV_OK);
    ck_assert_uint_eq(weighed.shape[1], 3);
    for (size_t i = 0; i < 200; i++) {
        ck_assert_float_eq(weighed.data[3 * i], drawn.data[2 * i]);
        ck_assert_float_eq(weighed.data[3 * i + 1], drawn.data[2 * i + 1]);
    }
    adv_array_release(&drawn);
    adv_array_release(&weighed);
}

/* What a model says of its training is held against the prior, and one observation needs no row. */
START_TEST(priors_and_observations_must_agree)
{
    static const float two[] = {0.1f, -0.2f};
    cli_write("moons.json",
              "{\"name\": \"moons\", \"data\": {\"source\": {\"kind\": \"simulator\", \"name\": "
              "\"two_moons\"}}, \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"context\": 2, "
              "\"channels\": 16, \"layers\": 2}, \"train\": {\"steps\": 20, \"batch\": 64}}");
    cli_write("normal.json",
              "{\"name\": \"normal\", \"data\": {\"source\": {\"kind\": \"simulator\", \"name\": "
              "\"gaussian_linear\"}}, \"net\": {\"kind\": \"mlp\", \"dim\": 10, \"context\": 10, "
              "\"channels\": 8, \"layers\": 1}, \"train\": {\"steps\": 2, \"batch\": 8}}");
    CLI_SUCCEEDS("train moons.json -o moons.safetensors --quiet");
    CLI_SUCCEEDS("train normal.json -o normal.safetensors --quiet");
    cli_fails(1, "posterior moons.safetensors --context 0,0 --prior gaussian_mixture",
              "the model learned simulations of two_moons");
    cli_fails(1, "posterior normal.safetensors --context 0,0,0,0,0,0,0,0,0,0 --prior flat",
              "whose prior is normal, mean 0, variance 0.1: say --prior gaussian_linear");
    ck_assert_int_eq(adv_npy_write_float(cli_at("one.npy"), 1, (const size_t[]){2}, two, NULL),
                     ADV_OK);
    CLI_SUCCEEDS("posterior moons.safetensors --context one.npy --prior two_moons -n 200 --json "
                 "--quiet");
    json_t *figures = printed();
    ck_assert_double_eq_tol(figure_of(figures, "log_evidence_ratio"), 0, 1e-9);
    json_decref(figures);
    check_drawn_by_map();
}
END_TEST

/* Posteriors of whole numbers that are right by construction, since the truths are samples of
 * them. */
START_TEST(whole_numbers_are_calibrated_as_they_are_drawn)
{
    enum { N = 400 };
    FILE *file = fopen(cli_at("whole.csv"), "w");
    fprintf(file, "k,x\n");
    for (int i = 0; i < N; i++)
        fprintf(file, "%d,%.3f\n", i * 7 % 3, i * 7 % 3 + 0.01 * (i * 37 % 101 - 50));
    fclose(file);
    file = fopen(cli_at("x.csv"), "w");
    fprintf(file, "x\n");
    for (int i = 0; i < N; i++)
        fprintf(file, "%.3f\n", -0.5 + 3 * (double)i / N);
    fclose(file);
    cli_write("whole.json",
              "{\"name\": \"whole\", \"data\": {\"source\": {\"kind\": \"csv\", \"file\": "
              "\"whole.csv\", \"context\": [\"x\"]}, \"support\": {\"k\": {\"integer\": [0, 2]}}},"
              " \"net\": {\"kind\": \"mlp\", \"dim\": 1, \"context\": 1, \"channels\": 32,"
              " \"layers\": 2, \"activation\": \"silu\"}, \"train\": {\"steps\": 300, \"batch\":"
              " 128, \"learning_rate\": 0.004}}");
    CLI_SUCCEEDS("train whole.json --quiet -o whole.safetensors");
    CLI_SUCCEEDS("sample whole.safetensors --context x.csv -n 1 --seed 5 -o own.csv --quiet");
    CLI_SUCCEEDS("eval whole.safetensors --data own.csv --calibration %d --density-solver rk4:8 "
                 "--json --quiet",
                 N);
    json_t *figures = printed();
    ck_assert_int_eq((int)figure_of(figures, "miscalibrated"), 0);
    json_decref(figures);
}
END_TEST

/* Columns in another order than the simulator's; theta1 is at most 1 in the prior. */
START_TEST(a_prior_has_the_parameters_of_the_model)
{
    cli_write("swapped.json",
              "{\"name\": \"swapped\", \"data\": {\"source\": {\"kind\": \"csv\", \"file\":"
              " \"swapped.csv\", \"context\": [\"x1\", \"x2\"]}}, \"net\": {\"kind\": \"mlp\","
              " \"dim\": 2, \"context\": 2, \"channels\": 8, \"layers\": 1},"
              " \"train\": {\"steps\": 4, \"batch\": 8}}");
    CLI_SUCCEEDS("simulate two_moons -n 300 -o straight.csv");
    struct adv_array rows;
    ck_assert_int_eq(adv_csv_read(cli_at("straight.csv"), &rows, NULL), ADV_OK);
    const char *columns[] = {"theta2", "theta1", "x1", "x2"};
    ck_assert_int_eq(adv_csv_write(cli_at("swapped.csv"), 300, 4, rows.data, columns, NULL),
                     ADV_OK);
    adv_array_release(&rows);
    CLI_SUCCEEDS("train swapped.json --out swapped.safetensors --quiet");
    CLI_SUCCEEDS("posterior swapped.safetensors --context '0.1,0.2;0.3,0' --prior two_moons -n 200 "
                 "--quiet");
    cli_fails(1, "posterior swapped.safetensors --context 0.1,0.2 --prior sir",
              "prior is sir, of a parameter \"beta\"; the model has no column of that name (its "
              "first is \"theta2\")");
    CLI_SUCCEEDS("posterior swapped.safetensors --context '0,0;50,50' --prior flat -n 200 --quiet");
    ck_assert_ptr_nonnull(strstr(cli_output, "1 of 2 contexts is beyond those of the training; "
                                             "row 1 is "));
    cli_fails(1, "posterior swapped.safetensors --context 0.1,abc --prior flat",
              "context is \"0.1,abc\"; it must be numbers");
}
END_TEST

/* ---------------------------------------------------------------- reweight */

#define LOG_2_PI 1.8378770664093453

/* theta ~ N(0, 1), x = 1.2 ~ N(theta, 1), n samples of a density 1.5 times as wide as the posterior
 * N(0.6, 1/2); one in eight is said to be outside of the prior. */
static void write_samples(size_t n, bool some_outside)
{
    float *z = malloc(n * sizeof *z);
    FILE *file = fopen(cli_at("s.csv"), "w");
    adv_rng_normal(1, ADV_STREAM_BASE, 0, n, 1, z);
    fprintf(file, "theta,log_density,log_prior,ll\n");
    for (size_t i = 0; i < n; i++) {
        double at = (double)z[i], wide = 1.5 * sqrt(0.5), theta = 0.6 + wide * at;
        bool outside = some_outside && i % 8 == 0;
        fprintf(file, "%.9g,%.9g,%.9g,%.9g\n", theta, -at * at / 2 - LOG_2_PI / 2 - log(wide),
                outside ? -1e30 : -theta * theta / 2 - LOG_2_PI / 2,
                -(1.2 - theta) * (1.2 - theta) / 2 - LOG_2_PI / 2);
    }
    fclose(file);
    free(z);
}

START_TEST(reweighted_samples_have_the_evidence_and_the_mean_of_the_closed_form)
{
    enum { N = 4000 };
    write_samples(N, false);
    CLI_SUCCEEDS("reweight s.csv --log-likelihood ll -o w.csv --json");
    json_t *figures = printed();
    double error = figure_of(figures, "log_evidence_standard_error"), mean = 0, sum = 0;
    ck_assert_double_lt(error, 0.02);
    ck_assert_double_eq_tol(figure_of(figures, "log_evidence"),
                            -1.2 * 1.2 / 4 - LOG_2_PI / 2 - log(2) / 2, 4 * error);
    ck_assert_double_eq_tol(figure_of(figures, "effective_sample_size") / N,
                            sqrt(2 * 2.25 - 1) / 2.25, 0.03);
    struct adv_array rows;
    ck_assert_int_eq(adv_csv_read(cli_at("w.csv"), &rows, NULL), ADV_OK);
    ck_assert_uint_eq(rows.shape[0], N);
    ck_assert_str_eq(rows.columns[4], "weight");
    for (size_t i = 0; i < N; i++) {
        sum += (double)rows.data[5 * i + 4];
        mean += (double)rows.data[5 * i + 4] * (double)rows.data[5 * i];
    }
    ck_assert_double_eq_tol(sum, 1, 1e-5); /* single precision in the file */
    ck_assert_double_eq_tol(mean, 0.6, 4 * sqrt(0.5 / (N * 0.8)));
    adv_array_release(&rows);
    json_decref(figures);
}
END_TEST

/* Weights of before make room for the new ones. */
START_TEST(samples_that_have_weights_get_new_ones)
{
    struct adv_array rows, npy;
    cli_write("old.csv", "weight,log_density,log_prior,log_likelihood\n0.9,1,0,1\n0.1,1,0,1\n");
    CLI_SUCCEEDS("reweight old.csv -o new.csv");
    CLI_SUCCEEDS("reweight old.csv -o new.npy");
    ck_assert_int_eq(adv_csv_read(cli_at("new.csv"), &rows, NULL), ADV_OK);
    ck_assert_uint_eq(rows.shape[1], 4);
    ck_assert_str_eq(rows.columns[0], "log_density");
    ck_assert_str_eq(rows.columns[3], "weight");
    ck_assert_float_eq(rows.data[0], 1);
    ck_assert_float_eq(rows.data[3], 0.5F);
    ck_assert_float_eq(rows.data[7], 0.5F);
    ck_assert_int_eq(adv_npy_read(cli_at("new.npy"), &npy, NULL), ADV_OK);
    ck_assert_mem_eq(npy.data, rows.data, 8 * sizeof *npy.data);
    adv_array_release(&npy);
    adv_array_release(&rows);
    cli_fails(1, "reweight old.csv -o new.json", ".json is no format of weighted samples");
}
END_TEST

START_TEST(samples_outside_of_the_prior_weigh_nothing)
{
    write_samples(8000, true);
    CLI_SUCCEEDS("reweight s.csv --log-likelihood ll --json");
    json_t *figures = printed();
    ck_assert_double_eq_tol(figure_of(figures, "log_evidence"),
                            -1.2 * 1.2 / 4 - LOG_2_PI / 2 - log(2) / 2 + log(7.0 / 8),
                            4 * figure_of(figures, "log_evidence_standard_error"));
    json_decref(figures);
}
END_TEST

/* The observation x_k = 0.1 k with its columns in reverse, beside others. */
static void check_observation_by_name(double evidence)
{
    const struct adv_simulator *simulator = adv_simulator_find("gaussian_linear");
    FILE *file = fopen(cli_at("named.csv"), "w");
    for (size_t k = 10; k-- > 0;)
        fprintf(file, "%s,", adv_simulator_column(simulator, 10 + k));
    fprintf(file, "run\n");
    for (size_t k = 10; k-- > 0;)
        fprintf(file, "%.1f,", 0.1 * (double)k);
    fprintf(file, "7\n");
    fclose(file);
    CLI_SUCCEEDS("reweight s.csv --simulator gaussian_linear --context named.csv --json");
    json_t *figures = printed();
    ck_assert_double_eq_tol(figure_of(figures, "log_evidence"), evidence, 1e-5);
    json_decref(figures);
}

/* gaussian_linear: theta ~ N(0, 0.1 I), x ~ N(theta, 0.1 I) in ten dimensions; samples of the right
 * posterior N(x/2, 0.05 I) have equal weights, the evidence N(x; 0, 0.2 I). */
START_TEST(a_simulator_weighs_samples_of_its_posterior_alike)
{
    enum { N = 200, DIM = 10 };
    float z[N * DIM];
    FILE *file = fopen(cli_at("s.csv"), "w");
    adv_rng_normal(1, ADV_STREAM_BASE, 0, N, DIM, z);
    for (size_t k = 0; k < DIM; k++)
        fprintf(file, "%s,", adv_simulator_column(adv_simulator_find("gaussian_linear"), k));
    fprintf(file, "log_density\n");
    for (size_t i = 0; i < N; i++) {
        double log_density = -DIM * (LOG_2_PI + log(0.05)) / 2;
        for (size_t k = 0; k < DIM; k++) {
            double at = (double)z[i * DIM + k];
            log_density -= at * at / 2;
            fprintf(file, "%.9g,", 0.05 * (double)k + sqrt(0.05) * at); /* x_k = 0.1 k */
        }
        fprintf(file, "%.9g\n", log_density);
    }
    fclose(file);
    cli_write("x.csv", "0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9\n");
    CLI_SUCCEEDS("reweight s.csv --simulator gaussian_linear --context x.csv --json");
    json_t *figures = printed();
    double evidence = -DIM * (LOG_2_PI + log(0.2)) / 2;
    for (int k = 0; k < DIM; k++)
        evidence -= 0.1 * k * 0.1 * k / 0.4;
    ck_assert_double_eq_tol(figure_of(figures, "effective_sample_size"), N, 1e-6);
    ck_assert_double_eq_tol(figure_of(figures, "log_evidence"), evidence, 1e-5);
    json_decref(figures);
    check_observation_by_name(evidence);
    CLI_SUCCEEDS("reweight s.csv --simulator gaussian_linear --json --context "
                 "0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9");
    figures = printed();
    ck_assert_double_eq_tol(figure_of(figures, "log_evidence"), evidence, 1e-5);
    json_decref(figures);
    cli_fails(1, "reweight s.csv --simulator gaussian_linear", "--context names the observation");
    cli_fails(1, "reweight s.csv --simulator gaussian_linear --context '0,0.1;2'",
              "line 2 has 1 column");
    cli_fails(
        1, "reweight s.csv --simulator gaussian_linear --context 0.1,abc",
        "context is \"0.1,abc\"; it must be numbers separated by commas, as in 0.1,-0.2, or a "
        "file");
    cli_fails(1, "reweight s.csv --simulator slcp --context x.csv", "10 numbers");
    cli_fails(1, "reweight s.csv --simulator gauss --context x.csv", "gaussian_linear");
    cli_write("short.csv", "log_density,other\n1,2\n");
    cli_fails(1, "reweight short.csv --simulator gaussian_linear --context x.csv", "no column");
}
END_TEST

/* As `advect sample` writes those of several contexts. */
START_TEST(samples_of_several_contexts_are_not_weighed_as_one)
{
    cli_write("two.csv", "theta1,theta2,log_density,x1,x2,log_prior,log_likelihood\n"
                         "0.1,0.2,1,0.5,0.5,0,1\n0.2,0.2,1,0.5,0.5,0,1\n"
                         "0.3,0.2,1,0.5,0.75,0,1\n0.3,0.3,1,0.5,0.75,0,1\n");
    cli_write("one.csv", "theta1,theta2,log_density,x1,x2\n0.1,0.2,1,0.5,0.75\n");
    cli_fails(1, "reweight two.csv",
              "two.csv has samples of several contexts: its column \"x2\" is 0.5 in row 0 and 0.75 "
              "in row 2");
    cli_fails(1, "reweight two.csv --simulator two_moons --context 0.5,0.5",
              "its column \"x2\" is 0.5 in row 0 and 0.75 in row 2");
    cli_fails(1, "reweight one.csv --simulator two_moons --context 0.5,0.5",
              "x2 is 0.5 in the observation of --context, and 0.75 in one.csv");
    cli_fails(1, "reweight one.csv --simulator two_moons --context '0.5;0.5'",
              "0.5;0.5 has 2 observations; it must have one");
    cli_write("each.csv", "theta1,log_density,context1,chain,log_prior,log_likelihood\n"
                          "0.1,1,0.5,0,0,1\n0.2,1,0.7,1,0,1\n");
    cli_fails(1, "reweight each.csv", "its column \"context1\" is 0.5 in row 0 and 0.7 in row 1");
    cli_write("own.csv", "theta1,log_density,context_id,log_prior,log_likelihood\n"
                         "0.1,1,0,0,1\n0.2,1,1,0,1\n");
    CLI_SUCCEEDS("reweight own.csv");
    cli_fails(1, "reweight one.csv --context 0.5,0.5", "with --simulator only");
    cli_fails(1, "reweight one.csv --simulator two_moons --context 0.5,0.75 --log-prior x1",
              "log_prior names a column, whose place simulator takes");
}
END_TEST

START_TEST(few_samples_with_weight_are_told)
{
    cli_write("one.csv", "log_density,log_prior,log_likelihood\n1,0,1\n1,-1e30,1\n1,0,-1e30\n");
    CLI_SUCCEEDS("reweight one.csv");
    ck_assert_ptr_nonnull(
        strstr(cli_output, "advect reweight: these samples are worth 1 of equal weight; more"));
    cli_write("none.csv", "log_density,log_prior,log_likelihood\n1,-1e30,1\n1,-1e30,1\n");
    cli_fails(1, "reweight none.csv", "no sample has a weight: the target has no density");
}
END_TEST

START_TEST(what_cannot_be_weighed_is_refused)
{
    write_samples(10, false);
    cli_fails(1, "reweight s.csv", "no column \"log_likelihood\"; --log-likelihood NAME");
    cli_fails(1, "reweight none.csv", "none.csv");
    cli_fails(1, "reweight s.csv --log-likelihood ll -o none/w.csv", "none");
    cli_fails(2, "reweight", "SAMPLES.csv");
    cli_write("empty.csv", "log_density,log_prior,log_likelihood\n");
    cli_fails(1, "reweight empty.csv", "no rows");
    cli_write("out.csv", "log_density,log_prior,log_likelihood\n1,-1e39,2\n");
    cli_fails(1, "reweight out.csv", "column 2");
    cli_write("blurred.csv", "log_density,log_prior,log_likelihood\n1,-1,-3e6\n");
    CLI_SUCCEEDS("reweight blurred.csv");
    ck_assert_ptr_nonnull(strstr(cli_output, "single precision"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("posterior");
    TCase *tests = tcase_create("posterior");
    tcase_add_checked_fixture(tests, cli_make_folder, cli_remove_folder);
    tcase_set_timeout(tests, 300); /* with sanitizers */
    if (!INSTRUMENTED)             /* the next goes the same way */
        tcase_add_test(tests, a_posterior_is_calibrated_where_the_pairs_are_those_it_learned);
    tcase_add_test(tests, calibration_is_of_each_pairs_class);
    tcase_add_test(tests, another_table_is_read_by_the_names_of_the_model);
    tcase_add_test(tests, priors_and_observations_must_agree);
    tcase_add_test(tests, whole_numbers_are_calibrated_as_they_are_drawn);
    tcase_add_test(tests, a_model_without_a_context_has_no_calibration);
    tcase_add_test(tests, reweighted_samples_have_the_evidence_and_the_mean_of_the_closed_form);
    tcase_add_test(tests, samples_that_have_weights_get_new_ones);
    tcase_add_test(tests, samples_outside_of_the_prior_weigh_nothing);
    tcase_add_test(tests, a_simulator_weighs_samples_of_its_posterior_alike);
    tcase_add_test(tests, samples_of_several_contexts_are_not_weighed_as_one);
    tcase_add_test(tests, few_samples_with_weight_are_told);
    tcase_add_test(tests, a_prior_has_the_parameters_of_the_model);
    tcase_add_test(tests, what_cannot_be_weighed_is_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
