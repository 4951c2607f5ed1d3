/* AdamW (Loshchilov & Hutter, "Decoupled weight decay regularization", 2019, algorithm 2), its
 * learning rate over time, and the exponential moving average of weights. Plain loops over a range
 * of the weights, so that ranges may go to different threads. */
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
