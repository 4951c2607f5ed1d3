/* A histogram of Prometheus: values counted in buckets by their upper bounds. Thread-safe, as every
 * number is an atomic; whoever reads sees each whole, if not all of one instant. */
#ifndef ADV_SERVER_HISTOGRAM_H
#define ADV_SERVER_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ADV_HISTOGRAM_BOUNDS_MAX 16

/* What is counted, for all histograms of one metric. */
struct adv_histogram_kind {
    const char *name, *help;
    size_t n_bounds;
    double bounds[ADV_HISTOGRAM_BOUNDS_MAX];
};

/* Zeroed memory is an empty one. */
struct adv_histogram {
    atomic_ullong in_bucket[ADV_HISTOGRAM_BOUNDS_MAX + 1];
    atomic_ullong sum_millionths;
};

/* Counts a value n times. */
void adv_histogram_count(struct adv_histogram *histogram, const struct adv_histogram_kind *kind,
                         double value, uint64_t n);

/* "# HELP" and "# TYPE", once before all of a kind. */
void adv_histogram_write_head(const struct adv_histogram_kind *kind, FILE *out);
/* labels: "route=\"x\"", or "". Nothing where nothing was counted. */
void adv_histogram_write(const struct adv_histogram *histogram,
                         const struct adv_histogram_kind *kind, const char *labels, FILE *out);

#endif
