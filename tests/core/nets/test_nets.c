/* Networks from configurations: what is accepted, what is refused and how, parameters and their
 * first values. */
#include <advect/extra/net.h>

#include "core/base/mem.h"
#include "core/nets/kind.h"
#include "tests/support/phrases.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SMALL "\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 1"

static enum adv_status try_net(const char *text, struct adv_net **net, struct adv_error *error)
{
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_msg(config != NULL, "%s", text);
    enum adv_status status = adv_net_new(config, net, error);
    json_decref(config);
    return status;
}

static struct adv_net *new_net(const char *text)
{
    struct adv_net *net = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(try_net(text, &net, &error) == ADV_OK, "%s", error.message);
    return net;
}

/* ---- configurations ---- */

static const struct {
    const char *config, *field, *message;
} refusals[] = {
    {"[]", "net", "net must be an object"},
    {"{}", "net.kind", "net.kind is missing; it must name a kind of network, e.g. \"mlp\""},
    {"{\"kind\": 3}", "net.kind",
     "net.kind is not a string; it must name a kind of network, e.g. \"mlp\""},
    {"{\"kind\": \"mpl\"}", "net.kind",
     "net.kind is \"mpl\"; it must be one of mlp, transformer, sequential, unet, empirical; did "
     "you mean "
     "\"mlp\"?"},
    {"{\"kind\": \"perceiver\"}", "net.kind",
     "net.kind is \"perceiver\"; it must be one of mlp, transformer, sequential, unet, empirical"},
    {"{\"kind\": \"empirical\", \"dim\": 2}", "net.samples", "net.samples is missing"},
    {"{\"kind\": \"empirical\", \"dim\": 2, \"samples\": 3, \"bandwidth\": 0}", "net.bandwidth",
     "net.bandwidth is 0; it must be between 0.001 and 1000"},
    {"{\"kind\": \"mlp\"}", "net.dim", "net.dim is missing"},
    {"{\"kind\": \"mlp\", \"dim\": 2}", "net.channels", "net.channels is missing"},
    {"{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8}", "net.layers", "net.layers is missing"},
    {"{\"kind\": \"mlp\", \"dim\": 0, \"channels\": 8, \"layers\": 1}", "net.dim",
     "net.dim is 0; it must be between 1 and 65536"},
    {"{\"kind\": \"mlp\", \"dim\": 2.5, \"channels\": 8, \"layers\": 1}", "net.dim",
     "net.dim is 2.5; it must be an integer"},
    {"{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8193, \"layers\": 1}", "net.channels",
     "net.channels is 8193; it must be between 1 and 8192"},
    {"{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 257}", "net.layers",
     "net.layers is 257; it must be between 1 and 256"},
    {"{" SMALL ", \"num_classes\": -1}", "net.num_classes",
     "net.num_classes is -1; it must be between 0 and 65536"},
    {"{" SMALL ", \"label_channels\": 0}", "net.label_channels",
     "net.label_channels is 0; it must be between 1 and 8192"},
    {"{" SMALL ", \"input_frequencies\": 17}", "net.input_frequencies",
     "net.input_frequencies is 17; it must be between 0 and 16"},
    {"{" SMALL ", \"time_frequencies\": 257}", "net.time_frequencies",
     "net.time_frequencies is 257; it must be between 0 and 256"},
    {"{" SMALL ", \"activation\": \"tanh\"}", "net.activation",
     "net.activation is \"tanh\"; it must be one of relu, silu, selu"},
    {"{" SMALL ", \"residual\": 1}", "net.residual",
     "net.residual is an integer; it must be true or false"},
    {"{" SMALL ", \"chanels\": 8}", "net.chanels",
     "\"chanels\" is not a known field of net; did you mean \"channels\"?"},
    {"{" SMALL ", \"null_class\": true}", "net.null_class",
     "net.null_class is true but net.num_classes is 0; it needs classes"},
};

START_TEST(bad_configurations_are_refused)
{
    struct adv_net *net = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(try_net(refusals[_i].config, &net, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, refusals[_i].field);
    ck_assert_str_eq(error.message, refusals[_i].message);
    ck_assert_ptr_null(net);
    ck_assert_int_eq(try_net(refusals[_i].config, &net, NULL), ADV_E_INVALID);
}
END_TEST

static const char *const configs[] = {
    "{" SMALL "}",
    "{" SMALL ", \"activation\": \"silu\", \"residual\": true, \"input_gain\": true}",
    "{" SMALL ", \"num_classes\": 5, \"label_channels\": 7, \"null_class\": true, "
    "\"input_frequencies\": 3, \"time_frequencies\": 4}",
    "{" SMALL ", \"periodic\": [0]}",
};

START_TEST(a_configuration_comes_back_whole)
{
    struct adv_net *net = new_net(configs[_i]);
    json_t *given = json_loads(configs[_i], 0, NULL), *config = adv_net_config(net), *value;
    const char *key;
    json_object_foreach(given, key, value)
    {
        ck_assert_msg(json_equal(value, json_object_get(config, key)), "%s was changed", key);
    }
    bool is_periodic = json_object_get(given, "periodic") != NULL; /* else it stays unsaid */
    /* kind beside the fields, without flow_map, which is not written where it is false */
    ck_assert_uint_eq(json_object_size(config), adv_net_mlp.n_fields - 1 + is_periodic);

    struct adv_net *again = NULL;
    ck_assert_int_eq(adv_net_new(config, &again, NULL), ADV_OK);
    json_t *second = adv_net_config(again);
    ck_assert(json_equal(config, second));
    ck_assert_uint_eq(adv_net_parameters(net), adv_net_parameters(again));
    ck_assert_uint_eq(adv_net_weights(net), adv_net_weights(again));
    json_decref(given);
    json_decref(config);
    json_decref(second);
    adv_net_free(net);
    adv_net_free(again);
}
END_TEST

/* What weights do not show has to stand in a configuration that is written for them. */
static const char *const stated[] = {
    "{\"kind\": \"unet\", \"num_heads\": 1, \"num_head_channels\": -1, "
    "\"num_heads_upsample\": -1, \"use_new_attention_order\": false}",
    "{\"kind\": \"transformer\", \"heads\": 2, \"activation\": \"silu\"}",
};

START_TEST(options_that_weights_hide_are_asked_for)
{
    json_t *config = json_loads(stated[_i], 0, NULL);
    ck_assert_int_eq(adv_net_check_stated(config, NULL), ADV_OK);
    const char *name;
    json_t *value;
    json_object_foreach(config, name, value)
    {
        if (strcmp(name, "kind") == 0)
            continue;
        struct adv_error error = ADV_ERROR_INIT;
        char expected[64];
        snprintf(expected, sizeof expected, "net.%s is missing; weights do not show it", name);
        json_t *without = json_copy(config);
        json_object_del(without, name);
        ck_assert_int_eq(adv_net_check_stated(without, &error), ADV_E_INVALID);
        ck_assert_msg(strncmp(error.message, expected, strlen(expected)) == 0, "%s", error.message);
        json_decref(without);
    }
    json_object_set_new(config, "kind", json_string("nothing of ours"));
    ck_assert_int_eq(adv_net_check_stated(config, NULL), ADV_OK);
    json_decref(config);
}
END_TEST

START_TEST(traits_follow_the_configuration)
{
    struct adv_net *plain = new_net(configs[0]), *conditional = new_net(configs[2]);
    ck_assert_uint_eq(adv_net_dim(plain), 2);
    ck_assert_uint_eq(adv_net_classes(plain), 0);
    ck_assert(!adv_net_has_null_class(plain));
    ck_assert_uint_eq(adv_net_classes(conditional), 5);
    ck_assert(adv_net_has_null_class(conditional));
    adv_net_free(plain);
    adv_net_free(conditional);
}
END_TEST

START_TEST(help_names_every_option)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    adv_net_help(out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "mlp: "));
    static const char *const options[] = {"--dim", "--channels", "--num-classes", "--input-gain"};
    for (size_t i = 0; i < ADV_COUNT(options); i++)
        ck_assert_msg(strstr(text, options[i]) != NULL, "help lacks %s", options[i]);
    ck_assert_uint_gt(phrases_check_help("networks", text), 20);
    free(text);
}
END_TEST

/* ---- parameters ---- */

/* A PyTorch state_dict of the reference network with every option: names and shapes. */
static const struct {
    const char *name;
    int n_dims;
    size_t shape[2];
} parameters[] = {
    {"in_projection.weight", 2, {8, 2 * (1 + 2 * 3)}},
    {"in_projection.bias", 1, {8}},
    {"t_mlp.0.weight", 2, {128, 1 + 2 * 4}},
    {"t_mlp.0.bias", 1, {128}},
    {"t_mlp.2.weight", 2, {8, 128}},
    {"t_mlp.2.bias", 1, {8}},
    {"label_emb.weight", 2, {6, 7}},
    {"concat_projection.weight", 2, {8, 8 + 8 + 7}},
    {"concat_projection.bias", 1, {8}},
    {"blocks.0.ff.weight", 2, {8, 8}},
    {"blocks.0.ff.bias", 1, {8}},
    {"out_projection.weight", 2, {2, 8}},
    {"out_projection.bias", 1, {2}},
};

static struct adv_parameter find_parameter(const struct adv_net *net, const char *name)
{
    for (size_t i = 0; i < adv_net_parameters(net); i++) {
        struct adv_parameter parameter = adv_net_parameter(net, i);
        if (strcmp(parameter.name, name) == 0)
            return parameter;
    }
    ck_abort_msg("no parameter %s", name);
}

START_TEST(parameters_have_their_names_and_shapes)
{
    struct adv_net *net = new_net(configs[2]);
    size_t total = 0;
    ck_assert_uint_eq(adv_net_parameters(net), ADV_COUNT(parameters));
    for (size_t i = 0; i < ADV_COUNT(parameters); i++) {
        struct adv_parameter parameter = find_parameter(net, parameters[i].name);
        size_t n_elements = 1;
        ck_assert_int_eq(parameter.n_dims, parameters[i].n_dims);
        for (int d = 0; d < parameter.n_dims; d++) {
            ck_assert_uint_eq(parameter.shape[d], parameters[i].shape[d]);
            n_elements *= parameter.shape[d];
        }
        ck_assert_uint_eq(parameter.n_elements, n_elements);
        ck_assert_uint_le(parameter.offset + n_elements, adv_net_weights(net));
        total += n_elements;
    }
    ck_assert_uint_eq(total, adv_net_weights(net));
    adv_net_free(net);
}
END_TEST

/* 512 channels and 5 layers in 2-D: 1.903 million multiply-adds a row, conditions included. */
START_TEST(multiply_adds_are_those_of_the_formula)
{
    struct adv_net *net =
        new_net("{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 512, \"layers\": 5}");
    size_t per_row, per_condition;
    adv_net_multiply_adds(net, &per_row, &per_condition);
    ck_assert_uint_eq(per_row, 2 * 512 + 512 * 512 + 5 * 512 * 512 + 512 * 2);
    ck_assert_uint_eq(per_condition, 128 + 128 * 512 + 512 * 512);
    ck_assert_uint_eq(per_row + per_condition, 1902720);
    adv_net_free(net);
}
END_TEST

/* ---- first values ---- */

#define WIDE                                                                                       \
    "{\"kind\": \"mlp\", \"dim\": 3, \"channels\": 128, \"layers\": 2, "                           \
    "\"num_classes\": 200, \"input_gain\": true}"

static float *new_weights(const struct adv_net *net, uint64_t seed)
{
    float *weights = malloc(adv_net_weights(net) * sizeof *weights);
    ck_assert_ptr_nonnull(weights);
    adv_net_init_weights(net, seed, weights);
    return weights;
}

static void moments(const float *x, size_t n, double *mean, double *variance, double *most)
{
    double sum = 0, squares = 0;
    *most = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
        *most = fmax(*most, fabs((double)x[i]));
    }
    *mean = sum / (double)n;
    *variance = squares / (double)n - *mean * *mean;
}

/* U(-b, b) with b = 1/sqrt(inputs), as PyTorch's Linear: variance b^2 / 3, and that of x^2 is
 * 4 b^4 / 45. Bounds are 5 standard errors. */
START_TEST(linears_begin_uniform)
{
    static const struct {
        const char *name;
        double inputs;
    } linears[] = {{"blocks.1.ff.weight", 128}, {"concat_projection.weight", 288},
                   {"t_mlp.2.weight", 128},     {"in_projection.weight", 3},
                   {"t_mlp.0.bias", 1},         {"blocks.0.ff.bias", 128}};
    struct adv_net *net = new_net(WIDE);
    float *weights = new_weights(net, 3);
    for (size_t i = 0; i < ADV_COUNT(linears); i++) {
        struct adv_parameter p = find_parameter(net, linears[i].name);
        double mean, variance, most, b = 1 / sqrt(linears[i].inputs), n = (double)p.n_elements;
        moments(weights + p.offset, p.n_elements, &mean, &variance, &most);
        ck_assert_double_le(most, b * (1 + 1e-6));
        ck_assert_double_le(fabs(mean), 5 * b / sqrt(3 * n));
        ck_assert_double_le(fabs(variance - b * b / 3), 5 * b * b * sqrt(4.0 / 45 / n));
    }
    free(weights);
    adv_net_free(net);
}
END_TEST

/* N(0, 1), as PyTorch's Embedding; the variance of x^2 is 2. */
START_TEST(embeddings_begin_normal)
{
    struct adv_net *net = new_net(WIDE);
    float *weights = new_weights(net, 3);
    struct adv_parameter p = find_parameter(net, "label_emb.weight");
    double mean, variance, most, n = (double)p.n_elements;
    moments(weights + p.offset, p.n_elements, &mean, &variance, &most);
    ck_assert_double_le(fabs(mean), 5 / sqrt(n));
    ck_assert_double_le(fabs(variance - 1), 5 * sqrt(2 / n));
    ck_assert_double_ge(most, 3); /* of 6400 normals; of uniforms none */
    free(weights);
    adv_net_free(net);
}
END_TEST

START_TEST(gains_begin_at_zero)
{
    struct adv_net *net = new_net(WIDE);
    float *weights = new_weights(net, 3);
    static const char *const names[] = {"input_gain.weight", "input_gain.bias"};
    for (size_t i = 0; i < ADV_COUNT(names); i++) {
        struct adv_parameter p = find_parameter(net, names[i]);
        for (size_t k = 0; k < p.n_elements; k++)
            ck_assert_float_eq(weights[p.offset + k], 0);
    }
    free(weights);
    adv_net_free(net);
}
END_TEST

START_TEST(seeds_decide)
{
    struct adv_net *net = new_net(WIDE);
    float *one = new_weights(net, 3), *same = new_weights(net, 3), *other = new_weights(net, 4);
    ck_assert_int_eq(memcmp(one, same, adv_net_weights(net) * sizeof *one), 0);
    struct adv_parameter a = find_parameter(net, "blocks.0.ff.weight");
    struct adv_parameter b = find_parameter(net, "blocks.1.ff.weight");
    ck_assert_int_ne(memcmp(one + a.offset, other + a.offset, a.n_elements * sizeof *one), 0);
    ck_assert_int_ne(memcmp(one + a.offset, one + b.offset, a.n_elements * sizeof *one), 0);
    free(one);
    free(same);
    free(other);
    adv_net_free(net);
}
END_TEST

/* ---- labels ---- */

START_TEST(labels_become_rows_of_the_embedding)
{
    struct adv_net *plain = new_net(configs[0]), *conditional = new_net(configs[2]);
    ck_assert_float_eq(adv_net_label_input(plain, -1), 0);
    ck_assert_float_eq(adv_net_label_input(conditional, 4), 4);
    ck_assert_float_eq(adv_net_label_input(conditional, -1), 5);
    adv_net_free(plain);
    adv_net_free(conditional);
}
END_TEST

static const struct {
    const char *config;
    int32_t label;
} bad_labels[] = {{"{" SMALL ", \"num_classes\": 5, \"null_class\": true}", 5},
                  {"{" SMALL ", \"num_classes\": 5}", 5},
                  {"{" SMALL ", \"num_classes\": 5}", -1}};

START_TEST(a_label_beyond_the_embedding_is_a_bug)
{
    struct adv_net *net = new_net(bad_labels[_i].config);
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr)); /* the report is not for the reader */
    adv_net_label_input(net, bad_labels[_i].label);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nets");
    TCase *config = tcase_create("configuration");
    tcase_add_loop_test(config, bad_configurations_are_refused, 0, (int)ADV_COUNT(refusals));
    tcase_add_loop_test(config, a_configuration_comes_back_whole, 0, (int)ADV_COUNT(configs));
    tcase_add_test(config, traits_follow_the_configuration);
    tcase_add_loop_test(config, options_that_weights_hide_are_asked_for, 0, (int)ADV_COUNT(stated));
    tcase_add_test(config, help_names_every_option);
    tcase_add_test(config, labels_become_rows_of_the_embedding);
    tcase_add_loop_test_raise_signal(config, a_label_beyond_the_embedding_is_a_bug, SIGABRT, 0,
                                     (int)ADV_COUNT(bad_labels));
    suite_add_tcase(suite, config);

    TCase *weights = tcase_create("weights");
    tcase_add_test(weights, parameters_have_their_names_and_shapes);
    tcase_add_test(weights, multiply_adds_are_those_of_the_formula);
    tcase_add_test(weights, linears_begin_uniform);
    tcase_add_test(weights, embeddings_begin_normal);
    tcase_add_test(weights, gains_begin_at_zero);
    tcase_add_test(weights, seeds_decide);
    suite_add_tcase(suite, weights);

    return suite_run(suite);
}
