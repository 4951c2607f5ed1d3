/* IDX: every dtype, plain and compressed, each refusal, and MNIST itself. */
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
#include <zlib.h>

/* ---------------------------------------------------------------- reading */

/* tests/fuzz/make_seeds.py: 2 x 3 elements that count up from `first`. */
struct known {
    const char *name;
    int first, levels;
};

static const struct known known[] = {
    {"i1", -3, 0}, {"i2", -3, 0},  {"i4", -3, 0},          {"f4", -3, 0},
    {"f8", -3, 0}, {"u1", 0, 256}, {"compressed", 0, 256}, {"two-members", 0, 256},
};
enum { N_KNOWN = ADV_COUNT(known) };

START_TEST(every_dtype_is_read)
{
    const struct known *row = &known[_i];
    char path[IO_PATH_MAX];
    struct adv_array array;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_idx_read(io_seed_path("idx", row->name, path), &array, &error) == ADV_OK,
                  "%s", error.message);
    ck_assert_int_eq(array.n_dims, 2);
    ck_assert_uint_eq(array.shape[0], 2);
    ck_assert_uint_eq(array.shape[1], 3);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(array.data[i], (float)(row->first + i));
    ck_assert_int_eq(array.levels, row->levels);
    adv_array_release(&array);
}
END_TEST

START_TEST(no_images_are_images)
{
    char path[IO_PATH_MAX];
    struct adv_array array;
    ck_assert_int_eq(adv_idx_read(io_seed_path("idx", "empty", path), &array, NULL), ADV_OK);
    ck_assert_int_eq(array.n_dims, 3);
    ck_assert_uint_eq(array.shape[0], 0);
    ck_assert_uint_eq(array.shape[2], 28);
    ck_assert_uint_eq(array.n_elements, 0);
    adv_array_release(&array);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

struct refusal {
    uint8_t bytes[24];
    size_t n;
    enum adv_status status;
    const char *part;
};

static const struct refusal refusals[] = {
    {{0}, 0, ADV_E_FORMAT, "not an IDX file"},
    {{0, 0, 8}, 3, ADV_E_FORMAT, "not an IDX file"},
    {{'P', 'K', 8, 1, 0, 0, 0, 0}, 8, ADV_E_FORMAT, "not an IDX file"},
    {{0, 0, 0x0a, 1, 0, 0, 0, 0}, 8, ADV_E_FORMAT, "0x0a is no IDX dtype"},
    {{0, 0, 8, 9}, 4, ADV_E_UNSUPPORTED, "9 dimensions"},
    {{0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0}, 11, ADV_E_FORMAT, "header is cut short"},
    {{0, 0, 8, 1, 0, 0, 0, 2, 7}, 9, ADV_E_FORMAT, "promises 2 elements of 1 bytes, but 1"},
    {{0, 0, 8, 1, 0, 0, 0, 2, 7, 7, 7}, 11, ADV_E_FORMAT, "promises 2 elements of 1 bytes, but 3"},
    {{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
     16,
     ADV_E_FORMAT,
     "overflows"},
    {{0, 0, 8, 2, 255, 255, 255, 255, 127, 255, 255, 255}, 12, ADV_E_FORMAT, "but 0 bytes follow"},
    {{0, 0, 0x0d, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0x7f, 0xc0, 0, 0},
     20,
     ADV_E_INVALID,
     "row 0, column 1 (counted from 0) is nan"},
    {{0, 0, 0x0e, 0, 0x47, 0xf0}, 12, ADV_E_INVALID, "row 0, column 0 (counted from 0) is 3.4028"},
};
enum { N_REFUSALS = ADV_COUNT(refusals) };

/* gzip-compresses bytes; out must be large enough. */
static size_t compress_bytes(const void *bytes, size_t n, uint8_t *out, size_t capacity)
{
    z_stream stream = {0};
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    stream.next_in = (z_const Bytef *)bytes;
    stream.avail_in = (uInt)n;
    stream.next_out = out;
    stream.avail_out = (uInt)capacity;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t n_out = stream.total_out;
    deflateEnd(&stream);
    return n_out;
}

static void assert_refused(const void *bytes, size_t n, enum adv_status status, const char *part)
{
    struct adv_array array = {.n_dims = -7};
    struct adv_error error = ADV_ERROR_INIT;
    io_assert_refused(adv_idx_parse(bytes, n, "t.idx", &array, &error), &error, status, part);
    ck_assert_msg(strncmp(error.message, "t.idx: ", 7) == 0, "%s", error.message);
    ck_assert_int_eq(array.n_dims, -7);
}

START_TEST(what_is_not_right_is_refused)
{
    const struct refusal *row = &refusals[_i];
    assert_refused(row->bytes, row->n, row->status, row->part);
}
END_TEST

START_TEST(what_is_not_right_is_refused_in_compressed_files)
{
    const struct refusal *row = &refusals[_i];
    uint8_t compressed[256];
    size_t n = compress_bytes(row->bytes, row->n, compressed, sizeof compressed);
    struct adv_array array;
    ck_assert_int_eq(adv_idx_parse(compressed, n, "t.idx", &array, NULL), row->status);
}
END_TEST

START_TEST(damage_to_compressed_data)
{
    const uint8_t plain[] = {0, 0, 8, 1, 0, 0, 0, 4, 1, 2, 3, 4};
    uint8_t bytes[256];
    size_t n = compress_bytes(plain, sizeof plain, bytes, sizeof bytes);
    assert_refused(bytes, n - 1, ADV_E_FORMAT, "cut short");
    assert_refused(bytes, 2, ADV_E_FORMAT, "cut short");
    bytes[n] = 0x55;
    assert_refused(bytes, n + 1, ADV_E_FORMAT, "");
    bytes[n - 8] ^= 1; /* its CRC-32 */
    assert_refused(bytes, n, ADV_E_FORMAT, "damaged: incorrect data check");
    bytes[n - 8] ^= 1;
    bytes[n - 4] ^= 1; /* its length */
    assert_refused(bytes, n, ADV_E_FORMAT, "damaged: incorrect length check");
}
END_TEST

START_TEST(a_small_file_cannot_ask_for_much)
{
    /* A header of 2^40 bytes in a file of about 30: refused before there is a buffer for them. */
    const uint8_t header[] = {0, 0, 8, 2, 0, 16, 0, 0, 0, 16, 0, 0};
    uint8_t bytes[256];
    size_t n = compress_bytes(header, sizeof header, bytes, sizeof bytes);
    assert_refused(bytes, n, ADV_E_FORMAT, "cannot hold them");
}
END_TEST

START_TEST(more_data_than_promised_are_not_decompressed)
{
    /* A megabyte of zeros behind a header that promises four bytes. */
    enum { N = 1 << 20 };
    uint8_t *plain = calloc(N, 1), *bytes = malloc(N);
    memcpy(plain, (const uint8_t[]){0, 0, 8, 1, 0, 0, 0, 4}, 8);
    size_t n = compress_bytes(plain, N, bytes, N);
    assert_refused(bytes, n, ADV_E_FORMAT, "more than the 12 bytes");
    free(plain);
    free(bytes);
}
END_TEST

/* ---------------------------------------------------------------- MNIST */

static bool read_mnist(const char *name, struct adv_array *array)
{
    char path[IO_PATH_MAX];
    struct adv_error error = ADV_ERROR_INIT;
    snprintf(path, sizeof path, "../shared/data/mnist/%s-ubyte.gz", name);
    if (!io_shared_exists(path))
        return false;
    ck_assert_msg(adv_idx_read(path, array, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(array->levels, 256);
    return true;
}

START_TEST(mnist_images)
{
    /* The means and standard deviations that every user of MNIST knows, 0.1307 and 0.3081 for
     * training. */
    static const char *const names[] = {"train-images-idx3", "t10k-images-idx3"};
    static const size_t counts[] = {60000, 10000};
    static const double sums[] = {1567298545.0, 264923200.0};
    struct adv_array array;
    if (!read_mnist(names[_i], &array))
        return;
    ck_assert_int_eq(array.n_dims, 3);
    ck_assert_uint_eq(array.shape[0], counts[_i]);
    ck_assert_uint_eq(array.shape[1], 28);
    ck_assert_uint_eq(array.shape[2], 28);
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < array.n_elements; i++) {
        sum += (double)array.data[i];
        squares += (double)array.data[i] * (double)array.data[i];
    }
    double n = (double)array.n_elements, mean = sum / n;
    ck_assert_double_eq(sum, sums[_i]);
    if (_i == 0) {
        ck_assert_double_eq_tol(mean / 255.0, 0.1307, 5e-5);
        ck_assert_double_eq_tol(sqrt(squares / n - mean * mean) / 255.0, 0.3081, 5e-5);
    }
    adv_array_release(&array);
}
END_TEST

START_TEST(mnist_labels)
{
    static const size_t counts[10] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    static const float first[] = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4};
    size_t found[10] = {0};
    struct adv_array array;
    if (!read_mnist("train-labels-idx1", &array))
        return;
    ck_assert_int_eq(array.n_dims, 1);
    ck_assert_uint_eq(array.shape[0], 60000);
    ck_assert_mem_eq(array.data, first, sizeof first);
    for (size_t i = 0; i < array.n_elements; i++)
        found[(size_t)array.data[i]]++;
    ck_assert_mem_eq(found, counts, sizeof counts);
    adv_array_release(&array);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io: IDX");

    TCase *reading = tcase_create("reading");
    tcase_add_loop_test(reading, every_dtype_is_read, 0, N_KNOWN);
    tcase_add_test(reading, no_images_are_images);
    tcase_add_loop_test(reading, what_is_not_right_is_refused, 0, N_REFUSALS);
    tcase_add_loop_test(reading, what_is_not_right_is_refused_in_compressed_files, 0, N_REFUSALS);
    tcase_add_test(reading, damage_to_compressed_data);
    tcase_add_test(reading, a_small_file_cannot_ask_for_much);
    tcase_add_test(reading, more_data_than_promised_are_not_decompressed);
    suite_add_tcase(suite, reading);

    TCase *mnist = tcase_create("MNIST");
    tcase_set_timeout(mnist, 120);
    tcase_add_loop_test(mnist, mnist_images, 0, 2);
    tcase_add_test(mnist, mnist_labels);
    suite_add_tcase(suite, mnist);

    return suite_run(suite);
}
