/* The inside of a model, shared by what reads its configuration (config.c),
 * what completes the configuration of foreign weights (import.c), and the rest
 * (model.c). */
#ifndef ADV_MODEL_MODEL_H
#define ADV_MODEL_MODEL_H

#include <advect/extra/model_parts.h>
#include <advect/extra/safetensors.h>
#include <advect/model.h>
#include <stdatomic.h>

struct adv_named_class {
    const char *name; /* the config's */
    int32_t number;
};

struct adv_model {
    atomic_int references;
    json_t *config; /* the whole advect.config object, the net's options spelled out */
    char *config_text, *card_text; /* the same as text; NULL: no card */
    char digest[17];
    struct adv_net *net;
    float *weights;
    struct adv_packed_weights *packed;
    struct adv_transform *transform;
    struct adv_transform *context_transform; /* NULL: the net takes no context */
    const struct adv_path *path;
    bool coupled; /* x_0 was not independent of x_1 */
    size_t shape[3];
    int n_dims;
    int64_t flow_map_steps;                       /* at most; 0: no flow map */
    bool flow_map_is_one_way;                     /* it gives samples, no latents */
    struct adv_flow_map_error flow_map_errors[4]; /* of 1, 2, 4, 8 steps; .steps 0: not known */
    struct adv_named_class *class_names; /* [classes], ascending; NULL: they have no names */
    double guidance;                     /* of samples, by default */
    double box_lo[2], box_hi[2];         /* of the plane */
    double *quantiles; /* [n_quantiles], of held-out log-densities, ascending; NULL: not known */
    size_t n_quantiles;
    double latent_square_max; /* of the sum of squares of a latent's numbers, without angles */
};

/* Builds everything that model->config says: net, transform, path, shape, guidance; weights come
 * after. The net's options are spelled out in the config. */
enum adv_status adv_model_configure(struct adv_model *model, struct adv_error *error);

/* A name is part of URLs and file names, and is written to answers as it is. Errors: ADV_E_INVALID,
 * naming the config's field, where its value is no such name. */
enum adv_status adv_model_check_name(const char *field, const json_t *name,
                                     struct adv_error *error);

/* The config's "data.labels" (labels.c). */
enum adv_status adv_model_read_labels(struct adv_model *model, struct adv_error *error);

/* The config's "typicality" (typicality.c). */
enum adv_status adv_model_read_typicality(struct adv_model *model, struct adv_error *error);

/* The config's "flow_map" (flow_map.c). */
enum adv_status adv_model_read_flow_map(struct adv_model *model, struct adv_error *error);

/* A model of a file's weights, with all that `config` says. */
enum adv_status adv_model_from_file(const struct adv_safetensors *file, const json_t *config,
                                    const struct adv_load_options *options, struct adv_model **out,
                                    struct adv_error *error);

/* Finds where the points of a 2-D model lie; its configuration and weights are there. */
enum adv_status adv_model_find_box(struct adv_model *model, struct adv_error *error);

/* Hands the model over, its configuration complete, if all went well; else frees it. */
enum adv_status adv_model_finish(struct adv_model *model, enum adv_status status,
                                 struct adv_model **out, struct adv_error *error);

#endif
