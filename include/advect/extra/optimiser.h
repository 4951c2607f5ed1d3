/* AdamW (Loshchilov & Hutter, "Decoupled weight decay regularization", 2019, algorithm 2), Muon
 * (Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024), their learning
 * rate over time, and the exponential moving average of weights. Each works on a range of the
 * weights, so that ranges may go to different threads. */
#ifndef ADVECT_EXTRA_OPTIMISER_H
#define ADVECT_EXTRA_OPTIMISER_H

#include <advect/api.h>
#include <advect/extra/recipe.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

struct adv_adamw {
    double learning_rate, beta1, beta2, epsilon, weight_decay;
    double gradient_scale; /* of the gradients before anything else: clipping */
    int64_t step;          /* 1 for the first: corrects the bias of the moments */
};

/* m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * w -= learning_rate (m^ / (sqrt(v^) + epsilon) + weight_decay w), m^ = m / (1 - beta1^step), v^
 * alike. All arrays [n]. */
void adv_adamw_update(const struct adv_adamw *adamw, size_t n, const float *g, float *w, float *m,
                      float *v);

struct adv_muon {
    double learning_rate, momentum, weight_decay;
    double gradient_scale; /* as of AdamW */
};

/* Elements of memory that adv_muon_update needs for a matrix. */
size_t adv_muon_scratch(size_t rows, size_t columns);

/* Of a weight matrix w [rows, columns], one of each at least: with Nesterov's momentum,
 *
 *     m = momentum m + (1 - momentum) g,   u = momentum m + (1 - momentum) g
 *     w -= learning_rate (0.2 sqrt(max(rows, columns)) O + weight_decay w)
 *
 * O is u with its singular values moved near 1, by five steps of X <- a X + (b X X' + c (X X')^2) X
 * from X = u / |u|; those below a few thousandths of |u| get less far. The factor makes steps about
 * as long as AdamW's mostly are at the same rate (Liu et al., "Muon is scalable for LLM training",
 * 2025, eq. 4). g, w and m [rows, columns]; scratch [adv_muon_scratch]. The same bits on any thread. */
void adv_muon_update(const struct adv_muon *muon, size_t rows, size_t columns, const float *g,
                     float *w, float *m, float *scratch);

/* The decay of the average after `updates` updates: min(decay, (1 + updates) / (10 + updates)), so
 * that a young average forgets the initial weights soon. */
double adv_ema_decay(double decay, int64_t updates);

/* average = decay average + (1 - decay) w */
void adv_ema_update(double decay, size_t n, const float *w, float *average);

/* The learning rate of step in [0, train->steps): a linear warm-up, then half a cosine down to its
 * minimum; anew in each cycle, if there are several (Loshchilov & Hutter 2017, "SGDR"). */
double adv_schedule_rate(const struct adv_train_recipe *train, int64_t step);

ADV_API_END
#endif
