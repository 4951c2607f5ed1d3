/* An answer may hold millions of floats, so they are not left to printf.
 *
 * A float is m 2^e with m < 2^24. Its nine digits are D = m 2^e 10^p rounded to nearest, ties to
 * even, where p is such that 10^8 <= D < 10^9. From 1e-22 up everything fits 128 bits, so D is
 * exact; the few below are left to printf after all. */
#include "core/render/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT_DIGITS 9
#define DOUBLE_DIGITS 17
#define EXACT_FROM 1e-22f

__extension__ typedef unsigned __int128 wide;

/* Digits d and an exponent k for the number d[0].d[1]d[2]... 10^k. */
struct decimal {
    char digits[DOUBLE_DIGITS];
    int n;
    int k;
};

static wide power_of_ten(int p)
{
    wide power = 1;
    for (; p >= 19; p -= 19)
        power *= UINT64_C(10000000000000000000);
    static const uint64_t powers[19] = {1,
                                        10,
                                        100,
                                        1000,
                                        10000,
                                        100000,
                                        1000000,
                                        10000000,
                                        100000000,
                                        1000000000,
                                        10000000000,
                                        100000000000,
                                        1000000000000,
                                        10000000000000,
                                        100000000000000,
                                        1000000000000000,
                                        10000000000000000,
                                        100000000000000000,
                                        1000000000000000000};
    return power * powers[p];
}

/* quotient + rest / (2 half), rounded to nearest, ties to even. */
static uint64_t round_quotient(wide quotient, wide rest, wide half)
{
    return (uint64_t)quotient + (rest > half || (rest == half && (quotient & 1)));
}

/* m 2^e 10^p, rounded; m < 2^24. For p >= 0 the product with 10^p has at most 124 bits (p <= 30);
 * for p < 0, m 2^e has at most 128. */
static uint64_t scale(uint32_t m, int e, int p)
{
    if (p < 0) {
        wide number = (wide)m << e, divisor = power_of_ten(-p);
        return round_quotient(number / divisor, number % divisor, divisor / 2);
    }
    wide number = m * power_of_ten(p);
    if (e >= 0)
        return (uint64_t)(number << e);
    wide one = (wide)1 << -e;
    return round_quotient(number >> -e, number & (one - 1), one / 2);
}

/* value: positive and normal. */
static struct decimal decimal_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t m = (bits & 0x7fffff) | 0x800000;
    int e = (int)(bits >> 23) - 150;
    int k = (int)floor((e + 23) * 0.30102999566398120); /* log10 of 2^(e + 23); or one more */
    uint64_t scaled = scale(m, e, FLOAT_DIGITS - 1 - k);
    if (scaled >= 1000000000) {
        k++;
        scaled = scale(m, e, FLOAT_DIGITS - 1 - k);
    }
    struct decimal decimal = {.n = FLOAT_DIGITS, .k = k};
    uint32_t rest = (uint32_t)scaled;
    for (int i = FLOAT_DIGITS - 1; i >= 0; i--, rest /= 10)
        decimal.digits[i] = (char)('0' + rest % 10);
    return decimal;
}

/* By printf, whatever the decimal point of the locale is; n_digits <= DOUBLE_DIGITS. */
static struct decimal decimal_of_double(double value, int n_digits)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", n_digits - 1, value);
    struct decimal decimal = {0};
    const char *at = text;
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9')
            decimal.digits[decimal.n++] = *at;
    }
    decimal.k = (int)strtol(at + 1, NULL, 10);
    return decimal;
}

/* As %.{precision}g writes it. */
static size_t write_decimal(char *text, bool negative, const struct decimal *decimal, int precision)
{
    int n = decimal->n, k = decimal->k;
    while (n > 1 && decimal->digits[n - 1] == '0')
        n--;
    char *at = text;
    if (negative)
        *at++ = '-';
    bool scientific = k < -4 || k >= precision;
    int point = scientific ? 1 : k + 1; /* digits before the decimal point */
    if (point <= 0) {
        *at++ = '0';
        *at++ = '.';
        for (int i = point; i < 0; i++)
            *at++ = '0';
    }
    for (int i = 0; i < n; i++) {
        if (i == point && i > 0)
            *at++ = '.';
        *at++ = decimal->digits[i];
    }
    for (int i = n; i < point; i++)
        *at++ = '0';
    if (!scientific)
        return (size_t)(at - text);
    int size = abs(k);
    *at++ = 'e';
    *at++ = k < 0 ? '-' : '+';
    if (size >= 100)
        *at++ = (char)('0' + size / 100);
    *at++ = (char)('0' + size / 10 % 10);
    *at++ = (char)('0' + size % 10);
    return (size_t)(at - text);
}

static size_t write_word(char *text, const char *word)
{
    size_t n = strlen(word);
    memcpy(text, word, n);
    return n;
}

size_t adv_write_float(char *text, float value)
{
    if (!isfinite(value))
        return write_word(text, "null");
    if (value == 0)
        return write_word(text, signbit(value) ? "-0.0" : "0");
    float size = fabsf(value);
    struct decimal decimal =
        size >= EXACT_FROM ? decimal_of_float(size) : decimal_of_double((double)size, FLOAT_DIGITS);
    return write_decimal(text, value < 0, &decimal, FLOAT_DIGITS);
}

size_t adv_write_double(char *text, double value)
{
    if (!isfinite(value))
        return write_word(text, "null");
    if (value == 0)
        return write_word(text, signbit(value) ? "-0.0" : "0");
    char attempt[64];
    int n_digits = DOUBLE_DIGITS - 2;
    for (; n_digits < DOUBLE_DIGITS; n_digits++) {
        snprintf(attempt, sizeof attempt, "%.*e", n_digits - 1, value);
        if (strtod(attempt, NULL) == value)
            break;
    }
    struct decimal decimal = decimal_of_double(fabs(value), n_digits);
    return write_decimal(text, value < 0, &decimal, DOUBLE_DIGITS);
}
