/* advect eval: measures a model. */
#include "trainer/measure.h"
#include "trainer/options.h"
#include "trainer/stop.h"

#include <advect/json.h>

#include <stdlib.h>
#include <string.h>

struct eval_options {
    char *data, *samples;
    json_t *density;
    int64_t n, points, grid, steps, seed, threads;
    double guidance;
    bool json, write_card, quiet;
};

#define AT(member) offsetof(struct eval_options, member)
static const struct adv_field fields[] = {
    {"n", ADV_FIELD_INT, AT(n), .min = 0, .max = 1e7, .fallback = "20000",
     .help = "samples to draw; 0: none"},
    {"points", ADV_FIELD_INT, AT(points), .min = -1, .max = 1e7, .fallback = "-1",
     .help = "points whose log-density is taken; -1: 4096 of a density, none of other data"},
    {"grid", ADV_FIELD_INT, AT(grid), .min = 0, .max = 4096, .fallback = "128",
     .help = "side of the grid of the density's integral in 2-D; 0: none"},
    {"steps", ADV_FIELD_INT, AT(steps), .min = 1, .max = 10000,
     .help = "rk4 steps per sample; the default of samples if absent"},
    {"guidance", ADV_FIELD_REAL, AT(guidance), .min = -100, .max = 100, .fallback = "1",
     .help = "of the samples of a class-conditional model"},
    {"seed", ADV_FIELD_INT, AT(seed), .min = 0, .max = 9e15, .fallback = "0",
     .help = "of samples and points"},
    {"density", ADV_FIELD_JSON, AT(density),
     .help = "the truth to compare with, instead of the one the model's file names"},
    {"data", ADV_FIELD_STRING, AT(data), .min = 1,
     .help = "folder of the data files that the model's file names, or a CSV or NPY file"},
    {"samples", ADV_FIELD_STRING, AT(samples), .min = 1,
     .help = "NPY file to write the samples to, class by class"},
    {"json", ADV_FIELD_BOOL, AT(json), .help = "print JSON"},
    {"write_card", ADV_FIELD_BOOL, AT(write_card),
     .help = "merge the figures into the model's file"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "one per processor if absent; figures do not depend on it"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "no progress"},
};
#define N_FIELDS (sizeof fields / sizeof fields[0])

static const struct adv_option_letter letters[] = {{'n', "n"}, {'q', "quiet"}, {0}};

static const struct adv_options command_line = {
    .command = "eval",
    .operands = "MODEL.safetensors",
    .n_operands = 1,
    .summary =
        "Measures a model. Against a synthetic density: samples inside its support, the share\n"
        "of every mode, the Kullback-Leibler divergence, the integral of the learned density.\n"
        "Against data: the held-out loss, and on request log-densities and bits per dimension.",
    .example = "advect eval models/checkerboard-8x8.safetensors --write-card",
    .fields = fields,
    .n_fields = N_FIELDS,
    .letters = letters,
};

/* ---------------------------------------------------------------- the truth */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}

/* What the flags name in place of the model's own source: a new reference, or NULL for nothing. */
static json_t *named_source(const struct eval_options *options, bool has_source)
{
    const char *file = options->data;
    if (options->density)
        return json_pack("{s:s, s:O}", "kind", "density", "density", options->density);
    if (has_source || !file || !(ends_with(file, ".csv") || ends_with(file, ".npy")))
        return NULL;
    return json_pack("{s:s, s:s}", "kind", file + strlen(file) - 3, "file", file);
}

/* The data part of the model's config, its source replaced where the flags name another. */
static json_t *data_part(const struct adv_model *model, const struct eval_options *options)
{
    const json_t *config = json_object_get(adv_model_config(model), "data");
    json_t *data = config ? adv_json_deep_copy(config) : json_object();
    json_t *source = named_source(options, json_object_get(data, "source") != NULL);
    if (!source || json_object_set_new(data, "source", source) == 0)
        return data;
    json_decref(data);
    return NULL;
}

static enum adv_status open_truth(const struct adv_model *model, const struct eval_options *options,
                                  struct adv_dataset *dataset, struct adv_error *error)
{
    json_t *data = data_part(model, options);
    if (!data)
        return adv_fail(error, ADV_E_MEMORY, "out of memory");
    if (!json_object_get(data, "source")) {
        json_decref(data);
        return adv_fail_field(error, ADV_E_INVALID, "data.source",
                              "the model's file does not say what it learned; name a truth with "
                              "--density JSON or --data FILE");
    }
    json_int_t seed = json_integer_value(
        json_object_get(json_object_get(adv_model_config(model), "train"), "seed"));
    struct adv_data_recipe recipe = {0};
    enum adv_status status = adv_data_recipe_init(&recipe, data, error);
    if (status == ADV_OK)
        status = adv_dataset_open(&recipe, (uint64_t)seed, options->data ? options->data : ".",
                                  dataset, error);
    adv_data_recipe_release(&recipe);
    json_decref(data);
    if (status == ADV_OK && dataset->dim != adv_model_dim(model)) {
        status = adv_fail_field(error, ADV_E_INVALID, "data",
                                "the data have %zu numbers per example; the model takes %zu",
                                dataset->dim, adv_model_dim(model));
        adv_dataset_close(dataset);
    }
    return status;
}

/* ---------------------------------------------------------------- results */

/* How the file stores its weights: rewriting keeps it. */
static enum adv_status stored_dtype(const char *path, enum adv_dtype *dtype,
                                    struct adv_error *error)
{
    struct adv_safetensors *file = NULL;
    enum adv_status status = adv_safetensors_open(path, &file, error);
    if (status == ADV_OK && adv_safetensors_count(file) > 0)
        *dtype = adv_safetensors_at(file, 0)->dtype;
    adv_safetensors_close(file);
    return status;
}

static enum adv_status write_card(const struct adv_model *model, const char *path,
                                  const json_t *figures, struct adv_error *error)
{
    enum adv_dtype dtype = ADV_F32;
    enum adv_status status = stored_dtype(path, &dtype, error);
    if (status != ADV_OK)
        return status;
    json_t *config = adv_json_deep_copy(adv_model_config(model));
    json_t *card = json_object_get(config, "card");
    bool complete = config != NULL;
    if (complete && !json_is_object(card)) {
        complete = json_object_set_new(config, "card", json_object()) == 0;
        card = json_object_get(config, "card");
    }
    complete = complete && json_object_update(card, (json_t *)figures) == 0;
    struct adv_model *marked = NULL;
    status = complete ? adv_model_new(config, adv_model_weights(model), &marked, error)
                      : adv_fail(error, ADV_E_MEMORY, "out of memory");
    if (status == ADV_OK)
        status = adv_model_save(marked, path, dtype, error);
    adv_model_unref(marked);
    json_decref(config);
    return status;
}

static enum adv_status deliver(const struct adv_model *model, const char *path,
                               const struct eval_options *options,
                               const struct adv_figures *figures, struct adv_error *error)
{
    json_t *json = adv_figures_to_json(figures);
    if (!json)
        return adv_fail(error, ADV_E_MEMORY, "out of memory");
    if (options->json) {
        json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        putchar('\n');
    } else {
        adv_figures_print(figures);
    }
    enum adv_status status = options->write_card ? write_card(model, path, json, error) : ADV_OK;
    json_decref(json);
    return status;
}

static enum adv_status eval(const char *path, const struct eval_options *options,
                            struct adv_error *error)
{
    struct adv_dataset dataset = {0};
    struct adv_figures figures = {0};
    struct adv_measure measure = {
        .dataset = &dataset,
        .stop = adv_stop_flag(),
        .quiet = options->quiet,
        .seed = (uint64_t)options->seed,
        .n_samples = (size_t)options->n,
        .grid = (size_t)options->grid,
        .steps = options->steps,
        .guidance = options->guidance,
        .samples_path = options->samples,
    };
    int n_threads = options->threads ? (int)options->threads : adv_cpu_count();
    enum adv_status status = adv_model_load(path, &measure.model, error);
    if (status == ADV_OK)
        status = adv_pool_new(n_threads, &measure.pool, error);
    if (status == ADV_OK)
        status = open_truth(measure.model, options, &dataset, error);
    bool is_density = dataset.source.density != NULL;
    measure.n_points = options->points >= 0 ? (size_t)options->points : is_density ? 4096 : 0;
    if (status == ADV_OK)
        status = adv_measure_held_out(&measure, &figures, error);
    if (status == ADV_OK && (is_density || options->samples))
        status = adv_measure_samples(&measure, &figures, error);
    if (status == ADV_OK)
        status = adv_measure_log_density(&measure, &figures, error);
    if (status == ADV_OK)
        status = adv_measure_integral(&measure, &figures, error);
    if (status == ADV_OK)
        status = deliver(measure.model, path, options, &figures, error);
    adv_dataset_close(&dataset);
    adv_pool_free(measure.pool);
    adv_model_unref(measure.model);
    return status;
}

static int run(int argc, char **argv)
{
    struct eval_options options = {0};
    const char *path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = eval(path, &options, &error);
    adv_fields_release(fields, N_FIELDS, &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("eval", &error);
}

const struct adv_command adv_command_eval = {
    .name = "eval",
    .help = "measure a model against the truth or held-out data",
    .run = run,
};
