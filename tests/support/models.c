#include "tests/support/models.h"

#include <advect/extra/model_parts.h>
#include <advect/pool.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct adv_model *model_of_gaussians(size_t n, const float *means, double bandwidth,
                                     const char *more)
{
    char config[1024];
    struct adv_model *model = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    snprintf(config, sizeof config,
             "{\"name\": \"gaussians\", \"net\": {\"kind\": \"empirical\", \"dim\": 2, \"samples\":"
             " %zu, \"bandwidth\": %g}%s}",
             n, bandwidth, more);
    ck_assert_msg(adv_model_new(config, n * 2, means, NULL, &model, &error) == ADV_OK, "%s",
                  error.message);
    return model;
}

struct adv_run *run_of(struct adv_model *model, const struct adv_query *query, int threads,
                       const struct adv_answer **answer)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_run *run = NULL;
    struct adv_pool *pool = NULL;
    ck_assert_msg(adv_run_new(model, query, &run, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(adv_pool_new(threads, &pool, NULL), ADV_OK);
    struct adv_run_options options = {.size = sizeof options, .pool = pool};
    ck_assert_msg(adv_run_all(run, &options, answer, &error) == ADV_OK, "%s", error.message);
    adv_pool_free(pool);
    return run;
}

void query_is_refused(const struct adv_model *model, const struct adv_query *query,
                      const char *field, const char *words)
{
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_query_check(query, model, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, field);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
}
