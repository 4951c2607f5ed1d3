/* Where an axis has ticks, and what is written at them. */
#ifndef ADV_PLOT_TICKS_H
#define ADV_PLOT_TICKS_H

#include "core/plot/axis.h"

#define ADV_TICKS_LABELLED_MOST 12
#define ADV_TICKS_MOST 128
#define ADV_EXPONENT_BYTES 16

struct adv_tick {
    double value;
    char text[20];                     /* UTF-8; "" at a minor tick */
    char exponent[ADV_EXPONENT_BYTES]; /* written raised after text, or "" */
};

struct adv_ticks {
    int n;
    struct adv_tick at[ADV_TICKS_MOST];
    int factor; /* texts are in units of 10^factor */
};

/* At most n_most >= 2 ticks with texts (and ADV_TICKS_LABELLED_MOST), in ascending order.
 * Linear axes: all multiples, within the range, of the least step 1, 2 or 5 x 10^k that keeps to
 * n_most. Logarithmic ones: powers of ten, every one or every k-th, with minor ticks between; where
 * the range has fewer than two, 1, 2 and 5 times the powers of ten; then as linear ones. */
void adv_ticks_choose(const struct adv_axis *axis, int n_most, struct adv_ticks *ticks);

/* An exponent as it is written raised, with a minus sign rather than a hyphen. */
void adv_ticks_write_exponent(int exponent, char text[ADV_EXPONENT_BYTES]);

#endif
