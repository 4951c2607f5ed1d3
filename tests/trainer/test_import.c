/* `advect import`: weights from elsewhere and what is said of their data. */
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <advect/extra/all.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_WEIGHTS 4096 /* more than the board has */

static struct adv_model *board;

/* A small model's file: its tensors stand there under PyTorch's names. */
static void write_board(void)
{
    static float weights[N_WEIGHTS];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_net *net = NULL;
    json_t *config = json_pack("{s:s, s:{s:s, s:i, s:i, s:i}}", "name", "board", "net", "kind",
                               "mlp", "dim", 2, "channels", 16, "layers", 1);
    ck_assert_int_eq(adv_net_new(json_object_get(config, "net"), &net, &error), ADV_OK);
    ck_assert_uint_le(adv_net_weights(net), N_WEIGHTS);
    adv_net_init_weights(net, 3, weights);
    adv_net_free(net);
    ck_assert_int_eq(adv_model_new_json(config, weights, NULL, &board, &error), ADV_OK);
    ck_assert_int_eq(adv_model_save(board, cli_at("board.safetensors"), ADV_F32, &error), ADV_OK);
    json_decref(config);
}

static void expect_board(const char *file)
{
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(cli_at(file), NULL, &model, NULL), ADV_OK);
    ck_assert_mem_eq(adv_model_weights(model), adv_model_weights(board),
                     adv_net_weights(adv_model_net(board)) * sizeof(float));
    adv_model_unref(model);
}

START_TEST(weights_from_elsewhere_are_imported)
{
    write_board();
    cli_write("config.json", "{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, \"layers\": 1}");
    CLI_SUCCEEDS("import board.safetensors --config config.json -o twin.safetensors --transform "
                 "'{\"kind\": \"affine\", \"shift\": 1, \"scale\": 2}'");
    expect_board("twin.safetensors");
    adv_model_unref(board);
    CLI_SUCCEEDS("inspect twin.safetensors --json");
    json_t *json = json_loads(cli_output, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(json, "name")), "twin");
    json_decref(json);
    cli_fails(1, "eval twin.safetensors", "--density JSON or --data FILE");
    cli_write("config.json", "{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, \"layers\": 2}");
    cli_fails(1, "import board.safetensors --config config.json -o twin.safetensors",
              "blocks.1.ff.weight is missing");
}
END_TEST

START_TEST(a_model_needs_no_config_to_be_stored_anew)
{
    write_board();
    CLI_SUCCEEDS("import board.safetensors -o half.safetensors --dtype f16");
    struct adv_model *half = NULL;
    ck_assert_int_eq(adv_model_load(cli_at("half.safetensors"), NULL, &half, NULL), ADV_OK);
    ck_assert_str_eq(adv_model_name(half), "board");
    for (size_t i = 0; i < adv_net_weights(adv_model_net(board)); i++) {
        double weight = (double)adv_model_weights(board)[i];
        ck_assert_double_eq_tol((double)adv_model_weights(half)[i], weight,
                                fabs(weight) / 2048 + 1e-7);
    }
    adv_model_unref(half);
    CLI_SUCCEEDS("import board.safetensors -o twin.safetensors --name other");
    expect_board("twin.safetensors");
    ck_assert_ptr_nonnull(strstr(cli_output, "model other"));
    adv_model_unref(board);
}
END_TEST

/* Flags, and members beside the network's options, say what the data are. */
START_TEST(an_import_says_what_its_data_are)
{
    write_board();
    cli_write("config.json", "{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, \"layers\": 1, "
                             "\"name\": \"named\", \"shape\": [1, 1, 2]}");
    CLI_SUCCEEDS("import board.safetensors --config config.json -o twin.safetensors");
    ck_assert_ptr_nonnull(strstr(cli_output, "model named"));
    ck_assert_ptr_nonnull(strstr(cli_output, "--pixels"));
    CLI_SUCCEEDS("import board.safetensors --config config.json -o twin.safetensors --pixels -1,3 "
                 "--name other --classes 0");
    ck_assert_ptr_nonnull(strstr(cli_output, "model other"));
    ck_assert_ptr_nonnull(strstr(cli_output, "data in [0, 1]"));
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(cli_at("twin.safetensors"), NULL, &model, NULL), ADV_OK);
    float pixels[2] = {0, 1};
    adv_transform_encode(adv_model_transform(model), 1, pixels, pixels, NULL);
    ck_assert_float_eq(pixels[0], -1);
    ck_assert_float_eq(pixels[1], 3);
    ck_assert(adv_model_is_image(model));
    adv_model_unref(model);

    cli_write("whole.json", "{\"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, "
                            "\"layers\": 1}}");
    CLI_SUCCEEDS("import board.safetensors --config whole.json -o twin.safetensors --pixels 0,255 "
                 "--shape '[1, 2, 1]'");
    ck_assert_ptr_nonnull(strstr(cli_output, "model twin"));
#define IMPORT "import board.safetensors --config config.json -o no.safetensors "
    cli_fails(1, IMPORT "--pixels 1,-1", "pixels is \"1,-1\"");
    cli_fails(1, IMPORT "--pixels 0,1x", "pixels is \"0,1x\"");
    cli_fails(1, IMPORT "--pixels 0", "must be two numbers");
    cli_fails(1, IMPORT "--pixels 0,1 --transform '{}'", "give one of them");
    cli_fails(1, IMPORT "--labels cat,dog", "an array of 0 names");
    cli_fails(1, IMPORT "--labels '[\"cat\"'", "not a JSON array");
    cli_fails(1, IMPORT "--classes 3", "data.classes is 3, but the net has 0");
    cli_fails(1, IMPORT "--shape '[3]'", "data.shape");
    cli_write("config.json", "[]");
    cli_fails(1, IMPORT, "config.json holds no JSON object");
    cli_write("config.json", "{\"net\": {}, \"data\": 3}");
    cli_fails(1, IMPORT "--classes 3", "data must be an object");
    ck_assert(!cli_exists("no.safetensors"));
    adv_model_unref(board);
}
END_TEST

START_TEST(samples_are_imported_as_their_exact_flow)
{
    cli_write("points.csv", "x,y\n1,2\n-1,0\n3,-2\n");
    CLI_SUCCEEDS("import points.csv -o exact.safetensors --bandwidth 0.001 --transform "
                 "'{\"kind\": \"standardise\"}'");
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(cli_at("exact.safetensors"), NULL, &model, NULL), ADV_OK);
    /* (1, 2), (-1, 0), (3, -2) with mean (1, 0) and standard deviations sqrt(8/3) */
    const float third = 1.22474487F, expected[6] = {0, third, -third, 0, third, -third};
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq_tol(adv_model_weights(model)[i], expected[i], 1e-6F);
    adv_model_unref(model);
    CLI_SUCCEEDS("sample exact.safetensors -n 20 --seed 1 --solver dopri5 -o s.csv --quiet");
    struct adv_array array;
    ck_assert_int_eq(adv_csv_read(cli_at("s.csv"), &array, NULL), ADV_OK);
    for (size_t i = 0; i < 20; i++) {
        const float *x = array.data + 2 * i;
        float off = fminf(hypotf(x[0] - 1, x[1] - 2),
                          fminf(hypotf(x[0] + 1, x[1]), hypotf(x[0] - 3, x[1] + 2)));
        ck_assert_float_lt(off, 0.02F); /* ten bandwidths in data units */
    }
    adv_array_release(&array);
    CLI_SUCCEEDS("trajectory exact.safetensors -n 50 --frames 4 -o way.apng --quiet");
    cli_fails(1, "import points.csv -o b --config points.csv", "--config is for weights");
    cli_fails(1, "import points.csv -o b --classes 3", "--classes is for weights");
    cli_fails(1, "import missing.csv -o b", "missing.csv");
    cli_fails(2, "import points.csv -o b --bandwidth 0", "bandwidth is 0");
    cli_write("points.csv", "2\n");
    cli_fails(1, "import points.csv -o b --transform '{\"kind\": \"logit\"}'", "row 0: ");
    ck_assert(!cli_exists("b"));
}
END_TEST

static void write_bytes(const char *name, int n_dims, const size_t *shape, const uint8_t *data)
{
    char bytes[ADV_NPY_HEADER_MAX + 64];
    size_t n = 1, n_header = adv_npy_header("|u1", n_dims, shape, bytes);
    for (int d = 0; d < n_dims; d++)
        n *= shape[d];
    ck_assert_uint_le(n, 64);
    memcpy(bytes + n_header, data, n);
    ck_assert_int_eq(adv_file_replace(cli_at(name), bytes, n_header + n, NULL), ADV_OK);
}

/* A table of small integers is the same table as bytes and as text. */
START_TEST(bytes_of_a_table_are_numbers)
{
    const uint8_t people[] = {34, 182, 51, 168, 7, 121};
    write_bytes("people.npy", 2, (const size_t[]){3, 2}, people);
    cli_write("people.csv", "age,height\n34,182\n51,168\n7,121\n");
    CLI_SUCCEEDS("import people.npy -o a.safetensors --name people --bandwidth 5");
    CLI_SUCCEEDS("import people.csv -o b.safetensors --name people --bandwidth 5");
    CLI_SUCCEEDS("logp a.safetensors --points people.csv --quiet");
    char *wanted = strdup(cli_output);
    CLI_SUCCEEDS("logp a.safetensors --points people.npy --quiet");
    ck_assert_str_eq(cli_output, wanted);
    CLI_SUCCEEDS("logp b.safetensors --points people.npy --quiet");
    ck_assert_str_eq(cli_output, wanted);
    free(wanted);
}
END_TEST

/* Bytes of images are intensities, and the model's file says so: they may come as bytes again, or
 * as the numbers that they are. */
START_TEST(bytes_of_images_are_intensities)
{
    const uint8_t images[] = {0, 51, 102, 255, 153, 204};
    write_bytes("images.npy", 3, (const size_t[]){3, 1, 2}, images);
    cli_write("images.csv", "0,0.2\n0.4,1\n0.6,0.8\n");
    CLI_SUCCEEDS("import images.npy -o images.safetensors --shape '[1, 1, 2]' --bandwidth 0.1");
    ck_assert_ptr_nonnull(strstr(cli_output, "data in [0, 1]"));
    CLI_SUCCEEDS("logp images.safetensors --points images.csv --quiet");
    char *wanted = strdup(cli_output);
    CLI_SUCCEEDS("logp images.safetensors --points images.npy --quiet");
    ck_assert_str_eq(cli_output, wanted);
    CLI_SUCCEEDS("sample images.safetensors -n 1 --zoom 1 --seed 3 -o image.png --quiet");
    CLI_SUCCEEDS("logp images.safetensors --points image.png --quiet");
    cli_fails(1, "sample images.safetensors --points image.png", "starts are in base units");
    cli_fails(1, "logp images.safetensors --points image.png --space flow", "space is \"flow\"");
    free(wanted);
}
END_TEST

START_TEST(pytorch_weights_are_imported)
{
    char path[PATH_MAX];
    if (!cli_shared("fixtures/mlp-cond-7d", path))
        return;
    CLI_SUCCEEDS(
        "import %s/model.safetensors --config %s/config.json -o seven.safetensors --dtype bf16",
        path, path);
    cli_write("points.csv", "1,2,3,4,5,6,7\n0,0,0,0,0,0,0\n");
    cli_fails(1, "logp seven.safetensors --points points.csv", "label is missing");
    CLI_SUCCEEDS("logp seven.safetensors --points points.csv --label 3,4 --quiet");
    CLI_SUCCEEDS("sample seven.safetensors -n 20 --label 2 -o s.csv --quiet");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("import");
    TCase *tests = tcase_create("import");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, cli_make_folder, cli_remove_folder);
    tcase_add_test(tests, weights_from_elsewhere_are_imported);
    tcase_add_test(tests, a_model_needs_no_config_to_be_stored_anew);
    tcase_add_test(tests, an_import_says_what_its_data_are);
    tcase_add_test(tests, samples_are_imported_as_their_exact_flow);
    tcase_add_test(tests, bytes_of_a_table_are_numbers);
    tcase_add_test(tests, bytes_of_images_are_intensities);
    tcase_add_test(tests, pytorch_weights_are_imported);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
