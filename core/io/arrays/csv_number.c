/* Decimal numbers. Nearly all of them are w * 10^e of a w below 2^53 and an e that a double holds
 * exactly: one multiplication or division gives the nearest double (Clinger 1990). Rounding that to
 * float32 is rounding once, unless the double is the middle of two floats, to which it may have
 * been rounded; these, the subnormal ones and the long ones go the slow way. */
#include "core/io/arrays/csv.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_MAX =
        192,         /* bytes; longer is refused, the exact decimal value of any float is shorter */
    DIGITS_MAX = 18, /* of w, which 64 bits hold */
    EXPONENT_MAX = 22,  /* 10^22 is a double */
    EXPONENT_DIGITS = 3 /* more go the slow way */
};

static const double powers[EXPONENT_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct digits {
    uint64_t value;
    int n;
};

/* Appends the digits at `at`; where they end. */
static const char *take_digits(const char *at, const char *end, struct digits *digits)
{
    for (; at < end && (unsigned)(*at - '0') < 10 && digits->n <= DIGITS_MAX; at++) {
        digits->value = digits->value * 10 + (unsigned)(*at - '0');
        digits->n++;
    }
    return at;
}

/* An exponent up to the end of the text; false where there is none of few digits. */
static bool take_exponent(const char *at, const char *end, int *exponent)
{
    struct digits digits = {0};
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    at = take_digits(at, end, &digits);
    if (at < end || digits.n == 0 || digits.n > EXPONENT_DIGITS)
        return false;
    *exponent += negative ? -(int)digits.value : (int)digits.value;
    return true;
}

/* w 10^exponent as a float32 where it is one rounding away. */
static bool scale(uint64_t w, int exponent, float *value)
{
    uint64_t bits;
    if (w > UINT64_C(1) << DBL_MANT_DIG || exponent < -EXPONENT_MAX || exponent > EXPONENT_MAX)
        return false;
    double wide = exponent < 0 ? (double)w / powers[-exponent] : (double)w * powers[exponent];
    memcpy(&bits, &wide, sizeof bits);
    bool is_middle = (bits & 0x1fffffff) == 0x10000000; /* the digits that float32 has not */
    *value = (float)wide;
    return !is_middle && (w == 0 || wide >= (double)FLT_MIN) && wide <= (double)FLT_MAX;
}

/* False: not a plain number, or one for the slow way. */
static bool read_fast(const struct adv_csv_cell *cell, bool comma, float *value, char *mark)
{
    const char *at = cell->text, *end = at + cell->n;
    struct digits digits = {0};
    bool negative = at < end && *at == '-';
    int exponent = 0;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    at = take_digits(at, end, &digits);
    if (at < end && (*at == '.' || (comma && *at == ','))) {
        int n_whole = digits.n;
        *mark = *at;
        at = take_digits(at + 1, end, &digits);
        exponent = n_whole - digits.n;
    }
    if (digits.n == 0 || digits.n > DIGITS_MAX)
        return false;
    bool has_exponent = at < end && (*at == 'e' || *at == 'E');
    if (has_exponent ? !take_exponent(at + 1, end, &exponent) : at < end)
        return false;
    bool done = scale(digits.value, exponent, value);
    if (negative)
        *value = -*value;
    return done;
}

static enum adv_csv_number read_slow(const struct adv_csv *csv, const struct adv_csv_cell *cell,
                                     float *value, char *mark)
{
    char text[NUMBER_MAX], *end;
    if (cell->n == 0 || cell->n >= sizeof text)
        return ADV_CSV_NOT_A_NUMBER;
    memcpy(text, cell->text, cell->n);
    text[cell->n] = '\0';
    char *comma = csv->separator == ',' ? NULL : memchr(text, ',', cell->n);
    *mark = comma ? ',' : memchr(text, '.', cell->n) ? '.' : '\0';
    if (comma && !memchr(text, '.', cell->n))
        *comma = '.';
    *value = strtof_l(text, &end, csv->c_locale);
    if (end != text + cell->n)
        return ADV_CSV_NOT_A_NUMBER;
    if (!isfinite(*value))
        return ADV_CSV_NOT_FINITE;
    bool decimal = strspn(text, "+-.0123456789eE") == cell->n;
    return decimal ? ADV_CSV_NUMBER : ADV_CSV_NOT_A_NUMBER;
}

enum adv_csv_number adv_csv_number(struct adv_csv *csv, const struct adv_csv_cell *cell,
                                   float *value)
{
    char mark = '\0';
    enum adv_csv_number what = ADV_CSV_NUMBER;
    if (!read_fast(cell, csv->separator != ',', value, &mark))
        what = read_slow(csv, cell, value, &mark);
    if (what != ADV_CSV_NUMBER || mark == '\0' || mark == csv->mark)
        return what;
    if (csv->mark)
        return ADV_CSV_OTHER_MARK;
    csv->mark = mark;
    csv->mark_line = cell->line;
    return what;
}

enum adv_status adv_csv_refuse(const struct adv_csv *csv, const struct adv_csv_cell *cell,
                               enum adv_csv_number what, struct adv_error *error)
{
    if (what == ADV_CSV_NOT_FINITE)
        return adv_csv_fail(cell, ADV_E_INVALID, "is not a finite float32", error);
    if (what == ADV_CSV_NOT_A_NUMBER)
        return adv_csv_fail(cell, ADV_E_FORMAT, "is not a number", error);
    char problem[96];
    snprintf(problem, sizeof problem, "has a decimal %s; line %zu has a decimal %s",
             csv->mark == ',' ? "point" : "comma", csv->mark_line,
             csv->mark == ',' ? "comma" : "point");
    return adv_csv_fail(cell, ADV_E_FORMAT, problem, error);
}
