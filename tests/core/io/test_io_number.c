/* Numbers as files store them. The 16-bit formats are few enough to try each of their values, each
 * midpoint between neighbours (which ties to the even one) and the floats beside it, against
 * their definition: sign * fraction * 2^exponent. */
#include "core/io/arrays/array.h"
#include "core/io/arrays/number.h"

#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct format {
    const char *name;
    int exponent_bits, fraction_bits;
    float (*widen)(uint16_t bits);
    uint16_t (*narrow)(float value);
};

static const struct format formats[] = {
    {"F16", 5, 10, adv_half_to_float, adv_float_to_half},
    {"BF16", 8, 7, adv_bfloat_to_float, adv_float_to_bfloat},
};
enum { N_FORMATS = ADV_COUNT(formats) };

static uint16_t infinity_bits(const struct format *format)
{
    return (uint16_t)(((1 << format->exponent_bits) - 1) << format->fraction_bits);
}

/* The magnitude of bits without sign: IEEE 754-2019, 3.4, with the infinite one as the power of two
 * that would follow the largest finite one. */
static double magnitude(const struct format *format, int bits)
{
    int bias = (1 << (format->exponent_bits - 1)) - 1;
    int exponent = bits >> format->fraction_bits;
    int fraction = bits & ((1 << format->fraction_bits) - 1);
    if (exponent == 0)
        return ldexp(fraction, 1 - bias - format->fraction_bits);
    return ldexp((1 << format->fraction_bits) + fraction, exponent - bias - format->fraction_bits);
}

/* An assertion of check takes too long to be made millions of times. */
static void expect(bool right, const struct format *format, int bits, const char *what)
{
    if (!right)
        ck_abort_msg("%s %04x: %s", format->name, (unsigned)bits, what);
}

START_TEST(every_pattern_has_the_value_of_its_definition)
{
    const struct format *format = &formats[_i];
    int infinite = infinity_bits(format);
    for (int bits = 0; bits < 0x10000; bits++) {
        float value = format->widen((uint16_t)bits);
        int unsigned_bits = bits & 0x7fff;
        expect((signbit(value) != 0) == (bits >= 0x8000), format, bits, "sign");
        if (unsigned_bits > infinite)
            expect(isnan(value), format, bits, "not NaN");
        else if (unsigned_bits == infinite)
            expect(isinf(value), format, bits, "not infinite");
        else
            expect(fabs((double)value) == magnitude(format, unsigned_bits), format, bits, "value");
    }
}
END_TEST

START_TEST(every_pattern_comes_back)
{
    const struct format *format = &formats[_i];
    for (int bits = 0; bits < 0x10000; bits++) {
        uint16_t back = format->narrow(format->widen((uint16_t)bits));
        if ((bits & 0x7fff) > infinity_bits(format)) {
            expect(isnan(format->widen(back)), format, bits, "not NaN any more");
            expect(back >> 15 == bits >> 15, format, bits, "sign of NaN");
        } else {
            expect(back == bits, format, bits, "came back as another");
        }
    }
}
END_TEST

START_TEST(rounding_is_to_nearest_and_ties_to_even)
{
    const struct format *format = &formats[_i];
    for (int bits = 0; bits < infinity_bits(format); bits++) {
        double middle = (magnitude(format, bits) + magnitude(format, bits + 1)) / 2;
        int even = bits % 2 == 0 ? bits : bits + 1;
        for (int sign = 0; sign < 2; sign++) {
            float at = (float)(sign ? -middle : middle);
            float below = nextafterf(at, 0.0f), above = nextafterf(at, sign ? -INFINITY : INFINITY);
            expect(fabs((double)at) == middle, format, bits, "the midpoint is no float");
            expect(format->narrow(at) == (even | sign << 15), format, bits, "tie");
            expect(format->narrow(below) == (bits | sign << 15), format, bits, "below a tie");
            expect(format->narrow(above) == ((bits + 1) | sign << 15), format, bits, "above a tie");
        }
    }
    ck_assert_int_eq(format->narrow(INFINITY), infinity_bits(format));
    ck_assert_int_eq(format->narrow(0x1p-149f), 0);
}
END_TEST

/* ---------------------------------------------------------------- other types */

struct stored {
    struct adv_number_type type;
    uint8_t bytes[8];
    float value;
    bool is_integer;
    int64_t integer;
};

static const struct stored stored[] = {
    {{ADV_NUMBER_FLOAT, 4, false}, {0, 0, 0xc0, 0x3f}, 1.5f, false, 0},
    {{ADV_NUMBER_FLOAT, 4, true}, {0x3f, 0xc0, 0, 0}, 1.5f, false, 0},
    {{ADV_NUMBER_FLOAT, 8, false}, {0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, -1.5f, false, 0},
    {{ADV_NUMBER_FLOAT, 8, true}, {0xbf, 0xf8}, -1.5f, false, 0},
    {{ADV_NUMBER_FLOAT, 2, true}, {0x3e, 0x00}, 1.5f, false, 0},
    {{ADV_NUMBER_SIGNED, 1, false}, {0x80}, -128.0f, true, -128},
    {{ADV_NUMBER_SIGNED, 2, true}, {0xff, 0xfe}, -2.0f, true, -2},
    {{ADV_NUMBER_SIGNED, 4, false}, {0, 0, 0, 0x80}, -0x1p31f, true, INT32_MIN},
    {{ADV_NUMBER_SIGNED, 8, false}, {0, 0, 0, 0, 0, 0, 0, 0x80}, -0x1p63f, true, INT64_MIN},
    {{ADV_NUMBER_SIGNED, 8, true}, {0, 0, 0, 0, 0, 0, 1, 2}, 258.0f, true, 258},
    {{ADV_NUMBER_UNSIGNED, 1, false}, {0xff}, 255.0f, true, 255},
    {{ADV_NUMBER_UNSIGNED, 2, false}, {0xfe, 0xff}, 65534.0f, true, 65534},
    {{ADV_NUMBER_UNSIGNED, 4, true}, {0x80, 0, 0, 0}, 0x1p31f, true, INT64_C(1) << 31},
    {{ADV_NUMBER_UNSIGNED, 8, true}, {0x80}, 0x1p63f, false, 0},
    {{ADV_NUMBER_BOOL, 1, false}, {0}, 0.0f, false, 0},
    {{ADV_NUMBER_BOOL, 1, false}, {7}, 1.0f, false, 0},
};
enum { N_STORED = ADV_COUNT(stored) };

START_TEST(numbers_of_every_type)
{
    const struct stored *row = &stored[_i];
    /* Twice, the second time at an odd address. */
    uint8_t bytes[1 + 16];
    float values[2];
    int64_t integers[2];
    memcpy(bytes + 1, row->bytes, row->type.bytes);
    memcpy(bytes + 1 + row->type.bytes, row->bytes, row->type.bytes);
    adv_numbers_to_float(row->type, bytes + 1, 2, values);
    ck_assert_float_eq(values[0], row->value);
    ck_assert_float_eq(values[1], row->value);
    if (row->is_integer) {
        adv_numbers_to_int64(row->type, bytes + 1, 2, integers);
        ck_assert_int_eq(integers[0], row->integer);
        ck_assert_int_eq(integers[1], row->integer);
    }
}
END_TEST

START_TEST(doubles_beyond_float_are_infinite)
{
    struct adv_number_type type = {ADV_NUMBER_FLOAT, 8, false};
    double wide[] = {1.0, 1e39, -1e39, 3.4028235677973366e38 /* 2^128 - 2^103, a tie */};
    float values[4];
    adv_numbers_to_float(type, wide, 4, values);
    ck_assert_float_eq(values[1], INFINITY);
    ck_assert_float_eq(values[2], -INFINITY);
    ck_assert_float_eq(values[3], INFINITY);
    ck_assert_uint_eq(adv_find_not_finite(values, 4), 1);
    ck_assert_uint_eq(adv_find_not_finite(values, 1), 1);
}
END_TEST

START_TEST(the_first_not_finite_is_found_wherever_it_is)
{
    static const float what[] = {NAN, INFINITY, -INFINITY};
    enum { N = 1500 };
    float values[N];
    for (size_t i = 0; i < N; i++)
        values[i] = i % 2 ? FLT_MAX : -FLT_MAX;
    ck_assert_uint_eq(adv_find_not_finite(values, N), N);
    for (size_t i = 0; i < N; i += 7) {
        float kept = values[i];
        values[i] = what[i % 3];
        if (adv_find_not_finite(values, N) != i || adv_find_not_finite(values, i) != i)
            ck_abort_msg("the one at %zu is not found", i);
        values[i] = kept;
    }
}
END_TEST

START_TEST(shapes_are_counted_without_overflow)
{
    size_t count, huge = SIZE_MAX / 2;
    ck_assert(adv_shape_count(0, NULL, &count) && count == 1);
    ck_assert(adv_shape_count(3, (size_t[]){2, 3, 4}, &count) && count == 24);
    ck_assert(adv_shape_count(2, (size_t[]){0, huge}, &count) && count == 0);
    ck_assert(!adv_shape_count(2, (size_t[]){3, huge}, &count));
    ck_assert(!adv_shape_count(3, (size_t[]){0, 3, huge}, &count));
    ck_assert(!adv_shape_count(1, (size_t[]){huge + 1}, &count));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io: numbers");

    TCase *narrow = tcase_create("16-bit formats");
    tcase_add_loop_test(narrow, every_pattern_has_the_value_of_its_definition, 0, N_FORMATS);
    tcase_add_loop_test(narrow, every_pattern_comes_back, 0, N_FORMATS);
    tcase_add_loop_test(narrow, rounding_is_to_nearest_and_ties_to_even, 0, N_FORMATS);
    tcase_set_timeout(narrow, 60);
    suite_add_tcase(suite, narrow);

    TCase *others = tcase_create("every type");
    tcase_add_loop_test(others, numbers_of_every_type, 0, N_STORED);
    tcase_add_test(others, doubles_beyond_float_are_infinite);
    tcase_add_test(others, the_first_not_finite_is_found_wherever_it_is);
    tcase_add_test(others, shapes_are_counted_without_overflow);
    suite_add_tcase(suite, others);

    return suite_run(suite);
}
