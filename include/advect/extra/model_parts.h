/* What a model is made of, and models made of JSON that was already read. */
#ifndef ADVECT_EXTRA_MODEL_PARTS_H
#define ADVECT_EXTRA_MODEL_PARTS_H

#include <advect/api.h>
#include <advect/extra/digest.h>
#include <advect/extra/evaluator.h>
#include <advect/extra/levels.h>
#include <advect/extra/net.h>
#include <advect/extra/transform.h>
#include <advect/model.h>
#include <jansson.h>

ADV_API_BEGIN

/* adv_model_import and adv_model_new with a config that was read. Weights: as many as the config's
 * net has (adv_net_weights). */
enum adv_status adv_model_import_json(const char *path, const json_t *config, const char *name,
                                      const struct adv_load_options *options,
                                      struct adv_model **model, struct adv_error *error);
enum adv_status adv_model_new_json(const json_t *config, const float *weights,
                                   const struct adv_load_options *options, struct adv_model **model,
                                   struct adv_error *error);

/* Of all that the model's flow follows from: weights, net, path and transforms. Where the file's name
 * of the model, its card or its typicality are written anew, adv_model_digest changes and this does
 * not. Takes a millisecond for each megabyte of weights or so. */
void adv_model_flow_digest(const struct adv_model *model, char text[ADV_DIGEST_TEXT]);

/* All borrowed from the model. */
const json_t *adv_model_config_json(const struct adv_model *model);
const json_t *adv_model_card_json(const struct adv_model *model); /* or NULL */
const struct adv_net *adv_model_net(const struct adv_model *model);
const struct adv_packed_weights *adv_model_packed_weights(const struct adv_model *model);
const struct adv_transform *adv_model_transform(const struct adv_model *model);
/* Of the numbers of a context; NULL where the model takes none. */
const struct adv_transform *adv_model_context_transform(const struct adv_model *model);
/* What 8-bit values mean as data of this model. */
struct adv_levels adv_model_levels(const struct adv_model *model);

/* A config's "typicality", {"rows": n, "log_density": [101 quantiles]}, of finite log-densities [n]
 * in nats and data units, n >= 2, which are left in rising order. The caller owns the reference;
 * NULL without memory. */
json_t *adv_typicality_new(size_t n, double *log_density);

ADV_API_END
#endif
