/* Ticks are integer multiples of a step m x 10^e, and are labelled from that integer, so that
 * 0.1 + 0.1 + 0.1 is written and placed as 0.3. */
#include "core/plot/ticks.h"

#include "core/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MINUS "\u2212"
#define ROUNDING 1e-6 /* of a step: an end of the range so near a multiple is at it */

/* Magnitudes from 10^PLAIN_LEAST to 10^PLAIN_MOST are written without a factor. */
#define PLAIN_LEAST (-3)
#define PLAIN_MOST 6
#define PLAIN_DECADE 3 /* powers of ten up to this, either way, are written in full */
#define MINOR_STRIDE_MOST 5

struct step {
    int mantissa, exponent;
};

/* integer x 10^exponent, rounded once. */
static double scaled(double integer, int exponent)
{
    return exponent < 0 ? integer / pow(10, -exponent) : integer * pow(10, exponent);
}

static double first_multiple(double lo, struct step step)
{
    return ceil(lo / scaled(step.mantissa, step.exponent) - ROUNDING);
}

static double last_multiple(double hi, struct step step)
{
    return floor(hi / scaled(step.mantissa, step.exponent) + ROUNDING);
}

static struct step least_step(double lo, double hi, int n_most)
{
    static const int mantissas[] = {1, 2, 5};
    for (int exponent = (int)floor(log10((hi - lo) / n_most));; exponent++) {
        for (size_t i = 0; i < ADV_COUNT(mantissas); i++) {
            struct step step = {mantissas[i], exponent};
            if (last_multiple(hi, step) - first_multiple(lo, step) + 1 <= n_most)
                return step;
        }
    }
}

static struct adv_tick *append(struct adv_ticks *ticks, double value)
{
    if (ticks->n == ADV_TICKS_MOST)
        adv_bug("more than %d ticks", ADV_TICKS_MOST);
    struct adv_tick *tick = &ticks->at[ticks->n++];
    *tick = (struct adv_tick){.value = value};
    return tick;
}

static void write_number(struct adv_tick *tick, double number, int n_decimals)
{
    snprintf(tick->text, sizeof tick->text, "%s%.*f", number < 0 ? MINUS : "", n_decimals,
             fabs(number));
}

/* A multiple of three, so that the texts keep one to three digits before the point. */
static int common_factor(double lo, double hi)
{
    int magnitude = (int)floor(log10(fmax(fabs(lo), fabs(hi))));
    if (magnitude >= PLAIN_LEAST && magnitude < PLAIN_MOST)
        return 0;
    return 3 * (int)floor(magnitude / 3.0);
}

static void choose_linear(const struct adv_axis *axis, int n_most, struct adv_ticks *ticks)
{
    struct step step = least_step(axis->lo, axis->hi, n_most);
    double first = first_multiple(axis->lo, step), last = last_multiple(axis->hi, step);
    ticks->factor = common_factor(axis->lo, axis->hi);
    int n_decimals = ticks->factor > step.exponent ? ticks->factor - step.exponent : 0;
    for (double k = first; k <= last; k++) {
        double integer = k * step.mantissa;
        struct adv_tick *tick = append(ticks, scaled(integer, step.exponent));
        write_number(tick, scaled(integer, step.exponent - ticks->factor), n_decimals);
    }
}

/* ---- logarithmic axes ---- */

void adv_ticks_write_exponent(int exponent, char text[ADV_EXPONENT_BYTES])
{
    snprintf(text, ADV_EXPONENT_BYTES, "%s%d", exponent < 0 ? MINUS : "", abs(exponent));
}

static void write_power(struct adv_tick *tick, int power, bool in_full)
{
    if (in_full) {
        write_number(tick, scaled(1, power), power < 0 ? -power : 0);
    } else {
        snprintf(tick->text, sizeof tick->text, "10");
        adv_ticks_write_exponent(power, tick->exponent);
    }
}

/* The minor ticks above 10^power: 2, 3, ... 9 times it, or the powers up to the next labelled one
 * unless there are many. At most 8 a labelled tick: with those, fewer than ADV_TICKS_MOST. */
static void append_minor(const struct adv_axis *axis, int power, int stride,
                         struct adv_ticks *ticks)
{
    for (int k = 2; stride == 1 && k <= 9; k++) {
        if (adv_axis_shows(axis, scaled(k, power)))
            append(ticks, scaled(k, power));
    }
    for (int k = 1; k < stride && stride <= MINOR_STRIDE_MOST; k++) {
        if (adv_axis_shows(axis, scaled(1, power + k)))
            append(ticks, scaled(1, power + k));
    }
}

static void choose_powers(const struct adv_axis *axis, int first, int last, int n_most,
                          struct adv_ticks *ticks)
{
    struct step step = least_step(first, last, n_most);
    int stride = step.exponent < 0 ? 1 : (int)scaled(step.mantissa, step.exponent);
    bool in_full = first >= -PLAIN_DECADE && last <= PLAIN_DECADE;
    int start = (int)floor((double)first / stride) * stride;
    for (int power = start - stride; power <= last; power += stride) {
        if (power >= first)
            write_power(append(ticks, scaled(1, power)), power, in_full);
        append_minor(axis, power, stride, ticks);
    }
}

/* 1, 2 and 5 times a power of ten; false if that is too few or too many. */
static bool choose_mantissas(const struct adv_axis *axis, int n_most, struct adv_ticks *ticks)
{
    static const int mantissas[] = {1, 2, 5};
    int power = (int)floor(log10(axis->lo));
    if (power < -PLAIN_DECADE || power > PLAIN_DECADE)
        return false;
    for (; scaled(1, power) <= axis->hi; power++) {
        for (size_t i = 0; i < ADV_COUNT(mantissas); i++) {
            double value = scaled(mantissas[i], power);
            if (adv_axis_shows(axis, value))
                write_number(append(ticks, value), value, power < 0 ? -power : 0);
        }
    }
    return ticks->n >= 2 && ticks->n <= n_most;
}

void adv_ticks_choose(const struct adv_axis *axis, int n_most, struct adv_ticks *ticks)
{
    ticks->n = 0;
    ticks->factor = 0;
    if (n_most > ADV_TICKS_LABELLED_MOST)
        n_most = ADV_TICKS_LABELLED_MOST;
    if (axis->log) {
        int first = (int)ceil(log10(axis->lo) - ROUNDING);
        int last = (int)floor(log10(axis->hi) + ROUNDING);
        if (last > first) {
            choose_powers(axis, first, last, n_most, ticks);
            return;
        }
        if (choose_mantissas(axis, n_most, ticks))
            return;
        ticks->n = 0;
    }
    choose_linear(axis, n_most, ticks);
}
