/* Safetensors: known files, each refusal, and what is written read back. */
#include "core/io/arrays/number.h"
#include "core/io/safetensors/values.h"
#include "tests/core/io/io_support.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <advect/extra/safetensors.h>
#include <check.h>
#include <inttypes.h>
#include <math.h>
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

static struct adv_safetensors *open_file(const char *path)
{
    struct adv_safetensors *file = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_safetensors_open(path, &file, &error) == ADV_OK, "%s", error.message);
    return file;
}

static struct adv_safetensors *open_seed(const char *name)
{
    char path[IO_PATH_MAX];
    return open_file(io_seed_path("safetensors", name, path));
}

static const struct adv_tensor *find(const struct adv_safetensors *file, const char *name)
{
    const struct adv_tensor *tensor = adv_safetensors_find(file, name);
    ck_assert_msg(tensor != NULL, "no tensor '%s'", name);
    return tensor;
}

/* ---------------------------------------------------------------- reading */

static const char *const dtype_names[] = {"F32", "F64", "F16", "BF16", "I64", "I32", "U8"};
static const size_t dtype_bytes[] = {4, 8, 2, 2, 8, 4, 1};
enum { N_DTYPES = 7 };

/* The header alone says the same of every tensor, and of the metadata. */
START_TEST(a_header_is_read_without_its_bytes)
{
    static const char *const seeds[] = {"every-dtype", "escapes", "scalar-and-nothing", "empty"};
    char path[IO_PATH_MAX];
    struct adv_safetensors *header = NULL, *file = open_seed(seeds[_i]);
    io_seed_path("safetensors", seeds[_i], path);
    ck_assert_int_eq(adv_safetensors_open_header(path, &header, NULL), ADV_OK);
    ck_assert_uint_eq(adv_safetensors_count(header), adv_safetensors_count(file));
    for (size_t i = 0; i < adv_safetensors_count(file); i++) {
        const struct adv_tensor *a = adv_safetensors_at(header, i),
                                *b = adv_safetensors_at(file, i);
        ck_assert_str_eq(a->name, b->name);
        ck_assert_int_eq(a->dtype, b->dtype);
        ck_assert_uint_eq(a->n_elements, b->n_elements);
        ck_assert(a->bytes == NULL || adv_safetensors_count(file) == 0 || !b->n_elements);
    }
    adv_safetensors_close(header);
    adv_safetensors_close(file);
}
END_TEST

START_TEST(every_dtype_is_read)
{
    char name[16];
    snprintf(name, sizeof name, "t.%s", dtype_names[_i]);
    struct adv_safetensors *file = open_seed("every-dtype");
    ck_assert_uint_eq(adv_safetensors_count(file), N_DTYPES);
    const struct adv_tensor *tensor = find(file, name);
    ck_assert_str_eq(tensor->name, name);
    ck_assert_int_eq(tensor->dtype, _i);
    ck_assert_int_eq(tensor->n_dims, 2);
    ck_assert_uint_eq(tensor->shape[0], 2);
    ck_assert_uint_eq(tensor->shape[1], 3);
    ck_assert_uint_eq(tensor->n_elements, 6);
    ck_assert_str_eq(adv_dtype_name(tensor->dtype), dtype_names[_i]);
    ck_assert_uint_eq(adv_dtype_bytes(tensor->dtype), dtype_bytes[_i]);
    int first = tensor->dtype == ADV_U8 ? 0 : -3;
    float values[6];
    int64_t integers[6];
    adv_tensor_to_float(tensor, values);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(values[i], (float)(first + i));
    if (tensor->dtype == ADV_I64 || tensor->dtype == ADV_I32 || tensor->dtype == ADV_U8) {
        adv_tensor_to_int64(tensor, integers);
        for (int i = 0; i < 6; i++)
            ck_assert_int_eq(integers[i], first + i);
    }
    adv_safetensors_close(file);
}
END_TEST

START_TEST(tensors_come_in_the_order_of_their_bytes)
{
    struct adv_safetensors *file = open_seed("every-dtype");
    for (size_t i = 1; i < adv_safetensors_count(file); i++) {
        const struct adv_tensor *before = adv_safetensors_at(file, i - 1);
        const char *end = (const char *)before->bytes + 6 * adv_dtype_bytes(before->dtype);
        ck_assert_ptr_eq(end, adv_safetensors_at(file, i)->bytes);
    }
    adv_safetensors_close(file);
}
END_TEST

START_TEST(metadata_and_absent_names)
{
    struct adv_safetensors *file = open_seed("every-dtype");
    ck_assert_str_eq(adv_safetensors_metadata(file, "format"), "pt");
    ck_assert_str_eq(adv_safetensors_metadata(file, "quote"), "a \"b\"\n\u00e9\U0001f600");
    ck_assert_ptr_null(adv_safetensors_metadata(file, "absent"));
    ck_assert_ptr_null(adv_safetensors_find(file, "t"));
    ck_assert_ptr_null(adv_safetensors_find(file, "__metadata__"));
    adv_safetensors_close(file);
}
END_TEST

START_TEST(scalars_and_empty_tensors)
{
    struct adv_safetensors *file = open_seed("scalar-and-nothing");
    const struct adv_tensor *scalar = find(file, "scalar"), *nothing = find(file, "nothing");
    float value;
    adv_tensor_to_float(scalar, &value);
    ck_assert_int_eq(scalar->n_dims, 0);
    ck_assert_float_eq(value, 2.5f);
    ck_assert_uint_eq(nothing->n_elements, 0);
    ck_assert_uint_eq(nothing->shape[1], 7);
    adv_safetensors_close(file);
}
END_TEST

START_TEST(a_file_without_tensors)
{
    struct adv_safetensors *file = open_seed("empty");
    ck_assert_uint_eq(adv_safetensors_count(file), 0);
    ck_assert_ptr_null(adv_safetensors_find(file, "x"));
    ck_assert_ptr_null(adv_safetensors_metadata(file, "x"));
    /* FNV-1a of its 16 bytes, computed apart. */
    ck_assert_str_eq(adv_safetensors_digest(file), "f9731ba4810c15e5");
    adv_safetensors_close(file);
}
END_TEST

START_TEST(escapes_spaces_and_odd_offsets)
{
    struct adv_safetensors *file = open_seed("escapes");
    float half, byte;
    adv_tensor_to_float(find(file, "a\U0001f600"), &half);
    adv_tensor_to_float(find(file, "b"), &byte);
    ck_assert_float_eq(half, -1.5f);
    ck_assert_float_eq(byte, 7.0f);
    adv_safetensors_close(file);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

struct refusal {
    const char *header;
    size_t n_data; /* zero bytes behind it */
    enum adv_status status;
    const char *part; /* of the message */
};

#define T(dtype, shape, offsets)                                                                   \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define BIG "9223372036854775807"

static const struct refusal refusals[] = {
    {"", 0, ADV_E_FORMAT, "not a JSON object"},
    {"[]", 0, ADV_E_FORMAT, "not a JSON object"},
    {"{", 0, ADV_E_FORMAT, "byte 1: a string"},
    {"{} {}", 0, ADV_E_FORMAT, "text after the header"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",}", 4, ADV_E_FORMAT, "a string"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") " \"b\":1}", 4, ADV_E_FORMAT, "',' or '}'"},
    {"{\"a\" " T("F32", "[1]", "[0,4]") "}", 4, ADV_E_FORMAT, "':'"},
    {"{\"a\":[]}", 0, ADV_E_FORMAT, "a tensor is an object"},
    {"{\"a", 0, ADV_E_FORMAT, "no end"},
    {"{\"a\tb\":{}}", 0, ADV_E_FORMAT, "control character"},
    {"{\"\\x\":{}}", 0, ADV_E_FORMAT, "unknown escape"},
    {"{\"\\u0000\":{}}", 0, ADV_E_FORMAT, "does not give a character"},
    {"{\"\\ud800\":{}}", 0, ADV_E_FORMAT, "does not give a character"},
    {"{\"\\ud800\\u0041\":{}}", 0, ADV_E_FORMAT, "does not give a character"},
    {"{\"\\udc00\":{}}", 0, ADV_E_FORMAT, "does not give a character"},
    {"{\"\\u12g4\":{}}", 0, ADV_E_FORMAT, "does not give a character"},
    {"{\"\xff\":{}}", 0, ADV_E_FORMAT, "UTF-8"},
    {"{\"\xc0\x80\":{}}", 0, ADV_E_FORMAT, "UTF-8"},
    {"{\"\xed\xa0\x80\":{}}", 0, ADV_E_FORMAT, "UTF-8"},
    {"{\"\xf4\x90\x80\x80\":{}}", 0, ADV_E_FORMAT, "UTF-8"},
    {"{\"\xe2\x82\":{}}", 0, ADV_E_FORMAT, "UTF-8"},
    {"{\"a\":{}}", 0, ADV_E_FORMAT, "tensor 'a': missing 'dtype'"},
    {"{\"a\":{\"dtype\":\"F32\"}}", 0, ADV_E_FORMAT, "tensor 'a': missing 'shape'"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", 0, ADV_E_FORMAT, "missing 'data_offsets'"},
    {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0, ADV_E_FORMAT, "duplicate member 'dtype'"},
    {"{\"a\":{\"type\":\"F32\"}}", 0, ADV_E_FORMAT, "unknown member 'type'"},
    {"{\"a\":{\"dtype\":32}}", 0, ADV_E_FORMAT, "a string"},
    {"{\"a\":" T("I8", "[1]", "[0,1]") "}", 1, ADV_E_UNSUPPORTED, "tensor 'a': only F32"},
    {"{\"a\":" T("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, ADV_E_UNSUPPORTED, "more than 8"},
    {"{\"a\":" T("F32", "4", "[0,4]") "}", 4, ADV_E_FORMAT, "an array of integers"},
    {"{\"a\":" T("F32", "[-1]", "[0,4]") "}", 4, ADV_E_FORMAT, "an integer >= 0"},
    {"{\"a\":" T("F32", "[1.0]", "[0,4]") "}", 4, ADV_E_FORMAT, "',' or ']'"},
    {"{\"a\":" T("F32", "[01]", "[0,4]") "}", 4, ADV_E_FORMAT, "begins with 0"},
    {"{\"a\":" T("F32", "[18446744073709551616]", "[0,4]") "}", 4, ADV_E_FORMAT, "too large"},
    {"{\"a\":" T("F32", "[" BIG "," BIG "]", "[0,4]") "}", 4, ADV_E_FORMAT, "'a': too many"},
    {"{\"a\":" T("F32", "[" BIG "]", "[0,4]") "}", 4, ADV_E_FORMAT, "'a': too many"},
    {"{\"a\":" T("F32", "[0," BIG "," BIG "]", "[0,0]") "}", 0, ADV_E_FORMAT, "'a': too many"},
    {"{\"a\":" T("F32", "[1]", "[4]") "}", 4, ADV_E_FORMAT, "two integers"},
    {"{\"a\":" T("F32", "[1]", "[0,4,8]") "}", 4, ADV_E_UNSUPPORTED, "more than 2"},
    {"{\"a\":" T("F32", "[1]", "[4,0]") "}", 4, ADV_E_FORMAT, "'a' at bytes [4, 0) ends before"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") "}", 3, ADV_E_FORMAT, "beyond the 3 bytes of data"},
    {"{\"a\":" T("F32", "[1]", "[" BIG "," BIG "]") "}", 4, ADV_E_FORMAT, "beyond the 4 bytes"},
    {"{\"a\":" T("F32", "[2]", "[0,4]") "}", 4, ADV_E_FORMAT, "does not fit its shape: 2 elements"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F32", "[1]", "[2,6]") "}", 6, ADV_E_FORMAT,
     "tensor 'b' at bytes [2, 6) overlaps"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F32", "[1]", "[0,4]") "}", 4, ADV_E_FORMAT,
     "overlaps"},
    {"{\"a\":" T("F32", "[2]", "[0,8]") ",\"b\":" T("F32", "[0]", "[4,4]") "}", 8, ADV_E_FORMAT,
     "tensor 'b' at bytes [4, 4) overlaps"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F32", "[1]", "[8,12]") "}", 12, ADV_E_FORMAT,
     "tensor 'b' at bytes [8, 12) leaves a hole"},
    {"{\"a\":" T("F32", "[1]", "[4,8]") "}", 8, ADV_E_FORMAT, "leaves a hole"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") "}", 5, ADV_E_FORMAT, "1 bytes after the last tensor"},
    {"{}", 1, ADV_E_FORMAT, "1 bytes after the last tensor"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"a\":" T("F32", "[1]", "[4,8]") "}", 8, ADV_E_FORMAT,
     "tensor 'a' is there twice"},
    {"{\"a\":" T("U8", "[1]", "[0,1]") ",\"\\u0061\":" T("U8", "[1]", "[1,2]") "}", 2, ADV_E_FORMAT,
     "tensor 'a' is there twice"},
    {"{\"__metadata__\":{\"k\":1}}", 0, ADV_E_FORMAT, "a string"},
    {"{\"__metadata__\":[]}", 0, ADV_E_FORMAT, "object of strings"},
    {"{\"__metadata__\":{\"k\":\"v\",\"k\":\"w\"}}", 0, ADV_E_FORMAT, "metadata key 'k'"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, ADV_E_FORMAT, "a second __metadata__"},
};
enum { N_REFUSALS = ADV_COUNT(refusals) };

START_TEST(what_is_not_right_is_refused)
{
    const struct refusal *row = &refusals[_i];
    uint64_t n_header = strlen(row->header);
    size_t n = sizeof n_header + n_header + row->n_data;
    uint8_t *bytes = calloc(n, 1);
    memcpy(bytes, &n_header, sizeof n_header);
    memcpy(bytes + sizeof n_header, row->header, n_header);
    struct adv_safetensors *file = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_safetensors_parse(bytes, n, "bad.safetensors", &file, &error);
    io_assert_refused(status, &error, row->status, row->part);
    ck_assert_msg(strncmp(error.message, "bad.safetensors: ", 17) == 0, "%s", error.message);
    ck_assert_ptr_null(file);
    if (strstr(row->part, "tensor '"))
        ck_assert_msg(strlen(error.field) == 1, "field '%s'", error.field);
    free(bytes);
}
END_TEST

START_TEST(the_header_length_is_checked_first)
{
    uint64_t lengths[] = {9, 100000000, 100000001, UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        uint8_t bytes[16] = {0};
        memcpy(bytes, &lengths[i], sizeof lengths[i]);
        struct adv_safetensors *file = NULL;
        struct adv_error error = ADV_ERROR_INIT;
        enum adv_status status = adv_safetensors_parse(bytes, sizeof bytes, "x", &file, &error);
        io_assert_refused(status, &error, ADV_E_FORMAT,
                          lengths[i] > 100000000 ? "at most 100000000" : "the file has only 16");
        status = adv_safetensors_parse(bytes, 7, "x", &file, NULL);
        ck_assert_int_eq(status, ADV_E_FORMAT);
        status = adv_safetensors_parse(NULL, 0, "x", &file, NULL);
        ck_assert_int_eq(status, ADV_E_FORMAT);
    }
}
END_TEST

struct not_finite {
    const char *dtype;
    unsigned n_bytes;
    uint64_t bits;
};

static const struct not_finite not_finite[] = {
    {"F32", 4, 0x7fc00000},
    {"F32", 4, 0xff800000},
    {"F64", 8, UINT64_C(0x7ff8000000000000)},
    {"F64", 8, UINT64_C(0x47f0000000000000)}, /* 2^128 */
    {"F16", 2, 0x7c00},
    {"BF16", 2, 0xff81},
};
enum { N_NOT_FINITE = ADV_COUNT(not_finite) };

START_TEST(values_that_are_not_finite_are_refused)
{
    /* The last of 300 elements: behind the first block that is looked at. */
    const struct not_finite *row = &not_finite[_i];
    enum { N = 300 };
    uint8_t bytes[8 + 128 + 8 * N] = {0};
    uint64_t n_header = 128;
    char *header = (char *)bytes + 8;
    int n_text = snprintf(header, n_header,
                          "{\"w\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%u]}}",
                          row->dtype, N, N * row->n_bytes);
    memset(header + n_text, ' ', n_header - (size_t)n_text);
    memcpy(bytes, &n_header, 8);
    memcpy(bytes + 8 + 128 + (N - 1) * row->n_bytes, &row->bits, row->n_bytes);
    struct adv_safetensors *file = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    size_t n = 8 + 128 + N * row->n_bytes;
    enum adv_status status = adv_safetensors_parse(bytes, n, "x", &file, &error);
    io_assert_refused(status, &error, ADV_E_INVALID, "tensor 'w' holds");
    io_assert_refused(status, &error, ADV_E_INVALID, "element 299");
    ck_assert_str_eq(error.field, "w");
}
END_TEST

/* Tensors w0 ... w24 of one number each, every second of them infinite. */
START_TEST(every_tensor_that_is_not_finite_is_named)
{
    enum { N = 25, HEADER = 4096 };
    uint8_t bytes[8 + HEADER + 4 * N] = {0};
    uint64_t n_header = HEADER;
    char *header = (char *)bytes + 8;
    size_t length = 0;
    memset(header, ' ', HEADER);
    for (unsigned i = 0; i < N; i++) {
        length += (size_t)sprintf(header + length,
                                  "%c\"w%u\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":"
                                  "[%u,%u]}",
                                  i ? ',' : '{', i, 4 * i, 4 * i + 4);
        memcpy(bytes + 8 + HEADER + 4 * i, i % 2 ? "\0\0\0\0" : "\0\0\x80\x7f", 4);
    }
    header[length] = '}';
    memcpy(bytes, &n_header, 8);
    struct adv_safetensors *file = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_safetensors_parse(bytes, sizeof bytes, "x", &file, &error);
    for (unsigned i = 0; i < N; i++) {
        char part[64];
        snprintf(part, sizeof part, "tensor 'w%u' holds inf at element 0", i);
        if (i % 2 == 0)
            io_assert_refused(status, &error, ADV_E_INVALID, part);
        else
            ck_assert_ptr_null(strstr(error.message, part));
    }
}
END_TEST

START_TEST(a_missing_file_and_a_directory)
{
    struct adv_safetensors *file = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_safetensors_open("/nowhere/a.safetensors", &file, &error);
    io_assert_refused(status, &error, ADV_E_IO, "/nowhere/a.safetensors: cannot open");
    error = (struct adv_error)ADV_ERROR_INIT;
    status = adv_safetensors_open(scratch.folder, &file, &error);
    io_assert_refused(status, &error, ADV_E_INVALID, "not a regular file");
}
END_TEST

/* ---------------------------------------------------------------- writing */

START_TEST(what_is_written_comes_back)
{
    static const float values[] = {1.0f, -2.5f, 0.1f, 65504.0f, 1e-7f, 0.0f};
    static const int64_t integers[] = {INT64_MIN, 0, INT64_MAX};
    static const float scalar = 0x1.fffffep127f;
    const struct adv_tensor_source tensors[] = {
        {"half", ADV_F16, 1, {5}, values},
        {"brain", ADV_BF16, 2, {2, 3}, values},
        {"name \"q\" \u00e9", ADV_F32, 2, {3, 2}, values},
        {"long", ADV_I64, 1, {3}, integers},
        {"scalar", ADV_F32, 0, {0}, &scalar},
        {"none", ADV_F32, 2, {0, 4}, NULL},
    };
    char path[IO_PATH_MAX];
    struct adv_error error = ADV_ERROR_INIT;
    json_t *metadata = json_pack("{s:s, s:s}", "advect.version", "1", "text", "a\n\"b\"");
    io_scratch_path(&scratch, "a.safetensors", path);
    ck_assert_msg(adv_safetensors_write(path, metadata, 6, tensors, &error) == ADV_OK, "%s",
                  error.message);
    json_decref(metadata);
    struct adv_safetensors *file = open_file(path);
    ck_assert_uint_eq(adv_safetensors_count(file), 6);
    ck_assert_str_eq(adv_safetensors_metadata(file, "text"), "a\n\"b\"");
    float out[6];
    for (int t = 0; t < 3; t++) {
        const struct adv_tensor *tensor = find(file, tensors[t].name);
        adv_tensor_to_float(tensor, out);
        ck_assert_int_eq(tensor->dtype, tensors[t].dtype);
        ck_assert_int_eq(tensor->n_dims, tensors[t].n_dims);
        for (size_t i = 0; i < tensor->n_elements; i++) {
            float expected = t == 0   ? adv_half_to_float(adv_float_to_half(values[i]))
                             : t == 1 ? adv_bfloat_to_float(adv_float_to_bfloat(values[i]))
                                      : values[i];
            ck_assert_float_eq(out[i], expected);
        }
    }
    int64_t integers_back[3];
    adv_tensor_to_int64(find(file, "long"), integers_back);
    ck_assert_mem_eq(integers_back, integers, sizeof integers);
    adv_tensor_to_float(find(file, "scalar"), out);
    ck_assert_float_eq(out[0], scalar);
    ck_assert_uint_eq(find(file, "none")->n_elements, 0);
    adv_safetensors_close(file);
    ck_assert_uint_eq(io_scratch_count(&scratch), 1);
}
END_TEST

START_TEST(every_tensor_is_aligned_in_the_file)
{
    static const float values[] = {1.0f, 2.0f, 3.0f};
    static const int64_t integers[] = {1};
    const struct adv_tensor_source tensors[] = {{"h", ADV_F16, 1, {3}, values},
                                                {"f", ADV_F32, 1, {3}, values},
                                                {"l", ADV_I64, 1, {1}, integers}};
    char path[IO_PATH_MAX];
    io_scratch_path(&scratch, "a.safetensors", path);
    ck_assert_int_eq(adv_safetensors_write(path, NULL, 3, tensors, NULL), ADV_OK);
    void *bytes;
    size_t n, n_data = 3 * 2 + 3 * 4 + 8;
    ck_assert_int_eq(adv_file_read(path, 1 << 20, &bytes, &n, NULL), ADV_OK);
    uint64_t n_header;
    memcpy(&n_header, bytes, 8);
    ck_assert_uint_eq(n_header % 8, 0);
    ck_assert_uint_eq(n, 8 + n_header + n_data);
    struct adv_safetensors *file = open_file(path);
    const char *start = adv_safetensors_at(file, 0)->bytes;
    for (size_t i = 0; i < 3; i++) {
        const struct adv_tensor *tensor = adv_safetensors_at(file, i);
        size_t offset = (size_t)((const char *)tensor->bytes - start);
        ck_assert_uint_eq(offset % adv_dtype_bytes(tensor->dtype), 0);
    }
    adv_safetensors_close(file);
    free(bytes);
}
END_TEST

struct bad_source {
    struct adv_tensor_source source;
    enum adv_status status;
    const char *part;
};

static const float nan_at_1[] = {1.0f, NAN}, too_large_for_half[] = {0.0f, 65520.0f},
                   too_large_for_bfloat[] = {0.0f, -0x1.fffffep127f}, fine[] = {0.0f, 1.0f};

static const struct bad_source bad_sources[] = {
    {{"w", ADV_F32, 1, {2}, nan_at_1}, ADV_E_NUMERIC, "'w' holds nan at element 1"},
    {{"w", ADV_F16, 1, {2}, nan_at_1}, ADV_E_NUMERIC, "'w' holds nan at element 1"},
    {{"w", ADV_F16, 1, {2}, too_large_for_half}, ADV_E_NUMERIC, "'w' holds 65520 at element 1"},
    {{"w", ADV_BF16, 1, {2}, too_large_for_bfloat}, ADV_E_NUMERIC, "at element 1"},
    {{"w", ADV_U8, 1, {2}, fine}, ADV_E_UNSUPPORTED, "'w' is to be written as"},
    {{"w", ADV_F32, 9, {2}, fine}, ADV_E_UNSUPPORTED, "more than 8"},
    {{"w", ADV_F32, 2, {SIZE_MAX, 2}, fine}, ADV_E_INVALID, "too many elements"},
    {{"__metadata__", ADV_F32, 1, {2}, fine}, ADV_E_INVALID, "a name that no tensor may have"},
    {{"\xff", ADV_F32, 1, {2}, fine}, ADV_E_INVALID, "a name that no tensor may have"},
    {{"twin", ADV_F32, 1, {2}, fine}, ADV_E_INVALID, "'twin' is there twice"},
};
enum { N_BAD_SOURCES = ADV_COUNT(bad_sources) };

START_TEST(what_could_not_be_read_is_not_written)
{
    const struct bad_source *row = &bad_sources[_i];
    struct adv_tensor_source tensors[] = {{"twin", ADV_F32, 1, {2}, fine}, row->source};
    char path[IO_PATH_MAX];
    struct adv_error error = ADV_ERROR_INIT;
    io_scratch_path(&scratch, "a.safetensors", path);
    enum adv_status status = adv_safetensors_write(path, NULL, 2, tensors, &error);
    io_assert_refused(status, &error, row->status, row->part);
    ck_assert_uint_eq(io_scratch_count(&scratch), 0);
}
END_TEST

START_TEST(metadata_must_be_strings)
{
    char path[IO_PATH_MAX];
    struct adv_error error = ADV_ERROR_INIT;
    json_t *metadata = json_pack("{s:i}", "steps", 3), *array = json_array();
    io_scratch_path(&scratch, "a.safetensors", path);
    enum adv_status status = adv_safetensors_write(path, metadata, 0, NULL, &error);
    io_assert_refused(status, &error, ADV_E_INVALID, "metadata 'steps' is not a string");
    error = (struct adv_error)ADV_ERROR_INIT;
    status = adv_safetensors_write(path, array, 0, NULL, &error);
    io_assert_refused(status, &error, ADV_E_INVALID, "metadata is not an object of strings");
    json_decref(metadata);
    json_decref(array);
}
END_TEST

/* ---------------------------------------------------------------- shared fixtures */

/* Number of tensors and of elements, the sum of their magnitudes, and the FNV-1a digest of the file
 * where it is given: computed with NumPy. */
struct fixture {
    const char *name;
    size_t n_tensors, n_elements;
    double sum;
    const char *digest;
};

static const struct fixture fixtures[] = {
    {"mlp-2d/case", 30, 38851, 606.46433886463046, "5c8f38af8deed99c"},
    {"mlp-2d/model", 20, 37890, 3538.3203403057842, "fd12c361d097b272"},
    {"mlp-cond-7d/case", 28, 22216, 935.85409165405599, "784237cd017d9a8b"},
    {"mlp-cond-7d/model", 17, 20743, 2044.814976841993, "161004147c7f1f4e"},
    {"unet-meta-rgb-16x16/case", 135, 733296, 946071.22345361521, "8f3567320634ab0e"},
    {"unet-meta-rgb-16x16/model", 125, 714851, 36180.067268410821, "9af1c5fa54fdb743"},
    {"unet-scale-shift-8x8/case", 210, 1154586, 3785.6559458504639, NULL},
    {"unet-scale-shift-8x8/model", 200, 1151489, 57052.497464313521, NULL},
    {"unet-torchcfm-mnist/case", 177, 1095470, 12968.020012499226, NULL},
    {"unet-torchcfm-mnist/model", 167, 1076641, 44933.770450521064, NULL},
};
enum { N_FIXTURES = ADV_COUNT(fixtures) };

START_TEST(fixtures_are_read)
{
    const struct fixture *row = &fixtures[_i];
    char path[IO_PATH_MAX];
    snprintf(path, sizeof path, "../shared/fixtures/%s.safetensors", row->name);
    if (!io_shared_exists(path))
        return;
    struct adv_safetensors *file = open_file(path);
    size_t n_elements = 0;
    double sum = 0.0;
    for (size_t i = 0; i < adv_safetensors_count(file); i++) {
        const struct adv_tensor *tensor = adv_safetensors_at(file, i);
        float *values = malloc(tensor->n_elements * sizeof *values + 1);
        adv_tensor_to_float(tensor, values);
        for (size_t k = 0; k < tensor->n_elements; k++)
            sum += fabs((double)values[k]);
        n_elements += tensor->n_elements;
        free(values);
    }
    ck_assert_uint_eq(adv_safetensors_count(file), row->n_tensors);
    ck_assert_uint_eq(n_elements, row->n_elements);
    ck_assert_double_eq_tol(sum, row->sum, 1e-9 * row->sum); /* another order of addition */
    if (row->digest)
        ck_assert_str_eq(adv_safetensors_digest(file), row->digest);
    adv_safetensors_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io: safetensors");

    TCase *reading = tcase_create("reading");
    tcase_add_loop_test(reading, a_header_is_read_without_its_bytes, 0, 4);
    tcase_add_loop_test(reading, every_dtype_is_read, 0, N_DTYPES);
    tcase_add_test(reading, tensors_come_in_the_order_of_their_bytes);
    tcase_add_test(reading, metadata_and_absent_names);
    tcase_add_test(reading, scalars_and_empty_tensors);
    tcase_add_test(reading, a_file_without_tensors);
    tcase_add_test(reading, escapes_spaces_and_odd_offsets);
    tcase_add_loop_test(reading, fixtures_are_read, 0, N_FIXTURES);
    tcase_set_timeout(reading, 60);
    suite_add_tcase(suite, reading);

    TCase *refusing = tcase_create("refusals");
    tcase_add_checked_fixture(refusing, make_scratch, remove_scratch);
    tcase_add_loop_test(refusing, what_is_not_right_is_refused, 0, N_REFUSALS);
    tcase_add_test(refusing, the_header_length_is_checked_first);
    tcase_add_loop_test(refusing, values_that_are_not_finite_are_refused, 0, N_NOT_FINITE);
    tcase_add_test(refusing, every_tensor_that_is_not_finite_is_named);
    tcase_add_test(refusing, a_missing_file_and_a_directory);
    suite_add_tcase(suite, refusing);

    TCase *writing = tcase_create("writing");
    tcase_add_checked_fixture(writing, make_scratch, remove_scratch);
    tcase_add_test(writing, what_is_written_comes_back);
    tcase_add_test(writing, every_tensor_is_aligned_in_the_file);
    tcase_add_loop_test(writing, what_could_not_be_read_is_not_written, 0, N_BAD_SOURCES);
    tcase_add_test(writing, metadata_must_be_strings);
    suite_add_tcase(suite, writing);

    return suite_run(suite);
}
