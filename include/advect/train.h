/* Training: from a recipe (docs/reference/recipe.md) to a model.
 *
 *     struct adv_training *training = NULL;
 *     status = adv_training_new(recipe, NULL, &training, &error);
 *     if (status == ADV_OK)
 *         status = adv_training_run(training, NULL, &error);
 *     if (status == ADV_OK)
 *         status = adv_training_model(training, &model, &error);
 *     adv_training_free(training);
 *
 * The model learned is a function of recipe and data alone: it depends neither on the number of
 * threads nor on whether the training was stopped and resumed. */
#ifndef ADVECT_TRAIN_H
#define ADVECT_TRAIN_H

#include <advect/api.h>
#include <advect/load_options.h>
#include <advect/model.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

struct adv_training;

/* The recipe that a file of rows gets where nobody writes one: what `advect fit` trains, chosen by
 * what is in the table; the same file, options and seed give the same recipe. file: CSV or NPY,
 * gzipped or not, which the training is then to have as its data. options: a JSON object or NULL,
 * with any of
 *
 *     "name"       of the model; the file's without its ending if absent
 *     "recorded"   what the recipe is to call the file; its path if absent
 *     "columns", "context", "label_column", "missing", "header", "separator"   of a CSV file, as in
 *                  data.source of recipes
 *     "labels", "context_file"   of an NPY file, those with its rows' classes and contexts, which
 *                  data.source calls "labels" and "context"
 *     "support"    as data.support of recipes
 *     "net"        kind of the network: "mlp" if absent, or "transformer", which learns more from few
 *                  rows of many columns and takes ten to fifty times as long
 *     "steps", "seed"   as in train of recipes
 *
 * *recipe: JSON text, the caller's to free. Errors: ADV_E_FORMAT, ADV_E_INVALID, ADV_E_IO, of the
 * file or with the field of the options; ADV_E_MEMORY. */
enum adv_status adv_recipe_for_file(const char *file, const char *options, char **recipe,
                                    struct adv_error *error);

/* What the recipe leaves open. Zeros are the defaults. */
struct adv_training_options {
    size_t size;      /* sizeof (struct adv_training_options) */
    const char *data; /* folder of the recipe's data files, or the one file of a csv or npy source;
                         NULL: the working directory */
    int64_t steps;    /* in place of the recipe's train.steps; 0: as the recipe says */
    int threads;      /* 0: one per processor */
    const struct adv_load_options *load; /* how networks are evaluated; NULL: the defaults */
    bool resumes;        /* the weights come from a checkpoint: train.start_from is not read */
    uint8_t reserved[7]; /* 0 */
};

/* Reads the recipe, JSON text, opens its data and sets the initial weights. options may be NULL.
 * Errors: ADV_E_FORMAT for text that is no JSON; ADV_E_INVALID, with the field ("train.steps");
 * ADV_E_IO for data that cannot be read; ADV_E_MEMORY. */
enum adv_status adv_training_new(const char *recipe, const struct adv_training_options *options,
                                 struct adv_training **training, struct adv_error *error);
void adv_training_free(struct adv_training *training); /* NULL is allowed */

/* What was noticed in the data, a line each: rows that were left out, columns that say nothing,
 * cells far beyond all others. "" for nothing. Borrowed from the training. */
const char *adv_training_notes(const struct adv_training *training);

/* Where a training stands. The library's own: later versions may add members at the end. */
struct adv_training_progress {
    int64_t step, steps;  /* done; in all */
    double loss;          /* mean since the last point of the curve; NaN before the first step */
    double held_out;      /* the last held-out loss; NaN before the first, or without such rows */
    double learning_rate; /* of the last step */
    double seconds;       /* of training, those before a resumption included */
    double held_out_nll;  /* the last mean negative log-density of held-out rows, in nats and data
                             units; NaN where train.keep is not "best" */
    double best_nll;      /* the least so far, and its step: those weights become the model */
    int64_t best_step;
    bool over; /* no further step: all are done, or train.patience is at its end */
};

/* Borrowed from the training, and true until its next step. */
const struct adv_training_progress *adv_training_progress(const struct adv_training *training);

/* How a training is run. Zeros are the defaults. on_step and on_warning come from the calling
 * thread, between steps; the training may be read in them and saved. */
struct adv_training_run_options {
    size_t size;            /* sizeof (struct adv_training_run_options) */
    const char *checkpoint; /* file that is written every train.checkpoint_every_s, and at the end;
                               NULL: none */
    /* After every step; false stops. NULL: on to the end. */
    bool (*on_step)(void *context, const struct adv_training_progress *progress);
    /* When a checkpoint cannot be written that the training does without, on the way or once it is
     * over; the one before is kept. NULL: not reported. */
    void (*on_warning)(void *context, const char *message);
    void *context; /* of all that are called */
    /* Asked while a teacher's paths are computed and while held-out rows are measured, which may
     * take as long as many steps, by several threads at the same time: true stops, and a training
     * that is resumed measures first. Not asked where ranks share the training. NULL: on to the
     * end. */
    bool (*cancelled)(void *context);
    /* Told, by the calling thread, what share of a teacher's paths is computed. NULL: not told. */
    void (*on_paths)(void *context, double share);
    /* File of a teacher's paths: what it has of them is not computed anew, and what is, is written
     * to it, also where cancelled stops it; where it cannot be written that is a warning. Not
     * used where ranks share the training, which compute the paths before. NULL: none. */
    const char *paths_file;
};

/* Trains up to the last step, or until train.patience is at its end: ADV_OK; or until on_step
 * returns false or cancelled true: ADV_E_CANCELLED. A student of a teacher first has it compute its
 * paths; where that is cancelled or fails no checkpoint is written. Otherwise the checkpoint then holds the last
 * step: where it cannot be written a training that is over warns, and one that was stopped fails
 * with ADV_E_IO. ADV_E_NUMERIC when the loss is no longer finite or its gradient too large: state
 * and checkpoint stay as they were. options may be NULL. */
enum adv_status adv_training_run(struct adv_training *training,
                                 const struct adv_training_run_options *options,
                                 struct adv_error *error);

/* One step, with the point of the curve that is due before the first, and after it where one is. *loss: of its batch, before the update;
 * may be NULL. Errors as in adv_training_run; ADV_E_INVALID after the last step. */
enum adv_status adv_training_step(struct adv_training *training, double *loss,
                                  struct adv_error *error);

/* Writes the whole state, atomically. Messages of both begin with the path. */
enum adv_status adv_training_save(const struct adv_training *training, const char *checkpoint,
                                  struct adv_error *error);
/* Takes over the state of a checkpoint of the same recipe and data, on success only. Of the recipe
 * name, sampling, data.labels, data.box, train.steps, train.cycle_steps and
 * train.checkpoint_every_s may differ. Errors: ADV_E_IO, ADV_E_FORMAT, ADV_E_UNSUPPORTED for a file
 * that is no checkpoint of this version; ADV_E_INVALID, with the field, where recipe or data
 * differ; ADV_E_MEMORY. */
enum adv_status adv_training_resume(struct adv_training *training, const char *checkpoint,
                                    struct adv_error *error);
/* Whether a file is the checkpoint of a training that has not ended; then *step, if not NULL, is
 * where it stands. */
bool adv_checkpoint_is_unfinished(const char *path, int64_t *step);

/* The model so far: the averaged weights, or the best of them (train.keep), with the record of
 * their training and a card. */
enum adv_status adv_training_model(const struct adv_training *training, struct adv_model **model,
                                   struct adv_error *error);
/* Its name, borrowed. */
const char *adv_training_name(const struct adv_training *training);

/* The loss curve: a point every train.held_out_every steps, and one at the end; where train.keep is
 * "best" also one before the first step. */
struct adv_curve_point {
    int64_t step;
    double loss;     /* mean since the point before */
    double held_out; /* of the averaged weights; NaN where no example is held out */
    double learning_rate;
    double seconds;      /* of training until then */
    double held_out_nll; /* mean negative log-density of held-out rows; NaN where not measured */
};
size_t adv_training_curve_points(const struct adv_training *training);
/* Borrowed until the next step. i < adv_training_curve_points. */
const struct adv_curve_point *adv_training_curve_point(const struct adv_training *training,
                                                       size_t i);

/* What a training takes, planned before it starts: bytes, and how its batch is divided. */
struct adv_training_memory {
    size_t data;        /* examples of files */
    size_t activations; /* of one thread: a shard's rows there and back; Muon's scratch */
    size_t gradients;   /* one of all weights per shard */
    size_t weights;     /* with their average and both moments */
    size_t total;       /* with the activations of all threads */
    size_t threads, shards, shard_rows; /* of a batch */
};
/* Borrowed from the training. */
const struct adv_training_memory *adv_training_memory(const struct adv_training *training);

ADV_API_END
#endif
