/* The density of a uniform point of a half circle plus round Gaussian noise. */
#ifndef ADV_DATA_HALF_CIRCLE_H
#define ADV_DATA_HALF_CIRCLE_H

#define ADV_LEGENDRE_NODES 32

/* The Gauss-Legendre rule on [-1, 1]: the nodes above 0, those below being their mirror images, and
 * the weights of both (Abramowitz and Stegun 25.4.29). */
struct adv_legendre {
    double node[ADV_LEGENDRE_NODES / 2], weight[ADV_LEGENDRE_NODES / 2];
};

void adv_legendre_init(struct adv_legendre *rule);

/* The log-density at (x, y), with the half circle of that radius above the x-axis around the
 * origin, and noise > 0 its standard deviation: by quadrature, to ten digits or more however small
 * the noise and however far the point. -INFINITY where the point is not finite. */
double adv_half_circle_log_density(const struct adv_legendre *rule, double radius, double noise,
                                   double x, double y);

#endif
