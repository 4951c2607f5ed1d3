/* The state of a training, and its parts. A step's result is a function of the state before it and
 * of recipe and data: it depends neither on the number of threads and ranks nor on interruptions.
 * The batch is cut into fixed shards, each with a gradient of its own; these are summed in shard
 * order. */
#ifndef ADV_TRAIN_TRAINING_H
#define ADV_TRAIN_TRAINING_H

#include "core/dataset/examples.h"
#include "core/train/coupling.h"

#include <advect/extra/dataset.h>
#include <advect/extra/gradient.h>
#include <advect/extra/net.h>
#include <advect/extra/ranks.h>
#include <advect/extra/recipe.h>
#include <advect/pool.h>
#include <advect/query.h>
#include <advect/train.h>

/* One thread's part. */
struct adv_training_worker {
    struct adv_gradient *gradient;
    struct adv_examples examples;
    int64_t weights_step; /* whose weights the gradient has; -1: none */
    float *scratch;       /* of updates; NULL: none is needed */
};

/* Weights that one thread updates: some of AdamW's, or a matrix of Muon's. */
struct adv_training_span {
    size_t first, n, rows; /* rows: of a matrix; 0: AdamW's */
};

struct adv_training {
    struct adv_recipe recipe;
    struct adv_dataset dataset;
    struct adv_distillation *distillation; /* NULL: flow matching */
    struct adv_pool *pool;
    struct adv_load_options load;
    char *isa; /* load.isa, owned */
    struct adv_net *net;
    size_t n_weights, shard_rows, n_shards, n_pieces;
    float *weights, *average, *m, *v; /* [n_weights] */
    float *best;                      /* [n_weights], averages of progress.best_step; NULL: the last
                                         are kept */
    int64_t worse_points;             /* measured since then */
    size_t first_shard, n_own_shards; /* of this process; all, unless ranks share them */
    float *gradients;                 /* [n_own_shards, n_weights] */
    float *sum;                       /* [n_weights], of all gradients: the first of them or, where
                                         later ranks add theirs, received */
    double *shard_sums;               /* [n_shards]: of squared errors */
    double *piece_squares;            /* [n_pieces]: of the gradient's elements */
    struct adv_training_span *spans;  /* [n_spans]: all learned weights, in order */
    size_t n_spans, scratch_size;     /* elements of each worker's scratch */
    struct adv_training_worker *workers;
    struct adv_coupling coupling; /* of the step at hand; zeros where it is independent */
    double gradient_scale;        /* of the step at hand, for its pieces */
    struct adv_training_memory memory;
    struct adv_training_progress progress;

    const struct adv_ranks *ranks;   /* who shares the training; NULL: this process alone */
    float *before, *received;        /* [a block], [n_weights]: sums of ranks before, of all */
    double *passed_sums;             /* [n_shards + 1]: as shard_sums, of ranks up to this one */
    bool asks_to_stop, told_to_stop; /* this rank; all, in the last step */
    const struct adv_training_run_options *running; /* while adv_training_run does; else NULL */

    double window_sum; /* of losses since the last point of the curve */
    int64_t window_steps;
    struct adv_curve_point *curve;
    size_t n_curve, curve_capacity;
};

/* adv_training_new for a recipe that was read; it becomes the training's, or is released. */
enum adv_status adv_training_start(struct adv_recipe *recipe,
                                   const struct adv_training_options *options,
                                   struct adv_training **training, struct adv_error *error);

/* Makes the net of the recipe, of which the data say what they alone know: the columns that are
 * angles, the size of contexts. Errors: ADV_E_INVALID where net and data do not fit. */
enum adv_status adv_training_make_net(struct adv_training *training, struct adv_error *error);

/* The weights before the first step, and their average: those of train.start_from; of a student,
 * its teacher's if all of them fit; else random ones, and those that are fitted to the data.
 * Errors: ADV_E_INVALID where the model of train.start_from has another net, and where a part of
 * the net takes another path; those of adv_model_load. */
enum adv_status adv_training_init_weights(struct adv_training *training,
                                          const struct adv_training_options *options,
                                          struct adv_error *error);

/* The model of a file as it is named or else of the folder, which may be NULL. field: of the
 * recipe, told before the errors of adv_model_load. */
enum adv_status adv_training_load_model(const struct adv_training *training, const char *folder,
                                        const char *field, const char *name,
                                        struct adv_model **model, struct adv_error *error);

/* Sets weights [adv_net_weights] of the net to the model's, where all of these fit, and says
 * whether they do; what the net has beyond them stays as it is. */
bool adv_training_take_weights(const struct adv_net *net, const struct adv_model *model,
                               float *weights);

/* Sets spans, by the recipe's optimiser; each worker's scratch. */
enum adv_status adv_training_plan_updates(struct adv_training *training, struct adv_error *error);
/* Adds to a digest what Muon's products come to here, with the weights for gradients; what they are
 * depends on OpenBLAS and the processor. */
enum adv_status adv_training_digest_updates(const struct adv_training *training, uint64_t *digest,
                                            struct adv_error *error);
/* Updates weights and averages by the sum of gradients. */
void adv_training_update(struct adv_training *training);

/* Whether the curve lacks the point of the step at hand. */
bool adv_training_point_is_due(const struct adv_training *training);
/* Ends the window: adds a point to the curve, and the training after the last step. Errors: ADV_E_CANCELLED, and nothing is added. */
enum adv_status adv_training_add_point(struct adv_training *training, struct adv_error *error);

/* The first n held-out rows, in data units: owned until released, whatever the status. */
struct adv_training_rows {
    size_t n;
    float *x, *context;
    int32_t *labels;
};
enum adv_status adv_training_rows_take(const struct adv_training *training, size_t n,
                                       struct adv_training_rows *rows, struct adv_error *error);
void adv_training_rows_release(struct adv_training_rows *rows);
/* Makes them the points of a query, with their labels and contexts; borrowed by it. */
void adv_training_rows_ask(const struct adv_training *training,
                           const struct adv_training_rows *rows, struct adv_query *query);

/* Mean negative log-density of held-out rows by the averaged weights, in nats and data units. */
enum adv_status adv_training_measure(const struct adv_training *training, double *nll,
                                     struct adv_error *error);

/* The model with these weights [n_weights]. */
enum adv_status adv_training_model_of(const struct adv_training *training, const float *weights,
                                      struct adv_model **model, struct adv_error *error);

/* The config's "typicality" of the model that the training leaves; *typicality is NULL where too
 * few rows are held out, or the training was too short to be worth it. */
enum adv_status adv_training_typicality(const struct adv_training *training,
                                        struct adv_model *model, json_t **typicality,
                                        struct adv_error *error);

/* JSON has no NaN: null stands for it, a new reference. */
json_t *adv_real_or_null(double value);

/* The recipe as training sees it, with the net's and its own defaults spelled out: a new reference,
 * or NULL without memory. */
json_t *adv_training_recipe(const struct adv_training *training);

#endif
