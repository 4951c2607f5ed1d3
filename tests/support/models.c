#include "tests/support/models.h"

#include <advect/extra/model_parts.h>

#include <check.h>
#include <stdlib.h>

struct adv_model *model_of(const char *config_text)
{
    json_error_t json_error;
    struct adv_error error = ADV_ERROR_INIT;
    json_t *config = json_loads(config_text, 0, &json_error);
    ck_assert_msg(config != NULL, "%s", json_error.text);
    struct adv_net *net = NULL;
    ck_assert_msg(adv_net_new(json_object_get(config, "net"), &net, &error) == ADV_OK, "%s",
                  error.message);
    float *weights = calloc(adv_net_weights(net), sizeof *weights);
    ck_assert_ptr_nonnull(weights);
    adv_net_init_weights(net, 11, weights);
    struct adv_model *model = NULL;
    ck_assert_msg(adv_model_new_json(config, weights, NULL, &model, &error) == ADV_OK, "%s",
                  error.message);
    free(weights);
    adv_net_free(net);
    json_decref(config);
    return model;
}
