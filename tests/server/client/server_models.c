#include "tests/server/client/server_models.h"

#include <advect/array_file.h>
#include <advect/extra/model_parts.h>
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEED 7

static const struct {
    const char *name, *config;
} models[] = {
    {"plane", "{\"name\": \"plane\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 32,"
              " \"layers\": 2}, \"data\": {\"shape\": [2]}, \"card\": {\"kl\": 0.25}}"},
    {"classes",
     "{\"name\": \"classes\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 32,"
     " \"layers\": 2, \"num_classes\": 3, \"null_class\": true}, \"data\": {\"shape\": [2],"
     " \"classes\": 3, \"labels\": [\"red\", \"green\", \"blue\"], \"columns\": [\"x\", \"y "
     "\\\"2\\\"\"]}}"},
    {"image", "{\"name\": \"image\", \"net\": {\"kind\": \"mlp\", \"dim\": 64, \"channels\": 32,"
              " \"layers\": 2}, \"data\": {\"shape\": [1, 8, 8], \"transform\": {\"kind\":"
              " \"identity\", \"range\": [0, 1], \"levels\": 256}}}"},
};

static struct adv_model *make(const char *text, const char *name, uint64_t seed)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_net *net = NULL;
    struct adv_model *model = NULL;
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(config);
    json_object_set_new(config, "name", json_string(name));
    ck_assert_msg(adv_net_new(json_object_get(config, "net"), &net, &error) == ADV_OK, "%s",
                  error.message);
    float *weights = malloc(adv_net_weights(net) * sizeof *weights);
    adv_net_init_weights(net, seed, weights);
    adv_net_free(net);
    ck_assert_msg(adv_model_new_json(config, weights, NULL, &model, &error) == ADV_OK, "%s",
                  error.message);
    free(weights);
    json_decref(config);
    return model;
}

struct adv_model *server_model(const char *name)
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        if (!strcmp(models[i].name, name))
            return make(models[i].config, name, SEED);
    }
    ck_abort_msg("no test model is called %s", name);
}

static void save(struct adv_model *model, const char *directory, const char *file)
{
    char path[512];
    struct adv_error error = ADV_ERROR_INIT;
    snprintf(path, sizeof path, "%s/%s", directory, file);
    ck_assert_msg(adv_model_save(model, path, ADV_F32, &error) == ADV_OK, "%s", error.message);
    adv_model_unref(model);
}

void server_model_write(const char *directory, const char *file, const char *name, uint64_t seed)
{
    save(make(models[0].config, name, seed), directory, file);
}

void server_model_write_points(const char *directory, size_t dim, bool labelled)
{
    char config[256], name[16], file[32];
    snprintf(config, sizeof config,
             "{\"net\": {\"kind\": \"mlp\", \"dim\": %zu, \"channels\": 16, \"layers\": 1%s},"
             " \"data\": {\"shape\": [%zu]%s}}",
             dim, labelled ? ", \"num_classes\": 3" : "", dim, labelled ? ", \"classes\": 3" : "");
    snprintf(name, sizeof name, "dim%zu", dim % 100);
    snprintf(file, sizeof file, "%s.safetensors", name);
    save(make(config, name, SEED), directory, file);
}

void server_model_write_counts(const char *directory)
{
    save(make("{\"name\": \"counts\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16,"
              " \"layers\": 1}, \"data\": {\"shape\": [2], \"transform\": {\"kind\": \"columns\","
              " \"columns\": [{\"kind\": \"real\", \"width\": 1, \"shift\": 0, \"scale\": 1}, "
              "{\"kind\": \"real\","
              " \"integer\": true, \"width\": 1, \"shift\": 3, \"scale\": 2}]}}}",
              "counts", SEED),
         directory, "counts.safetensors");
}

void server_model_write_wide(const char *directory)
{
    save(make("{\"name\": \"wide\", \"net\": {\"kind\": \"mlp\", \"dim\": 784,"
              " \"channels\": 1024, \"layers\": 2}, \"data\": {\"shape\": [1, 28, 28]}}",
              "wide", SEED),
         directory, "wide.safetensors");
}

#define POSTERIOR                                                                                  \
    "{\"name\": \"posterior\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 32,"         \
    " \"layers\": 2, \"context\": 2}, \"data\": {\"shape\": [2], \"columns\": [\"a\", \"b\"],"     \
    " \"context\": {\"columns\": [\"x1\", \"x2\"], \"reach\": 3, \"transform\":"                   \
    " {\"kind\": \"affine\", \"shift\": [0, 1], \"scale\": [1, 2]}}}}"

struct adv_model *server_model_posterior(void)
{
    return make(POSTERIOR, "posterior", SEED);
}

void server_model_write_posterior(const char *directory)
{
    save(server_model_posterior(), directory, "posterior.safetensors");
}

void server_model_write_sparse(const char *directory, const char *name, const char *metadata,
                               size_t n_bytes)
{
    char path[512], header[1024];
    snprintf(path, sizeof path, "%s/%s.safetensors", directory, name);
    int n =
        snprintf(header, sizeof header,
                 "{%s\"x\": {\"dtype\": \"F32\", \"shape\": [%zu], \"data_offsets\": [0, %zu]}}",
                 metadata, n_bytes / 4, n_bytes);
    unsigned long long n_header = (unsigned long long)n;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, &n_header, 8), 8);
    ck_assert_int_eq(write(fd, header, (size_t)n), n);
    ck_assert_int_eq(ftruncate(fd, (off_t)(8 + (size_t)n + n_bytes)), 0);
    close(fd);
}

void server_model_write_slow(const char *directory)
{
    server_model_write_sparse(
        directory, "slow",
        "\"__metadata__\": {\"advect.version\": \"1\", \"advect.config\": \"{"
        "\\\"name\\\": \\\"big\\\", \\\"net\\\": {\\\"kind\\\": \\\"mlp\\\", \\\"dim\\\": 2,"
        " \\\"channels\\\": 8, \\\"layers\\\": 1}}\"}, ",
        (size_t)512 << 20);
}

void server_models_write(const char *directory)
{
    char path[512], file[64];
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        snprintf(file, sizeof file, "%s.safetensors", models[i].name);
        save(server_model(models[i].name), directory, file);
    }
    snprintf(path, sizeof path, "%s/broken.safetensors", directory);
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_file_replace(path, "not a model", 11, &error), ADV_OK);
}
