/* An answer may hold millions of floats, so they are not left to printf: the fewest digits that
 * read back as the same float are found in integers, as Schubfach does it (Giulietti, "The
 * Schubfach way to render doubles", 2020), with one multiplication per end of the rounding
 * interval. */
#include "core/render/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT_DIGITS 9
#define DOUBLE_DIGITS 17

__extension__ typedef unsigned __int128 wide;

/* Digits d and an exponent k for the number d[0].d[1]d[2]... 10^k. */
struct decimal {
    char digits[DOUBLE_DIGITS];
    int n;
    int k;
};

/* 10^k = (g - x) 2^(floor(log2 10^k) - 63) with 0 <= x < 1, for k from POWER_FIRST on. */
#define POWER_FIRST (-31)
static const uint64_t powers_of_ten[] = {
    UINT64_C(0x81ceb32c4b43fcf5), UINT64_C(0xa2425ff75e14fc32), UINT64_C(0xcad2f7f5359a3b3f),
    UINT64_C(0xfd87b5f28300ca0e), UINT64_C(0x9e74d1b791e07e49), UINT64_C(0xc612062576589ddb),
    UINT64_C(0xf79687aed3eec552), UINT64_C(0x9abe14cd44753b53), UINT64_C(0xc16d9a0095928a28),
    UINT64_C(0xf1c90080baf72cb2), UINT64_C(0x971da05074da7bef), UINT64_C(0xbce5086492111aeb),
    UINT64_C(0xec1e4a7db69561a6), UINT64_C(0x9392ee8e921d5d08), UINT64_C(0xb877aa3236a4b44a),
    UINT64_C(0xe69594bec44de15c), UINT64_C(0x901d7cf73ab0acda), UINT64_C(0xb424dc35095cd810),
    UINT64_C(0xe12e13424bb40e14), UINT64_C(0x8cbccc096f5088cc), UINT64_C(0xafebff0bcb24aaff),
    UINT64_C(0xdbe6fecebdedd5bf), UINT64_C(0x89705f4136b4a598), UINT64_C(0xabcc77118461cefd),
    UINT64_C(0xd6bf94d5e57a42bd), UINT64_C(0x8637bd05af6c69b6), UINT64_C(0xa7c5ac471b478424),
    UINT64_C(0xd1b71758e219652c), UINT64_C(0x83126e978d4fdf3c), UINT64_C(0xa3d70a3d70a3d70b),
    UINT64_C(0xcccccccccccccccd), UINT64_C(0x8000000000000000), UINT64_C(0xa000000000000000),
    UINT64_C(0xc800000000000000), UINT64_C(0xfa00000000000000), UINT64_C(0x9c40000000000000),
    UINT64_C(0xc350000000000000), UINT64_C(0xf424000000000000), UINT64_C(0x9896800000000000),
    UINT64_C(0xbebc200000000000), UINT64_C(0xee6b280000000000), UINT64_C(0x9502f90000000000),
    UINT64_C(0xba43b74000000000), UINT64_C(0xe8d4a51000000000), UINT64_C(0x9184e72a00000000),
    UINT64_C(0xb5e620f480000000), UINT64_C(0xe35fa931a0000000), UINT64_C(0x8e1bc9bf04000000),
    UINT64_C(0xb1a2bc2ec5000000), UINT64_C(0xde0b6b3a76400000), UINT64_C(0x8ac7230489e80000),
    UINT64_C(0xad78ebc5ac620000), UINT64_C(0xd8d726b7177a8000), UINT64_C(0x878678326eac9000),
    UINT64_C(0xa968163f0a57b400), UINT64_C(0xd3c21bcecceda100), UINT64_C(0x84595161401484a0),
    UINT64_C(0xa56fa5b99019a5c8), UINT64_C(0xcecb8f27f4200f3a), UINT64_C(0x813f3978f8940985),
    UINT64_C(0xa18f07d736b90be6), UINT64_C(0xc9f2c9cd04674edf), UINT64_C(0xfc6f7c4045812297),
    UINT64_C(0x9dc5ada82b70b59e), UINT64_C(0xc5371912364ce306), UINT64_C(0xf684df56c3e01bc7),
    UINT64_C(0x9a130b963a6c115d), UINT64_C(0xc097ce7bc90715b4), UINT64_C(0xf0bdc21abb48db21),
    UINT64_C(0x96769950b50d88f5), UINT64_C(0xbc143fa4e250eb32), UINT64_C(0xeb194f8e1ae525fe),
    UINT64_C(0x92efd1b8d0cf37bf), UINT64_C(0xb7abc627050305ae), UINT64_C(0xe596b7b0c643c71a),
    UINT64_C(0x8f7e32ce7bea5c70), UINT64_C(0xb35dbf821ae4f38c),
};

/* floor(log2 10^k), floor(log10 2^q) and floor(log10 (3/4 2^q)), for exponents of floats. */
static int log2_of_power(int k)
{
    return (k * 1741647) >> 19;
}

static int log10_of_power(int q)
{
    return (q * 1262611) >> 22;
}

static int log10_of_three_quarters(int q)
{
    return (q * 1262611 - 524031) >> 22;
}

/* g c 2^-64, its lowest bit also set where something was cut off (round to odd): comparisons with
 * even numbers come out as those of the exact value would. */
static uint32_t scaled(uint64_t g, uint32_t c)
{
    wide product = (wide)g * c;
    uint32_t high = (uint32_t)(product >> 64), rest = (uint32_t)(product >> 32);
    return high | (rest > 1);
}

/* The shortest decimal between the midpoints to the neighbours of m 2^q, nearest to it if there are
 * several. Values are counted in quarters of 10^k, where k is such that the interval between the
 * midpoints holds one or two of its multiples, or one of 10^(k + 1). */
static void shorten(uint32_t m, int q, bool lower_is_closer, uint32_t *digits, int *exponent)
{
    int k = lower_is_closer ? log10_of_three_quarters(q) : log10_of_power(q);
    int shift = q + log2_of_power(-k) + 1;
    uint64_t g = powers_of_ten[-k - POWER_FIRST];
    uint32_t odd = m & 1; /* the midpoints themselves read back as their even neighbour */
    uint32_t lower = scaled(g, (4 * m - 2 + lower_is_closer) << shift) + odd;
    uint32_t value = scaled(g, (4 * m) << shift);
    uint32_t upper = scaled(g, (4 * m + 2) << shift) - odd;
    uint32_t ones = value / 4, tens = ones / 10;
    bool tens_inside = lower <= 40 * tens, next_tens_inside = 40 * tens + 40 <= upper;
    if (ones >= 10 && tens_inside != next_tens_inside) {
        *digits = tens + next_tens_inside;
        *exponent = k + 1;
        return;
    }
    bool inside = lower <= 4 * ones, next_inside = 4 * ones + 4 <= upper;
    uint32_t middle = 4 * ones + 2;
    bool up =
        inside != next_inside ? next_inside : value > middle || (value == middle && (ones & 1));
    *digits = ones + up;
    *exponent = k;
}

/* value: positive and finite. */
static struct decimal decimal_of_float(float value)
{
    uint32_t bits, digits;
    int exponent;
    memcpy(&bits, &value, sizeof bits);
    uint32_t fraction = bits & 0x7fffff, biased = bits >> 23;
    uint32_t m = biased ? fraction | 0x800000 : fraction;
    shorten(m, (int)(biased ? biased : 1) - 150, fraction == 0 && biased > 1, &digits, &exponent);
    for (; digits % 10 == 0; digits /= 10)
        exponent++;
    struct decimal decimal = {0};
    char reversed[FLOAT_DIGITS];
    for (; digits > 0; digits /= 10)
        reversed[decimal.n++] = (char)('0' + digits % 10);
    for (int i = 0; i < decimal.n; i++)
        decimal.digits[i] = reversed[decimal.n - 1 - i];
    decimal.k = exponent + decimal.n - 1;
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
    memcpy(text, word, n); // NOLINT(bugprone-not-null-terminated-result): a piece of a text
    return n;
}

size_t adv_write_float(char *text, float value)
{
    if (!isfinite(value))
        return write_word(text, "null");
    if (value == 0)
        return write_word(text, signbit(value) ? "-0.0" : "0");
    struct decimal decimal = decimal_of_float(fabsf(value));
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
