/* The standard normal distribution and its inverse, in double. */
#ifndef ADV_DATA_NORMAL_H
#define ADV_DATA_NORMAL_H

/* Phi(z), the mass below z, relatively accurate far into the lower tail. z may be infinite. */
double adv_normal_below(double z);

/* The z with mass `below` below it and `above` above, both given, adding up to 1, so that neither
 * tail loses digits. Infinite where one is 0. Relative accuracy about 1e-15: M. Wichura, "Algorithm
 * AS 241: the percentage points of the normal distribution", Applied Statistics 37, 1988,
 * PPND16. */
double adv_normal_quantile(double below, double above);

/* log of the density at z. */
double adv_normal_log_density(double z);

/* log of the mass above z, and the z with that much above it (log_above < 0), however far out: also
 * where the mass itself is no longer a number. */
double adv_normal_log_above(double z);
double adv_normal_at_log_above(double log_above);

#endif
