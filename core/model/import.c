/* Weights from elsewhere, with a configuration beside them, which may be no more
 * than the net's options: it is completed to what our own files carry. */
#include "core/base/mem.h"
#include "core/io/safetensors/values.h"
#include "core/model/model.h"

#include <advect/extra/json.h>
#include <advect/extra/words.h>
#include <string.h>

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
    static const char *const of_data[] = {"shape",   "classes",   "labels",
                                          "columns", "transform", NULL};
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

enum adv_status adv_model_import_json(const char *path, const json_t *config, const char *name,
                                      const struct adv_load_options *options,
                                      struct adv_model **out, struct adv_error *error)
{
    if (!json_is_object(config))
        return adv_fail_field(error, ADV_E_INVALID, "config", "the config must be a JSON object");
    struct adv_safetensors *file = NULL;
    enum adv_status status = adv_safetensors_open_any(path, &file, error);
    if (status != ADV_OK)
        return status;
    const json_t *data = json_object_get(config, "data");
    if (data && !json_is_object(data))
        status = adv_fail_field(error, ADV_E_INVALID, "data", "data must be an object");
    if (status == ADV_OK && name && !adv_is_utf8(name, strlen(name)))
        status = adv_fail_field(error, ADV_E_INVALID, "name", "name is not UTF-8 text");
    json_t *whole = status == ADV_OK ? whole_config(config, name) : NULL;
    struct adv_model *model = NULL;
    if (status == ADV_OK)
        status =
            whole ? adv_model_from_file(file, whole, options, &model, error) : adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_model_finish(model, complete_data(model, error), out, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", path);
    json_decref(whole);
    adv_safetensors_close(file);
    return status;
}

enum adv_status adv_model_import(const char *path, const char *config, const char *name,
                                 const struct adv_load_options *options, struct adv_model **model,
                                 struct adv_error *error)
{
    json_t *json = NULL;
    enum adv_status status = adv_json_parse(config, strlen(config), &json, error);
    if (status == ADV_OK)
        status = adv_model_import_json(path, json, name, options, model, error);
    json_decref(json);
    return status;
}
