/* Parts that kinds of networks share. Values are ids of the graph; ADV_NONE stands for a value that
 * is not there. */
#ifndef ADV_NETS_PARTS_H
#define ADV_NETS_PARTS_H

#include "core/graph/graph.h"

#include <stdint.h>

/* in beside its Fourier features, with frequencies pi 2^(i-1) (octaves), or pi i; in itself where
 * n_frequencies is 0. */
int adv_net_features(struct adv_graph *g, int in, int64_t n_frequencies, bool octaves);

/* The linear layer `name` to n_out channels, whose weights are 0 at first and whose bias starts at 0
 * or 1. */
int adv_net_linear_starting_at(struct adv_graph *g, size_t n_out, int in, const char *name,
                               enum adv_init start);

/* The label's row of a learned table [n_entries, n_out], label_emb. */
int adv_net_label_embedding(struct adv_graph *g, size_t n_entries, size_t n_out);

/* The mean m that a context gives, [dim]: at first that of a linear regression, which a training
 * puts there, to which a layer of `features` (the context's, or ADV_NONE) adds.
 *
 *     m = context_mean(context) + context_mean_correction(features) */
int adv_net_context_mean(struct adv_graph *g, size_t dim, int features);

/* x - t mean: a point relative to a mean that moves as condot has it; x without a mean. */
int adv_net_relative_to(struct adv_graph *g, int mean);

struct adv_net_mixture {
    size_t dim, n_components;
    size_t n_labels; /* 0 without classes; a null class counts */
};

/* The exact velocity at x of a mixture of Gaussians, which a training fits to the data. */
int adv_net_mixture(struct adv_graph *g, struct adv_net_mixture mixture, int x);

#endif
