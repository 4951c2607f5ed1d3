/* NPY: files that NumPy wrote, each refusal, and what is written read back. */
#include "tests/core/io/io_support.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct io_scratch scratch;

static void make_scratch(void)
{
    io_scratch_make(&scratch);
}

static void remove_scratch(void)
{
    io_scratch_remove(&scratch);
}

/* ---------------------------------------------------------------- reading */

/* tests/fuzz/make_seeds.py: the elements count up from `first`. */
struct known {
    const char *name;
    int n_dims;
    size_t shape[3];
    int first, levels;
};

static const struct known known[] = {
    {"f2", 2, {2, 3}, -3, 0},
    {"f2-big-endian", 2, {2, 3}, -3, 0},
    {"f4", 2, {2, 3}, -3, 0},
    {"f4-big-endian", 2, {2, 3}, -3, 0},
    {"f8", 2, {2, 3}, -3, 0},
    {"f8-big-endian", 2, {2, 3}, -3, 0},
    {"i1", 2, {2, 3}, -3, 0},
    {"i2", 2, {2, 3}, -3, 0},
    {"i2-big-endian", 2, {2, 3}, -3, 0},
    {"i4", 2, {2, 3}, -3, 0},
    {"i4-big-endian", 2, {2, 3}, -3, 0},
    {"i8", 2, {2, 3}, -3, 0},
    {"i8-big-endian", 2, {2, 3}, -3, 0},
    {"u1", 2, {2, 3}, 0, 256},
    {"u2", 2, {2, 3}, 0, 0},
    {"u4", 2, {2, 3}, 0, 0},
    {"u8", 2, {2, 3}, 0, 0},
    {"vector", 1, {4}, -3, 0},
    {"empty", 2, {0, 7}, 0, 0},
    {"fortran-2d", 2, {2, 3}, -3, 0},
    {"fortran-3d", 3, {2, 3, 4}, -3, 0},
    {"version-2", 2, {2, 3}, -3, 0},
    {"version-3", 2, {2, 3}, -3, 0},
};
enum { N_KNOWN = ADV_COUNT(known) };

static struct adv_array read_seed(const char *name)
{
    char path[IO_PATH_MAX];
    struct adv_array array = {0};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_npy_read(io_seed_path("npy", name, path), &array, &error) == ADV_OK, "%s",
                  error.message);
    return array;
}

START_TEST(files_of_numpy_are_read)
{
    const struct known *row = &known[_i];
    struct adv_array array = read_seed(row->name);
    size_t count = 1;
    ck_assert_int_eq(array.n_dims, row->n_dims);
    for (int d = 0; d < row->n_dims; d++) {
        ck_assert_uint_eq(array.shape[d], row->shape[d]);
        count *= row->shape[d];
    }
    ck_assert_uint_eq(array.n_elements, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_float_eq(array.data[i], (float)(row->first + (int)i));
    ck_assert_int_eq(array.levels, row->levels);
    ck_assert_ptr_null(array.columns);
    adv_array_release(&array);
}
END_TEST

START_TEST(booleans_and_scalars)
{
    struct adv_array array = read_seed("bool");
    for (size_t i = 0; i < 6; i++)
        ck_assert_float_eq(array.data[i], i > 3 ? 1.0f : 0.0f);
    adv_array_release(&array);
    array = read_seed("scalar");
    ck_assert_int_eq(array.n_dims, 0);
    ck_assert_uint_eq(array.n_elements, 1);
    ck_assert_float_eq(array.data[0], 2.5f);
    adv_array_release(&array);
}
END_TEST

/* A version 1.0 file of this dictionary and these data. */
static size_t build(const char *dictionary, const void *data, size_t n_data, uint8_t *bytes)
{
    size_t n = strlen(dictionary);
    memcpy(bytes, "\x93NUMPY\1\0", 8);
    bytes[8] = (uint8_t)n;
    bytes[9] = (uint8_t)(n >> 8);
    memcpy(bytes + 10, dictionary, n);
    if (n_data > 0)
        memcpy(bytes + 10 + n, data, n_data);
    return 10 + n + n_data;
}

#define D(descr, order, shape)                                                                     \
    "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }"

/* Spellings that Python reads as the same dictionary. */
static const char *const spellings[] = {
    D("<f4", "False", "(2,)"),
    "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"=f4\"}",
    " { 'fortran_order' :\tFalse , 'shape' : ( 2 , ) , 'descr' : '<f4' } \n",
    D("<f4", "False", "(2L,)"),
    D("<f4", "True", "(2,)"),
};
enum { N_SPELLINGS = ADV_COUNT(spellings) };

START_TEST(spellings_of_the_header)
{
    uint8_t bytes[256];
    const float values[] = {1.5f, -2.0f};
    size_t n = build(spellings[_i], values, sizeof values, bytes);
    struct adv_array array;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_npy_parse(bytes, n, "x", &array, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(array.n_dims, 1);
    ck_assert_uint_eq(array.shape[0], 2);
    ck_assert_mem_eq(array.data, values, sizeof values);
    adv_array_release(&array);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

struct refusal {
    const char *dictionary;
    size_t n_data;
    enum adv_status status;
    const char *part;
};

static const struct refusal refusals[] = {
    {"", 0, ADV_E_FORMAT, "'{' is expected"},
    {"{}", 0, ADV_E_FORMAT, "no 'descr'"},
    {"{'descr': '<f4'}", 0, ADV_E_FORMAT, "no 'fortran_order'"},
    {"{'descr': '<f4', 'fortran_order': False}", 0, ADV_E_FORMAT, "no 'shape'"},
    {"{'descr': '<f4', 'descr': '<f4'}", 0, ADV_E_FORMAT, "repeated key 'descr'"},
    {"{'colour': 3}", 0, ADV_E_FORMAT, "unknown or repeated key 'colour'"},
    {"{'descr' '<f4'}", 0, ADV_E_FORMAT, "':' is expected at ''<f4'}'"},
    {"{'descr': '<f4' 'shape': ()}", 0, ADV_E_FORMAT, "',' or '}' is expected"},
    {"{'descr: 3}", 0, ADV_E_FORMAT, "a string is expected"},
    {"{'descr': [('a', '<f4')]}", 0, ADV_E_UNSUPPORTED, "structured"},
    {D("<c8", "False", "(1,)"), 8, ADV_E_UNSUPPORTED, "'<c8'"},
    {D("<U1", "False", "(1,)"), 4, ADV_E_UNSUPPORTED, "'<U1'"},
    {D("|O", "False", "(1,)"), 8, ADV_E_UNSUPPORTED, "'|O'"},
    {D("<f1", "False", "(1,)"), 1, ADV_E_UNSUPPORTED, "'<f1'"},
    {D("<f3", "False", "(1,)"), 3, ADV_E_UNSUPPORTED, "'<f3'"},
    {D("|f4", "False", "(1,)"), 4, ADV_E_UNSUPPORTED, "'|f4'"},
    {D("<b2", "False", "(1,)"), 2, ADV_E_UNSUPPORTED, "'<b2'"},
    {D("<f16", "False", "(1,)"), 16, ADV_E_UNSUPPORTED, "'<f16'"},
    {D("<f4", "Maybe", "(1,)"), 4, ADV_E_FORMAT, "True or False"},
    {D("<f4", "False", "1"), 4, ADV_E_FORMAT, "a tuple"},
    {D("<f4", "False", "(1)"), 4, ADV_E_FORMAT, "',' is expected"},
    {D("<f4", "False", "(,)"), 4, ADV_E_FORMAT, "a dimension"},
    {D("<f4", "False", "(-1,)"), 4, ADV_E_FORMAT, "a dimension"},
    {D("<f4", "False", "(1,1,1,1,1,1,1,1,1)"), 4, ADV_E_UNSUPPORTED, "more than 8"},
    {D("<f4", "False", "(18446744073709551616,)"), 4, ADV_E_FORMAT, "overflows"},
    {D("<f4", "False", "(4294967296,4294967296)"), 4, ADV_E_FORMAT, "overflows"},
    {D("<f4", "False", "(4611686018427387904,)"), 4, ADV_E_FORMAT, "overflows"},
    {D("<f4", "False", "(0,4294967296,4294967296)"), 0, ADV_E_FORMAT, "overflows"},
    {D("<f4", "False", "(2,)"), 4, ADV_E_FORMAT, "2 elements of 4 bytes, but 4 bytes follow"},
    {D("<f4", "False", "(2,)"), 9, ADV_E_FORMAT, "2 elements of 4 bytes, but 9 bytes follow"},
    {D("<f4", "False", "(1000000000000,)"), 4, ADV_E_FORMAT, "but 4 bytes follow"},
    {D("<f4", "False", "(1,)") " x", 4, ADV_E_FORMAT, "nothing more is expected at 'x'"},
};
enum { N_REFUSALS = ADV_COUNT(refusals) };

START_TEST(what_is_not_right_is_refused)
{
    const struct refusal *row = &refusals[_i];
    const uint8_t zeros[16] = {0};
    uint8_t bytes[256];
    size_t n = build(row->dictionary, zeros, row->n_data, bytes);
    struct adv_array array = {.n_dims = -7};
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_npy_parse(bytes, n, "body", &array, &error);
    io_assert_refused(status, &error, row->status, row->part);
    ck_assert_msg(strncmp(error.message, "body: ", 6) == 0, "%s", error.message);
    ck_assert_int_eq(array.n_dims, -7);
}
END_TEST

START_TEST(magic_version_and_length)
{
    uint8_t bytes[256];
    const float value = 1.0f;
    size_t n = build(D("<f4", "False", "(1,)"), &value, sizeof value, bytes);
    struct adv_array array;
    struct adv_error error = ADV_ERROR_INIT;
    io_assert_refused(adv_npy_parse("PK\3\4 not NPY", 12, "x", &array, &error), &error,
                      ADV_E_FORMAT, "not an NPY file");
    error = (struct adv_error)ADV_ERROR_INIT;
    bytes[6] = 4;
    io_assert_refused(adv_npy_parse(bytes, n, "x", &array, &error), &error, ADV_E_UNSUPPORTED,
                      "NPY version 4.0");
    error = (struct adv_error)ADV_ERROR_INIT;
    bytes[6] = 1;
    bytes[9] = 0xff;
    io_assert_refused(adv_npy_parse(bytes, n, "x", &array, &error), &error, ADV_E_FORMAT,
                      "is announced, but the file has only");
    ck_assert_int_eq(adv_npy_parse(NULL, 0, "x", &array, NULL), ADV_E_FORMAT);
}
END_TEST

START_TEST(values_that_are_not_finite_are_refused)
{
    const float last[] = {0, 0, 0, 0, 0, NAN}, second[] = {0, INFINITY, 0, 0, 0, 0};
    const double wide[] = {0, 0, 0, -1e39, 0, 0};
    struct {
        const char *dictionary;
        const void *data;
        size_t n;
        const char *part;
    } cases[] = {
        {D("<f4", "False", "(2, 3)"), last, sizeof last, "row 1, column 2 (counted from 0) is nan"},
        {D("<f4", "True", "(2, 3)"), second, sizeof second,
         "row 1, column 0 (counted from 0) is inf"},
        {D("<f8", "False", "(2, 3)"), wide, sizeof wide,
         "row 1, column 0 (counted from 0) is -1e+39, which is not a finite float32"},
        {D("<f8", "True", "(2, 3)"), wide, sizeof wide,
         "row 1, column 1 (counted from 0) is -1e+39, which is not a finite float32"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[256];
        struct adv_array array;
        struct adv_error error = ADV_ERROR_INIT;
        size_t n = build(cases[i].dictionary, cases[i].data, cases[i].n, bytes);
        enum adv_status status = adv_npy_parse(bytes, n, "x", &array, &error);
        io_assert_refused(status, &error, ADV_E_INVALID, cases[i].part);
    }
}
END_TEST

/* ---------------------------------------------------------------- writing */

/* Against the files that NumPy wrote: everything in front of their elements. */
struct numpy_header {
    const char *seed, *dtype;
    int n_dims;
    size_t shape[2], n_data;
};

static const struct numpy_header numpy_headers[] = {
    {"f4", "<f4", 2, {2, 3}, 24},  {"f8", "<f8", 2, {2, 3}, 48}, {"i4", "<i4", 2, {2, 3}, 24},
    {"vector", "<f4", 1, {4}, 16}, {"scalar", "<f8", 0, {0}, 8}, {"empty", "<f4", 2, {0, 7}, 0},
};
enum { N_NUMPY_HEADERS = ADV_COUNT(numpy_headers) };

START_TEST(headers_are_those_of_numpy)
{
    const struct numpy_header *row = &numpy_headers[_i];
    char path[IO_PATH_MAX], header[ADV_NPY_HEADER_MAX];
    void *bytes;
    size_t n, n_header = adv_npy_header(row->dtype, row->n_dims, row->shape, header);
    ck_assert_int_eq(adv_file_read(io_seed_path("npy", row->seed, path), 4096, &bytes, &n, NULL),
                     ADV_OK);
    ck_assert_uint_eq(n_header, n - row->n_data);
    ck_assert_mem_eq(header, bytes, n_header);
    free(bytes);
}
END_TEST

START_TEST(what_is_written_comes_back)
{
    const float values[] = {0.1f, -3.5e-30f, 3.4028235e38f, 0.0f, 1e-45f, 7.0f};
    const size_t shapes[][2] = {{6, 0}, {2, 3}, {3, 2}};
    const int n_dims[] = {1, 2, 2};
    char path[IO_PATH_MAX];
    io_scratch_path(&scratch, "a.npy", path);
    for (int i = 0; i < 3; i++) {
        struct adv_array array;
        ck_assert_int_eq(adv_npy_write_float(path, n_dims[i], shapes[i], values, NULL), ADV_OK);
        ck_assert_int_eq(adv_npy_read(path, &array, NULL), ADV_OK);
        ck_assert_int_eq(array.n_dims, n_dims[i]);
        ck_assert_mem_eq(array.shape, shapes[i], (size_t)n_dims[i] * sizeof(size_t));
        ck_assert_mem_eq(array.data, values, sizeof values);
        adv_array_release(&array);
    }
    ck_assert_uint_eq(io_scratch_count(&scratch), 1);
}
END_TEST

START_TEST(the_longest_header_fits)
{
    size_t shape[ADV_ARRAY_MAX_DIMS];
    char header[ADV_NPY_HEADER_MAX];
    for (int d = 0; d < ADV_ARRAY_MAX_DIMS; d++)
        shape[d] = SIZE_MAX;
    size_t n = adv_npy_header("<f4", ADV_ARRAY_MAX_DIMS, shape, header);
    ck_assert_uint_le(n, ADV_NPY_HEADER_MAX);
    ck_assert_uint_eq(n % 64, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io: NPY");

    TCase *reading = tcase_create("reading");
    tcase_add_loop_test(reading, files_of_numpy_are_read, 0, N_KNOWN);
    tcase_add_test(reading, booleans_and_scalars);
    tcase_add_loop_test(reading, spellings_of_the_header, 0, N_SPELLINGS);
    tcase_add_loop_test(reading, what_is_not_right_is_refused, 0, N_REFUSALS);
    tcase_add_test(reading, magic_version_and_length);
    tcase_add_test(reading, values_that_are_not_finite_are_refused);
    suite_add_tcase(suite, reading);

    TCase *writing = tcase_create("writing");
    tcase_add_checked_fixture(writing, make_scratch, remove_scratch);
    tcase_add_loop_test(writing, headers_are_those_of_numpy, 0, N_NUMPY_HEADERS);
    tcase_add_test(writing, what_is_written_comes_back);
    tcase_add_test(writing, the_longest_header_fits);
    suite_add_tcase(suite, writing);

    return suite_run(suite);
}
