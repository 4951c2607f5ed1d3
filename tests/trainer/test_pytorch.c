/* Networks of PyTorch's libraries, as `advect import` takes them: what their checkpoints do not
 * say, and whether the velocities are theirs. */
#include "tests/core/io/io_support.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <advect/array_file.h>
#include <advect/extra/evaluator.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the largest velocity: what norms and Fourier features leave of the roundings of float. */
#define TOLERANCE 1e-4

/* The array of a file that the folder holds, or that is elsewhere. */
static struct adv_array read_array(const char *path)
{
    struct adv_array array;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_npy_read(path, &array, &error) == ADV_OK, "%s", error.message);
    return array;
}

/* How far the velocities of a model of the folder are from v at (x, t), relative to the largest. */
static double error_of(const char *model_name, const struct adv_points *points, const float *v)
{
    struct adv_model *model = NULL;
    struct adv_evaluator *evaluator = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_model_load(cli_at(model_name), NULL, &model, &error) == ADV_OK, "%s",
                  error.message);
    ck_assert_int_eq(adv_evaluator_new(adv_model_packed_weights(model), &evaluator, NULL), ADV_OK);
    size_t n = points->n * adv_net_dim(adv_model_net(model));
    float *ours = calloc(n, sizeof *ours);
    ck_assert_ptr_nonnull(ours);
    ck_assert_int_eq(adv_evaluator_velocity(evaluator, points, ours, NULL), ADV_OK);
    double off = largest_difference(n, ours, v) / largest(n, v);
    free(ours);
    adv_evaluator_free(evaluator);
    adv_model_unref(model);
    return off;
}

/* The config at path with one more member, in the folder. */
static void write_config(const char *path, const char *name, int64_t value)
{
    json_t *config = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(config);
    json_object_set_new(config, "use_new_attention_order", json_false());
    json_object_set_new(config, name, json_integer(value));
    ck_assert_int_eq(json_dump_file(config, cli_at("config.json"), 0), 0);
    json_decref(config);
}

static double error_of_case(const char *folder, int64_t num_heads_upsample)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/config.json", folder);
    write_config(path, "num_heads_upsample", num_heads_upsample);
    CLI_SUCCEEDS("import %s/weights.safetensors --config config.json -o heads.safetensors", folder);
    snprintf(path, sizeof path, "%s/x.npy", folder);
    struct adv_array x = read_array(path);
    snprintf(path, sizeof path, "%s/v-at-t-0.37.npy", folder);
    struct adv_array v = read_array(path);
    const float t[2] = {0.37F, 0.37F};
    ck_assert_uint_eq(x.shape[0], 2);
    struct adv_points points = {.n = 2, .x = x.data, .t = t};
    double off = error_of("heads.safetensors", &points, v.data);
    adv_array_release(&x);
    adv_array_release(&v);
    return off;
}

/* A network with two heads on the way down and four on the way up fits with any number of them. */
START_TEST(heads_on_the_way_up_are_asked_for)
{
    char path[PATH_MAX], command[2 * PATH_MAX + 128];
    if (!cli_shared("cases/heads-upsample", path))
        return;
    snprintf(command, sizeof command,
             "import %s/weights.safetensors --config %s/config.json -o heads.safetensors", path,
             path);
    cli_fails(1, command, "net.num_heads_upsample is missing; weights do not show it");
    ck_assert(!cli_exists("heads.safetensors"));
    ck_assert_double_lt(error_of_case(path, 4), TOLERANCE);
    ck_assert_double_gt(error_of_case(path, -1), 0.01);
}
END_TEST

/* The class counts twelve Fourier features among its channels; the image has three. */
START_TEST(fourier_features_are_no_channels_of_the_image)
{
    char path[PATH_MAX], config[PATH_MAX + 64];
    if (!cli_shared("cases/meta-fourier-image", path))
        return;
    snprintf(config, sizeof config, "%s/config-as-documented.json", path);
    write_config(config, "num_heads_upsample", -1);
    char command[PATH_MAX + 128];
    snprintf(command, sizeof command,
             "import %s/weights.safetensors --config config.json -o fourier.safetensors", path);
    cli_fails(1, command, "input_blocks.0.0.weight is [32, 15, 3, 3], not [32, 75, 3, 3]");
    snprintf(config, sizeof config, "%s/config-right.json", path);
    write_config(config, "num_heads_upsample", -1);
    CLI_SUCCEEDS("%s", command);
}
END_TEST

/* Whatever they are called. */
START_TEST(pickles_are_named_with_what_converts_them)
{
    static const char zip[] =
        "PK\3\4\0\0\10\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\16\0\40\0model/data.pkl";
    static const char pickle[] = "\x80\x02\x8a\x0a";
    ck_assert_int_eq(adv_file_replace(cli_at("zip.safetensors"), zip, sizeof zip, NULL), ADV_OK);
    ck_assert_int_eq(adv_file_replace(cli_at("old.pt"), pickle, sizeof pickle, NULL), ADV_OK);
    cli_fails(1, "import old.pt -o no.safetensors", "old.pt is a PyTorch checkpoint");
    cli_fails(1, "import zip.safetensors -o no.safetensors --config none.json", "torch.load(");
    ck_assert_ptr_nonnull(strstr(cli_output, "\"weights.safetensors\")' zip.safetensors"));
}
END_TEST

/* ---- the lines of the guide ---- */

/* A Python that has numpy, or NULL. */
static const char *find_python(void)
{
    static const char *const pythons[] = {"python3", "/usr/bin/python3"};
    for (size_t i = 0; i < ADV_COUNT(pythons); i++) {
        char command[96];
        snprintf(command, sizeof command, "%s -c 'import numpy' 2>/dev/null", pythons[i]);
        if (system(command) == 0)
            return pythons[i];
    }
    return NULL;
}

/* Imports what the lines wrote into a folder of the folder, and compares. */
static void check_case(const char *name)
{
    char at[64];
    CLI_SUCCEEDS("import %s/weights.safetensors --config %s/config.json -o %s.safetensors", name,
                 name, name);
    snprintf(at, sizeof at, "%s/x.npy", name);
    struct adv_array x = read_array(cli_at(at));
    snprintf(at, sizeof at, "%s/t.npy", name);
    struct adv_array t = read_array(cli_at(at));
    snprintf(at, sizeof at, "%s/v.npy", name);
    struct adv_array v = read_array(cli_at(at));
    int32_t label[3] = {ADV_NO_LABEL, ADV_NO_LABEL, ADV_NO_LABEL};
    ck_assert_uint_eq(x.shape[0], 3);
    snprintf(at, sizeof at, "%s/label.npy", name);
    if (cli_exists(at)) {
        struct adv_array labels = read_array(cli_at(at));
        for (int i = 0; i < 3; i++)
            label[i] = (int32_t)labels.data[i];
        adv_array_release(&labels);
    }
    struct adv_points points = {.n = 3, .x = x.data, .t = t.data, .label = label};
    snprintf(at, sizeof at, "%s.safetensors", name);
    double off = error_of(at, &points, v.data);
    ck_assert_msg(off < TOLERANCE, "%s: velocities are off by %g of the largest", name, off);
    adv_array_release(&x);
    adv_array_release(&t);
    adv_array_release(&v);
}

/* Classes of the same interface, whose velocities numpy computes, go through the guide's own Python
 * (tests/trainer/pytorch/run_lines.py) and come out as models with the same velocities. */
START_TEST(the_lines_of_the_guide_export_the_network)
{
    static const char *const cases[] = {"torchcfm", "torchcfm-heads", "meta", "meta-plain",
                                        "tutorial"};
    const char *python = find_python();
    if (!python) {
        printf("skipped: docs/guide/import.md's lines need python3 with numpy\n");
        return;
    }
    char command[256];
    snprintf(command, sizeof command,
             "%s -B tests/trainer/pytorch/run_lines.py docs/guide/import.md %s", python,
             cli_folder);
    ck_assert_int_eq(system(command), 0);
    for (size_t i = 0; i < ADV_COUNT(cases); i++)
        check_case(cases[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("networks of PyTorch");
    TCase *tests = tcase_create("import");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, cli_make_folder, cli_remove_folder);
    tcase_add_test(tests, heads_on_the_way_up_are_asked_for);
    tcase_add_test(tests, fourier_features_are_no_channels_of_the_image);
    tcase_add_test(tests, the_lines_of_the_guide_export_the_network);
    tcase_add_test(tests, pickles_are_named_with_what_converts_them);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
