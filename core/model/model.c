/* A model's life: loaded or made, saved, shared by references, asked for facts.
 * Nothing in it changes once it is there, so threads need no lock. */
#include "core/model/model.h"

#include "core/base/mem.h"
#include "core/io/safetensors/values.h"
#include "core/model/weights.h"

#include <advect/extra/digest.h>
#include <advect/extra/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- making and loading ---- */

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

static enum adv_status pack_weights(struct adv_model *model, const struct adv_load_options *options,
                                    struct adv_error *error)
{
    return adv_packed_weights_new(model->net, model->weights, options, &model->packed, error);
}

static enum adv_status write_texts(struct adv_model *model, struct adv_error *error)
{
    const json_t *card = adv_model_card_json(model);
    free(model->config_text);
    free(model->card_text);
    model->config_text = adv_json_dump(model->config, JSON_COMPACT);
    model->card_text = card ? adv_json_dump(card, JSON_COMPACT) : NULL;
    return model->config_text && (model->card_text || !card) ? ADV_OK : adv_no_memory(error);
}

enum adv_status adv_model_finish(struct adv_model *model, enum adv_status status,
                                 struct adv_model **out, struct adv_error *error)
{
    if (status == ADV_OK)
        status = write_texts(model, error);
    if (status == ADV_OK)
        status = adv_model_find_box(model, error);
    if (status == ADV_OK)
        *out = model;
    else
        adv_model_unref(model);
    return status;
}

static uint64_t digest_of_weights(const struct adv_model *model)
{
    return adv_digest(ADV_DIGEST_INIT, model->weights,
                      adv_net_weights(model->net) * sizeof *model->weights);
}

enum adv_status adv_model_new_json(const json_t *config, const float *weights,
                                   const struct adv_load_options *options, struct adv_model **out,
                                   struct adv_error *error)
{
    struct adv_model *model = model_with_config(config, error);
    if (!model)
        return ADV_E_MEMORY;
    enum adv_status status = adv_model_configure(model, error);
    if (status != ADV_OK)
        return adv_model_finish(model, status, out, error);
    size_t n = adv_net_weights(model->net);
    model->weights = adv_calloc(n, sizeof *weights);
    if (!model->weights)
        return adv_model_finish(model, adv_no_memory(error), out, error);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(weights[i]))
            return adv_model_finish(model,
                                    adv_fail_field(error, ADV_E_INVALID, "weights",
                                                   "weight %zu is %g; weights must be finite", i,
                                                   (double)weights[i]),
                                    out, error);
    }
    memcpy(model->weights, weights, n * sizeof *weights);
    adv_digest_text(digest_of_weights(model), model->digest);
    return adv_model_finish(model, pack_weights(model, options, error), out, error);
}

/* Before anything is read of the weights. */
static enum adv_status check_n_weights(const json_t *config, size_t n_weights,
                                       struct adv_error *error)
{
    struct adv_net *net = NULL;
    enum adv_status status = adv_net_new(json_object_get(config, "net"), &net, error);
    if (status == ADV_OK && adv_net_weights(net) != n_weights)
        status = adv_fail_field(error, ADV_E_INVALID, "n_weights",
                                "n_weights is %zu; the config's net has %zu", n_weights,
                                adv_net_weights(net));
    adv_net_free(net);
    return status;
}

enum adv_status adv_model_new(const char *config, size_t n_weights, const float *weights,
                              const struct adv_load_options *options, struct adv_model **out,
                              struct adv_error *error)
{
    json_t *json = NULL;
    enum adv_status status = adv_json_parse(config, strlen(config), &json, error);
    if (status == ADV_OK)
        status = check_n_weights(json, n_weights, error);
    if (status == ADV_OK)
        status = adv_model_new_json(json, weights, options, out, error);
    json_decref(json);
    return status;
}

enum adv_status adv_model_from_file(const struct adv_safetensors *file, const json_t *config,
                                    const struct adv_load_options *options, struct adv_model **out,
                                    struct adv_error *error)
{
    struct adv_model *model = model_with_config(config, error);
    if (!model)
        return ADV_E_MEMORY;
    snprintf(model->digest, sizeof model->digest, "%s", adv_safetensors_digest(file));
    enum adv_status status = adv_model_configure(model, error);
    if (status == ADV_OK)
        status = adv_weights_from_file(model->net, file, &model->weights, error);
    if (status == ADV_OK)
        status = pack_weights(model, options, error);
    return adv_model_finish(model, status, out, error);
}

/* The advect.config of a file's metadata, a new reference. */
static enum adv_status metadata_config(const struct adv_safetensors *file, json_t **config,
                                       struct adv_error *error)
{
    const char *version = adv_safetensors_metadata(file, "advect.version");
    const char *text = adv_safetensors_metadata(file, "advect.config");
    if (adv_safetensors_metadata(file, "advect.checkpoint"))
        return adv_fail(error, ADV_E_FORMAT,
                        "this is the checkpoint of a training, not a model; the command that "
                        "wrote it goes on with --resume");
    if (adv_safetensors_metadata(file, "advect.paths"))
        return adv_fail(error, ADV_E_FORMAT, "this is a file of a teacher's paths, not a model");
    if (!text)
        return adv_fail(
            error, ADV_E_FORMAT,
            "no advect.config metadata: a plain weight file needs a configuration (advect "
            "import, or adv_model_import)");
    if (!version || strcmp(version, ADV_MODEL_VERSION) != 0)
        return adv_fail(
            error, ADV_E_UNSUPPORTED,
            "advect.version is \"%s\"; this version of Advect reads version " ADV_MODEL_VERSION,
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

/* What a file says of itself decides before its numbers are read, of which there may be many. */
static enum adv_status judge_header(const char *path, struct adv_error *error)
{
    struct adv_safetensors *header = NULL;
    json_t *config = NULL;
    enum adv_status status = adv_safetensors_open_header(path, &header, error);
    if (status != ADV_OK)
        return status; /* its message already names the file */
    status = metadata_config(header, &config, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", path);
    json_decref(config);
    adv_safetensors_close(header);
    return status;
}

enum adv_status adv_model_load(const char *path, const struct adv_load_options *options,
                               struct adv_model **out, struct adv_error *error)
{
    struct adv_safetensors *file = NULL;
    json_t *config = NULL;
    enum adv_status status = judge_header(path, error);
    if (status == ADV_OK)
        status = adv_safetensors_open_any(path, &file, error);
    if (status != ADV_OK)
        return status; /* its message already names the file */
    status = metadata_config(file, &config, error);
    if (status == ADV_OK)
        status = adv_model_from_file(file, config, options, out, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", path);
    json_decref(config);
    adv_safetensors_close(file);
    return status;
}

/* ---- saving ---- */

static json_t *metadata_of(const struct adv_model *model)
{
    return json_pack("{s:s, s:s}", "advect.version", ADV_MODEL_VERSION, "advect.config",
                     model->config_text);
}

enum adv_status adv_model_save(const struct adv_model *model, const char *path,
                               enum adv_dtype dtype, struct adv_error *error)
{
    if (dtype != ADV_F32 && dtype != ADV_F16 && dtype != ADV_BF16)
        return adv_fail_field(error, ADV_E_INVALID, "dtype",
                              "dtype is %d; weights are stored as ADV_F32, ADV_F16 or ADV_BF16",
                              (int)dtype);
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
    adv_packed_weights_free(model->packed);
    adv_transform_free(model->transform);
    adv_transform_free(model->context_transform);
    adv_net_free(model->net);
    free(model->weights);
    free(model->quantiles);
    free(model->class_names);
    json_decref(model->config);
    free(model->config_text);
    free(model->card_text);
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

static int add_to_digest(const char *bytes, size_t n, void *hash)
{
    uint64_t *digest = hash;
    *digest = adv_digest(*digest, bytes, n);
    return 0;
}

void adv_model_flow_digest(const struct adv_model *model, char text[ADV_DIGEST_TEXT])
{
    const json_t *data = json_object_get(model->config, "data");
    const json_t *parts[] = {json_object_get(model->config, "net"),
                             json_object_get(model->config, "path"),
                             json_object_get(data, "transform"), json_object_get(data, "context")};
    uint64_t hash = digest_of_weights(model);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        json_dump_callback(parts[i], add_to_digest, &hash,
                           JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    adv_digest_text(hash, text);
}

const char *adv_model_config(const struct adv_model *model)
{
    return model->config_text;
}

const char *adv_model_card(const struct adv_model *model)
{
    return model->card_text;
}

size_t adv_model_n_weights(const struct adv_model *model)
{
    return adv_net_weights(model->net);
}

const json_t *adv_model_config_json(const struct adv_model *model)
{
    return model->config;
}

const json_t *adv_model_card_json(const struct adv_model *model)
{
    const json_t *card = json_object_get(model->config, "card");
    return json_is_object(card) ? card : NULL;
}

const struct adv_net *adv_model_net(const struct adv_model *model)
{
    return model->net;
}

const float *adv_model_weights(const struct adv_model *model)
{
    return model->weights;
}

const struct adv_packed_weights *adv_model_packed_weights(const struct adv_model *model)
{
    return model->packed;
}

const struct adv_transform *adv_model_transform(const struct adv_model *model)
{
    return model->transform;
}

const struct adv_transform *adv_model_context_transform(const struct adv_model *model)
{
    return model->context_transform;
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

bool adv_model_is_plane(const struct adv_model *model)
{
    return model->n_dims == 1 && model->shape[0] == 2;
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

size_t adv_model_context(const struct adv_model *model)
{
    return adv_net_context(model->net);
}

bool adv_model_has_null_context(const struct adv_model *model)
{
    return adv_net_has_null_context(model->net);
}

static const json_t *context_of(const struct adv_model *model)
{
    return json_object_get(json_object_get(model->config, "data"), "context");
}

const char *adv_model_context_name(const struct adv_model *model, size_t i)
{
    return json_string_value(json_array_get(json_object_get(context_of(model), "columns"), i));
}

double adv_model_context_reach(const struct adv_model *model)
{
    const json_t *reach = json_object_get(context_of(model), "reach");
    return json_is_number(reach) ? json_number_value(reach) : INFINITY;
}

bool adv_model_is_coupled(const struct adv_model *model)
{
    return model->coupled;
}

double adv_model_guidance(const struct adv_model *model)
{
    return model->guidance;
}

const char *adv_model_column_name(const struct adv_model *model, size_t column)
{
    const json_t *columns = json_object_get(json_object_get(model->config, "data"), "columns");
    return json_string_value(json_array_get(columns, column));
}
