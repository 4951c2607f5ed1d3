/* advect import: a plain safetensors file and its configuration become a model's file; so does a
 * table of samples, whose exact velocity is a model (kind "empirical"). */
#include "trainer/import.h"
#include "trainer/json.h"
#include "trainer/options.h"

#include <stdlib.h>
#include <string.h>

static const char *const dtypes[] = {"f32", "f16", "bf16", NULL};
static const enum adv_dtype stored_as[] = {ADV_F32, ADV_F16, ADV_BF16};

#define AT(member) offsetof(struct adv_import_options, member)
static const struct adv_field fields[] = {
    {"config", ADV_FIELD_STRING, AT(config), .min = 1,
     .help = "JSON file: the network's options, or a whole model configuration; needed by weights"},
    {"out", ADV_FIELD_STRING, AT(out), .min = 1, .required = true,
     .help = "the model's file to write"},
    {"name", ADV_FIELD_STRING, AT(name), .min = 1, .max = 64,
     .help = "of the model (that of the file written by default)"},
    {"transform", ADV_FIELD_JSON, AT(transform),
     .help = "from data units to the network's, e.g. {\"kind\": \"affine\", \"shift\": 0.5, "
             "\"scale\": 0.5, \"range\": [0, 1]}"},
    {"shape", ADV_FIELD_JSON, AT(shape), .help = "of the data, e.g. [1, 28, 28]"},
    {"labels", ADV_FIELD_JSON, AT(labels), .help = "names of the classes, an array"},
    {"bandwidth", ADV_FIELD_REAL, AT(bandwidth), .min = 1e-3, .max = 1e3, .fallback = "0.05",
     .help = "of samples: deviation of the Gaussian around each, in the network's units"},
    {"dtype", ADV_FIELD_CHOICE, AT(dtype), .choices = dtypes, .fallback = "f32",
     .help = "how the weights are stored"},
};
#define N_FIELDS (sizeof fields / sizeof fields[0])

static const struct adv_option_letter letters[] = {{'o', "out"}, {0}};

static const struct adv_options command_line = {
    .command = "import",
    .operands = "WEIGHTS.safetensors|SAMPLES.npy|SAMPLES.csv",
    .n_operands = 1,
    .summary = "Makes a model of weights trained elsewhere, their tensors named as PyTorch names\n"
               "them; or, without any training, of samples, a row each: the exact velocity that\n"
               "carries a Gaussian to them.",
    .example = "advect import weights.safetensors --config config.json -o model.safetensors",
    .fields = fields,
    .n_fields = N_FIELDS,
    .letters = letters,
};

/* The file's name without folder and extension. */
static char *name_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return strndup(base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

/* A whole configuration from either form, with what the flags add: a new reference, or NULL without
 * memory. */
static json_t *complete_config(json_t *read, const struct adv_import_options *options)
{
    bool whole = json_object_get(read, "net") != NULL;
    json_t *config = whole ? json_incref(read) : json_pack("{s:O}", "net", read);
    bool failed = false;
    if (!json_object_get(config, "data"))
        failed |= json_object_set_new(config, "data", json_object()) != 0;
    json_t *data = json_object_get(config, "data");
    if (options->transform)
        failed |= json_object_set(data, "transform", options->transform) != 0;
    if (options->shape)
        failed |= json_object_set(data, "shape", options->shape) != 0;
    if (options->labels)
        failed |= json_object_set(data, "labels", options->labels) != 0;
    if (!failed)
        return config;
    json_decref(config);
    return NULL;
}

static enum adv_status import_weights(const char *path, const struct adv_import_options *options,
                                      const char *name, struct adv_model **model,
                                      struct adv_error *error)
{
    if (!options->config)
        return adv_fail_field(error, ADV_E_INVALID, "config",
                              "--config is missing; weights need it (samples, a .npy or .csv file, "
                              "do not)");
    json_t *read = NULL;
    enum adv_status status = adv_json_read(options->config, &read, error);
    if (status != ADV_OK)
        return status;
    json_t *config = complete_config(read, options);
    status = config ? adv_model_import(path, config, name, model, error)
                    : adv_fail(error, ADV_E_MEMORY, "out of memory");
    json_decref(config);
    json_decref(read);
    return status;
}

static enum adv_status import(const char *path, const struct adv_import_options *options,
                              struct adv_error *error)
{
    char *name = options->name ? strdup(options->name) : name_of_file(options->out);
    struct adv_model *model = NULL;
    enum adv_status status = ADV_OK;
    if (!name)
        status = adv_fail(error, ADV_E_MEMORY, "out of memory");
    else if (adv_holds_samples(path))
        status = adv_import_samples(path, options, name, &model, error);
    else
        status = import_weights(path, options, name, &model, error);
    if (status == ADV_OK)
        status = adv_model_save(model, options->out, stored_as[options->dtype], error);
    if (status == ADV_OK)
        printf("%s: model %s, %zu weights\n", options->out, adv_model_name(model),
               adv_net_weights(adv_model_net(model)));
    adv_model_unref(model);
    free(name);
    return status;
}

static int run(int argc, char **argv)
{
    struct adv_import_options options = {0};
    const char *path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = import(path, &options, &error);
    adv_fields_release(fields, N_FIELDS, &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("import", &error);
}

const struct adv_command adv_command_import = {
    .name = "import",
    .help = "make a model of weights trained elsewhere, or of samples",
    .run = run,
};
