/* Model files: what is saved is what is loaded, and whatever is wrong with one is said. */
#include <advect/extra/all.h>

#include "tests/support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char config_text[] =
    "{\"name\": \"tiny\", \"net\": {\"kind\": \"mlp\", \"dim\": 4, \"channels\": 8, \"layers\": 1,"
    " \"num_classes\": 2}, \"data\": {\"shape\": [1, 2, 2], \"classes\": 2,"
    " \"labels\": [\"cat\", \"dog\"], \"transform\": {\"kind\": \"affine\", \"scale\": 0.5}},"
    " \"path\": \"cosine\", \"card\": {\"loss\": 0.25}}";

static char directory[] = "/tmp/advect-test-model-XXXXXX";
static char path[128];

static void make_directory(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/model.safetensors", directory);
}

static void remove_directory(void)
{
    unlink(path);
    rmdir(directory);
    memcpy(directory + sizeof directory - 7, "XXXXXX", 6);
}

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    ck_assert_msg(json != NULL, "%s in %s", error.text, text);
    return json;
}

static struct adv_model *tiny_model(void)
{
    json_t *config = parse(config_text);
    struct adv_net *net = NULL;
    ck_assert_int_eq(adv_net_new(json_object_get(config, "net"), &net, NULL), ADV_OK);
    float *weights = calloc(adv_net_weights(net), sizeof *weights);
    adv_net_init_weights(net, 5, weights);
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_new_json(config, weights, NULL, &model, NULL), ADV_OK);
    free(weights);
    adv_net_free(net);
    json_decref(config);
    return model;
}

/* What a model says of itself in text makes it anew. */
START_TEST(configurations_are_text)
{
    struct adv_model *model = tiny_model(), *again = NULL, *imported = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    const char *config = adv_model_config(model);
    size_t n = adv_model_n_weights(model);
    ck_assert_msg(adv_model_new(config, n, adv_model_weights(model), NULL, &again, &error) ==
                      ADV_OK,
                  "%s", error.message);
    ck_assert_str_eq(adv_model_config(again), config);
    ck_assert_str_eq(adv_model_digest(again), adv_model_digest(model));
    ck_assert_int_eq(adv_model_save(model, path, ADV_F32, &error), ADV_OK);
    ck_assert_msg(adv_model_import(path, config, "guest", NULL, &imported, &error) == ADV_OK, "%s",
                  error.message);
    ck_assert_str_eq(adv_model_name(imported), "guest");
    ck_assert_mem_eq(adv_model_weights(imported), adv_model_weights(model), n * sizeof(float));
    adv_model_unref(again);
    adv_model_unref(imported);

    again = NULL;
    ck_assert_int_eq(adv_model_new(config, n - 1, adv_model_weights(model), NULL, &again, &error),
                     ADV_E_INVALID);
    ck_assert_str_eq(error.field, "n_weights");
    error = (struct adv_error)ADV_ERROR_INIT;
    ck_assert_int_eq(adv_model_new("{\"net\": ", n, adv_model_weights(model), NULL, &again, &error),
                     ADV_E_FORMAT);
    ck_assert_msg(strstr(error.message, "line 1") != NULL, "%s", error.message);
    ck_assert_ptr_null(again);
    error = (struct adv_error)ADV_ERROR_INIT;
    ck_assert_int_eq(adv_model_save(model, path, ADV_I64, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "dtype");
    adv_model_unref(model);
}
END_TEST

START_TEST(a_card_is_an_object_or_none)
{
    static const struct {
        const char *card;
        enum adv_status status;
    } cases[] = {
        {"null", ADV_OK}, {"{}", ADV_OK}, {"\"fine\"", ADV_E_INVALID}, {"3", ADV_E_INVALID}};
    struct adv_model *model = tiny_model();
    size_t n = adv_model_n_weights(model);
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct adv_model *made = NULL;
        json_t *config = adv_json_deep_copy(adv_model_config_json(model));
        json_object_set_new(config, "card", json_loads(cases[i].card, JSON_DECODE_ANY, NULL));
        char *text = adv_json_dump(config, JSON_COMPACT);
        ck_assert_int_eq(adv_model_new(text, n, adv_model_weights(model), NULL, &made, NULL),
                         cases[i].status);
        if (made)
            ck_assert(!adv_model_card(made) == (i == 0));
        adv_model_unref(made);
        free(text);
        json_decref(config);
    }
    adv_model_unref(model);
}
END_TEST

START_TEST(a_saved_model_is_loaded_as_it_was)
{
    struct adv_model *model = tiny_model(), *loaded = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_model_save(model, path, ADV_F32, &error), ADV_OK);
    ck_assert_msg(adv_model_load(path, NULL, &loaded, &error) == ADV_OK, "%s", error.message);
    size_t n = adv_net_weights(adv_model_net(model)), shape[3];
    ck_assert_mem_eq(adv_model_weights(model), adv_model_weights(loaded), n * sizeof(float));
    ck_assert_str_eq(adv_model_name(loaded), "tiny");
    ck_assert_int_eq(adv_model_shape(loaded, shape), 3);
    ck_assert_uint_eq(shape[0] * 100 + shape[1] * 10 + shape[2], 122);
    ck_assert(adv_model_is_image(loaded));
    ck_assert_uint_eq(adv_model_classes(loaded), 2);
    ck_assert(!adv_model_has_null_class(loaded));
    ck_assert_str_eq(adv_model_label_name(loaded, 1), "dog");
    ck_assert_ptr_null(adv_model_label_name(loaded, 2));
    ck_assert_str_eq(adv_path_name(adv_model_path(loaded)), "cosine");
    ck_assert_double_eq(json_real_value(json_object_get(adv_model_card_json(loaded), "loss")),
                        0.25);
    ck_assert_uint_eq(strlen(adv_model_digest(loaded)), 16);
    adv_model_unref(model);
    adv_model_unref(loaded);
}
END_TEST

START_TEST(half_precision_weights_are_widened)
{
    static const struct {
        enum adv_dtype dtype;
        float relative;
    } cases[] = {{ADV_F16, 1.0f / 2048}, {ADV_BF16, 1.0f / 256}};
    for (size_t c = 0; c < 2; c++) {
        struct adv_model *model = tiny_model(), *loaded = NULL;
        ck_assert_int_eq(adv_model_save(model, path, cases[c].dtype, NULL), ADV_OK);
        ck_assert_int_eq(adv_model_load(path, NULL, &loaded, NULL), ADV_OK);
        const float *a = adv_model_weights(model), *b = adv_model_weights(loaded);
        for (size_t i = 0; i < adv_net_weights(adv_model_net(model)); i++) {
            float bound = cases[c].relative * (a[i] < 0 ? -a[i] : a[i]) + 1e-7f;
            ck_assert_float_le(b[i] - a[i], bound);
            ck_assert_float_ge(b[i] - a[i], -bound);
        }
        adv_model_unref(model);
        adv_model_unref(loaded);
    }
}
END_TEST

/* The config with one member replaced (or, with NULL, taken away) must be refused. */
static void refuse_config(const char *member, const char *replacement, const char *field,
                          const char *words)
{
    json_t *config = parse(config_text);
    struct adv_model *model = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    float weights[4096] = {0};
    if (replacement) {
        json_t *value = json_loads(replacement, JSON_DECODE_ANY, NULL);
        ck_assert_ptr_nonnull(value);
        json_object_set_new(config, member, value);
    } else {
        json_object_del(config, member);
    }
    ck_assert_int_eq(adv_model_new_json(config, weights, NULL, &model, &error), ADV_E_INVALID);
    ck_assert_ptr_null(model);
    ck_assert_str_eq(error.field, field);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    json_decref(config);
}

START_TEST(configs_that_contradict_themselves_are_refused)
{
    refuse_config("name", NULL, "name", "not a string");
    refuse_config("name", "\"../etc\"", "name", "letters, digits");
    refuse_config("name", "\".hidden\"", "name", "not starting with '.'");
    refuse_config("net", NULL, "net", "must be an object");
    refuse_config("net", "{}", "net.kind", "is missing");
    refuse_config("net", "{\"kind\": \"mpl\"}", "net.kind", "did you mean \"mlp\"?");
    refuse_config("net",
                  "{\"kind\": \"mlp\", \"dim\": 4, \"channels\": 8, \"layers\": 1, \"layes\": 2}",
                  "net.layes", "did you mean \"layers\"?");
    refuse_config("net", "{\"kind\": \"mlp\", \"dim\": 0, \"channels\": 8, \"layers\": 1}",
                  "net.dim", "between 1 and 65536");
    refuse_config(
        "net",
        "{\"kind\": \"mlp\", \"dim\": 4, \"channels\": 8, \"layers\": 1, \"null_class\": true}",
        "net.null_class", "num_classes is 0");
    refuse_config("path", "\"straight\"", "path", "condot, cosine, vp");
    refuse_config("path", "3", "path", "must name");
    refuse_config("sampling", "3", "sampling", "must be an object");
    refuse_config("sampling", "{\"guidance\": \"much\"}", "sampling.guidance", "a number");
    refuse_config("sampling", "{\"guidance\": 101}", "sampling.guidance", "between -100 and 100");
    refuse_config("sampling", "{\"guidance\": 2}", "sampling.guidance", "no null class");
    refuse_config("typicality", "3", "typicality", "2 to 10000 numbers");
    refuse_config("typicality", "{\"log_density\": [1]}", "typicality", "2 to 10000 numbers");
    refuse_config("typicality", "{\"log_density\": [2, 1]}", "typicality", "rising order");
    refuse_config("typicality", "{\"log_density\": [1, \"2\"]}", "typicality", "numbers");
    refuse_config("data", "[1, 2, 2]", "data", "must be an object");
    refuse_config("data", "{\"classes\": 3}", "data.classes", "is 3, but the net has 2 classes");
    refuse_config("data", "{\"classes\": \"two\"}", "data.classes", "whole number");
    refuse_config("data", "{\"shape\": [3]}", "data.shape",
                  "3 elements but the net's points have 4");
    refuse_config("data", "{\"shape\": [1, 1, 2, 2]}", "data.shape", "1 to 3 sizes");
    refuse_config("data", "{\"shape\": [-4]}", "data.shape", "between 1 and 4");
    refuse_config("data", "{\"labels\": [\"one\"]}", "data.labels", "2 names");
    refuse_config("data", "{\"labels\": [\"one\", 2]}", "data.labels", "labels[1] is not a string");
    refuse_config("data", "{\"columns\": \"x\"}", "data.columns", "an array of ");
    refuse_config("data", "{\"columns\": [\"x\", \"y\", \"z\"]}", "data.columns",
                  "array of 4 names");
    refuse_config("data", "{\"columns\": [\"x\", \"y\", \"x\", \"z\"]}", "data.columns",
                  "data.columns[2] is a name that is there already");
    refuse_config("data", "{\"columns\": [\"x\", 1, \"y\", \"z\"]}", "data.columns",
                  "data.columns[1] is not a string");
    refuse_config("data", "{\"transform\": {\"kind\": \"affine\", \"scale\": 0}}",
                  "transform.scale", "between");
    refuse_config("data", "{\"transform\": {\"kind\": \"afine\"}}", "kind", "affine");
    refuse_config("data", "{\"transform\": {\"kind\": \"standardise\"}}", "data.transform",
                  "was not fitted");
}
END_TEST

/* The model's parameters as tensors to be written; how many. */
static size_t tensors_of(const struct adv_model *model, struct adv_tensor_source tensors[32])
{
    const struct adv_net *net = adv_model_net(model);
    size_t n = adv_net_parameters(net);
    for (size_t i = 0; i < n; i++) {
        struct adv_parameter p = adv_net_parameter(net, i);
        tensors[i] = (struct adv_tensor_source){
            p.name, ADV_F32, p.n_dims, {0}, adv_model_weights(model) + p.offset};
        memcpy(tensors[i].shape, p.shape, (size_t)p.n_dims * sizeof(size_t));
    }
    return n;
}

/* Saves the model's tensors after `change` had its way with them, and expects the words. */
static void refuse_tensors(void (*change)(struct adv_tensor_source *tensors, size_t *n),
                           const char *const *words)
{
    struct adv_model *model = tiny_model(), *loaded = NULL;
    struct adv_tensor_source tensors[32] = {{0}};
    struct adv_error error = ADV_ERROR_INIT;
    size_t n = tensors_of(model, tensors);
    change(tensors, &n);
    json_t *metadata = json_pack("{s:s, s:s}", "advect.version", "1", "advect.config", config_text);
    ck_assert_int_eq(adv_safetensors_write(path, metadata, n, tensors, NULL), ADV_OK);
    json_decref(metadata);
    ck_assert_int_eq(adv_model_load(path, NULL, &loaded, &error), ADV_E_FORMAT);
    ck_assert_ptr_null(loaded);
    ck_assert_msg(strncmp(error.message, path, strlen(path)) == 0, "%s", error.message);
    for (; *words; words++)
        ck_assert_msg(strstr(error.message, *words) != NULL, "%s", error.message);
    adv_model_unref(model);
}

static void drop_and_rename(struct adv_tensor_source *tensors, size_t *n)
{
    tensors[1].name = "stranger"; /* in_projection.bias goes missing, a stranger appears */
    --*n;                         /* and so does the last tensor */
}

static void reshape(struct adv_tensor_source *tensors, size_t *n)
{
    (void)n;
    tensors[0].shape[0] = 4; /* [8, 4] becomes [4, 8] */
    tensors[0].shape[1] = 8;
}

static void retype(struct adv_tensor_source *tensors, size_t *n)
{
    static const int64_t zeros[8];
    (void)n;
    tensors[1].dtype = ADV_I64;
    tensors[1].data = zeros;
}

START_TEST(every_wrong_tensor_is_named)
{
    refuse_tensors(drop_and_rename, (const char *[]){"in_projection.bias is missing",
                                                     "out_projection.bias is missing",
                                                     "stranger is not part of the net", NULL});
    refuse_tensors(reshape, (const char *[]){"in_projection.weight is [4, 8], not [8, 4]", NULL});
    refuse_tensors(retype, (const char *[]){"in_projection.bias is I64", NULL});
}
END_TEST

/* Puts NaN in the place of the file's last number, which is of its last tensor. */
static void spoil_last_number(void)
{
    static const uint8_t nan_bytes[4] = {0, 0, 0xc0, 0x7f};
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, -4, SEEK_END), 0);
    ck_assert_uint_eq(fwrite(nan_bytes, 1, 4, file), 4);
    fclose(file);
}

/* One message names what is missing, misshapen, left over and not finite. */
START_TEST(faults_of_every_kind_are_named_together)
{
    struct adv_model *model = tiny_model(), *loaded = NULL;
    struct adv_tensor_source tensors[32] = {{0}};
    struct adv_error error = ADV_ERROR_INIT;
    size_t n = tensors_of(model, tensors);
    tensors[1].name = "stran\nger";
    tensors[0].shape[0] = 4;
    tensors[0].shape[1] = 8;
    ck_assert_int_eq(adv_safetensors_write(path, NULL, n, tensors, NULL), ADV_OK);
    spoil_last_number();
    ck_assert_int_eq(
        adv_model_import_json(path, adv_model_config_json(model), NULL, NULL, &loaded, &error),
        ADV_E_FORMAT);
    ck_assert_ptr_null(loaded);
    static const char *const words[] = {
        "in_projection.weight is [4, 8], not [8, 4]", "in_projection.bias is missing",
        "out_projection.bias holds nan at element 3", "stran?ger is not part of the net"};
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(strstr(error.message, words[i]) != NULL, "%s", error.message);
    adv_model_unref(model);
}
END_TEST

/* Meta's EMA keeps averages as a list beside the weights that have names. */
START_TEST(averages_without_names_are_pointed_at)
{
    struct adv_model *model = tiny_model(), *loaded = NULL;
    struct adv_tensor_source tensors[32] = {{0}};
    struct adv_error error = ADV_ERROR_INIT;
    size_t n = tensors_of(model, tensors);
    tensors[n] = tensors[0];
    tensors[n++].name = "shadow_params.0";
    ck_assert_int_eq(adv_safetensors_write(path, NULL, n, tensors, NULL), ADV_OK);
    ck_assert_int_eq(
        adv_model_import_json(path, adv_model_config_json(model), NULL, NULL, &loaded, &error),
        ADV_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.message, "shadow_params are the averaged weights (EMA)"));
    ck_assert_ptr_nonnull(strstr(error.message, "shadow_params.0 is not part of the net"));
    adv_model_unref(model);
}
END_TEST

/* A net of 30 layers whose blocks are all called otherwise: 60 are missing and 60 left over. */
START_TEST(many_faults_are_counted)
{
    enum { LAYERS = 30, N_EXTRA = 2 * LAYERS };
    static char names[N_EXTRA][80];
    struct adv_tensor_source tensors[N_EXTRA] = {{0}};
    struct adv_model *model = tiny_model(), *loaded = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    json_t *config = parse(config_text);
    json_object_set_new(json_object_get(config, "net"), "layers", json_integer(LAYERS));
    for (size_t i = 0; i < N_EXTRA; i++) {
        static const float zero;
        snprintf(names[i], sizeof names[i], "a.name.of.some.length.layers.%zu.weight", i);
        tensors[i] = (struct adv_tensor_source){names[i], ADV_F32, 1, {1}, &zero};
    }
    ck_assert_int_eq(adv_safetensors_write(path, NULL, N_EXTRA, tensors, NULL), ADV_OK);
    ck_assert_int_eq(adv_model_import_json(path, config, NULL, NULL, &loaded, &error),
                     ADV_E_FORMAT);
    /* 11 tensors outside of the blocks are missing too: 20 of 131 are told. */
    const char *end = "; and 111 more";
    ck_assert_str_eq(error.message + strlen(error.message) - strlen(end), end);
    size_t n_told = 0;
    for (const char *at = error.message; (at = strstr(at, " is missing")); at++)
        n_told++;
    ck_assert_uint_eq(n_told, 20);
    adv_model_unref(model);
    json_decref(config);
}
END_TEST

static void refuse_metadata(json_t *metadata, enum adv_status status, const char *words)
{
    struct adv_model *loaded = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_safetensors_write(path, metadata, 0, NULL, NULL), ADV_OK);
    json_decref(metadata);
    ck_assert_int_eq(adv_model_load(path, NULL, &loaded, &error), status);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
}

START_TEST(files_that_are_not_models_say_so)
{
    refuse_metadata(NULL, ADV_E_FORMAT, "no advect.config metadata");
    refuse_metadata(json_pack("{s:s, s:s}", "advect.version", "2", "advect.config", "{}"),
                    ADV_E_UNSUPPORTED, "advect.version is \"2\"");
    refuse_metadata(json_pack("{s:s, s:s}", "advect.version", "1", "advect.config", "{"),
                    ADV_E_FORMAT, "not JSON");
    refuse_metadata(json_pack("{s:s, s:s}", "advect.version", "1", "advect.config", "[]"),
                    ADV_E_FORMAT, "not a JSON object");
    refuse_metadata(json_pack("{s:s, s:s}", "advect.version", "1", "advect.config",
                              "{\"name\": \"a\", \"name\": \"b\"}"),
                    ADV_E_FORMAT, "duplicate");
}
END_TEST

START_TEST(a_plain_file_is_imported_with_its_config)
{
    struct adv_model *model = tiny_model(), *imported = NULL;
    const struct adv_net *net = adv_model_net(model);
    struct adv_tensor_source tensors[32] = {{0}};
    struct adv_error error = ADV_ERROR_INIT;
    size_t n = tensors_of(model, tensors);
    ck_assert_int_eq(adv_safetensors_write(path, NULL, n, tensors, NULL), ADV_OK);
    json_t *bare = adv_net_config(net), *array = json_array();
    ck_assert_msg(adv_model_import_json(path, bare, "guest", NULL, &imported, &error) == ADV_OK,
                  "%s", error.message);
    ck_assert_str_eq(adv_model_name(imported), "guest");
    ck_assert_mem_eq(adv_model_weights(imported), adv_model_weights(model),
                     adv_net_weights(net) * sizeof(float));
    ck_assert(!adv_model_is_image(imported));
    adv_model_unref(imported);

    imported = NULL;
    ck_assert_int_eq(
        adv_model_import_json(path, adv_model_config_json(model), NULL, NULL, &imported, &error),
        ADV_OK);
    ck_assert_str_eq(adv_model_name(imported), "tiny");
    ck_assert(adv_model_is_image(imported));
    adv_model_unref(imported);
    ck_assert_int_eq(adv_model_import_json(path, array, "guest", NULL, &imported, &error),
                     ADV_E_INVALID);
    json_decref(bare);
    json_decref(array);
    adv_model_unref(model);
}
END_TEST

/* Beside the net's options the config may hold what describes the data. */
START_TEST(a_plain_config_may_describe_the_data)
{
    struct adv_model *model = tiny_model(), *imported = NULL;
    struct adv_tensor_source tensors[32] = {{0}};
    struct adv_error error = ADV_ERROR_INIT;
    size_t n = tensors_of(model, tensors), shape[3];
    double lo, hi;
    ck_assert_int_eq(adv_safetensors_write(path, NULL, n, tensors, NULL), ADV_OK);
    json_t *config = parse("{\"kind\": \"mlp\", \"dim\": 4, \"channels\": 8, \"layers\": 1,"
                           " \"num_classes\": 2, \"name\": \"guest\", \"shape\": [1, 2, 2],"
                           " \"labels\": [\"cat\", \"dog\"], \"transform\": {\"kind\": \"affine\","
                           " \"shift\": 0.5, \"scale\": 0.5, \"range\": [0, 1]}}");
    ck_assert_msg(adv_model_import_json(path, config, NULL, NULL, &imported, &error) == ADV_OK,
                  "%s", error.message);
    ck_assert_str_eq(adv_model_name(imported), "guest");
    ck_assert_int_eq(adv_model_shape(imported, shape), 3);
    ck_assert_str_eq(adv_model_label_name(imported, 1), "dog");
    ck_assert(adv_transform_range(adv_model_transform(imported), &lo, &hi));
    const json_t *data = json_object_get(adv_model_config_json(imported), "data");
    ck_assert_int_eq(json_integer_value(json_object_get(data, "classes")), 2);
    adv_model_unref(imported);

    imported = NULL;
    json_object_set_new(config, "classes", json_integer(3));
    ck_assert_int_eq(adv_model_import_json(path, config, NULL, NULL, &imported, &error),
                     ADV_E_INVALID);
    ck_assert_ptr_null(imported);
    ck_assert_str_eq(error.field, "data.classes");
    json_decref(config);
    adv_model_unref(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model");
    TCase *tests = tcase_create("model");
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_test(tests, configurations_are_text);
    tcase_add_test(tests, a_card_is_an_object_or_none);
    tcase_add_test(tests, a_saved_model_is_loaded_as_it_was);
    tcase_add_test(tests, half_precision_weights_are_widened);
    tcase_add_test(tests, configs_that_contradict_themselves_are_refused);
    tcase_add_test(tests, every_wrong_tensor_is_named);
    tcase_add_test(tests, faults_of_every_kind_are_named_together);
    tcase_add_test(tests, averages_without_names_are_pointed_at);
    tcase_add_test(tests, many_faults_are_counted);
    tcase_add_test(tests, files_that_are_not_models_say_so);
    tcase_add_test(tests, a_plain_file_is_imported_with_its_config);
    tcase_add_test(tests, a_plain_config_may_describe_the_data);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
