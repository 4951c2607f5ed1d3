/* What no input and no lack of memory may do: crash, hang, leak, or end without a clear report. For
 * every parser: each prefix of each seed, seeded random mutations, the inputs that once broke
 * something, and each allocation failing in turn; the last for every writer too. */
#include "tests/core/io/io_support.h"
#include "tests/fuzz/consume.h"
#include "tests/fuzz/inputs.h"
#include "tests/fuzz/parsers.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/png.h>
#include <advect/extra/rng.h>
#include <advect/extra/safetensors.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Mutants of each parser, fewer of those that are slow; more with IO_MUTATIONS in the
 * environment. */
enum { N_MUTATIONS = 100000 };

static const struct fuzz_parser *parser;
static struct fuzz_input *seeds;
static size_t n_seeds;

static void load(int i)
{
    parser = &fuzz_parsers[i];
    seeds = fuzz_inputs_load("seeds", parser->name, &n_seeds);
    ck_assert_msg(n_seeds > 0, "no seeds of %s: run this in the repository's root", parser->name);
}

static void unload(void)
{
    fuzz_inputs_free(seeds, n_seeds);
}

static enum adv_status consume(const uint8_t *bytes, size_t n)
{
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = parser->consume(bytes, n, &error);
    fuzz_check_report(status, &error);
    return status;
}

/* ---------------------------------------------------------------- inputs */

START_TEST(every_prefix)
{
    load(_i);
    for (size_t s = 0; s < n_seeds; s++) {
        for (size_t n = 0; n < seeds[s].n; n++) {
            /* A buffer of its own, so that a byte read behind it is noticed. */
            uint8_t *prefix = malloc(n ? n : 1);
            memcpy(prefix, seeds[s].bytes, n);
            enum adv_status status = consume(prefix, n);
            if (parser->whole && status == ADV_OK)
                ck_abort_msg("%s is complete after %zu of %zu bytes", seeds[s].path, n, seeds[s].n);
            free(prefix);
        }
    }
    unload();
}
END_TEST

START_TEST(every_seed_with_bytes_behind_it)
{
    load(_i);
    for (size_t s = 0; s < n_seeds; s++) {
        uint8_t *longer = calloc(seeds[s].n + 3, 1);
        memcpy(longer, seeds[s].bytes, seeds[s].n);
        consume(longer, seeds[s].n + 3);
        free(longer);
    }
    unload();
}
END_TEST

/* Whether the list of reasons has a line for an input: "parser/name: reason". */
static bool has_reason(const char *reasons, const char *path_of_input)
{
    char wanted[256];
    const char *name = strstr(path_of_input, "regressions/") + strlen("regressions/");
    int n = snprintf(wanted, sizeof wanted, "\n%s: ", name);
    const char *line = strstr(reasons, wanted);
    return line && line[n] != '\0' && line[n] != '\n';
}

static char *read_reasons(void)
{
    void *text;
    size_t n;
    ck_assert_int_eq(adv_file_read("tests/fuzz/regressions/REASONS", 1 << 20, &text, &n, NULL),
                     ADV_OK);
    char *reasons = calloc(n + 1, 1);
    memcpy(reasons, text, n);
    free(text);
    return reasons;
}

START_TEST(inputs_that_once_broke_something_or_nearly)
{
    size_t count;
    char *reasons = read_reasons();
    parser = &fuzz_parsers[_i];
    struct fuzz_input *inputs = fuzz_inputs_load("regressions", parser->name, &count);
    ck_assert_msg(count > 0, "no regressions of %s", parser->name);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(has_reason(reasons, inputs[i].path), "%s has no reason", inputs[i].path);
        consume(inputs[i].bytes, inputs[i].n);
    }
    fuzz_inputs_free(inputs, count);
    free(reasons);
}
END_TEST

/* Numbers in [0, bound), a new one at each call. */
static size_t draw(uint64_t *counter, size_t bound)
{
    return (size_t)adv_rng_below(7, ADV_STREAM_DATA, (*counter)++, bound);
}

/* Changes one place of bytes [*n], which have room for max. */
static void mutate_once(uint64_t *counter, uint8_t *bytes, size_t *n, size_t max)
{
    static const uint8_t interesting[] = {0,   1,   0x7f, 0x80, 0xff, '"',
                                          '0', '9', '-',  ',',  '[',  '}'};
    size_t at = draw(counter, *n ? *n : 1), length = 1 + draw(counter, 8);
    switch (draw(counter, 6)) {
    case 0: /* flip a bit */
        bytes[at] ^= (uint8_t)(1u << draw(counter, 8));
        break;
    case 1:
        bytes[at] = (uint8_t)draw(counter, 256);
        break;
    case 2:
        bytes[at] = interesting[draw(counter, sizeof interesting)];
        break;
    case 3: /* remove a piece */
        length = length < *n - at ? length : *n - at;
        memmove(bytes + at, bytes + at + length, *n - at - length);
        *n -= length;
        break;
    case 4: /* repeat a piece */
        length = length < *n - at ? length : *n - at;
        length = length < max - *n ? length : max - *n;
        memmove(bytes + at + length, bytes + at, *n - at);
        *n += length;
        break;
    default: /* add to a number in base 256 */
        bytes[at] = (uint8_t)(bytes[at] + draw(counter, 5) - 2);
    }
}

/* No mutant may ask for more memory than this: the pictures are at most 256 x 256 here, and libpng
 * and zlib have buffers of a fixed size. What a few bytes claim to hold would take gigabytes. */
static size_t memory_bound(size_t n)
{
    return (2 << 20) + 64 * n;
}

START_TEST(random_mutations)
{
    enum { ROOM = 64 };
    const char *wish = getenv("IO_MUTATIONS");
    long n_mutations = wish ? atol(wish) : N_MUTATIONS;
    uint64_t counter = (uint64_t)_i << 40;
    load(_i);
    n_mutations /= parser->slowness;
    for (long m = 0; m < n_mutations; m++) {
        const struct fuzz_input *seed = &seeds[draw(&counter, n_seeds)];
        size_t n = seed->n, max = seed->n + ROOM;
        uint8_t *mutant = calloc(max, 1);
        memcpy(mutant, seed->bytes, n);
        for (size_t changes = 1 + draw(&counter, 4); changes > 0; changes--)
            mutate_once(&counter, mutant, &n, max);
        if (parser->repair && m % 4 != 0)
            parser->repair(mutant, n);
        uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, mutant, n);
        size_t n_bytes = alloc_fail_n_bytes();
        consume(exact, n);
        n_bytes = alloc_fail_n_bytes() - n_bytes;
        if (n_bytes > memory_bound(n))
            ck_abort_msg("mutant %ld of %s: %zu bytes took %zu", m, seed->path, n, n_bytes);
        free(exact);
        free(mutant);
    }
    unload();
}
END_TEST

/* ---------------------------------------------------------------- memory */

static enum adv_status consume_seed(void *context, struct adv_error *error)
{
    const struct fuzz_input *seed = context;
    return parser->consume(seed->bytes, seed->n, error);
}

/* The parser runs out of memory at each of its allocations; a picture that is refused anyway tells
 * nothing. */
START_TEST(parsers_without_memory)
{
    load(_i);
    size_t n_tried = 0;
    for (size_t s = 0; s < n_seeds; s++) {
        if (consume(seeds[s].bytes, seeds[s].n) != ADV_OK)
            continue;
        n_tried++;
        if (!parser->tells_memory)
            continue;
        long n_failed = alloc_fail_each(consume_seed, &seeds[s]);
        ck_assert_msg(n_failed >= 2, "%s: %ld", seeds[s].path, n_failed);
    }
    ck_assert_uint_gt(n_tried, 2);
    unload();
}
END_TEST

static struct io_scratch scratch;
static char path[IO_PATH_MAX];
static const float values[6] = {1, 2, 3, 4, 5, 6};

static enum adv_status write_safetensors(void *context, struct adv_error *error)
{
    const struct adv_tensor_source tensors[] = {
        {"a tensor with a name that is long", ADV_F32, 2, {2, 3}, values},
        {"b", ADV_F16, 1, {6}, values}};
    return adv_safetensors_write(path, context, 2, tensors, error);
}

static enum adv_status open_safetensors(void *context, struct adv_error *error)
{
    struct adv_safetensors *file;
    enum adv_status status = adv_safetensors_open(context, &file, error);
    if (status == ADV_OK)
        adv_safetensors_close(file);
    return status;
}

static enum adv_status write_csv(void *context, struct adv_error *error)
{
    static const char *const columns[] = {"a", "b c", "d"};
    (void)context;
    return adv_csv_write(path, 2, 3, values, columns, error);
}

static enum adv_status encode(void *context, struct adv_error *error)
{
    struct adv_bytes png;
    enum adv_status status = adv_png_encode(context, 6, &png, error);
    if (status == ADV_OK)
        adv_bytes_release(&png);
    return status;
}

static enum adv_status animate(void *context, struct adv_error *error)
{
    struct adv_image *image = context;
    const struct adv_image frames[] = {*image, *image};
    struct adv_bytes png;
    enum adv_status status = adv_png_encode_animation(2, frames, 40, 40, 0, 6, &png, error);
    if (status == ADV_OK)
        adv_bytes_release(&png);
    return status;
}

static enum adv_status make_image(void *context, struct adv_error *error)
{
    struct adv_image image;
    (void)context;
    enum adv_status status = adv_image_init(&image, 3, 2, 3, error);
    if (status == ADV_OK)
        adv_image_release(&image);
    return status;
}

static enum adv_status read_npy(void *context, struct adv_error *error)
{
    struct adv_array array;
    enum adv_status status = adv_npy_read(context, &array, error);
    if (status == ADV_OK)
        adv_array_release(&array);
    return status;
}

START_TEST(writers_without_memory)
{
    json_t *metadata = json_pack("{s:s}", "key", "a value that is longer than sixteen bytes");
    io_scratch_make(&scratch);
    io_scratch_path(&scratch, "a", path);
    ck_assert_int_eq(adv_file_replace(path, "old", 3, NULL), ADV_OK);
    long n_safetensors = alloc_fail_each(write_safetensors, metadata);
    long n_opened = alloc_fail_each(open_safetensors, path);
    long n_csv = alloc_fail_each(write_csv, NULL);
    ck_assert_int_gt(n_safetensors, 20);
    ck_assert_int_gt(n_opened, 4);
    ck_assert_int_ge(n_csv, 2);
    ck_assert_uint_eq(io_scratch_count(&scratch), 1); /* no temporary file is left */
    io_scratch_remove(&scratch);
    json_decref(metadata);
}
END_TEST

START_TEST(pictures_and_files_without_memory)
{
    struct adv_image image;
    char seed_path[IO_PATH_MAX];
    io_seed_path("npy", "fortran-3d", seed_path);
    ck_assert_int_eq(adv_image_init(&image, 9, 6, 3, NULL), ADV_OK);
    ck_assert_int_eq(alloc_fail_each(make_image, NULL), 2);
    ck_assert_int_gt(alloc_fail_each(encode, &image), 4);
    ck_assert_int_gt(alloc_fail_each(animate, &image), 10);
    ck_assert_int_eq(alloc_fail_each(read_npy, seed_path), 6); /* file, array, its transpose */
    adv_image_release(&image);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io: robustness");
    int n_parsers = (int)n_fuzz_parsers;

    TCase *inputs = tcase_create("inputs");
    tcase_set_timeout(inputs, 600);
    tcase_add_loop_test(inputs, every_prefix, 0, n_parsers);
    tcase_add_loop_test(inputs, every_seed_with_bytes_behind_it, 0, n_parsers);
    tcase_add_loop_test(inputs, inputs_that_once_broke_something_or_nearly, 0, n_parsers);
    tcase_add_loop_test(inputs, random_mutations, 0, n_parsers);
    suite_add_tcase(suite, inputs);

    TCase *memory = tcase_create("memory");
    tcase_set_timeout(memory, 120);
    tcase_add_loop_test(memory, parsers_without_memory, 0, n_parsers);
    tcase_add_test(memory, writers_without_memory);
    tcase_add_test(memory, pictures_and_files_without_memory);
    suite_add_tcase(suite, memory);

    return suite_run(suite);
}
