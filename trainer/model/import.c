/* advect import: a plain safetensors file and its configuration become a model's file; so does a
 * table of samples, whose exact velocity is a model (kind "empirical"). */
#include "trainer/model/import.h"
#include "trainer/cli/environment.h"
#include "trainer/cli/files.h"
#include "trainer/cli/json.h"
#include "trainer/cli/options.h"

#include <advect/array_file.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/table.h>
#include <advect/model.h>
#include <jansson.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const dtypes[] = {"f32", "f16", "bf16", NULL};
static const enum adv_dtype stored_as[] = {ADV_F32, ADV_F16, ADV_BF16};

#define AT(member) offsetof(struct adv_import_options, member)
static const struct adv_field fields[] = {
    {"config", ADV_FIELD_STRING, AT(config), .min = 1,
     .help = "JSON file of network options or of a whole model configuration; required for weights "
             "that are not a model file already"},
    {"out", ADV_FIELD_STRING, AT(out), .min = 1, .required = true, .help = "model file to write"},
    {"name", ADV_FIELD_STRING, AT(name), .min = 1, .max = 100,
     .help = "name of the model; if absent, the one in --config, else that of the output file"},
    {"pixels", ADV_FIELD_STRING, AT(pixels), .min = 1,
     .help = "network values of black and white, for image models, e.g. -1,1"},
    {"transform", ADV_FIELD_JSON, AT(transform),
     .help = "transform from data units to flow units, in place of --pixels, e.g. {\"kind\": "
             "\"affine\", \"shift\": 0.5, \"scale\": 0.5, \"range\": [0, 1]}"},
    {"shape", ADV_FIELD_JSON, AT(shape), .help = "shape of one data point, e.g. [1, 28, 28]"},
    {"classes", ADV_FIELD_JSON, AT(classes),
     .help = "number of classes, checked against the network"},
    {"labels", ADV_FIELD_STRING, AT(labels), .min = 1,
     .help = "names of the classes, as cat,dog or a JSON array"},
    {"columns", ADV_FIELD_STRING, AT(columns), .min = 1,
     .help =
         "columns of a CSV file of samples to take, names or patterns, and with a ! what to leave "
         "out, e.g. 'height,bill*,!bill_depth'; all if absent"},
    {"missing", ADV_FIELD_CHOICE, AT(missing), .choices = adv_missing_names, .fallback = "refuse",
     .help = "what becomes of rows with missing cells, of a CSV file of samples"},
    {"bandwidth", ADV_FIELD_REAL, AT(bandwidth), .min = 1e-3, .max = 1e3, .fallback = "0.05",
     .help = "standard deviation of the Gaussian around each sample, in flow units; for "
             "imported samples only"},
    {"dtype", ADV_FIELD_CHOICE, AT(dtype), .choices = dtypes, .fallback = "f32",
     .help = "number format of the stored weights"},
};
#define N_FIELDS ADV_COUNT(fields)

static const struct adv_option_letter letters[] = {{'o', "out"}, {0}};

static const struct adv_options command_line = {
    .command = "import",
    .operands = "WEIGHTS.safetensors|SAMPLES.npy|SAMPLES.csv",
    .n_operands = 1,
    .summary =
        "Makes a model from weights trained elsewhere, with tensors named as PyTorch names them\n"
        "(docs/guide/import.md); or, without any training, from samples, one per row: the\n"
        "exact velocity that carries a Gaussian to them. The config may hold name, shape,\n"
        "classes, labels and transform beside the options of the network; flags override it.",
    .example = "advect import weights.safetensors --config config.json --pixels -1,1 -o "
               "model.safetensors",
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

/* "-1,1" becomes the transform: intensities 0 ... 1 of the data are black ... white of the network,
 * y = lo + (hi - lo) x = (x - shift) / scale. */
static enum adv_status read_pixels(struct adv_import_options *options, struct adv_error *error)
{
    double lo, hi;
    int end = 0;
    if (options->transform)
        return adv_fail_field(error, ADV_E_INVALID, "pixels",
                              "--pixels and --transform say the same; give one of them");
    /* Numbers too large become infinite. NOLINTNEXTLINE(cert-err34-c) */
    if (sscanf(options->pixels, "%lf ,%lf %n", &lo, &hi, &end) != 2 || options->pixels[end] ||
        !(hi > lo) || !isfinite(hi - lo))
        return adv_fail_field(error, ADV_E_INVALID, "pixels",
                              "pixels is \"%.60s\"; it must be two numbers, black's below white's, "
                              "as in -1,1",
                              options->pixels);
    double scale = 1 / (hi - lo), shift = lo == 0 ? 0 : -lo * scale;
    options->transform = json_pack("{s:s, s:f, s:f, s:[i, i]}", "kind", "affine", "shift", shift,
                                   "scale", scale, "range", 0, 1);
    return options->transform ? ADV_OK : adv_no_memory(error);
}

/* "cat,dog" or ["cat", "dog"]. */
static enum adv_status read_labels(const char *text, json_t **labels, struct adv_error *error)
{
    if (text[strspn(text, " ")] == '[') {
        *labels = json_loads(text, 0, NULL);
        if (*labels)
            return ADV_OK;
        return adv_fail_field(error, ADV_E_INVALID, "labels",
                              "labels is not a JSON array; names may also be written as cat,dog");
    }
    json_t *list = json_array();
    bool complete = list != NULL;
    for (const char *at = text; complete; at++) {
        size_t n = strcspn(at, ",");
        complete = json_array_append_new(list, json_stringn(at, n)) == 0;
        at += n;
        if (!*at)
            break;
    }
    if (complete) {
        *labels = list;
        return ADV_OK;
    }
    json_decref(list);
    return adv_fail_field(error, ADV_E_INVALID, "labels", "labels must be names in UTF-8");
}

/* Puts what the flags say of the data into an object of the config's members. */
static enum adv_status read_flags(const struct adv_import_options *options, json_t *data,
                                  struct adv_error *error)
{
    json_t *labels = NULL;
    enum adv_status status = ADV_OK;
    if (options->labels)
        status = read_labels(options->labels, &labels, error);
    const struct {
        const char *name;
        json_t *value;
    } members[] = {{"transform", options->transform},
                   {"labels", labels},
                   {"shape", options->shape},
                   {"classes", options->classes}};
    for (size_t i = 0; status == ADV_OK && i < ADV_COUNT(members); i++) {
        if (members[i].value && json_object_set(data, members[i].name, members[i].value) != 0)
            status = adv_no_memory(error);
    }
    json_decref(labels);
    return status;
}

/* Puts what the flags say into the config: where its data part is, or beside the net's options. */
static enum adv_status apply_flags(const struct adv_import_options *options, json_t *config,
                                   struct adv_error *error)
{
    json_t *flags = json_object(), *data = json_object_get(config, "data");
    enum adv_status status = flags ? read_flags(options, flags, error) : adv_no_memory(error);
    if (status == ADV_OK && json_object_get(config, "net") && !data) {
        data = json_object();
        if (json_object_set_new(config, "data", data) != 0)
            status = adv_no_memory(error);
    }
    if (status == ADV_OK && json_object_update(data ? data : config, flags) != 0)
        status = adv_fail_field(error, ADV_E_INVALID, "config", "%s: data must be an object",
                                options->config);
    json_decref(flags);
    return status;
}

/* What the weights' file says itself, if it is a model already. */
static enum adv_status own_config(const char *path, json_t **config, struct adv_error *error)
{
    struct adv_model *model = NULL;
    if (adv_model_load(path, adv_environment(), &model, NULL) != ADV_OK)
        return adv_fail_field(error, ADV_E_INVALID, "config",
                              "--config is missing; weights need it (models, and samples, a .npy "
                              "or .csv file, do not)");
    *config = adv_json_deep_copy(adv_model_config_json(model));
    adv_model_unref(model);
    return *config ? ADV_OK : adv_no_memory(error);
}

/* A configuration that was written for these weights, so it has to state what they do not show. */
static enum adv_status read_config(const char *file, json_t **config, struct adv_error *error)
{
    enum adv_status status = adv_json_read(file, config, error);
    if (status == ADV_OK && !json_is_object(*config))
        status = adv_fail_field(error, ADV_E_INVALID, "config", "%s holds no JSON object", file);
    if (status != ADV_OK)
        return status;
    const json_t *net = json_object_get(*config, "net");
    status = adv_net_check_stated(net ? net : *config, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", file);
    return status;
}

static enum adv_status import_weights(const char *path, const struct adv_import_options *options,
                                      const char *name, struct adv_model **model,
                                      struct adv_error *error)
{
    json_t *config = NULL;
    enum adv_status status = options->config ? read_config(options->config, &config, error)
                                             : own_config(path, &config, error);
    if (status == ADV_OK)
        status = apply_flags(options, config, error);
    if (status == ADV_OK) {
        bool named = !options->name && json_object_get(config, "name");
        status = adv_model_import_json(path, config, named ? NULL : name, adv_environment(), model,
                                       error);
    }
    json_decref(config);
    return status;
}

static void report(const struct adv_model *model, const char *path)
{
    double lo, hi;
    printf("%s: model %s, %zu weights", path, adv_model_name(model),
           adv_net_weights(adv_model_net(model)));
    if (adv_model_classes(model))
        printf(", %zu classes%s", adv_model_classes(model),
               adv_model_has_null_class(model) ? " and none" : "");
    if (adv_transform_range(adv_model_transform(model), &lo, &hi))
        printf(", data in [%g, %g]", lo, hi);
    putchar('\n');
    if (adv_model_is_image(model) && !adv_transform_range(adv_model_transform(model), &lo, &hi))
        printf("its intensities are the network's: pictures take -1 for black and 1 for white, and "
               "no\npicture can be uploaded; --pixels says what the network takes\n");
}

/* A pickle is a program that whoever unpickles it runs. */
static enum adv_status refuse_pickle(const char *path, struct adv_error *error)
{
    return adv_fail(
        error, ADV_E_FORMAT,
        "%s is a PyTorch checkpoint, a Python pickle; what is read is safetensors, which "
        "this makes of a state_dict: python3 -c 'import sys, torch; from "
        "safetensors.torch import save_file; save_file(torch.load(sys.argv[1], "
        "map_location=\"cpu\", weights_only=True), \"weights.safetensors\")' %s "
        "(docs/guide/import.md: wrapped models, averaged weights, and the config)",
        path, path);
}

/* Weights are safetensors, or what is called so; a table is the rest. */
static enum adv_status import_any(const char *path, const struct adv_import_options *options,
                                  const char *name, struct adv_model **model,
                                  struct adv_error *error)
{
    static const char extension[] = ".safetensors";
    size_t n = strlen(path), n_extension = sizeof extension - 1;
    enum adv_file_format format;
    enum adv_status status = adv_file_format_read(path, &format, error);
    if (status != ADV_OK)
        return status;
    if (format == ADV_FILE_PICKLE)
        return refuse_pickle(path, error);
    bool called_so = n > n_extension && !strcmp(path + n - n_extension, extension);
    if (format == ADV_FILE_SAFETENSORS || called_so)
        return import_weights(path, options, name, model, error);
    return adv_import_samples(path, options, name, model, error);
}

static enum adv_status import(const char *path, struct adv_import_options *options,
                              struct adv_error *error)
{
    struct adv_model *model = NULL;
    enum adv_status status = ADV_OK;
    status = adv_check_model_writable(options->out, error);
    if (status != ADV_OK)
        return status;
    char *name = options->name ? strdup(options->name) : name_of_file(options->out);
    if (!name)
        status = adv_no_memory(error);
    if (status == ADV_OK && options->pixels)
        status = read_pixels(options, error);
    if (status == ADV_OK)
        status = import_any(path, options, name, &model, error);
    if (status == ADV_OK)
        status = adv_model_save(model, options->out, stored_as[options->dtype], error);
    if (status == ADV_OK)
        report(model, options->out);
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
    .help = "make a model from weights trained elsewhere, or from samples",
    .run = run,
};
