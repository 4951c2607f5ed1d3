/* Binomial numbers. */
#ifndef ADV_DATA_BINOMIAL_H
#define ADV_DATA_BINOMIAL_H

/* The quantile of u in [0, 1) of the binomial of n <= 1000 trials of probability p, by inversion of
 * its distribution function from the lower end (Devroye, Non-Uniform Random Variate Generation,
 * 1986, III.2): exact, but for the rounding of double and as finely as u is given. */
unsigned adv_binomial_quantile(unsigned n, double p, double u);

/* Log-probability of k, -INFINITY unless it is one of 0 ... n. */
double adv_binomial_log_probability(unsigned n, double p, double k);

#endif
