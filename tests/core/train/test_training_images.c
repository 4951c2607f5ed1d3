/* Training on images: IDX files, shifts, shards cut for the network, and that it resumes bit for
 * bit. */
#include "core/train/training.h"

#include "tests/core/io/io_support.h"
#include "tests/core/train/trainings.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>
#include <advect/extra/shards.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 40, HEIGHT = 6, WIDTH = 8, DIM = HEIGHT * WIDTH };

static struct io_scratch scratch;

static void write_idx(const char *name, int n_dims, const uint32_t *shape, const uint8_t *data)
{
    char path[IO_PATH_MAX];
    uint8_t bytes[16 + N * DIM] = {0, 0, 8, (uint8_t)n_dims};
    size_t n = 1, at = 4;
    for (int d = 0; d < n_dims; d++, at += 4) {
        bytes[at + 2] = (uint8_t)(shape[d] >> 8);
        bytes[at + 3] = (uint8_t)shape[d];
        n *= shape[d];
    }
    memcpy(bytes + at, data, n);
    ck_assert_int_eq(adv_file_replace(io_scratch_path(&scratch, name, path), bytes, at + n, NULL),
                     ADV_OK);
}

/* N images of distinct pixels, label i mod 3. */
static uint8_t pixel(size_t i, int y, int x)
{
    return (uint8_t)(5 * i + 31 * (size_t)y + 7 * (size_t)x);
}

static void make_data(void)
{
    uint8_t pixels[N * DIM], labels[N];
    io_scratch_make(&scratch);
    for (size_t i = 0; i < N; i++) {
        labels[i] = (uint8_t)(i % 3);
        for (int p = 0; p < DIM; p++)
            pixels[i * DIM + (size_t)p] = pixel(i, p / WIDTH, p % WIDTH);
    }
    write_idx("images", 3, (const uint32_t[]){N, HEIGHT, WIDTH}, pixels);
    write_idx("labels", 1, (const uint32_t[]){N}, labels);
}

static void remove_data(void)
{
    io_scratch_remove(&scratch);
}

/* ---------------------------------------------------------------- one training */

static const char *const nets[] = {
    "{\"kind\": \"mlp\", \"dim\": 48, \"channels\": 16, \"layers\": 1, \"num_classes\": 3,"
    " \"null_class\": true, \"input_gain\": true}",
    "{\"kind\": \"unet\", \"image\": [1, 6, 8], \"model_channels\": 32, \"num_res_blocks\": 1,"
    " \"channel_mult\": [1, 1], \"attention_resolutions\": [2], \"num_classes\": 3,"
    " \"null_class\": true}",
};
enum { N_NETS = sizeof nets / sizeof nets[0] };

#define SOURCE                                                                                     \
    "\"source\": {\"kind\": \"idx\", \"images\": \"images\", \"labels\": \"labels\"}, "            \
    "\"classes\": 3, \"held_out\": 10"

static struct adv_training *open_training(const char *net, int threads)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = NULL;
    struct adv_training_options options = {
        .size = sizeof options, .data = scratch.folder, .threads = threads};
    char text[2048];
    snprintf(
        text, sizeof text,
        "{\"name\": \"small\", \"net\": %s, \"data\": {" SOURCE ", \"dequantise\": true,"
        " \"shift_pixels\": 1, \"transform\": {\"kind\": \"affine\", \"shift\": 0.5, \"scale\":"
        " 0.5, \"range\": [0, 1], \"levels\": 256}}, \"train\": {\"steps\": 8, \"batch\": 12,"
        " \"shard_rows\": 4, \"label_dropout\": 0.2, \"held_out_every\": 3}}",
        net);
    ck_assert_msg(adv_training_new(text, &options, &training, &error) == ADV_OK, "%s",
                  error.message);
    return training;
}

static void run_to_the_end(struct adv_training *training, const char *checkpoint)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training_run_options watch = {.size = sizeof watch, .checkpoint = checkpoint};
    ck_assert_msg(adv_training_run(training, &watch, &error) == ADV_OK, "%s", error.message);
}

/* With one thread or three, at once or from a checkpoint in the middle of the curve's window. */
START_TEST(images_train_bit_for_bit)
{
    char path[IO_PATH_MAX];
    struct adv_error error = ADV_ERROR_INIT;
    io_scratch_path(&scratch, "c.checkpoint", path);
    struct adv_training *straight = open_training(nets[_i], 1);
    run_to_the_end(straight, path);
    ck_assert_uint_eq(straight->n_curve, 3); /* steps 3, 6, 8 */

    struct adv_training *first = open_training(nets[_i], 3);
    while (first->progress.step < 5)
        ck_assert_int_eq(adv_training_step(first, NULL, &error), ADV_OK);
    ck_assert_int_eq(adv_training_save(first, path, &error), ADV_OK);
    struct adv_training *second = open_training(nets[_i], 2);
    while (second->progress.step <
           5) /* whose packed weights are those of a step of the same number */
        ck_assert_int_eq(adv_training_step(second, NULL, &error), ADV_OK);
    second->weights[0] += 1;
    ck_assert_msg(adv_training_resume(second, path, &error) == ADV_OK, "%s", error.message);
    run_to_the_end(second, path);
    trainings_are_same(straight, second);
    adv_training_free(straight);
    adv_training_free(first);
    adv_training_free(second);
}
END_TEST

/* ---------------------------------------------------------------- shifts */

static enum adv_status open_data(const char *more, struct adv_dataset *dataset,
                                 struct adv_error *error)
{
    struct adv_data_recipe recipe;
    char text[512];
    snprintf(text, sizeof text, "{" SOURCE "%s}", more);
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(json);
    enum adv_status status = adv_data_recipe_init(&recipe, json, error);
    json_decref(json);
    if (status != ADV_OK)
        return status;
    status = adv_dataset_open(&recipe, 5, scratch.folder, dataset, error);
    adv_data_recipe_release(&recipe);
    return status;
}

static int clamped(int at, int side)
{
    return at < 0 ? 0 : at >= side ? side - 1 : at;
}

/* Whether x is image i moved by (dy, dx), its edges repeated. */
static bool is_moved(const float *x, size_t i, int dy, int dx)
{
    for (int p = 0; p < DIM; p++) {
        int from_y = clamped(p / WIDTH - dy, HEIGHT), from_x = clamped(p % WIDTH - dx, WIDTH);
        if (lroundf(255 * x[p]) != pixel(i, from_y, from_x))
            return false;
    }
    return true;
}

/* Every training example is one of the images, moved by -2 ... 2 each way; all 25 moves are taken
 * about equally often; held-out images stay where they are. */
START_TEST(images_are_moved_in_training_alone)
{
    enum { DRAWS = 5000, AT_ONCE = 50 };
    struct adv_dataset dataset;
    struct adv_error error = ADV_ERROR_INIT;
    float x[AT_ONCE * DIM], again[DIM];
    int32_t label[AT_ONCE];
    int counts[25] = {0};
    ck_assert_msg(open_data(", \"shift_pixels\": 2", &dataset, &error) == ADV_OK, "%s",
                  error.message);
    for (uint64_t first = 0; first < DRAWS; first += AT_ONCE) {
        adv_dataset_draw(&dataset, first, AT_ONCE, x, label, NULL);
        for (int k = 0; k < AT_ONCE; k++) {
            int n_matches = 0;
            for (size_t i = (size_t)label[k]; i < N; i += 3) {
                for (int move = 0; move < 25; move++) {
                    if (is_moved(x + k * DIM, i, move / 5 - 2, move % 5 - 2)) {
                        counts[move]++;
                        n_matches++;
                    }
                }
            }
            ck_assert_int_eq(n_matches, 1);
        }
    }
    for (int move = 0; move < 25; move++) { /* 200 on average, standard deviation 14 */
        ck_assert_int_gt(counts[move], 130);
        ck_assert_int_lt(counts[move], 270);
    }
    adv_dataset_draw(&dataset, DRAWS - 1, 1, again, label, NULL);
    ck_assert_mem_eq(again, x + (AT_ONCE - 1) * DIM, sizeof again);
    adv_dataset_draw_held_out(&dataset, 0, 10, x, label, NULL);
    for (int k = 0; k < 10; k++) {
        bool found = false;
        for (size_t i = 0; i < N && !found; i++)
            found = is_moved(x + k * DIM, i, 0, 0);
        ck_assert(found);
    }
    adv_dataset_close(&dataset);
}
END_TEST

START_TEST(moves_that_make_no_sense_are_refused)
{
    struct adv_dataset dataset;
    struct adv_error error = ADV_ERROR_INIT;
    io_assert_refused(open_data(", \"shift_pixels\": 6", &dataset, &error), &error, ADV_E_INVALID,
                      "data.shift_pixels is 6; it must be below the images' 6 pixels");
    error = (struct adv_error)ADV_ERROR_INIT;
    io_assert_refused(open_data(", \"shift_pixels\": 1, \"shape\": [48]", &dataset, &error), &error,
                      ADV_E_INVALID, "the data are no images");
    error = (struct adv_error)ADV_ERROR_INIT;
    io_assert_refused(open_data(", \"shift_pixels\": -1", &dataset, &error), &error, ADV_E_INVALID,
                      "shift_pixels is -1");
}
END_TEST

/* ---------------------------------------------------------------- shards */

static const struct {
    const char *net;
    size_t batch, asked, rows;
} shards[] = {
    {"{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 64, \"layers\": 3}", 256, 0, 128},
    {"{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 64, \"layers\": 3}", 50, 0, 50},
    {"{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 64, \"layers\": 3}", 2047, 0, 128},
    {"{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 64, \"layers\": 3}", 2048, 0, 256},
    {"{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 64, \"layers\": 3}", 20000, 0, 512},
    {"{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 64, \"layers\": 3}", 256, 200, 200},
    {"{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 64, \"layers\": 3}", 256, 300, 256},
    /* 67 million multiply-adds a row with about as many weights: they pay from 24 uses on */
    {"{\"kind\": \"mlp\", \"dim\": 65536, \"channels\": 512, \"layers\": 1}", 256, 0, 32},
};

START_TEST(shards_suit_the_network)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_net *net = NULL;
    size_t rows = 0;
    json_t *json = json_loads(shards[_i].net, 0, NULL);
    ck_assert_int_eq(adv_net_new(json, &net, &error), ADV_OK);
    ck_assert_msg(adv_shard_rows(net, shards[_i].batch, shards[_i].asked, NULL, &rows, &error) ==
                      ADV_OK,
                  "%s", error.message);
    ck_assert_uint_eq(rows, shards[_i].rows);
    adv_net_free(net);
    json_decref(json);
}
END_TEST

/* Rows whose activations are many are fewer to a shard: its arena stays within 128 MiB, and twice
 * as many rows would not. */
START_TEST(shards_fit_their_memory)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_net *net = NULL;
    size_t rows = 0, bytes[2];
    json_t *json = json_loads("{\"kind\": \"mlp\", \"dim\": 65536, \"channels\": 64, \"layers\": 1,"
                              " \"input_frequencies\": 16}",
                              0, NULL);
    ck_assert_msg(adv_net_new(json, &net, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(adv_shard_rows(net, 256, 0, NULL, &rows, &error), ADV_OK);
    for (size_t i = 0; i < 2; i++) {
        struct adv_gradient *gradient = NULL;
        ck_assert_int_eq(adv_gradient_new(net, rows << i, NULL, &gradient, &error), ADV_OK);
        bytes[i] = adv_gradient_bytes(gradient);
        adv_gradient_free(gradient);
    }
    ck_assert_uint_le(bytes[0], 128 << 20);
    ck_assert_uint_gt(bytes[1], 128 << 20);
    adv_net_free(net);
    json_decref(json);
}
END_TEST

/* The recipe of the model says what was chosen, so that a training resumes with it. */
START_TEST(the_choice_is_recorded)
{
    struct adv_training *training = open_training(nets[0], 1);
    json_t *recipe = adv_training_recipe(training);
    const json_t *train = json_object_get(recipe, "train");
    ck_assert_int_eq(json_integer_value(json_object_get(train, "shard_rows")), 4);
    const struct adv_training_memory *memory = adv_training_memory(training);
    ck_assert_uint_eq(memory->gradients, 3 * training->n_weights * sizeof(float));
    ck_assert_uint_ge(memory->data, (N * DIM + N) * sizeof(float));
    ck_assert_uint_eq(memory->total,
                      memory->data + memory->activations + memory->gradients + memory->weights);
    json_decref(recipe);
    adv_training_free(training);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("training on images");
    TCase *tests = tcase_create("images");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, make_data, remove_data);
    tcase_add_loop_test(tests, images_train_bit_for_bit, 0, N_NETS);
    tcase_add_test(tests, images_are_moved_in_training_alone);
    tcase_add_test(tests, moves_that_make_no_sense_are_refused);
    tcase_add_loop_test(tests, shards_suit_the_network, 0, sizeof shards / sizeof shards[0]);
    tcase_add_test(tests, shards_fit_their_memory);
    tcase_add_test(tests, the_choice_is_recorded);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
