/* Targets of less variance, where the data's density p_1 is known. Many pairs (x_0, x_1) lead to the
 * same point x_t = alpha x_1 + sigma x_0 of a path. The mean of the targets of some of them takes the
 * place of the target of the pair at hand, which is one of them; the others are drawn, their x_1 with
 * probability c from G, what p(x_1 | x_t) is where the data are Gaussian (of their means and
 * deviations, in independent coordinates), and else from p_1. They weigh as much as p(x_1 | x_t) is
 * over the density by which they are drawn:
 *
 *     w = p_1 L / (c G + (1 - c) p_1),  L = N(x_t; alpha x_1, sigma^2),
 *     c = 1/2 + 1/2 alpha / (alpha + sigma).
 *
 * The velocity that is learned stays the same. To pick one of the pairs with probabilities in
 * proportion to w is a step of iterated sampling importance resampling (Andrieu, Lee and Vihola
 * 2018, "Uniform ergodicity of the iterated conditional SMC"), which leaves p(x_0, x_1 | x_t) as it
 * is. So the target of the pair picked has the expectation of that of the pair at hand, the velocity
 * at x_t, and so has the mean over picks. Xu, Tong and Jaakkola 2023, "Stable target field for
 * reduced variance score estimation", take such means over rows of data for diffusion models. */
#ifndef ADV_CORE_TARGET_DRAWS_H
#define ADV_CORE_TARGET_DRAWS_H

#include <advect/extra/dataset.h>
#include <advect/path.h>

/* Of one thread. All from centre on is scratch. */
struct adv_target_draws {
    size_t n, dim; /* pairs of each row, the one at hand being the first; n 0: only that */
    double *mean, *variance;  /* [dim], of the data in flow units */
    double *centre, *width;   /* [dim], of G: its mean; its deviation over sigma */
    float *x0, *x1, *data;    /* [n, dim] */
    double *square;           /* [n]: sum of ((x1 - centre) / deviation)^2 */
    double *log_det, *weight; /* [n] */
};

/* As many as the recipe asks for. Errors: ADV_E_INVALID, of train.target_draws, for data whose density
 * is not known, for coupled pairs and for periodic columns; ADV_E_MEMORY. */
enum adv_status adv_target_draws_init(struct adv_target_draws *draws,
                                      const struct adv_dataset *dataset,
                                      const struct adv_train_recipe *train,
                                      struct adv_error *error);
void adv_target_draws_release(struct adv_target_draws *draws);

/* Sets target [dim], that of the pair x0, x1 [dim] at x_t [dim], to the mean. row: of the stream of
 * training examples. */
void adv_target_draws_average(struct adv_target_draws *draws, const struct adv_dataset *dataset,
                              const struct adv_path *path, uint64_t row, float t, const float *x0,
                              const float *x1, const float *x_t, float *target);

#endif
