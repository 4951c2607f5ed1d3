/* Quantiles of the distributions that error bars and tests are read from. */
#ifndef ADVECT_EXTRA_TAILS_H
#define ADVECT_EXTRA_TAILS_H

#include <advect/api.h>
#include <stddef.h>

ADV_API_BEGIN

/* The p-quantile, 0.5 <= p < 1, of Student's t with `degrees` >= 1 degrees of freedom (Abramowitz
 * and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4). */
double adv_student_quantile(double p, size_t degrees);

/* P(X > x) of a chi-square variable with `degrees` >= 1 degrees of freedom: the regularised upper
 * incomplete gamma function Q(degrees / 2, x / 2), by its series below the mean and its continued
 * fraction above (NIST Digital Library of Mathematical Functions, 8.7.1 and 8.9.2). */
double adv_chi_square_tail(double x, size_t degrees);

/* The x that is exceeded with probability `tail` in (0, 1). */
double adv_chi_square_quantile(double tail, size_t degrees);

ADV_API_END
#endif
