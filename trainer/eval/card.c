#include "trainer/eval/card.h"
#include "trainer/cli/environment.h"

#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/safetensors.h>
#include <advect/status.h>

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

enum adv_status adv_card_write(const struct adv_model *model, const char *path,
                               const json_t *figures, json_t *typicality, struct adv_error *error)
{
    enum adv_dtype dtype = ADV_F32;
    enum adv_status status = stored_dtype(path, &dtype, error);
    if (status != ADV_OK)
        return status;
    json_t *config = adv_json_deep_copy(adv_model_config_json(model));
    json_t *card = json_object_get(config, "card");
    bool complete = config != NULL;
    if (complete && !json_is_object(card)) {
        complete = json_object_set_new(config, "card", json_object()) == 0;
        card = json_object_get(config, "card");
    }
    complete = complete && json_object_update(card, (json_t *)figures) == 0;
    if (typicality)
        complete = complete && json_object_set(config, "typicality", typicality) == 0;
    struct adv_model *marked = NULL;
    status = complete ? adv_model_new_json(config, adv_model_weights(model), adv_environment(),
                                           &marked, error)
                      : adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_model_save(marked, path, dtype, error);
    adv_model_unref(marked);
    json_decref(config);
    return status;
}
