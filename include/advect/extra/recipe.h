/* Recipes: what a model is trained on and how, as JSON (docs/reference/recipe.md). */
#ifndef ADVECT_EXTRA_RECIPE_H
#define ADVECT_EXTRA_RECIPE_H

#include <advect/api.h>
#include <advect/extra/fields.h>
#include <advect/path.h>
#include <advect/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

ADV_API_BEGIN

struct adv_data_recipe {
    json_t *source;       /* {"kind": ...}: see source.h */
    json_t *shape;        /* array, or NULL: the source's own */
    json_t *labels;       /* names of the classes, or NULL */
    json_t *columns;      /* names of an example's numbers, or NULL: the source's */
    json_t *transform;    /* see <advect/extra/transform.h>, "auto" (the default of csv, npy and
                             simulator sources), or NULL for the identity */
    json_t *support;      /* of a table's columns (docs/reference/recipe.md), or NULL */
    json_t *context;      /* {"transform": ...} of the numbers of a context, or NULL */
    json_t *box;          /* [[x_lo, x_hi], [y_lo, y_hi]] of pictures of 2-D data, or NULL */
    int64_t classes;      /* 0: unconditional */
    bool dequantise;      /* the transform states levels 256: see <advect/extra/levels.h> */
    int64_t shift_pixels; /* largest move of an image along each side */
    double held_out;      /* rows kept from training: a share below 1, or a number of rows */
};

enum adv_time_sampling { ADV_TIME_UNIFORM, ADV_TIME_LOGIT_NORMAL };

/* Which base point an example is paired with: any, or, within the batch, the one that makes the
 * paths the shortest. */
enum adv_coupling_kind { ADV_COUPLING_INDEPENDENT, ADV_COUPLING_OPTIMAL_TRANSPORT };

/* MUON: for the matrices of linear layers and convolutions, with AdamW for the rest. */
enum adv_optimiser { ADV_OPTIMISER_ADAMW, ADV_OPTIMISER_MUON };

enum adv_keep { ADV_KEEP_LAST, ADV_KEEP_BEST };

struct adv_train_recipe {
    int64_t steps, batch, shard_rows, warmup_steps, held_out_every, seed;
    int64_t cycle_steps; /* of the schedule; 0: one cycle */
    int64_t optimiser;   /* enum adv_optimiser */
    double learning_rate, min_learning_rate;
    double beta1, beta2, epsilon, weight_decay;
    double clip_norm; /* 0: none */
    double ema_decay;
    double label_dropout, context_dropout;
    int64_t time_sampling; /* enum adv_time_sampling */
    int64_t coupling;      /* enum adv_coupling_kind */
    int64_t target_draws;  /* pairs through the same x_t whose mean target is learned */
    int64_t precision;     /* enum adv_precision, of matrix products */
    double time_shift;     /* odds t : 1 - t of the sampled times are multiplied by it */
    int64_t keep;          /* enum adv_keep: which weights become the model */
    int64_t patience; /* ADV_KEEP_BEST: measurements without a better one, then it ends; 0: never */
    double checkpoint_every_s;
    char *start_from; /* model file whose weights are the first ones, or NULL */
};

/* What the model's samples take by default. */
struct adv_sampling_recipe {
    double guidance;
};

/* How a student learns from a teacher to take few steps; .teacher NULL: there is none, and the
 * training is flow matching. */
struct adv_distill_recipe {
    char *teacher;    /* model file */
    int64_t steps;    /* the most that the student is made for: 1, 2, 4 or 8 */
    double guidance;  /* of the teacher's velocities */
    int64_t paths;    /* of the teacher, computed once and kept */
    int64_t frames;   /* kept of a path in each eighth of its time */
    double off_data;  /* share of them that end anywhere rather than where data are */
    double backwards; /* share of the steps learned that go from data to the base */
    double last;      /* share of them that are the last, beside its part of the others */
};

struct adv_recipe {
    char *name;
    json_t *net;
    struct adv_sampling_recipe sampling;
    struct adv_data_recipe data;
    const struct adv_path *path;
    struct adv_train_recipe train;
    struct adv_distill_recipe distill;
};

/* The data part alone; json may hold "classes": null, as models' configs do. */
enum adv_status adv_data_recipe_init(struct adv_data_recipe *recipe, const json_t *json,
                                     struct adv_error *error);
void adv_data_recipe_release(struct adv_data_recipe *recipe);

/* Reads a JSON object. Unknown keys are refused with a suggestion. */
enum adv_status adv_recipe_init(struct adv_recipe *recipe, const json_t *json,
                                struct adv_error *error);
/* The same from text. */
enum adv_status adv_recipe_parse(struct adv_recipe *recipe, const char *text,
                                 struct adv_error *error);
void adv_recipe_release(struct adv_recipe *recipe);

/* The i-th part of a recipe by its member's name and its fields, the first being the recipe itself,
 * "" by name; false beyond the last. */
bool adv_recipe_group(size_t i, struct adv_field_group *group);
/* Everything that a recipe can say, as a document in Markdown. */
void adv_recipe_reference(FILE *out);

/* The recipe with every default spelled out: a new reference, or NULL without memory. */
json_t *adv_recipe_to_json(const struct adv_recipe *recipe);

/* "train.steps=500" puts a value into a recipe's JSON: a dotted path of members, of which those
 * that are not there are made, and JSON, or else a text. Whether a recipe has such a member is for
 * adv_recipe_init to say. ADV_E_INVALID names what is wrong with the assignment. */
enum adv_status adv_recipe_set(json_t *recipe, const char *assignment, struct adv_error *error);

/* Whether training by `now` may continue what `before` began (both as adv_recipe_to_json gives
 * them): all that shapes the result must be the same, but name, sampling, data.labels, data.box,
 * train.steps, train.cycle_steps and train.checkpoint_every_s may differ. The error names what
 * changed, from what and to what. */
enum adv_status adv_recipe_check_same(const json_t *before, const json_t *now,
                                      struct adv_error *error);

ADV_API_END
#endif
