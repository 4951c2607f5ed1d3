#include "trainer/eval/eval_data.h"

#include "trainer/cli/files.h"

#include <advect/array_file.h>
#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *const adv_eval_split_names[] = {"auto", "held_out", "test", "train", NULL};

/* The kind of source that a file is, by what is in it; NULL for a folder or for no table. */
static const char *kind_of_file(const char *path)
{
    enum adv_file_format format;
    if (!path || adv_file_format_read(path, &format, NULL) != ADV_OK)
        return NULL;
    return format == ADV_FILE_NPY ? "npy" : format == ADV_FILE_TEXT ? "csv" : NULL;
}

static bool is_source(const json_t *source, const char *kind)
{
    const json_t *own = json_object_get(source, "kind");
    return json_is_string(own) && !strcmp(json_string_value(own), kind);
}

/* Whether examples come of a program, not of files. */
static bool is_drawn(const json_t *source)
{
    return is_source(source, "simulator") || is_source(source, "density");
}

/* Whether the recipe finds a context's columns by their places in the file alone. */
static bool is_by_position(const json_t *context)
{
    size_t n = json_array_size(context), i = 0;
    while (i < n && json_is_integer(json_array_get(context, i)))
        i++;
    return n > 0 && i == n;
}

/* The columns of a context by their names, by whatever patterns the recipe found them, since another
 * file may have others and in another order. Names that would be taken for patterns stay as they are
 * there, and so do positions, which need no header. */
static bool name_context(const struct adv_model *model, json_t *source)
{
    const json_t *data = json_object_get(adv_model_config_json(model), "data");
    json_t *names = json_object_get(json_object_get(data, "context"), "columns");
    if (!is_source(source, "csv") || !adv_model_context_name(model, 0) ||
        is_by_position(json_object_get(source, "context")))
        return true;
    for (size_t k = 0; k < adv_model_context(model); k++) {
        if (strpbrk(adv_model_context_name(model, k), "*?[]!\\"))
            return true;
    }
    return json_object_set(source, "context", names) == 0;
}

/* What the flags name in place of the model's own source, which may be NULL: a new reference, or
 * NULL for nothing. Simulations and synthetic densities give way to a table that is named. */
static json_t *named_source(const struct adv_model *model, const struct adv_eval_data *data,
                            json_t *own)
{
    if (data->density)
        return json_pack("{s:s, s:O}", "kind", "density", "density", data->density);
    const char *kind = kind_of_file(data->place);
    bool gives_way = !own || is_drawn(own);
    if (!kind || !(gives_way || is_source(own, kind)))
        return NULL;
    json_t *source = gives_way ? json_pack("{s:s, s:s}", "kind", kind, "file", data->place)
                               : adv_json_deep_copy(own);
    if (source && !name_context(model, source)) {
        json_decref(source);
        return NULL;
    }
    return source;
}

/* The data part of the model's config, its source replaced where the flags name another. The
 * transform is always the model's. */
static json_t *data_part(const struct adv_model *model, const struct adv_eval_data *data)
{
    const json_t *config = json_object_get(adv_model_config_json(model), "data");
    json_t *part = config ? adv_json_deep_copy(config) : json_object();
    const json_t *transform = json_object_get(part, "transform");
    if ((!transform || json_is_null(transform)) &&
        json_object_set_new(part, "transform", json_pack("{s:s}", "kind", "identity"))) {
        json_decref(part);
        return NULL;
    }
    json_t *source = named_source(model, data, json_object_get(part, "source"));
    if (!source || json_object_set_new(part, "source", source) == 0)
        return part;
    json_decref(part);
    return NULL;
}

static enum adv_status set_name(json_t *source, const char *key, const char *name,
                                struct adv_error *error)
{
    if (!name || json_object_set_new(source, key, json_string(name)) == 0)
        return ADV_OK;
    return adv_no_memory(error);
}

/* Puts the test files in the place of those of training. */
static enum adv_status take_test_files(json_t *part, const struct adv_eval_data *data,
                                       struct adv_error *error)
{
    json_t *source = json_object_get(part, "source"), *test = NULL;
    enum adv_status status = set_name(source, "test_images", data->test_images, error);
    if (status == ADV_OK)
        status = set_name(source, "test_labels", data->test_labels, error);
    struct adv_error inner = ADV_ERROR_INIT;
    if (status == ADV_OK && adv_source_test(source, &test, &inner) != ADV_OK)
        status = adv_fail_field(error, inner.status, "test_images",
                                "%s; of IDX files, name them with --test-images FILE and "
                                "--test-labels FILE (in the folder of --data)",
                                inner.message);
    if (status == ADV_OK && (json_object_set_new(part, "source", test) ||
                             json_object_set_new(part, "held_out", json_integer(0))))
        status = adv_no_memory(error);
    return status;
}

/* A place that is nothing, or a file that is no table in the place of what is drawn. */
static enum adv_status check_place(const struct adv_model *model, const json_t *part,
                                   const struct adv_eval_data *data, struct adv_error *error)
{
    struct stat about;
    const json_t *source = json_object_get(part, "source");
    if (!data->place)
        return ADV_OK;
    if (stat(data->place, &about) != 0)
        return adv_fail_field(error, ADV_E_IO, "data", "data is \"%.300s\": %s", data->place,
                              strerror(errno));
    if (is_source(source, "npy") && !json_object_get(source, "context") &&
        adv_model_context(model) > 0)
        return adv_fail_field(error, ADV_E_INVALID, "data",
                              "data is \"%.300s\", an NPY file, which does not say which of its "
                              "columns are the context; name a CSV file with a header",
                              data->place);
    if (S_ISREG(about.st_mode) && is_source(source, "idx"))
        return adv_fail_field(error, ADV_E_INVALID, "data",
                              "data is \"%.300s\", a file; the files of the model's images are "
                              "looked for in a folder",
                              data->place);
    if (S_ISDIR(about.st_mode) || !is_drawn(source))
        return ADV_OK;
    return data->density
               ? adv_fail_field(error, ADV_E_INVALID, "data",
                                "data is \"%.300s\", beside a density; leave out one of the two",
                                data->place)
               : adv_fail_field(error, ADV_E_INVALID, "data",
                                "data is \"%.300s\", which is no CSV or NPY file", data->place);
}

/* Of simulations and densities no row of a table was trained on, nor held out. */
static enum adv_status check_rows(const struct adv_model *model, const json_t *part,
                                  const struct adv_eval_data *data, struct adv_error *error)
{
    const json_t *own =
        json_object_get(json_object_get(adv_model_config_json(model), "data"), "source");
    const json_t *source = json_object_get(part, "source");
    bool is_table = is_source(source, "csv") || is_source(source, "npy");
    if (!is_drawn(own) || !is_table ||
        (data->split != ADV_EVAL_HELD_OUT && data->split != ADV_EVAL_TRAIN))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "split",
                          "split is %s; the model did not learn from \"%.300s\" but from draws of "
                          "a %s, so leave --split out",
                          adv_eval_split_names[data->split], data->place,
                          is_source(own, "density") ? "density" : "simulator");
}

static enum adv_status check_split(const json_t *part, const struct adv_eval_data *data,
                                   struct adv_error *error)
{
    const json_t *source = json_object_get(part, "source");
    if (!source)
        return adv_fail_field(error, ADV_E_INVALID, "data.source",
                              "the model's file does not say what it learned; name a truth with "
                              "--density JSON or --data FILE");
    if (data->split == ADV_EVAL_TEST)
        return ADV_OK;
    if (data->test_images || data->test_labels)
        return adv_fail_field(error, ADV_E_INVALID, "split",
                              "test files are read with --split test only; the split is %s",
                              data->split == ADV_EVAL_AUTO ? "held_out"
                                                           : adv_eval_split_names[data->split]);
    return ADV_OK;
}

/* The sides of images of files, and the numbers of all examples, as the model has them. */
static enum adv_status check_shape(const struct adv_model *model, const struct adv_dataset *dataset,
                                   struct adv_error *error)
{
    const struct adv_array *rows = &dataset->source.rows;
    size_t shape[3];
    int n_dims = adv_model_shape(model, shape);
    if (n_dims == 3 && rows->n_dims == 3 &&
        (rows->shape[1] != shape[1] || rows->shape[2] != shape[2]))
        return adv_fail_field(error, ADV_E_INVALID, "data",
                              "the data are images of %zu x %zu; the model takes %zu x %zu",
                              rows->shape[1], rows->shape[2], shape[1], shape[2]);
    if (dataset->dim != adv_model_dim(model))
        return adv_fail_field(error, ADV_E_INVALID, "data",
                              "the data have %zu numbers per example; the model takes %zu",
                              dataset->dim, adv_model_dim(model));
    return ADV_OK;
}

/* A recipe has members for what this command has no flags for. */
static void give_advice_of_eval(struct adv_error *error)
{
    static const struct {
        const char *field, *of_recipes, *of_eval;
    } advice[] = {
        {"data.source.missing", "; \"missing\"", "; leave such rows out of the file"},
        {"data.source.context", ", so give an index", "; it needs one"},
    };
    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++) {
        char *at = strstr(error->message, advice[i].of_recipes);
        if (strncmp(error->field, advice[i].field, strlen(advice[i].field)) != 0 || !at)
            continue;
        snprintf(error->field, sizeof error->field, "data");
        snprintf(at, sizeof error->message - (size_t)(at - error->message), "%s",
                 advice[i].of_eval);
    }
}

static enum adv_status open_part(const struct adv_model *model, const json_t *part,
                                 const char *place, struct adv_dataset *dataset,
                                 struct adv_error *error)
{
    json_int_t seed = json_integer_value(
        json_object_get(json_object_get(adv_model_config_json(model), "train"), "seed"));
    struct adv_data_recipe recipe = {0};
    enum adv_status status = adv_data_recipe_init(&recipe, part, error);
    if (status == ADV_OK)
        status = adv_dataset_open(&recipe, (uint64_t)seed, place, dataset, error);
    if (status != ADV_OK && error)
        give_advice_of_eval(error);
    adv_data_recipe_release(&recipe);
    return status;
}

/* ---------------------------------------------------------------- which rows */

static bool is_file(const char *path)
{
    struct stat about;
    return path && stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* Whether the model was trained on them; true where its file does not say on what. */
static bool is_of_training(const struct adv_model *model, const struct adv_dataset *dataset)
{
    const json_t *train = json_object_get(adv_model_config_json(model), "train");
    const json_t *digest = json_object_get(json_object_get(train, "dataset"), "digest");
    return !json_is_string(digest) || !strcmp(json_string_value(digest), dataset->digest);
}

/* Another file than that of the training, where one is named and nothing said of a split: it is
 * opened without a split of its own. *found: whether it is one; the dataset is then open. */
static enum adv_status open_other_file(const struct adv_model *model,
                                       const struct adv_eval_data *data, const json_t *part,
                                       struct adv_dataset *dataset, bool *found,
                                       struct adv_error *error)
{
    const json_t *source = json_object_get(part, "source");
    *found = false;
    if (data->split != ADV_EVAL_AUTO || !is_file(data->place) || !source ||
        is_source(source, "density"))
        return ADV_OK;
    json_t *whole = adv_json_deep_copy(part);
    bool failed = !whole || json_object_set_new(whole, "held_out", json_integer(0));
    enum adv_status status =
        failed ? adv_no_memory(error) : open_part(model, whole, data->place, dataset, error);
    json_decref(whole);
    *found = status == ADV_OK && !is_of_training(model, dataset);
    if (status == ADV_OK && !*found)
        adv_dataset_close(dataset);
    return status;
}

/* The data of the training for what is measured beside other rows: where the flags say, here, or
 * beside the model. */
static void find_training(const struct adv_model *model, const struct adv_eval_data *data,
                          struct adv_eval_datasets *sets)
{
    char beside[ADV_PATH_BYTES];
    const json_t *part = json_object_get(adv_model_config_json(model), "data");
    const char *const places[] = {is_file(data->place) ? NULL : data->place, ".", beside};
    adv_folder_of(data->model_path, beside);
    if (sets->measured.source.density || sets->measured.n_dims != 1)
        return; /* a density has no rows, and nothing stands beside images */
    for (size_t i = 0; i < sizeof places / sizeof *places && !sets->training; i++) {
        if (!places[i] || open_part(model, part, places[i], &sets->other, NULL) != ADV_OK)
            continue;
        if (is_of_training(model, &sets->other) && sets->other.n_held_out > 0)
            sets->training = &sets->other;
        else
            adv_dataset_close(&sets->other);
    }
}

static enum adv_status open_sets(const struct adv_model *model, const struct adv_eval_data *data,
                                 json_t *part, struct adv_eval_datasets *sets,
                                 struct adv_error *error)
{
    bool other_file = false;
    enum adv_status status = check_place(model, part, data, error);
    if (status == ADV_OK)
        status = check_rows(model, part, data, error);
    if (status == ADV_OK)
        status = check_split(part, data, error);
    if (status == ADV_OK && data->split == ADV_EVAL_TEST)
        status = take_test_files(part, data, error);
    if (status == ADV_OK)
        status = open_other_file(model, data, part, &sets->measured, &other_file, error);
    if (status == ADV_OK && !other_file)
        status = open_part(model, part, data->place ? data->place : ".", &sets->measured, error);
    if (status != ADV_OK)
        return status;
    sets->split = other_file || data->split == ADV_EVAL_TEST ? ADV_SPLIT_TEST
                  : data->split == ADV_EVAL_TRAIN            ? ADV_SPLIT_TRAIN
                                                             : ADV_SPLIT_HELD_OUT;
    status = check_shape(model, &sets->measured, error);
    if (status != ADV_OK)
        adv_dataset_close(&sets->measured);
    return status;
}

enum adv_status adv_eval_data_open(const struct adv_model *model, const struct adv_eval_data *data,
                                   struct adv_eval_datasets *sets, struct adv_error *error)
{
    json_t *part = data_part(model, data);
    if (!part)
        return adv_no_memory(error);
    *sets = (struct adv_eval_datasets){0};
    enum adv_status status = open_sets(model, data, part, sets, error);
    json_decref(part);
    if (status != ADV_OK)
        return status;
    if (sets->split == ADV_SPLIT_TEST)
        find_training(model, data, sets);
    else if (is_of_training(model, &sets->measured) && sets->measured.n_held_out > 0)
        sets->training = &sets->measured;
    return ADV_OK;
}

void adv_eval_data_close(struct adv_eval_datasets *sets)
{
    if (sets->training == &sets->other)
        adv_dataset_close(&sets->other);
    adv_dataset_close(&sets->measured);
    sets->training = NULL;
}
