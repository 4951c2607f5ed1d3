/* Whether two samples may come from one distribution: column by column, and by a classifier. */
#ifndef ADV_TRAINER_TWO_SAMPLE_H
#define ADV_TRAINER_TWO_SAMPLE_H

#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

/* Points [n, dim], borrowed. */
struct adv_rows {
    size_t n, dim;
    const float *x;
};

struct adv_moments {
    double mean, standard_deviation;
};

/* Of a column: mean and standard deviation on both sides, the largest distance between the two
 * empirical distribution functions (Kolmogorov and Smirnov), and the probability of one as large
 * where both come from one distribution, by its asymptotic form with Stephens' correction (Journal
 * of the Royal Statistical Society B 32, 1970). Both have at least one row. ADV_E_MEMORY. */
struct adv_column_test {
    struct adv_moments a, b;
    double distance, p_value;
};
enum adv_status adv_column_test(const struct adv_rows *a, const struct adv_rows *b, size_t column,
                                struct adv_column_test *result, struct adv_error *error);

/* A classifier two-sample test (Lopez-Paz and Oquab, ICLR 2017): the share of rows that a small
 * network, trained on the others, assigns to the right side. Rows are divided in five parts, each
 * of which is classified by a network that was trained on the other four; of both sides as many
 * rows are taken, at most 2,000. 0.5: they cannot be told apart. standard_error: that of this share
 * where it is 0.5. ADV_E_INVALID for fewer than 10 rows a side; ADV_E_MEMORY. */
struct adv_classifier_test {
    double accuracy, standard_error;
    size_t n_rows; /* of each side */
};
enum adv_status adv_classifier_test(const struct adv_rows *a, const struct adv_rows *b,
                                    uint64_t seed, struct adv_classifier_test *result,
                                    struct adv_error *error);

#endif
