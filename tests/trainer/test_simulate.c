/* `advect simulate`, and trainings on simulators. */
#include "tests/support/instrumented.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <advect/array_file.h>
#include <advect/extra/simulator.h>
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRAIN                                                                                      \
    "\"net\": {\"kind\": \"mlp\", \"dim\": 2, \"context\": 2, \"channels\": 8, \"layers\": 1}, "   \
    "\"train\": {\"steps\": 4, \"batch\": 8}"

static struct adv_array read_file(const char *name)
{
    struct adv_array array = {0};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_array_read(cli_at(name), &array, &error) == ADV_OK, "%s", error.message);
    return array;
}

static void check_rows(const char *file, const char *simulator, uint64_t seed, uint64_t first,
                       size_t n)
{
    const struct adv_simulator *s = adv_simulator_find(simulator);
    size_t width = adv_simulator_parameters(s) + adv_simulator_data(s);
    struct adv_array got = read_file(file);
    float *wanted = calloc(n * width, sizeof *wanted);
    adv_simulator_rows(s, seed, first, n, wanted);
    ck_assert_int_eq(got.n_dims, 2);
    ck_assert_uint_eq(got.shape[0], n);
    ck_assert_uint_eq(got.shape[1], width);
    ck_assert_msg(!memcmp(got.data, wanted, n * width * sizeof *wanted), "%s", file);
    for (size_t c = 0; got.columns && c < width; c++)
        ck_assert_str_eq(got.columns[c], adv_simulator_column(s, c));
    free(wanted);
    adv_array_release(&got);
}

START_TEST(a_table_is_the_same_in_every_format)
{
    for (const char *const *name = adv_simulator_names; *name; name++) {
        CLI_SUCCEEDS("simulate %s -n 40 --seed 5 --first 3 -o out.csv", *name);
        ck_assert_str_eq(cli_output, "");
        check_rows("out.csv", *name, 5, 3, 40);
        CLI_SUCCEEDS("simulate %s -n 40 --seed 5 --first 3 -o out.npy", *name);
        check_rows("out.npy", *name, 5, 3, 40);
        CLI_SUCCEEDS("simulate %s -n 40 --seed 5 --first 3", *name);
        cli_write("printed.csv", cli_output);
        check_rows("printed.csv", *name, 5, 3, 40);
    }
    CLI_SUCCEEDS("simulate slcp -o out.npy");
    check_rows("out.npy", "slcp", 1, 0, 1000);
    CLI_SUCCEEDS("simulate two_moons -n 3000"); /* more than is simulated at once */
    cli_write("printed.csv", cli_output);
    check_rows("printed.csv", "two_moons", 1, 0, 3000);
}
END_TEST

START_TEST(parameters_may_be_given)
{
    CLI_SUCCEEDS("simulate sir -n 7 -o all.csv");
    struct adv_array all = read_file("all.csv");
    FILE *theta = fopen(cli_at("theta.csv"), "w");
    fputs("beta,gamma\n", theta);
    for (size_t i = 0; i < 7; i++)
        fprintf(theta, "%.9g,%.9g\n", (double)all.data[12 * i], (double)all.data[12 * i + 1]);
    fclose(theta);
    CLI_SUCCEEDS("simulate sir --theta theta.csv -o given.csv");
    check_rows("given.csv", "sir", 1, 0, 7);
    CLI_SUCCEEDS("simulate sir --theta theta.csv -n 7 -o given.csv");
    check_rows("given.csv", "sir", 1, 0, 7);
    cli_write("one.csv", "beta,gamma\n0.5,0.125\n");
    CLI_SUCCEEDS("simulate sir --theta one.csv -n 30 -o one.npy");
    struct adv_array one = read_file("one.npy");
    ck_assert_uint_eq(one.shape[0], 30);
    float day_85[30] = {0};
    for (size_t i = 0; i < 30; i++) {
        ck_assert_float_eq(one.data[12 * i], 0.5f);
        day_85[i] = one.data[12 * i + 7];
    }
    ck_assert_float_ne(day_85[0], day_85[1]);
    adv_array_release(&all);
    adv_array_release(&one);
}
END_TEST

START_TEST(given_parameters_are_found_by_name)
{
    cli_write("in-order.csv", "0.5,0.125\n");
    cli_write("swapped.csv", "gamma,run,beta\n0.125,7,0.5\n");
    cli_write("other.csv", "a,b\n0.5,0.125\n");
    CLI_SUCCEEDS("simulate sir -n 3 --theta in-order.csv -o in-order.npy");
    CLI_SUCCEEDS("simulate sir -n 3 --theta swapped.csv -o swapped.npy");
    struct adv_array in_order = read_file("in-order.npy"), swapped = read_file("swapped.npy");
    ck_assert_uint_eq(swapped.n_elements, in_order.n_elements);
    ck_assert_mem_eq(swapped.data, in_order.data, in_order.n_elements * sizeof *in_order.data);
    adv_array_release(&in_order);
    adv_array_release(&swapped);
    cli_fails(1, "simulate sir --theta other.csv", "\"beta\", \"gamma\"");
}
END_TEST

/* 80 GB, which some machines have. */
START_TEST(what_no_memory_holds_is_refused_before_it_is_drawn)
{
    double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (memory < 79e9)
        cli_fails(1, "simulate gaussian_linear -n 1000000000 -o big.npy",
                  "n is 1000000000: a file of so many simulations takes 80 GB of memory");
    ck_assert(!cli_exists("big.npy"));
}
END_TEST

START_TEST(output_that_cannot_be_written_is_told_with_its_cause)
{
    ck_assert_int_eq(cli_run("simulate slcp -n 2000 2> why.txt > /dev/full; cat why.txt"), 0);
    ck_assert_ptr_nonnull(strstr(cli_output, "cannot write to stdout: No space left on device"));
}
END_TEST

START_TEST(simulators_are_listed)
{
    size_t n = 0;
    CLI_SUCCEEDS("simulate --list");
    for (char *line = strtok(cli_output, "\n"); line; line = strtok(NULL, "\n"), n++) {
        ck_assert_uint_le(strlen(line), 100);
        ck_assert_mem_eq(line, adv_simulator_names[n], strlen(adv_simulator_names[n]));
    }
    ck_assert_uint_eq(n, 8);
}
END_TEST

START_TEST(what_cannot_be_simulated_is_refused)
{
    cli_fails(1, "simulate", "simulator is missing; it must be one of two_moons");
    cli_fails(1, "simulate two_mons", "did you mean \"two_moons\"");
    cli_fails(2, "simulate slcp -n -3", "must be");
    cli_fails(2, "simulate slcp sir", "sir");
    cli_fails(1, "simulate slcp -o a.csv.gz", ".gz is no format of simulations");
    cli_fails(1, "simulate slcp -o nowhere/a.csv", "nowhere");
    cli_fails(1, "simulate slcp --theta none.csv", "none.csv");
    cli_write("wide.csv", "1,2,3\n");
    cli_fails(1, "simulate sir --theta wide.csv", "wide.csv has 1 row of 3 numbers");
    cli_write("outside.csv", "beta,gamma\n0.5,0.1\n0.5,-0.1\n");
    cli_fails(1, "simulate sir --theta outside.csv",
              "row 1 of outside.csv has gamma -0.1; it must be above 0, as in the prior");
    cli_fails(1, "simulate sir --theta outside.csv -n 3", "gamma -0.1");
    cli_write("two.csv", "beta,gamma\n0.5,0.1\n0.5,0.2\n");
    cli_fails(1, "simulate sir --theta two.csv -n 3 -o a.csv", "n is 3, but two.csv has 2 rows");
    cli_write("wild.csv", "1e30,1e30\n");
    cli_fails(1, "simulate sir --theta wild.csv -o a.csv", "too far from the prior");
    ck_assert(!cli_exists("a.csv"));
}
END_TEST

/* What samples must be: within the prior. */
static void check_samples(const char *model)
{
    cli_write("x.csv", "x1,x2\n-0.2,0.1\n");
    CLI_SUCCEEDS("sample %s -n 50 --seed 1 --context x.csv --quiet -o s.csv", model);
    struct adv_array samples = read_file("s.csv");
    ck_assert_str_eq(samples.columns[0], "theta1");
    ck_assert_str_eq(samples.columns[1], "theta2");
    for (size_t i = 0; i < 50; i++) {
        for (size_t c = 0; c < 2; c++)
            ck_assert(samples.data[samples.shape[1] * i + c] >= -1 &&
                      samples.data[samples.shape[1] * i + c] <= 1);
    }
    adv_array_release(&samples);
}

START_TEST(models_are_trained_on_simulators)
{
    cli_write("fresh.json", "{\"name\": \"fresh\", \"data\": {\"source\": {\"kind\": "
                            "\"simulator\", \"name\": \"two_moons\"}}, " TRAIN "}");
    cli_write("fixed.json",
              "{\"name\": \"fixed\", \"data\": {\"source\": {\"kind\": \"simulator\", \"name\": "
              "\"two_moons\", \"n\": 60}}, " TRAIN "}");
    CLI_SUCCEEDS("train fresh.json --quiet");
    check_samples("fresh.safetensors");
    CLI_SUCCEEDS("eval fresh.safetensors --quiet --points 20");
    ck_assert_ptr_nonnull(strstr(cli_output, "negative log-density of 20 rows"));
    CLI_SUCCEEDS("train fixed.json --quiet");
    check_samples("fixed.safetensors");
    CLI_SUCCEEDS("eval fixed.safetensors --quiet --points 1");
}
END_TEST

/* Among the models; here with few simulations, of which not all of "sir" must begin alike. */
START_TEST(each_simulator_has_a_recipe)
{
    for (const char *const *simulator = adv_simulator_names; *simulator; simulator++) {
        char file[128], recipe[PATH_MAX], expected[128];
        snprintf(file, sizeof file, "models/posterior-%s.json", *simulator);
        for (char *at = file; *at; at++)
            *at = *at == '_' ? '-' : *at;
        ck_assert_msg(realpath(file, recipe) != NULL, "%s is not there", file);
        CLI_SUCCEEDS("train %s --restart --steps 2 --set data.source.n=4000 -o m.safetensors",
                     recipe);
        CLI_SUCCEEDS("inspect m.safetensors");
        snprintf(expected, sizeof expected, "posterior-%.*s", (int)strlen(file) - 22, file + 17);
        ck_assert_msg(strstr(cli_output, expected) != NULL, "%s: %s", expected, cli_output);
    }
}
END_TEST

/* What docs/guide/posteriors.md says that the first command prints. */
START_TEST(the_guide_shows_what_is_drawn)
{
    char line[256], *printed, *end = NULL;
    size_t n_found = 0, n_lines = 0;
    CLI_SUCCEEDS("simulate two_moons -n 2");
    for (printed = strtok_r(cli_output, "\n", &end); printed;
         printed = strtok_r(NULL, "\n", &end)) {
        FILE *guide = fopen("docs/guide/posteriors.md", "r");
        ck_assert_ptr_nonnull(guide);
        bool is_there = false;
        while (!is_there && fgets(line, sizeof line, guide))
            is_there = strlen(line) > 5 && !strncmp(line + 4, printed, strlen(printed));
        n_found += is_there;
        n_lines++;
        ck_assert_int_eq(fclose(guide), 0);
    }
    ck_assert_uint_eq(n_lines, 3);
    ck_assert_uint_eq(n_found, 3);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("simulate");
    TCase *tables = tcase_create("tables");
    tcase_set_timeout(tables, 120);
    tcase_add_checked_fixture(tables, cli_make_folder, cli_remove_folder);
    tcase_add_test(tables, a_table_is_the_same_in_every_format);
    tcase_add_test(tables, the_guide_shows_what_is_drawn);
    tcase_add_test(tables, parameters_may_be_given);
    tcase_add_test(tables, given_parameters_are_found_by_name);
    tcase_add_test(tables, what_no_memory_holds_is_refused_before_it_is_drawn);
    tcase_add_test(tables, output_that_cannot_be_written_is_told_with_its_cause);
    tcase_add_test(tables, simulators_are_listed);
    tcase_add_test(tables, what_cannot_be_simulated_is_refused);
    tcase_add_test(tables, models_are_trained_on_simulators);
    if (!INSTRUMENTED)
        tcase_add_test(tables, each_simulator_has_a_recipe);
    suite_add_tcase(suite, tables);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
