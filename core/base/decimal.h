/* Numbers of JSON's grammar, read where they lie in a text.
 *
 * strtod takes a string and some 100 ns, and obeys the country's decimal comma. Most numbers that
 * people send have at most 19 digits and a small exponent: those are an integer times or over a
 * power of five, which 128 bits hold, rounded once. The result is strtod's, bit for bit. */
#ifndef ADV_BASE_DECIMAL_H
#define ADV_BASE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

struct adv_decimal {
    bool is_integer; /* written without fraction and exponent */
    int64_t integer; /* of integers */
    double real;     /* of all: the nearest double, halfway cases to even */
};

/* Reads the number at `at`, and gives where it ends; NULL where there is none, for an integer
 * beyond 64 bits and for a real one beyond double, and where the text ends with it: no number
 * stands last in JSON's arrays. */
const char *adv_decimal_read(const char *at, const char *end, struct adv_decimal *decimal);

#endif
