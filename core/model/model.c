#include <advect/digest.h>
#include <advect/json.h>
#include <advect/model.h>

#include "core/base/mem.h"
#include "core/io/safetensors_values.h"
#include "core/model/weights.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct adv_model {
    atomic_int references;
    json_t *config; /* the whole advect.config object, the net's options spelled out */
    char digest[17];
    struct adv_net *net;
    float *weights;
    struct adv_ready_weights *ready;
    struct adv_transform *transform;
    const struct adv_path *path;
    size_t shape[3];
    int n_dims;
    double guidance; /* of samples, by default */
};

/* ---- configuration ---- */

/* "data": {"shape": [..]}: one to three sides whose product is the net's dimension; without it,
 * a flat point. */
static enum adv_status read_shape(struct adv_model *model, struct adv_error *error)
{
    size_t dim = adv_net_dim(model->net), product = 1;
    const json_t *shape = json_object_get(json_object_get(model->config, "data"), "shape");
    model->n_dims = 1;
    model->shape[0] = dim;
    if (!shape)
        return ADV_OK;
    size_t n = json_array_size(shape);
    if (n < 1 || n > 3)
        return adv_fail_field(error, ADV_E_INVALID, "data.shape",
                              "data.shape must be an array of 1 to 3 sizes");
    for (size_t i = 0; i < n; i++) {
        json_int_t side = json_integer_value(json_array_get(shape, i));
        if (side < 1 || (size_t)side > dim)
            return adv_fail_field(error, ADV_E_INVALID, "data.shape",
                                  "data.shape[%zu] must be a whole number between 1 and %zu", i,
                                  dim);
        model->shape[i] = (size_t)side;
        if (!adv_mul_size(product, (size_t)side, &product))
            return adv_no_memory(error);
    }
    if (product != dim)
        return adv_fail_field(error, ADV_E_INVALID, "data.shape",
                              "data.shape has %zu elements but the net's points have %zu", product,
                              dim);
    model->n_dims = (int)n;
    return ADV_OK;
}

/* The classes are the net's; the data's part may repeat them. */
static enum adv_status check_classes(const struct adv_model *model, struct adv_error *error)
{
    const json_t *classes = json_object_get(json_object_get(model->config, "data"), "classes");
    if (!classes || json_is_null(classes))
        return ADV_OK;
    if (!json_is_integer(classes))
        return adv_fail_field(error, ADV_E_INVALID, "data.classes",
                              "data.classes must be a whole number, or null for none");
    if (json_integer_value(classes) == (json_int_t)adv_model_classes(model))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "data.classes",
                          "data.classes is %lld, but the net has %zu classes",
                          (long long)json_integer_value(classes), adv_model_classes(model));
}

static enum adv_status read_labels(const struct adv_model *model, struct adv_error *error)
{
    const json_t *labels = json_object_get(json_object_get(model->config, "data"), "labels");
    if (!labels || json_is_null(labels))
        return ADV_OK;
    size_t i;
    json_t *label;
    if (!json_is_array(labels) || json_array_size(labels) != adv_model_classes(model))
        return adv_fail_field(error, ADV_E_INVALID, "data.labels",
                              "data.labels must be an array of %zu names, one per class",
                              adv_model_classes(model));
    json_array_foreach(labels, i, label)
    {
        if (!json_is_string(label))
            return adv_fail_field(error, ADV_E_INVALID, "data.labels",
                                  "data.labels[%zu] is not a string", i);
    }
    return ADV_OK;
}

/* "sampling": {"guidance": w}, both of which may be absent. */
static enum adv_status read_sampling(struct adv_model *model, struct adv_error *error)
{
    const json_t *sampling = json_object_get(model->config, "sampling");
    const json_t *guidance = json_object_get(sampling, "guidance");
    model->guidance = json_is_number(guidance) ? json_number_value(guidance) : 1;
    if (sampling && !json_is_object(sampling))
        return adv_fail_field(error, ADV_E_INVALID, "sampling",
                              "sampling must be an object: {\"guidance\": 1}");
    if (guidance && !(json_is_number(guidance) && fabs(model->guidance) <= 100))
        return adv_fail_field(error, ADV_E_INVALID, "sampling.guidance",
                              "sampling.guidance must be a number between -100 and 100");
    if (model->guidance == 1 || adv_net_has_null_class(model->net))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "sampling.guidance",
                          "sampling.guidance is %g, but the net has no null class and only takes 1",
                          model->guidance);
}

static enum adv_status read_path(struct adv_model *model, struct adv_error *error)
{
    const json_t *path = json_object_get(model->config, "path");
    if (json_is_object(path))
        path = json_object_get(path, "kind");
    if (path && !json_is_string(path))
        return adv_fail_field(error, ADV_E_INVALID, "path", "path must name a probability path");
    return adv_path_find(path ? json_string_value(path) : "condot", &model->path, error);
}

/* A name is part of URLs and file names. */
static enum adv_status check_name(const json_t *name, struct adv_error *error)
{
    const char *text = json_string_value(name);
    size_t plain = text ? strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789._-")
                        : 0;
    if (plain > 0 && plain <= 100 && text[plain] == '\0' && text[0] != '.')
        return ADV_OK;
    return adv_fail_field(
        error, ADV_E_INVALID, "name",
        "name is %s%.100s%s; it must be 1 to 100 letters, digits, '.', '_' or '-', "
        "not starting with '.'",
        text ? "\"" : "", text ? text : "not a string", text ? "\"" : "");
}

/* Builds everything that the configuration says; weights come after. */
static enum adv_status configure(struct adv_model *model, struct adv_error *error)
{
    enum adv_status status = check_name(json_object_get(model->config, "name"), error);
    const json_t *data = json_object_get(model->config, "data");
    if (status == ADV_OK && data && !json_is_object(data))
        status = adv_fail_field(error, ADV_E_INVALID, "data", "data must be an object");
    if (status == ADV_OK)
        status = adv_net_new(json_object_get(model->config, "net"), &model->net, error);
    if (status != ADV_OK)
        return status;
    const json_t *transform = json_object_get(data, "transform");
    status = read_shape(model, error);
    if (status == ADV_OK)
        status = check_classes(model, error);
    if (status == ADV_OK)
        status = read_labels(model, error);
    if (status == ADV_OK)
        status = read_sampling(model, error);
    if (status == ADV_OK)
        status = read_path(model, error);
    if (status == ADV_OK)
        status = adv_transform_new(json_is_null(transform) ? NULL : transform,
                                   adv_net_dim(model->net), &model->transform, error);
    if (status == ADV_OK && !adv_transform_is_fitted(model->transform))
        status = adv_fail_field(error, ADV_E_INVALID, "data.transform",
                                "data.transform was not fitted to data; a model needs the one that "
                                "fitting makes of it");
    if (status == ADV_OK && json_object_set_new(model->config, "net", adv_net_config(model->net)))
        status = adv_no_memory(error);
    return status;
}

static struct adv_model *model_with_config(const json_t *config, struct adv_error *error)
{
    struct adv_model *model = adv_calloc(1, sizeof *model);
    json_t *copy = adv_json_deep_copy(config);
    if (!model || !copy) {
        free(model);
        json_decref(copy);
        adv_no_memory(error);
        return NULL;
    }
    atomic_init(&model->references, 1);
    model->config = copy;
    return model;
}

static enum adv_status make_ready(struct adv_model *model, const struct adv_load_options *options,
                                  struct adv_error *error)
{
    return adv_ready_weights_new(model->net, model->weights, options, &model->ready, error);
}

static enum adv_status deliver(struct adv_model *model, enum adv_status status,
                               struct adv_model **out)
{
    if (status == ADV_OK)
        *out = model;
    else
        adv_model_unref(model);
    return status;
}

/* ---- weights ---- */

static void digest_weights(struct adv_model *model)
{
    uint64_t hash = adv_digest(ADV_DIGEST_INIT, model->weights,
                               adv_net_weights(model->net) * sizeof *model->weights);
    snprintf(model->digest, sizeof model->digest, "%016llx", (unsigned long long)hash);
}

enum adv_status adv_model_new(const json_t *config, const float *weights,
                              const struct adv_load_options *options, struct adv_model **out,
                              struct adv_error *error)
{
    struct adv_model *model = model_with_config(config, error);
    if (!model)
        return ADV_E_MEMORY;
    enum adv_status status = configure(model, error);
    if (status != ADV_OK)
        return deliver(model, status, out);
    size_t n = adv_net_weights(model->net);
    model->weights = adv_calloc(n, sizeof *weights);
    if (!model->weights)
        return deliver(model, adv_no_memory(error), out);
    memcpy(model->weights, weights, n * sizeof *weights);
    digest_weights(model);
    return deliver(model, make_ready(model, options, error), out);
}

static enum adv_status model_from_file(const struct adv_safetensors *file, const json_t *config,
                                       const struct adv_load_options *options,
                                       struct adv_model **out, struct adv_error *error)
{
    struct adv_model *model = model_with_config(config, error);
    if (!model)
        return ADV_E_MEMORY;
    snprintf(model->digest, sizeof model->digest, "%s", adv_safetensors_digest(file));
    enum adv_status status = configure(model, error);
    if (status == ADV_OK)
        status = adv_weights_from_file(model->net, file, &model->weights, error);
    if (status == ADV_OK)
        status = make_ready(model, options, error);
    return deliver(model, status, out);
}

/* The advect.config of a file's metadata, a new reference. */
static enum adv_status metadata_config(const struct adv_safetensors *file, json_t **config,
                                       struct adv_error *error)
{
    const char *version = adv_safetensors_metadata(file, "advect.version");
    const char *text = adv_safetensors_metadata(file, "advect.config");
    if (!text)
        return adv_fail(
            error, ADV_E_FORMAT,
            "no advect.config metadata: a plain weight file needs `advect import` with a "
            "JSON config");
    if (!version || strcmp(version, ADV_MODEL_VERSION) != 0)
        return adv_fail(error, ADV_E_UNSUPPORTED,
                        "advect.version is \"%s\"; this program reads version " ADV_MODEL_VERSION,
                        version ? version : "");
    json_error_t json_error;
    json_t *read = json_loads(text, JSON_REJECT_DUPLICATES, &json_error);
    if (!read)
        return adv_fail(error, ADV_E_FORMAT, "advect.config is not JSON: %s", json_error.text);
    if (!json_is_object(read)) {
        json_decref(read);
        return adv_fail(error, ADV_E_FORMAT, "advect.config is not a JSON object");
    }
    *config = read;
    return ADV_OK;
}

enum adv_status adv_model_load(const char *path, const struct adv_load_options *options,
                               struct adv_model **out, struct adv_error *error)
{
    struct adv_safetensors *file = NULL;
    json_t *config = NULL;
    enum adv_status status = adv_safetensors_open_any(path, &file, error);
    if (status != ADV_OK)
        return status; /* its message already names the file */
    status = metadata_config(file, &config, error);
    if (status == ADV_OK)
        status = model_from_file(file, config, options, out, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", path);
    json_decref(config);
    adv_safetensors_close(file);
    return status;
}

/* Moves the named members that `from` has into `to`; false without memory. */
static bool move_members(json_t *from, json_t *to, const char *const *names)
{
    bool moved = from && to;
    for (; moved && *names; names++) {
        json_t *member = json_object_get(from, *names);
        if (member) {
            moved = json_object_set(to, *names, member) == 0;
            json_object_del(from, *names);
        }
    }
    return moved;
}

/* A net's options, and what may stand beside them, become a whole configuration: a new reference,
 * or NULL without memory. */
static json_t *config_around(const json_t *options)
{
    static const char *const of_model[] = {"name", "data", "path", "sampling", "card", NULL};
    static const char *const of_data[] = {"shape", "classes", "labels", "transform", NULL};
    json_t *net = adv_json_deep_copy(options), *config = json_object();
    bool complete = move_members(net, config, of_model);
    if (complete && !json_object_get(config, "data"))
        complete = json_object_set_new(config, "data", json_object()) == 0;
    json_t *data = json_object_get(config, "data"), *image = json_object_get(net, "image");
    complete = complete && move_members(net, data, of_data);
    if (complete && image && json_is_object(data) && !json_object_get(data, "shape"))
        complete = json_object_set(data, "shape", image) == 0;
    complete = complete && json_object_set(config, "net", net) == 0;
    json_decref(net);
    if (complete)
        return config;
    json_decref(config);
    return NULL;
}

static json_t *whole_config(const json_t *config, const char *name)
{
    json_t *whole =
        json_object_get(config, "net") ? adv_json_deep_copy(config) : config_around(config);
    if (!name && !json_object_get(whole, "name"))
        name = "imported";
    if (whole && name && json_object_set_new(whole, "name", json_string(name)) != 0) {
        json_decref(whole);
        return NULL;
    }
    return whole;
}

/* Spells out what the net says of the data, for those who read the config. */
static enum adv_status complete_data(struct adv_model *model, struct adv_error *error)
{
    json_t *data = json_object_get(model->config, "data");
    bool complete = true;
    if (!json_is_object(data)) {
        data = json_object();
        complete = json_object_set_new(model->config, "data", data) == 0;
    }
    if (complete && !json_object_get(data, "shape")) {
        json_t *shape = json_array();
        complete = json_array_append_new(shape, json_integer((json_int_t)model->shape[0])) == 0;
        complete = json_object_set_new(data, "shape", shape) == 0 && complete;
    }
    size_t classes = adv_model_classes(model);
    json_t *spelled = classes ? json_integer((json_int_t)classes) : json_null();
    complete = complete && json_object_set(data, "classes", spelled) == 0;
    json_decref(spelled);
    return complete ? ADV_OK : adv_no_memory(error);
}

enum adv_status adv_model_import(const char *path, const json_t *config, const char *name,
                                 const struct adv_load_options *options, struct adv_model **out,
                                 struct adv_error *error)
{
    if (!json_is_object(config))
        return adv_fail_field(error, ADV_E_INVALID, "config", "the config must be a JSON object");
    struct adv_safetensors *file = NULL;
    enum adv_status status = adv_safetensors_open_any(path, &file, error);
    if (status != ADV_OK)
        return status;
    json_t *whole = whole_config(config, name);
    struct adv_model *model = NULL;
    status = whole ? model_from_file(file, whole, options, &model, error) : adv_no_memory(error);
    if (status == ADV_OK)
        status = deliver(model, complete_data(model, error), out);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", path);
    json_decref(whole);
    adv_safetensors_close(file);
    return status;
}

/* ---- saving ---- */

static json_t *metadata_of(const struct adv_model *model)
{
    char *text = adv_json_dump(model->config, JSON_COMPACT);
    json_t *metadata =
        text ? json_pack("{s:s, s:s}", "advect.version", ADV_MODEL_VERSION, "advect.config", text)
             : NULL;
    free(text);
    return metadata;
}

enum adv_status adv_model_save(const struct adv_model *model, const char *path,
                               enum adv_dtype dtype, struct adv_error *error)
{
    size_t n = adv_net_parameters(model->net);
    struct adv_tensor_source *tensors = adv_calloc(n, sizeof *tensors);
    json_t *metadata = metadata_of(model);
    enum adv_status status = tensors && metadata ? ADV_OK : adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && i < n; i++) {
        struct adv_parameter parameter = adv_net_parameter(model->net, i);
        tensors[i] = (struct adv_tensor_source){
            .name = parameter.name,
            .dtype = dtype,
            .n_dims = parameter.n_dims,
            .data = model->weights + parameter.offset,
        };
        memcpy(tensors[i].shape, parameter.shape, (size_t)parameter.n_dims * sizeof(size_t));
    }
    if (status == ADV_OK)
        status = adv_safetensors_write(path, metadata, n, tensors, error);
    json_decref(metadata);
    free(tensors);
    return status;
}

/* ---- references and facts ---- */

struct adv_model *adv_model_ref(struct adv_model *model)
{
    atomic_fetch_add(&model->references, 1);
    return model;
}

void adv_model_unref(struct adv_model *model)
{
    if (!model || atomic_fetch_sub(&model->references, 1) > 1)
        return;
    adv_ready_weights_free(model->ready);
    adv_transform_free(model->transform);
    adv_net_free(model->net);
    free(model->weights);
    json_decref(model->config);
    free(model);
}

const char *adv_model_name(const struct adv_model *model)
{
    return json_string_value(json_object_get(model->config, "name"));
}

const char *adv_model_digest(const struct adv_model *model)
{
    return model->digest;
}

const json_t *adv_model_config(const struct adv_model *model)
{
    return model->config;
}

const json_t *adv_model_card(const struct adv_model *model)
{
    return json_object_get(model->config, "card");
}

const struct adv_net *adv_model_net(const struct adv_model *model)
{
    return model->net;
}

const float *adv_model_weights(const struct adv_model *model)
{
    return model->weights;
}

const struct adv_ready_weights *adv_model_ready_weights(const struct adv_model *model)
{
    return model->ready;
}

const struct adv_transform *adv_model_transform(const struct adv_model *model)
{
    return model->transform;
}

const struct adv_path *adv_model_path(const struct adv_model *model)
{
    return model->path;
}

size_t adv_model_dim(const struct adv_model *model)
{
    return adv_net_dim(model->net);
}

int adv_model_shape(const struct adv_model *model, size_t shape[3])
{
    memcpy(shape, model->shape, (size_t)model->n_dims * sizeof *shape);
    return model->n_dims;
}

bool adv_model_is_image(const struct adv_model *model)
{
    return model->n_dims == 3 && (model->shape[0] == 1 || model->shape[0] == 3);
}

struct adv_levels adv_model_levels(const struct adv_model *model)
{
    return adv_levels_of(model->transform, adv_model_is_image(model));
}

bool adv_model_has_bits(const struct adv_model *model)
{
    double lo, hi;
    return adv_model_is_image(model) && adv_transform_levels(model->transform) > 0 &&
           adv_transform_range(model->transform, &lo, &hi) && lo == 0 && hi == 1;
}

double adv_model_bits_per_dim(const struct adv_model *model, double log_density)
{
    return -log_density / (double)adv_model_dim(model) / M_LN2 +
           log2(adv_transform_levels(model->transform));
}

size_t adv_model_classes(const struct adv_model *model)
{
    return adv_net_classes(model->net);
}

bool adv_model_has_null_class(const struct adv_model *model)
{
    return adv_net_has_null_class(model->net);
}

double adv_model_guidance(const struct adv_model *model)
{
    return model->guidance;
}

const char *adv_model_label_name(const struct adv_model *model, size_t label)
{
    const json_t *labels = json_object_get(json_object_get(model->config, "data"), "labels");
    return json_string_value(json_array_get(labels, label));
}
