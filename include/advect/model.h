/* A model: a trained network with the units, path and labels that give it
 * meaning, as one safetensors file. Immutable once loaded; shared by threads
 * and counted by references. */
#ifndef ADVECT_MODEL_H
#define ADVECT_MODEL_H

#include <advect/api.h>
#include <advect/dtype.h>
#include <advect/label.h>
#include <advect/load_options.h>
#include <advect/path.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

#define ADV_MODEL_VERSION "1" /* the value of the advect.version metadata */

struct adv_model;

/* Loads FILE.safetensors, to be evaluated as options say (NULL: the defaults). A file with our
 * metadata describes itself. Refused, naming file and tensor: what is no whole safetensors file;
 * missing, extra, misshapen or non-finite tensors (every one of them is named, the first 20 in
 * full); a config that is not one. */
enum adv_status adv_model_load(const char *path, const struct adv_load_options *options,
                               struct adv_model **model, struct adv_error *error);

/* A plain safetensors file with its configuration beside it: `config` is JSON text, either a whole
 * advect.config object (it has a "net") or the net's options, beside which "name", "path", "shape",
 * "classes", "labels" and "transform" may stand; the net's "image" is the data's shape unless one
 * is given. name: of the model; NULL: the config's, or "imported". Refused like adv_model_load.
 * Options that weights do not show have their defaults; adv_net_check_stated
 * (<advect/extra/net.h>), which `advect import` asks first, names those that are not given. */
enum adv_status adv_model_import(const char *path, const char *config, const char *name,
                                 const struct adv_load_options *options, struct adv_model **model,
                                 struct adv_error *error);

/* A model of weights [n_weights], copied, in the order of the file's tensors. config: JSON text, an
 * advect.config object: {"name", "net", "data": {"shape", "classes", "transform", "labels",
 * "columns"}, "path", "train", "sampling", "typicality", "card"}. ADV_E_INVALID, field "n_weights", where its net
 * has another number of them. */
enum adv_status adv_model_new(const char *config, size_t n_weights, const float *weights,
                              const struct adv_load_options *options, struct adv_model **model,
                              struct adv_error *error);

/* Writes the model atomically; dtype ADV_F32, ADV_F16 or ADV_BF16 is how weights are stored. */
enum adv_status adv_model_save(const struct adv_model *model, const char *path,
                               enum adv_dtype dtype, struct adv_error *error);

struct adv_model *adv_model_ref(struct adv_model *model);
void adv_model_unref(struct adv_model *model); /* NULL is allowed */

/* All below are borrowed from the model. */
const char *adv_model_name(const struct adv_model *model);
/* Of the file, or of the weights where there is none: 16 hexadecimal digits. */
const char *adv_model_digest(const struct adv_model *model);
const char *adv_model_config(const struct adv_model *model); /* the advect.config object, as JSON */
const char *adv_model_card(const struct adv_model *model);   /* measured values as JSON, or NULL */
size_t adv_model_n_weights(const struct adv_model *model);
const float *adv_model_weights(const struct adv_model *model);
const struct adv_path *adv_model_path(const struct adv_model *model);
/* Whether it was trained on pairs of base points and data that were chosen for each other: the
 * config's "path": {"coupling": "optimal_transport"}. The velocity then tells no score. */
bool adv_model_is_coupled(const struct adv_model *model);
size_t adv_model_dim(const struct adv_model *model); /* values in a point */
/* The data's shape: {2}, or {channels, height, width} for images. Returns the number of
 * dimensions. */
int adv_model_shape(const struct adv_model *model, size_t shape[3]);
bool adv_model_is_plane(const struct adv_model *model); /* its points are of the plane: shape {2} */
/* The part of the plane that pictures show, into lo and hi in data units: the config's "data": {"box"}
 * or, where there is none, about where a few samples are. False of other models. */
bool adv_model_box(const struct adv_model *model, double lo[2], double hi[2]);
bool adv_model_is_image(const struct adv_model *model); /* three dimensions, 1 or 3 channels */
/* Whether its data are images of 8-bit intensities in [0, 1], whose densities are told in bits too;
 * and those bits of a log-density: -log p / (D ln 2) + 8. */
bool adv_model_has_bits(const struct adv_model *model);
double adv_model_bits_per_dim(const struct adv_model *model, double log_density);
size_t adv_model_classes(const struct adv_model *model); /* 0: unconditional */
bool adv_model_has_null_class(const struct adv_model *model);
/* Numbers in the context on which its velocity is conditioned; 0: it takes none. */
size_t adv_model_context(const struct adv_model *model);
/* Whether it can do without, as guidance needs. */
bool adv_model_has_null_context(const struct adv_model *model);
/* Name of one of the numbers of a context ("x1"), or NULL where the config gives none. */
const char *adv_model_context_name(const struct adv_model *model, size_t i);
/* The largest distance, as in struct adv_answer, of the contexts that it was trained on; infinity
 * where that is not known. */
double adv_model_context_reach(const struct adv_model *model);
/* The guidance that its samples take by default: the config's "sampling": {"guidance": w}, else
 * 1. */
double adv_model_guidance(const struct adv_model *model);
/* Whether the config tells how usual a log-density is, in "typicality": {"log_density": [..]},
 * quantiles of the log-densities of held-out rows that training leaves there; and the percentile of
 * one, at t = 1, in nats and data units, among them: from 0, at or below the least, to 100; NaN
 * where the config does not tell, or of NaN. */
bool adv_model_has_typicality(const struct adv_model *model);
double adv_model_typicality(const struct adv_model *model, double log_density);
/* Whether a latent [dim], in base units, lies farther out than all but ADV_LATENT_TAIL of the base:
 * its sum of squares, chi-square with as many degrees of freedom as it has numbers that are no
 * angles, is beyond that distribution's quantile. A flow maps no data there that it has seen, so a
 * density there is an extrapolation. */
#define ADV_LATENT_TAIL 1e-6
bool adv_model_is_beyond_base(const struct adv_model *model, const float *latent);
/* The most steps that its flow map was made for: 1, 2, 4 or 8; 0: it has none. Such a model, which
 * advect distill makes, leads from any time to any other in so few evaluations. */
int64_t adv_model_flow_map_steps(const struct adv_model *model);
/* Whether its flow map leads from the base to data alone: it gives samples and trajectories, while
 * latents and log-densities of points are those of its velocity, by another solver. */
bool adv_model_flow_map_is_one_way(const struct adv_model *model);
/* Of a flow map's log-densities of so many steps, measured when it was made on samples of its
 * teacher: the difference to the teacher's exact ones, in nats. The library's own: later versions
 * may add members at the end. */
struct adv_flow_map_error {
    int64_t steps;
    int64_t rows;
    double bias;   /* mean of the differences */
    double spread; /* their standard deviation */
    double mean_absolute;
};
/* NULL where the config does not tell. Borrowed. */
const struct adv_flow_map_error *adv_model_flow_map_error(const struct adv_model *model,
                                                          int64_t steps);
/* The name of the teacher, or NULL. */
const char *adv_model_teacher(const struct adv_model *model);
/* Name of a class ("7", "cat"), or NULL where the config gives none. */
const char *adv_model_label_name(const struct adv_model *model, size_t label);
/* The class of that name, the first if several have it; -1: none has. */
int32_t adv_model_find_label(const struct adv_model *model, const char *name);
/* Name of one of the dim numbers of a point ("height"), or NULL where the config gives none: it
 * names all of them, differently, or none. */
const char *adv_model_column_name(const struct adv_model *model, size_t column);

ADV_API_END
#endif
