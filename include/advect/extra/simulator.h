/* Built-in simulators for simulation-based inference: a prior of the parameters theta, and a
 * program that draws data x given theta, whose posterior p(theta | x) a conditional flow learns.
 *
 * They are eight tasks of the benchmark of Lueckmann, Boelts, Greenberg, Gonçalves and Macke
 * ("Benchmarking simulation-based inference", AISTATS 2021), as its program sbibm defines them.
 * Simulation i of a seed is a pure function of (seed, i): it is the same whatever is drawn with
 * it. Data are drawn given the parameters as rounded to float32. */
#ifndef ADVECT_EXTRA_SIMULATOR_H
#define ADVECT_EXTRA_SIMULATOR_H

#include <advect/api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

struct adv_simulator;

/* NULL-terminated; adv_simulator_find(adv_simulator_names[i]) is never NULL. */
extern const char *const adv_simulator_names[];
/* Borrowed for good; NULL where there is none of that name. */
const struct adv_simulator *adv_simulator_find(const char *name);

const char *adv_simulator_name(const struct adv_simulator *simulator);
const char *adv_simulator_help(const struct adv_simulator *simulator);
/* Words for the prior: "uniform on [-1, 1]^2". */
const char *adv_simulator_prior(const struct adv_simulator *simulator);

/* Numbers of theta and of x. A row of a table of simulations is [theta, x]. */
size_t adv_simulator_parameters(const struct adv_simulator *simulator);
size_t adv_simulator_data(const struct adv_simulator *simulator);
/* Name of a column of such a row; column < parameters + data. */
const char *adv_simulator_column(const struct adv_simulator *simulator, size_t column);
/* Bounds of a parameter in the prior, -INFINITY and INFINITY where there are none; parameters that
 * are drawn lie strictly between them. */
void adv_simulator_support(const struct adv_simulator *simulator, size_t parameter, double *lo,
                           double *hi);
/* Whether a parameter may have the value: between its bounds, or on one where there are two, since
 * numbers close to a bound are rounded to it. */
bool adv_simulator_allows(const struct adv_simulator *simulator, size_t parameter, double value);

/* Simulations first ... first + n - 1 of a seed: theta [n, parameters] from the prior, x [n, data]
 * given theta, or NULL. */
void adv_simulator_draw(const struct adv_simulator *simulator, uint64_t seed, uint64_t first,
                        size_t n, float *theta, float *x);
/* The same as rows [n, parameters + data]. */
void adv_simulator_rows(const struct adv_simulator *simulator, uint64_t seed, uint64_t first,
                        size_t n, float *rows);
/* Data x [n, data] given theta [n, parameters], with the randomness of simulations first ... of
 * the seed: given what adv_simulator_draw drew, they are its data. Of parameters that are not
 * finite or outside the prior's support, x may be NaN. */
void adv_simulator_simulate(const struct adv_simulator *simulator, uint64_t seed, uint64_t first,
                            size_t n, const float *theta, float *x);

/* log p(theta) in nats of theta [n, parameters] into out [n]; -INFINITY outside the support. */
void adv_simulator_log_prior(const struct adv_simulator *simulator, size_t n, const float *theta,
                             double *out);
/* log p(x | theta) in nats of theta [n, parameters] and x [n, data] into out [n]; -INFINITY where x
 * cannot be, INFINITY at the centre of two_moons' crescent, NaN where the equations of sir and
 * lotka_volterra overflow. Of bernoulli_glm without the number of spike trains that have these
 * sums, which does not depend on theta and may be none: what is missing cancels in every
 * posterior. */
void adv_simulator_log_likelihood(const struct adv_simulator *simulator, size_t n,
                                  const float *theta, const float *x, double *out);

ADV_API_END
#endif
