/* PNG: pictures of every kind that no code of ours wrote, each refusal, and what is encoded decoded
 * again, also by libpng's simplified reader and, for animations, chunk by chunk. */
#include "tests/core/io/io_support.h"
#include "tests/fuzz/consume.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <advect/extra/png.h>
#include <check.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---------------------------------------------------------------- decoding */

/* The pictures of tests/fuzz/make_seeds.py. */
enum { WIDTH = 9, HEIGHT = 6 };

static int grey(int x, int y)
{
    return (3 * x + 5 * y) % 16 * 17;
}

static int colour(int x, int y, int channel)
{
    return channel == 0 ? grey(x, y) : channel == 1 ? grey(y, x) : 255 - grey(x, y);
}

struct known {
    const char *name;
    bool coloured;
    int levels; /* of grey: below 16, grey / 17 modulo levels, spread over 0..255 */
};

static const struct known known[] = {
    {"grey-8", false, 16},
    {"grey-8-interlaced", false, 16},
    {"grey-4", false, 16},
    {"grey-4-interlaced", false, 16},
    {"grey-2", false, 4},
    {"grey-1", false, 2},
    {"grey-16", false, 16},
    {"grey-8-opaque", false, 16},
    {"grey-8-with-notes", false, 16},
    {"rgb-8-of-greys", false, 16},
    {"palette-4", false, 16},
    {"animated", false, 16},
    {"rgb-8", true, 0},
    {"rgb-8-interlaced", true, 0},
    {"rgb-8-opaque", true, 0},
    {"rgb-16", true, 0},
    {"palette-8", true, 0},
};
enum { N_KNOWN = ADV_COUNT(known) };

static void *read_seed(const char *name, size_t *n)
{
    char path[IO_PATH_MAX];
    void *bytes;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_file_read(io_seed_path("png", name, path), 1 << 20, &bytes, n, &error) ==
                      ADV_OK,
                  "%s", error.message);
    return bytes;
}

static enum adv_status decode_seed(const char *name, int width, int height, int n_channels,
                                   struct adv_image *image, struct adv_error *error)
{
    size_t n;
    void *bytes = read_seed(name, &n);
    enum adv_status status = adv_png_decode(bytes, n, width, height, n_channels, image, error);
    free(bytes);
    return status;
}

static int expected(const struct known *row, int x, int y, int channel)
{
    if (row->coloured)
        return colour(x, y, channel);
    return grey(x, y) / 17 % row->levels * 255 / (row->levels - 1);
}

START_TEST(every_kind_is_decoded)
{
    const struct known *row = &known[_i];
    for (int n_channels = row->coloured ? 3 : 1; n_channels <= 3; n_channels += 2) {
        struct adv_image image;
        struct adv_error error = ADV_ERROR_INIT;
        ck_assert_msg(decode_seed(row->name, WIDTH, HEIGHT, n_channels, &image, &error) == ADV_OK,
                      "%s: %s", row->name, error.message);
        ck_assert_int_eq(image.width, WIDTH);
        ck_assert_int_eq(image.height, HEIGHT);
        ck_assert_int_eq(image.n_channels, n_channels);
        const uint8_t *pixel = image.pixels;
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                for (int c = 0; c < n_channels; c++)
                    ck_assert_int_eq(*pixel++, expected(row, x, y, c));
        adv_image_release(&image);
    }
}
END_TEST

/* ---------------------------------------------------------------- refusals */

struct refusal {
    const char *name;
    int width, height, n_channels;
    enum adv_status status;
    const char *part;
};

static const struct refusal refusals[] = {
    {"grey-8", 28, 28, 1, ADV_E_INVALID, "has 9 x 6 pixels; 28 x 28 are wanted"},
    {"grey-8", 6, 9, 1, ADV_E_INVALID, "has 9 x 6 pixels; 6 x 9 are wanted"},
    {"grey-8", 9, 6, 2, ADV_E_INVALID, "2 channels"},
    {"grey-8", 9, 6, 4, ADV_E_INVALID, "4 channels"},
    {"rgb-8", 9, 6, 1, ADV_E_INVALID, "pixel (0, 0) has the colour (0, 0, 255)"},
    {"palette-8", 9, 6, 1, ADV_E_INVALID, "only grey is wanted"},
    {"rgb-8-transparent", 9, 6, 3, ADV_E_INVALID, "pixel (4, 0) is transparent (alpha 254"},
    {"palette-8-transparent", 9, 6, 3, ADV_E_INVALID, "is transparent (alpha 0"},
    {"grey-8-transparent-key", 9, 6, 1, ADV_E_INVALID, "is transparent (alpha 0"},
};
enum { N_REFUSALS = ADV_COUNT(refusals) };

START_TEST(what_a_model_cannot_take_is_refused)
{
    const struct refusal *row = &refusals[_i];
    struct adv_image image = {.width = -7};
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status =
        decode_seed(row->name, row->width, row->height, row->n_channels, &image, &error);
    io_assert_refused(status, &error, row->status, row->part);
    ck_assert_int_eq(image.width, -7);
}
END_TEST

START_TEST(damage_is_refused)
{
    size_t n;
    uint8_t *bytes = read_seed("grey-8-with-notes", &n);
    struct adv_image image;
    struct adv_error error = ADV_ERROR_INIT;
    io_assert_refused(adv_png_decode("GIF89a..", 8, 9, 6, 1, &image, &error), &error, ADV_E_FORMAT,
                      "not a PNG");
    ck_assert_int_eq(adv_png_decode(NULL, 0, 9, 6, 1, &image, NULL), ADV_E_FORMAT);
    error = (struct adv_error)ADV_ERROR_INIT;
    io_assert_refused(adv_png_decode(bytes, n - 1, 9, 6, 1, &image, &error), &error, ADV_E_FORMAT,
                      "cut short");
    /* One bit of each byte: a critical or ancillary checksum, a length or a type is wrong. */
    for (size_t i = 8; i < n; i++) {
        bytes[i] ^= 4;
        enum adv_status status = adv_png_decode(bytes, n, 9, 6, 1, &image, NULL);
        ck_assert_msg(status != ADV_OK, "byte %zu of %zu", i, n);
        bytes[i] ^= 4;
    }
    ck_assert_int_eq(adv_png_decode(bytes, n, 9, 6, 1, &image, NULL), ADV_OK);
    adv_image_release(&image);
    free(bytes);
}
END_TEST

/* A file that says 2^31-1 by 2^31-1 pixels is refused for its size, not attempted. */
START_TEST(a_giant_is_refused_by_its_header)
{
    size_t n;
    uint8_t *bytes = read_seed("grey-8", &n);
    struct adv_image image;
    struct adv_error error = ADV_ERROR_INIT;
    memcpy(bytes + 16, "\x7f\xff\xff\xff\x7f\xff\xff\xff", 8);
    fuzz_repair_png(bytes, n);
    io_assert_refused(adv_png_decode(bytes, n, 9, 6, 1, &image, &error), &error, ADV_E_INVALID,
                      "has 2147483647 x 2147483647 pixels");
    free(bytes);
}
END_TEST

/* A megabyte of text in a kilobyte of chunk, in front of the pixels. */
START_TEST(compressed_text_is_not_decompressed)
{
    enum { N_TEXT = 1 << 20, N_HEAD = 8 + 25 };
    size_t n;
    uint8_t *bytes = read_seed("grey-8", &n), *text = calloc(N_TEXT, 1), *longer = malloc(n + 4096);
    uLongf n_packed = 4000;
    static const char keyword[] = "Title\0"; /* and a NUL: the method, deflate */
    uint8_t *chunk = longer + N_HEAD;
    ck_assert_int_eq(compress2(chunk + 8 + sizeof keyword, &n_packed, text, N_TEXT, 9), Z_OK);
    size_t n_data = sizeof keyword + n_packed;
    const uint8_t head[8] = {0, 0, (uint8_t)(n_data >> 8), (uint8_t)n_data, 'z', 'T', 'X', 't'};
    memcpy(longer, bytes, N_HEAD);
    memcpy(chunk, head, sizeof head);
    memcpy(chunk + sizeof head, keyword, sizeof keyword);
    memcpy(chunk + 12 + n_data, bytes + N_HEAD, n - N_HEAD);
    fuzz_repair_png(longer, n + 12 + n_data);

    struct adv_image image;
    struct adv_error error = ADV_ERROR_INIT;
    size_t n_bytes = alloc_fail_n_bytes();
    enum adv_status status = adv_png_decode(longer, n + 12 + n_data, 9, 6, 1, &image, &error);
    n_bytes = alloc_fail_n_bytes() - n_bytes;
    ck_assert_msg(status == ADV_OK, "%s", error.message);
    ck_assert_uint_lt(n_bytes, N_TEXT / 4); /* libpng's and zlib's buffers */
    adv_image_release(&image);
    free(longer);
    free(text);
    free(bytes);
}
END_TEST

/* ---------------------------------------------------------------- encoding */

static struct adv_image make_image(int width, int height, int n_channels, unsigned seed)
{
    struct adv_image image;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_image_init(&image, width, height, n_channels, &error) == ADV_OK, "%s",
                  error.message);
    size_t n = (size_t)width * (size_t)height * (size_t)n_channels, n_set = 0;
    for (size_t i = 0; i < n; i++) {
        n_set += image.pixels[i] != 0;
        image.pixels[i] = (uint8_t)((i * 2654435761u + seed) >> 7);
    }
    ck_assert_uint_eq(n_set, 0);
    return image;
}

static size_t image_bytes(const struct adv_image *image)
{
    return (size_t)image->width * (size_t)image->height * (size_t)image->n_channels;
}

/* Decodes with libpng's simplified reader, of which the library uses nothing. */
static void assert_decodes_to(const struct adv_bytes *png, const struct adv_image *image)
{
    png_image reader = {.version = PNG_IMAGE_VERSION};
    ck_assert(png_image_begin_read_from_memory(&reader, png->data, png->n));
    ck_assert_uint_eq(reader.width, (unsigned)image->width);
    ck_assert_uint_eq(reader.height, (unsigned)image->height);
    reader.format = image->n_channels == 1   ? PNG_FORMAT_GRAY
                    : image->n_channels == 3 ? PNG_FORMAT_RGB
                                             : PNG_FORMAT_RGBA;
    uint8_t *pixels = malloc(image_bytes(image));
    ck_assert(png_image_finish_read(&reader, NULL, pixels, 0, NULL));
    ck_assert_mem_eq(pixels, image->pixels, image_bytes(image));
    free(pixels);
}

static const int channel_counts[] = {1, 3, 4};

START_TEST(what_is_encoded_is_decoded)
{
    static const int sizes[][2] = {{1, 1}, {9, 6}, {300, 200}};
    for (int s = 0; s < 3; s++) {
        for (int level = 0; level <= 9; level += 3) {
            struct adv_image image =
                make_image(sizes[s][0], sizes[s][1], channel_counts[_i], (unsigned)level);
            struct adv_bytes png;
            ck_assert_int_eq(adv_png_encode(&image, level, &png, NULL), ADV_OK);
            assert_decodes_to(&png, &image);
            if (image.n_channels < 4) {
                struct adv_image back;
                ck_assert_int_eq(adv_png_decode(png.data, png.n, image.width, image.height,
                                                image.n_channels, &back, NULL),
                                 ADV_OK);
                ck_assert_mem_eq(back.pixels, image.pixels, image_bytes(&image));
                adv_image_release(&back);
            }
            adv_bytes_release(&png);
            adv_image_release(&image);
        }
    }
}
END_TEST

START_TEST(images_and_levels_are_checked)
{
    static const int bad[][3] = {{0, 1, 1},  {1, 0, 1}, {32769, 1, 1},
                                 {1, -1, 3}, {1, 1, 2}, {1, 1, 5}};
    struct adv_image image;
    struct adv_bytes png;
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(adv_image_init(&image, bad[i][0], bad[i][1], bad[i][2], NULL),
                         ADV_E_INVALID);
    image = make_image(32768, 1, 1, 0);
    ck_assert_int_eq(adv_png_encode(&image, 10, &png, NULL), ADV_E_INVALID);
    ck_assert_int_eq(adv_png_encode(&image, -1, &png, NULL), ADV_E_INVALID);
    adv_image_release(&image);
    ck_assert_ptr_null(image.pixels);
}
END_TEST

/* ---------------------------------------------------------------- animations */

static uint32_t load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void append(struct adv_bytes *bytes, const void *data, size_t n)
{
    bytes->data = realloc(bytes->data, bytes->n + n);
    memcpy(bytes->data + bytes->n, data, n);
    bytes->n += n;
}

/* One frame taken out of an animation as a PNG of its own. */
struct frame {
    struct adv_bytes png;
    int delay_num, delay_den;
};

struct animation {
    struct frame frames[8];
    size_t n_frames; /* fcTL chunks met */
    uint32_t n_announced, n_loops;
    uint32_t sequence;
    bool has_picture, ended;
};

static void start_frame(struct animation *animation, const uint8_t *control,
                        const struct adv_bytes *png)
{
    static const uint8_t dispose_and_blend[2] = {0, 0};
    struct frame *frame = &animation->frames[animation->n_frames++];
    ck_assert_uint_eq(load_u32(control), animation->sequence++);
    ck_assert_mem_eq(control + 4, png->data + 16, 8); /* the size is IHDR's */
    ck_assert_uint_eq(load_u32(control + 12), 0);
    ck_assert_uint_eq(load_u32(control + 16), 0);
    ck_assert_mem_eq(control + 24, dispose_and_blend, 2);
    frame->delay_num = control[20] << 8 | control[21];
    frame->delay_den = control[22] << 8 | control[23];
    append(&frame->png, png->data, 33); /* signature and IHDR */
}

static void add_pixels(struct animation *animation, const uint8_t *data, uint32_t n)
{
    struct adv_bytes *png = &animation->frames[animation->n_frames - 1].png;
    uint8_t word[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    append(png, word, 4);
    append(png, "IDAT", 4);
    append(png, data, n);
    append(png, word, 4); /* the checksum comes with the repair */
}

/* Takes an animation apart, checking every checksum and the order of the chunks. */
static struct animation take_apart(const struct adv_bytes *png)
{
    struct animation animation = {0};
    ck_assert_int_eq(png_sig_cmp(png->data, 0, 8), 0);
    for (size_t at = 8; at < png->n;) {
        uint32_t n = load_u32(png->data + at);
        const uint8_t *type = png->data + at + 4, *data = type + 4;
        ck_assert_uint_le(at + 12 + n, png->n);
        ck_assert_uint_eq(load_u32(data + n), crc32(0, type, n + 4));
        ck_assert(!animation.ended);
        if (memcmp(type, "acTL", 4) == 0) {
            ck_assert(!animation.has_picture);
            animation.n_announced = load_u32(data);
            animation.n_loops = load_u32(data + 4);
        } else if (memcmp(type, "IDAT", 4) == 0) {
            ck_assert_uint_eq(animation.n_frames, 0);
            animation.has_picture = true;
        } else if (memcmp(type, "fcTL", 4) == 0) {
            ck_assert(animation.has_picture && n == 26);
            start_frame(&animation, data, png);
        } else if (memcmp(type, "fdAT", 4) == 0) {
            ck_assert_uint_eq(load_u32(data), animation.sequence++);
            add_pixels(&animation, data + 4, n - 4);
        } else if (memcmp(type, "IEND", 4) == 0) {
            animation.ended = true;
        }
        at += 12 + n;
    }
    ck_assert(animation.ended);
    for (size_t i = 0; i < animation.n_frames; i++) {
        struct adv_bytes *frame = &animation.frames[i].png;
        append(frame, "\0\0\0\0IEND\0\0\0\0", 12);
        fuzz_repair_png(frame->data, frame->n);
    }
    return animation;
}

START_TEST(every_frame_of_an_animation_is_there)
{
    enum { N = 5 };
    struct adv_image frames[N];
    struct adv_bytes png;
    struct adv_error error = ADV_ERROR_INIT;
    for (unsigned i = 0; i < N; i++) /* large enough for several chunks a frame */
        frames[i] = make_image(400, 150, channel_counts[_i], i * 1000);
    ck_assert_msg(adv_png_encode_animation(N, frames, 40, 1500, 3, 6, &png, &error) == ADV_OK, "%s",
                  error.message);
    struct animation animation = take_apart(&png);
    ck_assert_uint_eq(animation.n_frames, N);
    ck_assert_uint_eq(animation.n_announced, N);
    ck_assert_uint_eq(animation.n_loops, 3);
    for (size_t i = 0; i < N; i++) {
        const struct frame *frame = &animation.frames[i];
        assert_decodes_to(&frame->png, &frames[i]);
        ck_assert_int_eq(frame->delay_num, i + 1 < N ? 40 : 1500);
        ck_assert_int_eq(frame->delay_den, 1000);
    }
    /* Viewers without animation see the last frame. */
    assert_decodes_to(&png, &frames[N - 1]);
    for (size_t i = 0; i < N; i++) {
        adv_image_release(&frames[i]);
        adv_bytes_release(&animation.frames[i].png);
    }
    adv_bytes_release(&png);
}
END_TEST

START_TEST(what_cannot_be_animated)
{
    struct adv_image frames[2] = {make_image(3, 2, 1, 0), make_image(3, 2, 3, 0)};
    struct adv_bytes png;
    struct adv_error error = ADV_ERROR_INIT;
    io_assert_refused(adv_png_encode_animation(2, frames, 40, 40, 0, 6, &png, &error), &error,
                      ADV_E_INVALID, "frame 1 differs");
    ck_assert_int_eq(adv_png_encode_animation(0, frames, 40, 40, 0, 6, &png, NULL), ADV_E_INVALID);
    ck_assert_int_eq(adv_png_encode_animation(1, frames, -1, 40, 0, 6, &png, NULL), ADV_E_INVALID);
    ck_assert_int_eq(adv_png_encode_animation(1, frames, 40, 65536, 0, 6, &png, NULL),
                     ADV_E_INVALID);
    ck_assert_int_eq(adv_png_encode_animation(1, frames, 40, 40, -1, 6, &png, NULL), ADV_E_INVALID);
    ck_assert_int_eq(adv_png_encode_animation(1, frames, 40, 40, 0, 10, &png, NULL), ADV_E_INVALID);
    adv_image_release(&frames[0]);
    adv_image_release(&frames[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io: PNG");

    TCase *decoding = tcase_create("decoding");
    tcase_add_loop_test(decoding, every_kind_is_decoded, 0, N_KNOWN);
    tcase_add_loop_test(decoding, what_a_model_cannot_take_is_refused, 0, N_REFUSALS);
    tcase_add_test(decoding, damage_is_refused);
    tcase_add_test(decoding, a_giant_is_refused_by_its_header);
    tcase_add_test(decoding, compressed_text_is_not_decompressed);
    suite_add_tcase(suite, decoding);

    TCase *encoding = tcase_create("encoding");
    tcase_set_timeout(encoding, 60);
    tcase_add_loop_test(encoding, what_is_encoded_is_decoded, 0, 3);
    tcase_add_test(encoding, images_and_levels_are_checked);
    tcase_add_loop_test(encoding, every_frame_of_an_animation_is_there, 0, 3);
    tcase_add_test(encoding, what_cannot_be_animated);
    suite_add_tcase(suite, encoding);

    return suite_run(suite);
}
