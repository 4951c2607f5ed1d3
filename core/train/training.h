/* The state of a training, and its step. A step's result is a pure function of the state
 * before it and of (recipe, data): it depends neither on the number of threads nor on
 * interruptions. The batch is cut into fixed shards, each with a gradient of its own; these are
 * summed in shard order. */
#ifndef ADV_CORE_TRAINING_H
#define ADV_CORE_TRAINING_H

#include <advect/extra/dataset.h>
#include <advect/extra/recipe.h>

#include <advect/model.h>
#include <advect/net.h>
#include <advect/pool.h>

struct adv_curve_point {
    int64_t step;
    double loss;     /* mean since the point before */
    double held_out; /* of the averaged weights; NaN where no example is held out */
    double learning_rate;
    double seconds; /* of training until then */
};

struct adv_training_worker;

struct adv_training {
    struct adv_load_options load; /* its isa is borrowed */
    const struct adv_recipe *recipe;
    const struct adv_dataset *dataset;
    struct adv_pool *pool;
    struct adv_net *net;
    size_t n_weights, shard_rows, n_shards, n_pieces;
    float *weights, *average, *m, *v; /* [n_weights] */
    float *gradients;                 /* [n_shards, n_weights] */
    double *shard_sums;               /* [n_shards]: of squared errors */
    double *piece_squares;            /* [n_pieces]: of the gradient's elements */
    struct adv_training_worker *workers;
    double gradient_scale; /* of the step at hand, for its pieces */

    int64_t step; /* steps done */
    double seconds;
    double window_sum; /* of losses since the last point of the curve */
    int64_t window_steps;
    struct adv_curve_point *curve;
    size_t n_curve, curve_capacity;
};

/* Builds the net, checks it against the data, and starts at step 0 from initial weights. recipe,
 * dataset and pool (NULL: the caller's thread) are borrowed; load says how the net is evaluated
 * (NULL: the defaults). */
enum adv_status adv_training_new(const struct adv_recipe *recipe, const struct adv_dataset *dataset,
                                 struct adv_pool *pool, const struct adv_load_options *load,
                                 struct adv_training **training, struct adv_error *error);
void adv_training_free(struct adv_training *training);

/* One step; *loss of its batch before the update. ADV_E_NUMERIC, with the state as it was, when the
 * loss is not finite or its gradient too large. */
enum adv_status adv_training_step(struct adv_training *training, double *loss,
                                  struct adv_error *error);

/* Ends the window: adds a point to the curve. */
enum adv_status adv_training_add_point(struct adv_training *training, struct adv_error *error);

/* The least held-out loss on the curve, or NaN. */
double adv_training_best_held_out(const struct adv_training *training);

/* Bytes that training takes, planned before it starts. */
struct adv_training_memory {
    size_t data;        /* examples of files */
    size_t activations; /* of one thread: a shard's rows through the network and back */
    size_t gradients;   /* one of all weights per shard */
    size_t weights;     /* with their average and both moments */
    size_t all;
};
struct adv_training_memory adv_training_memory(const struct adv_training *training);

/* The recipe as training sees it, with the net's and its own defaults spelled out; a new reference.
 */
json_t *adv_training_recipe(const struct adv_training *training);

/* The model: averaged weights with their config, train record and card. */
enum adv_status adv_training_model(const struct adv_training *training, struct adv_model **model,
                                   struct adv_error *error);

#endif
