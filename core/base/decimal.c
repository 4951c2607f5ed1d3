#include "core/base/decimal.h"

#include <locale.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 wide;

enum { MAX_DIGITS = 19, MAX_POWER = 27, EXPONENT_BOUND = 1000000 };

/* The last is below 2^63. */
static const uint64_t powers_of_5[MAX_POWER + 1] = {1,
                                                    5,
                                                    25,
                                                    125,
                                                    625,
                                                    3125,
                                                    15625,
                                                    78125,
                                                    390625,
                                                    1953125,
                                                    9765625,
                                                    48828125,
                                                    244140625,
                                                    1220703125,
                                                    6103515625,
                                                    30517578125,
                                                    152587890625,
                                                    762939453125,
                                                    3814697265625,
                                                    19073486328125,
                                                    95367431640625,
                                                    476837158203125,
                                                    2384185791015625,
                                                    11920928955078125,
                                                    59604644775390625,
                                                    298023223876953125,
                                                    1490116119384765625,
                                                    7450580596923828125};

/* Those that double holds exactly: a number of at most 53 bits times or over one is rounded
 * once. */
static const double powers_of_10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* digits x 10^exponent, as it was written. */
struct literal {
    bool negative, is_integer;
    uint64_t digits; /* the first 19 but for leading zeros */
    int n_digits;    /* of those and the rest */
    int exponent;
};

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* Digits of the whole or of the fraction; their number is counted from the first that is not 0. */
static const char *take_digits(const char *at, const char *end, struct literal *literal)
{
    for (; is_digit(at, end); at++) {
        if (literal->n_digits < MAX_DIGITS)
            literal->digits = 10 * literal->digits + (uint64_t)(*at - '0');
        if (literal->digits && literal->n_digits < EXPONENT_BOUND)
            literal->n_digits++;
    }
    return at;
}

static const char *take_exponent(const char *at, const char *end, struct literal *literal)
{
    bool negative = at < end && *at == '-';
    int exponent = 0;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (!is_digit(at, end))
        return NULL;
    for (; is_digit(at, end); at++) {
        if (exponent < EXPONENT_BOUND)
            exponent = 10 * exponent + (*at - '0');
    }
    literal->exponent += negative ? -exponent : exponent;
    return at;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static const char *take_literal(const char *at, const char *end, struct literal *literal)
{
    *literal = (struct literal){.is_integer = true};
    literal->negative = at < end && *at == '-';
    at += literal->negative;
    const char *whole = at;
    at = take_digits(at, end, literal);
    if (at == whole || (*whole == '0' && at > whole + 1))
        return NULL;
    if (at < end && *at == '.') {
        const char *fraction = at + 1;
        at = take_digits(fraction, end, literal);
        if (at == fraction)
            return NULL;
        ptrdiff_t n = at - fraction;
        literal->exponent = n < EXPONENT_BOUND ? -(int)n : -EXPONENT_BOUND;
        literal->is_integer = false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        literal->is_integer = false;
        at = take_exponent(at + 1, end, literal);
    }
    return at;
}

/* The integer, its lowest bit also standing for what is lost, so that a conversion rounds it as it
 * would round the whole; *shift: by how many bits it was moved down. */
static uint64_t narrow(wide x, int *shift)
{
    uint64_t high = (uint64_t)(x >> 64);
    *shift = high ? 64 - __builtin_clzll(high) : 0;
    wide lost = x & (((wide)1 << *shift) - 1);
    return (uint64_t)(x >> *shift) | (lost != 0);
}

static double times_power(uint64_t digits, int power)
{
    int shift;
    uint64_t narrowed = narrow((wide)digits * powers_of_5[power], &shift);
    return ldexp((double)narrowed, shift + power);
}

/* The quotient has 63 or 64 bits, so its lowest bit is far below where a double is rounded. */
static double over_power(uint64_t digits, int power)
{
    uint64_t divisor = powers_of_5[power];
    int up = __builtin_clzll(digits), divisor_up = __builtin_clzll(divisor);
    wide dividend = (wide)(digits << up) << 63;
    divisor <<= divisor_up;
    uint64_t quotient = (uint64_t)(dividend / divisor);
    uint64_t rest = (uint64_t)(dividend - (wide)quotient * divisor);
    return ldexp((double)(quotient | (rest != 0)), divisor_up - up - 63 - power);
}

/* By strtod, which is right of every length, on numbers that are followed by something else. */
static double by_library(const char *at)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = c_locale ? strtod_l(at, NULL, c_locale) : strtod(at, NULL);
    if (c_locale)
        freelocale(c_locale);
    return value;
}

static double value_of(const struct literal *literal, const char *at)
{
    uint64_t digits = literal->digits;
    int exponent = literal->exponent;
    if (literal->n_digits > MAX_DIGITS || exponent < -MAX_POWER || exponent > MAX_POWER)
        return by_library(at);
    double value = 0;
    if (digits <= UINT64_C(1) << 53 && exponent >= -22 && exponent <= 22)
        value = exponent < 0 ? (double)digits / powers_of_10[-exponent]
                             : (double)digits * powers_of_10[exponent];
    else if (digits)
        value = exponent < 0 ? over_power(digits, -exponent) : times_power(digits, exponent);
    return literal->negative ? -value : value;
}

static bool fits_int64(const struct literal *literal)
{
    uint64_t most = (uint64_t)INT64_MAX + literal->negative;
    return literal->n_digits <= MAX_DIGITS && literal->digits <= most;
}

const char *adv_decimal_read(const char *at, const char *end, struct adv_decimal *decimal)
{
    struct literal literal;
    const char *after = take_literal(at, end, &literal);
    if (!after || after == end)
        return NULL;
    decimal->is_integer = literal.is_integer;
    if (literal.is_integer) {
        if (!fits_int64(&literal))
            return NULL;
        decimal->integer = (int64_t)(literal.negative ? -literal.digits : literal.digits);
        decimal->real = (double)decimal->integer;
    } else {
        decimal->real = value_of(&literal, at);
        if (isinf(decimal->real))
            return NULL;
    }
    return after;
}
