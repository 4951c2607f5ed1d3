/* What a network is trained on: an endless stream of examples in flow units,
 * and held-out ones that never change. An example is a pure function of (seed,
 * index), so training may be cut into shards and resumed anywhere. */
#ifndef ADVECT_EXTRA_DATASET_H
#define ADVECT_EXTRA_DATASET_H

#include <advect/api.h>
#include <advect/extra/gaussian_mixture.h>
#include <advect/extra/levels.h>
#include <advect/extra/recipe.h>
#include <advect/extra/rng.h>
#include <advect/extra/source.h>

ADV_API_BEGIN

/* Held-out rows of a density or simulator, which can draw any number. */
#define ADV_DENSITY_HELD_OUT 4096

struct adv_dataset {
    struct adv_source source;
    struct adv_transform *transform;
    size_t dim, n_dims, shape[3];
    size_t classes;
    uint64_t seed;
    int32_t *labels;     /* [n_rows], or NULL */
    json_t *label_names; /* names of the classes that the file gave, an array; or NULL */
    size_t n_rows;       /* of files, or simulated once; 0 where examples are drawn afresh */
    size_t n_train;      /* n_rows - n_held_out; 0 where they are drawn afresh */
    size_t n_held_out;
    /* Of 8-bit sources; kind none of others. Dequantised: rows are 0..255 until they are drawn;
     * else they are in data units. */
    struct adv_levels levels;
    /* [dim], of a table or simulations whose transform is "auto": whether the recipe, or the prior,
     * states a column's support. NULL of others. */
    bool *stated;
    size_t shift;                 /* of images in training: up to so many pixels each way */
    char digest[17];              /* names the data */
    size_t n_context;             /* numbers of a context, the condition of an example; 0: none */
    float *contexts;              /* [n_rows, n_context], in data units; NULL: none */
    char *const *context_columns; /* [n_context], names; NULL: none */
    char **context_names;         /* those of the recipe where the source has none, or NULL */
    struct adv_transform *context_transform; /* to the network's units; NULL: no context */
    double context_reach;                    /* the adv_largest_deviation of all training rows */
};

/* Opens and checks the data of a recipe; place as in adv_source_open. */
enum adv_status adv_dataset_open(const struct adv_data_recipe *recipe, uint64_t seed,
                                 const char *place, struct adv_dataset *dataset,
                                 struct adv_error *error);
void adv_dataset_close(struct adv_dataset *dataset);

/* Name of one of the dim numbers of an example, of the file's header or the recipe's data.columns;
 * or NULL. Borrowed. */
const char *adv_dataset_column(const struct adv_dataset *dataset, size_t column);
/* Name of one of the numbers of a context, of the file's header, the simulator or the recipe's
 * data.context.columns; or NULL. Borrowed. */
const char *adv_dataset_context_column(const struct adv_dataset *dataset, size_t i);
/* The part of the plane that holds 2-D data: a density's box, the bounds of a prior, or nearly all
 * rows of a table. False for other data. */
bool adv_dataset_box(const struct adv_dataset *dataset, double lo[2], double hi[2]);
/* What was noticed in the data, a line each: rows left out, columns that say nothing, cells far
 * beyond all others. "" for nothing. Borrowed. */
const char *adv_dataset_notes(const struct adv_dataset *dataset);

/* Examples first ... first + n - 1 of the training stream, in flow units: x [n, dim], label [n]
 * (ADV_NO_LABEL where there are no classes), context [n, n_context] or NULL. Files go through every training row once per epoch, in
 * an order of the epoch's own. Shifted images repeat their edges. */
void adv_dataset_draw(const struct adv_dataset *dataset, uint64_t first, size_t n, float *x,
                      int32_t *label, float *context);

/* Held-out examples first ... first + n - 1, first + n <= n_held_out. */
void adv_dataset_draw_held_out(const struct adv_dataset *dataset, uint64_t first, size_t n,
                               float *x, int32_t *label, float *context);

/* Parts of the data that a model is measured on. */
enum adv_split {
    ADV_SPLIT_HELD_OUT, /* kept from training */
    ADV_SPLIT_TEST,     /* every row, in the file's order: of a data set of test files */
    ADV_SPLIT_TRAIN     /* what training sees, but never shifted */
};

extern const char *const adv_split_names[]; /* NULL-terminated, in the order of enum adv_split */

/* Says what the columns of a table seem to be where the recipe does not state their support, a
 * sentence each: "column so2: all values are at least 0; consider support [0, null]". */
void adv_dataset_suggest(const struct adv_dataset *dataset,
                         void (*say)(void *context, const char *sentence), void *context);

/* How many examples a split has. */
size_t adv_dataset_rows(const struct adv_dataset *dataset, enum adv_split split);

/* Examples first ... first + n - 1 of a split, and their contexts or NULL, in data units. */
void adv_dataset_points(const struct adv_dataset *dataset, enum adv_split split, uint64_t first,
                        size_t n, float *x, int32_t *label, float *context);
/* The same with a draw of its own of the noise that dequantises 8-bit data: draw 0 is that of
 * adv_dataset_points, and others are independent of it and of each other. Not for sources that are
 * drawn (adv_source_is_drawn), whose draws would be other examples. */
void adv_dataset_points_of_draw(const struct adv_dataset *dataset, enum adv_split split,
                                uint64_t draw, uint64_t first, size_t n, float *x, int32_t *label,
                                float *context);

/* Conditions as often as the data have them: labels [n], where there are classes, and contexts
 * [n, n_context], where there are contexts, of n of the rows of files, spread evenly over them, or
 * of n held-out simulations. ADV_E_MEMORY. */
enum adv_status adv_dataset_conditions(const struct adv_dataset *dataset, size_t n, int32_t *labels,
                                       float *contexts, struct adv_error *error);

/* The linear part of the mean of an example given its context, both in the network's units: E[x | c]
 * is about weight c + bias. By least squares over (at most 20,000) examples of training. */
struct adv_context_mean {
    size_t dim, n_context;
    float *weight; /* [dim, n_context] */
    float *bias;   /* [dim] */
};

/* Of a data set with contexts. On success the mean is the caller's to release. Errors:
 * ADV_E_NUMERIC where there is no such mean; ADV_E_MEMORY. */
enum adv_status adv_dataset_fit_context_mean(const struct adv_dataset *dataset,
                                             struct adv_context_mean *mean,
                                             struct adv_error *error);
void adv_context_mean_release(struct adv_context_mean *mean);
/* x [n, dim] -= the mean given contexts [n, n_context], all in the network's units. */
void adv_context_mean_subtract(const struct adv_context_mean *mean, size_t n, const float *contexts,
                               float *x);

/* Mixtures of Gaussians of the data in flow units, or, unless mean is NULL, of what is left of them
 * without that mean. Fitted to (at most 10,000) examples of training by the recipe's seed, as a
 * training with net.mixture begins: with so many components, or, where that is 0, with as many of
 * at most 16 as give held-out examples the highest mean log-density. On success the mixture is the
 * caller's to release. Errors: ADV_E_INVALID without held-out examples to choose by;
 * ADV_E_MEMORY. */
enum adv_status adv_dataset_fit_mixture(const struct adv_dataset *dataset,
                                        const struct adv_context_mean *mean, size_t n_components,
                                        struct adv_gaussian_mixture *mixture,
                                        struct adv_error *error);

/* Seeds of the independent uses of a recipe's seed. */
enum adv_seed_use {
    ADV_SEED_INIT,
    ADV_SEED_TRAIN,
    ADV_SEED_HELD_OUT,
    ADV_SEED_SPLIT,
    ADV_SEED_EPOCH,
    ADV_SEED_SHIFT,
    ADV_SEED_TARGET
};
uint64_t adv_seed_for(uint64_t seed, enum adv_seed_use use);

ADV_API_END
#endif
