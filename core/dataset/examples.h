/* Rows of the flow-matching regression: data, base points and times, and what they make of a path.
 * Scratch of one thread. */
#ifndef ADV_CORE_EXAMPLES_H
#define ADV_CORE_EXAMPLES_H

#include "core/dataset/target_draws.h"

#include <advect/extra/dataset.h>
#include <advect/extra/evaluator.h>
#include <advect/path.h>

#define ADV_EXAMPLES_WIDE 4 /* arrays of [rows_max, dim] */

struct adv_examples {
    size_t rows_max, dim;
    float *x0, *x1, *x_t, *target; /* [rows_max, dim], flow units */
    float *t, *uniform;            /* [rows_max] */
    float *s;                      /* [rows_max], of flow maps: the times to which they lead; else
                                      NULL */
    int32_t *label;                /* [rows_max] */
    /* [batch, dim]: the base points of all rows of the batch at hand, where they are coupled, borrowed;
     * NULL: each row draws its own. */
    const float *coupled_x0;
    struct adv_target_draws target_draws; /* zeros: the target of the pair at hand */
    size_t n_context;
    float *contexts;       /* [rows_max, n_context], in the network's units */
    const float **context; /* [rows_max]: each row's, or NULL of one without; NULL: no contexts */
};

/* For examples of this data set. */
enum adv_status adv_examples_init(struct adv_examples *examples, size_t rows_max,
                                  const struct adv_dataset *dataset, struct adv_error *error);
void adv_examples_release(struct adv_examples *examples);

/* Examples first ... first + n - 1 of training, n <= rows_max, and their base points: x1, label,
 * contexts and x0. */
void adv_examples_draw_ends(struct adv_examples *examples, const struct adv_dataset *dataset,
                            uint64_t first, size_t n);

/* Rows first_row ... first_row + n - 1 of the batch of a step, n <= rows_max: x_t, t, label and
 * target. Uniform times are stratified: row i of a batch of b takes t = (i + u) / b, which lowers
 * the variance of the batch's loss; rows being drawn independently of their place, nothing is
 * biased. */
void adv_examples_draw(struct adv_examples *examples, const struct adv_dataset *dataset,
                       const struct adv_path *path, const struct adv_train_recipe *train,
                       int64_t step, size_t first_row, size_t n);

/* Held-out rows, always with the same noise and with times (i + 1/2) / n_held_out. */
void adv_examples_draw_held_out(struct adv_examples *examples, const struct adv_dataset *dataset,
                                const struct adv_path *path, size_t first_row, size_t n);

/* The first n rows, where the network is to be evaluated: borrowed from the examples. */
struct adv_points adv_examples_points(const struct adv_examples *examples, size_t n);

#endif
