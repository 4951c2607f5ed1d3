/* A model: a trained network with the units, path and labels that give it
 * meaning, as one safetensors file. Immutable once loaded; shared by threads
 * and counted by references. */
#ifndef ADVECT_MODEL_H
#define ADVECT_MODEL_H

#include <advect/api.h>
#include <advect/evaluator.h>
#include <advect/levels.h>
#include <advect/net.h>
#include <advect/path.h>
#include <advect/safetensors.h>
#include <advect/status.h>
#include <advect/transform.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

ADV_API_BEGIN

#define ADV_MODEL_VERSION "1" /* the value of the advect.version metadata */

struct adv_model;

/* Loads FILE.safetensors, to be evaluated as options say (NULL: the defaults). A file with our
 * metadata describes itself. Refused, naming file and tensor: all that adv_safetensors_open
 * refuses; missing, extra, misshapen or non-finite tensors (every one of them is named, the first
 * 20 in full); a config that is not one. */
enum adv_status adv_model_load(const char *path, const struct adv_load_options *options,
                               struct adv_model **model, struct adv_error *error);

/* A plain safetensors file with its configuration beside it: `config` is either a whole
 * advect.config object (it has a "net") or the net's options, beside which "name", "path", "shape",
 * "classes", "labels" and "transform" may stand; the net's "image" is the data's shape unless one
 * is given. name: of the model; NULL: the config's, or "imported". Refused like adv_model_load. */
enum adv_status adv_model_import(const char *path, const json_t *config, const char *name,
                                 const struct adv_load_options *options, struct adv_model **model,
                                 struct adv_error *error);

/* A model of given weights [adv_net_weights of the config's net], copied. config: an advect.config
 * object: {"name", "net", "data": {"shape", "classes", "transform", "labels"}, "path", "train",
 * "sampling", "card"}. */
enum adv_status adv_model_new(const json_t *config, const float *weights,
                              const struct adv_load_options *options, struct adv_model **model,
                              struct adv_error *error);

/* Writes the model atomically; dtype ADV_F32, ADV_F16 or ADV_BF16 is how weights are stored. */
enum adv_status adv_model_save(const struct adv_model *model, const char *path,
                               enum adv_dtype dtype, struct adv_error *error);

struct adv_model *adv_model_ref(struct adv_model *model);
void adv_model_unref(struct adv_model *model); /* NULL is allowed */

/* All below are borrowed from the model. */
const char *adv_model_name(const struct adv_model *model);
const char *
adv_model_digest(const struct adv_model *model); /* of the file; of the weights if none */
const json_t *adv_model_config(const struct adv_model *model); /* the whole advect.config object */
const json_t *adv_model_card(const struct adv_model *model);   /* measured figures, or NULL */
const struct adv_net *adv_model_net(const struct adv_model *model);
const float *adv_model_weights(const struct adv_model *model);
const struct adv_ready_weights *adv_model_ready_weights(const struct adv_model *model);
const struct adv_transform *adv_model_transform(const struct adv_model *model);
const struct adv_path *adv_model_path(const struct adv_model *model);
size_t adv_model_dim(const struct adv_model *model);
/* The data's shape: {2}, or {channels, height, width} for images. Returns the number of dimensions.
 */
int adv_model_shape(const struct adv_model *model, size_t shape[3]);
bool adv_model_is_plane(const struct adv_model *model); /* one dimension, of size 2 */
bool adv_model_is_image(const struct adv_model *model); /* three dimensions, 1 or 3 channels */
/* What 8-bit values mean as data of this model. */
struct adv_levels adv_model_levels(const struct adv_model *model);
/* Whether its data are images of 8-bit intensities in [0, 1], whose densities are told in bits too;
 * and those bits of a log-density: -log p / (D ln 2) + 8. */
bool adv_model_has_bits(const struct adv_model *model);
double adv_model_bits_per_dim(const struct adv_model *model, double log_density);
size_t adv_model_classes(const struct adv_model *model); /* 0: unconditional */
bool adv_model_has_null_class(const struct adv_model *model);
/* The guidance that its samples take by default: the config's "sampling": {"guidance": w}, else 1.
 */
double adv_model_guidance(const struct adv_model *model);
/* Name of a class ("7", "cat"), or NULL where the config gives none. */
const char *adv_model_label_name(const struct adv_model *model, size_t label);

ADV_API_END
#endif
