/* U-Nets of random configurations: that they build, that their three sweeps agree with each other
 * and with the naive executor's, how they start, and what is refused. That they are PyTorch's is
 * held by test_fixtures. Compiled with float, and with double, where derivatives are sharp. */
#include <advect/extra/net.h>

#include "core/base/mem.h"
#include "core/nets/kind.h"
#include "tests/core/ops/derivatives.h"
#include "tests/core/ops/sweeps.h"
#include "tests/support/instrumented.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_RANDOM (INSTRUMENTED ? 8 : 16)

/* A tenth of what other graphs take: many norms in a row, and features that turn 128 times from 0
 * to 1, have third derivatives far above 1000. */
#define STEP (DIFFERENCE_STEP / 10)

static enum adv_status try_net(const char *text, struct adv_net **net, struct adv_error *error)
{
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_msg(config != NULL, "the test's own JSON is wrong: %s", text);
    enum adv_status status = adv_net_new(config, net, error);
    json_decref(config);
    return status;
}

static struct adv_net *new_net(const char *text)
{
    struct adv_net *net = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(try_net(text, &net, &error) == ADV_OK, "%s: %s", text, error.message);
    return net;
}

/* ---- random configurations ---- */

static const char *word(struct random *random)
{
    return random_below(random, 2) ? "true" : "false";
}

/* The lowest level keeps nine pixels or more: in smaller groups of a norm that happen to be nearly
 * constant, derivatives of high order are beyond differences. */
static void random_config(uint64_t seed, size_t size, char *text)
{
    static const char *const multiples[] = {"[1]", "[2]", "[1, 2]", "[2, 1]", "[1, 2, 3]"};
    static const char *const attention[] = {"[]", "[1]", "[2]", "[1, 2, 4]", "[2, 64]"};
    static const char *const heads[] = {"\"num_heads\": 1", "\"num_heads\": 4",
                                        "\"num_head_channels\": 8, \"num_heads\": 3",
                                        "\"num_heads\": 2, \"num_heads_upsample\": 8"};
    static const char *const classes[] = {"null", "1", "2", "4"};
    static const size_t halvings[] = {0, 0, 1, 1, 2};
    struct random random = {seed};
    size_t levels = random_below(&random, ADV_COUNT(multiples));
    size_t height = (3 + random_below(&random, 3)) << halvings[levels];
    size_t width = (3 + random_below(&random, 3)) << halvings[levels];
    const char *of = classes[random_below(&random, ADV_COUNT(classes))];
    size_t n = (size_t)snprintf(
        text, size,
        "{\"kind\": \"unet\", \"image\": [%zu, %zu, %zu], \"model_channels\": 32, "
        "\"num_res_blocks\": %zu, \"channel_mult\": %s, \"attention_resolutions\": %s, %s, ",
        1 + random_below(&random, 3), height, width, 1 + random_below(&random, 2),
        multiples[levels], attention[random_below(&random, ADV_COUNT(attention))],
        heads[random_below(&random, ADV_COUNT(heads))]);
    n += (size_t)snprintf(text + n, size - n, "\"num_classes\": %s, \"null_class\": %s, ", of,
                          strcmp(of, "null") == 0 ? "false" : word(&random));
    n += (size_t)snprintf(text + n, size - n,
                          "\"use_scale_shift_norm\": %s, \"resblock_updown\": %s, "
                          "\"use_new_attention_order\": %s, ",
                          word(&random), word(&random), word(&random));
    n += (size_t)snprintf(text + n, size - n, "\"conv_resample\": %s, \"fourier_features\": %s}",
                          word(&random), word(&random));
    ck_assert_uint_lt(n, size);
}

static struct adv_net *new_random_net(uint64_t seed)
{
    char text[1024];
    random_config(seed, sizeof text, text);
    return new_net(text);
}

/* A batch for the net, with labels that it has. */
static void scene_of(struct scene *scene, const struct adv_net *net, uint64_t seed)
{
    scene_init_borrowed(scene, &net->graph, seed);
    size_t entries = adv_net_classes(net) + adv_net_has_null_class(net);
    for (size_t c = 0; entries && c < scene->inputs.conditions; c++)
        scene->label[c] = (adv_real)((size_t)scene->label[c] % entries);
}

START_TEST(sweeps_are_those_of_separate_buffers)
{
    struct adv_net *net = new_random_net((uint64_t)_i);
    struct scene scene;
    scene_of(&scene, net, (uint64_t)_i);
    check_forward_sweep(&scene);
    check_tangent_sweep(&scene);
    check_backward_sweep(&scene);
    scene_release(&scene);
    adv_net_free(net);
}
END_TEST

START_TEST(backward_is_the_transpose_of_tangents)
{
    struct adv_net *net = new_random_net((uint64_t)_i);
    struct scene scene;
    scene_of(&scene, net, (uint64_t)_i);
    check_transpose(&scene);
    scene_release(&scene);
    adv_net_free(net);
}
END_TEST

/* In float, steps long enough to be seen through rounding move every weight at once too far. */
START_TEST(gradients_match_central_differences)
{
    if (sizeof(adv_real) == sizeof(float))
        return;
    struct adv_net *net = new_random_net((uint64_t)_i);
    struct scene scene;
    scene_of(&scene, net, (uint64_t)_i);
    check_differences(&scene, STEP);
    scene_release(&scene);
    adv_net_free(net);
}
END_TEST

START_TEST(a_configuration_comes_back_whole)
{
    struct adv_net *net = new_random_net((uint64_t)_i), *again = NULL;
    json_t *config = adv_net_config(net);
    size_t always = 1 + (json_object_get(config, "num_heads_upsample") != NULL); /* "kind" */
    for (size_t i = 0; i < adv_net_unet.n_fields; i++)
        always += !adv_net_unet.fields[i].omit_default;
    ck_assert_uint_eq(json_object_size(config), always);
    ck_assert_int_eq(adv_net_new(config, &again, NULL), ADV_OK);
    json_t *second = adv_net_config(again);
    ck_assert(json_equal(config, second));
    ck_assert_uint_eq(adv_net_weights(net), adv_net_weights(again));
    json_decref(config);
    json_decref(second);
    adv_net_free(net);
    adv_net_free(again);
}
END_TEST

/* ---- sizes ---- */

#define SMALL                                                                                      \
    "{\"kind\": \"unet\", \"image\": [3, 8, 12], \"model_channels\": 32, \"num_res_blocks\": 1, "  \
    "\"channel_mult\": [1, 2], \"num_classes\": 5, \"null_class\": true"

START_TEST(traits_follow_the_configuration)
{
    struct adv_net *net = new_net(SMALL "}");
    ck_assert_uint_eq(adv_net_dim(net), 3 * 8 * 12);
    ck_assert_uint_eq(adv_net_classes(net), 5);
    ck_assert(adv_net_has_null_class(net));
    const struct adv_graph *g = &net->graph;
    ck_assert_uint_eq(g->values[g->x].shape.channels, 3);
    ck_assert_uint_eq(g->values[g->output].shape.height, 8);
    ck_assert_uint_eq(g->values[g->output].shape.width, 12);
    adv_net_free(net);
}
END_TEST

/* A convolution's are pixels out x channels in x channels out x taps. */
START_TEST(multiply_adds_are_those_of_the_formula)
{
    struct adv_net *net = new_net(SMALL "}");
    size_t full = 8 * 12, half = 4 * 6, per_row, per_condition;
    size_t in = full * (3 * 32 * 9 + 2 * 32 * 32 * 9) + half * 32 * 32 * 9 +
                half * (32 * 64 * 9 + 64 * 64 * 9 + 32 * 64);
    size_t middle = half * (4 * 64 * 64 * 9 + 64 * 192 + 64 * 64) + 2 * half * half * 64;
    size_t low = half * (128 * 64 * 9 + 64 * 64 * 9 + 128 * 64) +
                 half * (96 * 64 * 9 + 64 * 64 * 9 + 96 * 64) + full * 64 * 64 * 9;
    size_t high =
        full * (96 * 32 * 9 + 32 * 32 * 9 + 96 * 32) + full * (64 * 32 * 9 + 32 * 32 * 9 + 64 * 32);
    adv_net_multiply_adds(net, &per_row, &per_condition);
    ck_assert_uint_eq(per_row, in + middle + low + high + full * 32 * 3 * 9);
    /* the embedding, then a Linear per block */
    ck_assert_uint_eq(per_condition, 32 * 128 + 128 * 128 + 128 * (3 * 32 + 5 * 64));
    adv_net_free(net);
}
END_TEST

/* ---- first values ---- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static bool starts_at_zero(const char *name)
{
    static const char *const modules[] = {
        "out_layers.3.weight", "out_layers.3.bias", "proj_out.weight", "proj_out.bias",
        "out.2.weight",        "out.2.bias",        "norm.bias",       "in_layers.0.bias",
        "out_layers.0.bias",   "out.0.bias"};
    for (size_t i = 0; i < ADV_COUNT(modules); i++) {
        if (ends_with(name, modules[i]))
            return true;
    }
    return false;
}

static bool starts_at_one(const char *name)
{
    return ends_with(name, "norm.weight") || ends_with(name, "in_layers.0.weight") ||
           ends_with(name, "out_layers.0.weight") || strcmp(name, "out.0.weight") == 0;
}

/* U(-b, b), b = 1/sqrt(inputs): its variance is b^2 / 3, that of x^2 4 b^4 / 45; 5 errors. */
static void check_uniform(const float *w, size_t n, double inputs, const char *name)
{
    double bound = 1 / sqrt(inputs), squares = 0, most = 0;
    for (size_t k = 0; k < n; k++) {
        squares += (double)w[k] * (double)w[k];
        most = fmax(most, fabs((double)w[k]));
    }
    ck_assert_msg(most <= bound * (1 + 1e-6), "%s: %g beyond %g", name, most, bound);
    double variance = squares / (double)n, error = bound * bound * sqrt(4.0 / 45 / (double)n);
    ck_assert_msg(fabs(variance - bound * bound / 3) <= 5 * error, "%s: variance %g", name,
                  variance);
}

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* What Muon takes: not tables, norms, biases, nor what has few rows or columns. */
START_TEST(matrices_are_told_from_other_weights)
{
    static const char *const matrices[] = {"time_embed.0.weight",
                                           "time_embed.2.weight",
                                           "input_blocks.1.0.in_layers.2.weight",
                                           "input_blocks.1.0.emb_layers.1.weight",
                                           "middle_block.1.qkv.weight",
                                           "middle_block.1.proj_out.weight",
                                           "output_blocks.0.0.skip_connection.weight"};
    static const char *const others[] = {"input_blocks.0.0.weight",
                                         "input_blocks.0.0.bias",
                                         "label_emb.weight",
                                         "out.0.weight",
                                         "out.2.weight",
                                         "out.2.bias"};
    struct adv_net *net = new_net(
        "{\"kind\": \"unet\", \"image\": [1, 8, 8], \"model_channels\": 32, \"num_res_blocks\": 1, "
        "\"channel_mult\": [1], \"num_classes\": 40}");
    size_t n_matrices = 0, n_others = 0;
    for (size_t i = 0; i < adv_net_parameters(net); i++) {
        const char *name = adv_net_parameter(net, i).name;
        bool told = adv_net_parameter_is_matrix(net, i);
        n_matrices += told && is_one_of(name, matrices, ADV_COUNT(matrices));
        n_others += !told && is_one_of(name, others, ADV_COUNT(others));
    }
    ck_assert_uint_eq(n_matrices, ADV_COUNT(matrices));
    ck_assert_uint_eq(n_others, ADV_COUNT(others));
    adv_net_free(net);
}
END_TEST

START_TEST(weights_start_as_in_pytorch)
{
    struct adv_net *net = new_net(SMALL ", \"attention_resolutions\": [2]}");
    float *weights = malloc(adv_net_weights(net) * sizeof *weights);
    ck_assert_ptr_nonnull(weights);
    adv_net_init_weights(net, 1, weights);
    size_t n_uniform = 0;
    for (size_t i = 0; i < adv_net_parameters(net); i++) {
        struct adv_parameter p = adv_net_parameter(net, i);
        const float *w = weights + p.offset;
        bool zero = starts_at_zero(p.name), unity = starts_at_one(p.name);
        for (size_t k = 0; (zero || unity) && k < p.n_elements; k++)
            ck_assert_msg(w[k] == (unity ? 1 : 0), "%s starts with %g", p.name, (double)w[k]);
        if (zero || unity || !ends_with(p.name, ".weight") ||
            strcmp(p.name, "label_emb.weight") == 0)
            continue;
        n_uniform++;
        check_uniform(w, p.n_elements, (double)(p.shape[1] * p.shape[2] * p.shape[3]), p.name);
    }
    /* time_embed has 2; convolutions at the input, down and up, 3; each of 8 residual blocks one
     * and a Linear, and 5 a skip_connection; each of 4 attention blocks qkv */
    ck_assert_uint_eq(n_uniform, 2 + 3 + 8 * 2 + 5 + 4);
    free(weights);
    adv_net_free(net);
}
END_TEST

/* ---- refusals ---- */

#define NET(image, channels, multiples, more)                                                      \
    "{\"kind\": \"unet\", \"image\": " image ", \"model_channels\": " channels                     \
    ", \"num_res_blocks\": 1, \"channel_mult\": " multiples more "}"

static const struct {
    const char *config, *field, *message;
} refusals[] = {
    {"{\"kind\": \"unet\"}", "net.image", "net.image is missing"},
    {NET("[28, 28]", "32", "[1]", ""), "net.image", "net.image has 2 elements; it must have 3"},
    {NET("[1, 28, 0]", "32", "[1]", ""), "net.image",
     "net.image[2] is 0; it must be between 1 and 1024"},
    {NET("[1, 28, 30]", "32", "[1, 2, 2]", ""), "net.image",
     "net.image is 28 x 30; the 3 levels of net.channel_mult halve it 2 times, so its height and "
     "width must be multiples of 4"},
    {NET("[1, 27, 28]", "32", "[1, 2]", ""), "net.image",
     "net.image is 27 x 28; the 2 levels of net.channel_mult halve it 1 times, so its height and "
     "width must be multiples of 2"},
    {NET("[1, 8, 8]", "48", "[1, 2]", ""), "net.model_channels",
     "net.model_channels times net.channel_mult[0] is 48 channels; that must be a multiple of 32, "
     "the groups of the norms"},
    {NET("[1, 8, 8]", "32", "[]", ""), "net.channel_mult",
     "net.channel_mult has 0 elements; it must have 1 to 8"},
    {NET("[1, 8, 8]", "32", "[1, 0]", ""), "net.channel_mult",
     "net.channel_mult[1] is 0; it must be between 1 and 32"},
    {NET("[1, 8, 8]", "32", "[1, 2.5]", ""), "net.channel_mult",
     "net.channel_mult[1] is 2.5; it must be an integer"},
    {NET("[1, 8, 8]", "32", "\"1,2\"", ""), "net.channel_mult",
     "net.channel_mult is a string; it must be a list of integers"},
    {NET("[1, 8, 8]", "32", "[1]", ", \"attention_resolutions\": [0]"), "net.attention_resolutions",
     "net.attention_resolutions[0] is 0; it must be between 1 and 1024"},
    {NET("[1, 8, 8]", "32", "[1]", ", \"num_heads_upsample\": 0"), "net.num_heads_upsample",
     "net.num_heads_upsample is 0; it must be at least 1, or -1 for as many as net.num_heads"},
    {NET("[1, 8, 8]", "32", "[1]", ", \"num_heads_upsample\": 5, \"attention_resolutions\": [1]"),
     "net.num_heads_upsample",
     "net.num_heads_upsample is 5; it must divide the 32 channels of level 0, which has attention"},
    {NET("[1, 8, 8]", "32", "[1, 2]", ", \"num_heads\": 5"), "net.num_heads",
     "net.num_heads is 5; it must divide the 64 channels of level 1, which has attention in the "
     "middle block"},
    {NET("[1, 8, 8]", "32", "[1, 2]",
         ", \"attention_resolutions\": [1], \"num_head_channels\": 64"),
     "net.num_head_channels",
     "net.num_head_channels is 64; it must divide the 32 channels of level 0, which has attention"},
    {NET("[1, 8, 8]", "32", "[1]", ", \"num_head_channels\": 0"), "net.num_head_channels",
     "net.num_head_channels is 0; it must be at least 1, or -1 to use net.num_heads"},
    {NET("[1, 8, 8]", "32", "[1]", ", \"null_class\": true"), "net.null_class",
     "net.null_class is true but net.num_classes is 0; it needs classes"},
    {NET("[1, 8, 8]", "32", "[1]", ", \"dropout\": 0.1"), "net.dropout", NULL},
};

START_TEST(bad_configurations_are_refused)
{
    struct adv_net *net = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(try_net(refusals[_i].config, &net, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, refusals[_i].field);
    if (refusals[_i].message)
        ck_assert_str_eq(error.message, refusals[_i].message);
    ck_assert_ptr_null(net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unet");
    TCase *sweeps = tcase_create("random configurations");
    tcase_set_timeout(sweeps, 60);
    tcase_add_loop_test(sweeps, sweeps_are_those_of_separate_buffers, 0, N_RANDOM);
    tcase_add_loop_test(sweeps, backward_is_the_transpose_of_tangents, 0, N_RANDOM);
    tcase_add_loop_test(sweeps, gradients_match_central_differences, 0, N_RANDOM);
    tcase_add_loop_test(sweeps, a_configuration_comes_back_whole, 0, N_RANDOM);
    suite_add_tcase(suite, sweeps);

    TCase *config = tcase_create("configuration");
    tcase_set_timeout(config, 60); /* milliseconds of work, but the machine may be busy */
    tcase_add_test(config, traits_follow_the_configuration);
    tcase_add_test(config, multiply_adds_are_those_of_the_formula);
    tcase_add_test(config, matrices_are_told_from_other_weights);
    tcase_add_test(config, weights_start_as_in_pytorch);
    tcase_add_loop_test(config, bad_configurations_are_refused, 0, (int)ADV_COUNT(refusals));
    suite_add_tcase(suite, config);

    return suite_run(suite);
}
