#include "tests/support/apng.h"

#include <advect/array_file.h>
#include <check.h>
#include <png.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct control {
    int width, height, left, top, delay_ms;
    bool over;
};

struct reader {
    struct apng *apng;
    struct adv_bytes header; /* signature, IHDR and what stands before acTL or the pixels */
    struct adv_bytes pixels; /* IDAT chunks of the frame at hand */
    struct control control;  /* of that frame */
    bool in_frame, has_pixels;
    uint32_t sequence, n_announced;
};

static uint32_t load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store_u32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void append(struct adv_bytes *bytes, const void *data, size_t n)
{
    if (n == 0)
        return;
    bytes->data = realloc(bytes->data, bytes->n + n);
    ck_assert_ptr_nonnull(bytes->data);
    memcpy(bytes->data + bytes->n, data, n);
    bytes->n += n;
}

static void append_chunk(struct adv_bytes *bytes, const char *type, const void *data, uint32_t n)
{
    uint8_t word[4];
    store_u32(word, n);
    append(bytes, word, 4);
    size_t start = bytes->n;
    append(bytes, type, 4);
    append(bytes, data, n);
    store_u32(word, (uint32_t)crc32(0, bytes->data + start, (uInt)(n + 4)));
    append(bytes, word, 4);
}

/* The frame as a PNG of its own, decoded to RGBA: to be freed. */
static uint8_t *decode(const struct reader *r)
{
    struct adv_bytes png = {0};
    uint8_t ihdr[13];
    append(&png, r->header.data, 8);
    memcpy(ihdr, r->header.data + 16, sizeof ihdr);
    store_u32(ihdr, (uint32_t)r->control.width);
    store_u32(ihdr + 4, (uint32_t)r->control.height);
    append_chunk(&png, "IHDR", ihdr, sizeof ihdr);
    append(&png, r->header.data + 33, r->header.n - 33);
    append(&png, r->pixels.data, r->pixels.n);
    append_chunk(&png, "IEND", NULL, 0);
    png_image reader = {.version = PNG_IMAGE_VERSION};
    ck_assert_msg(png_image_begin_read_from_memory(&reader, png.data, png.n), "%s", reader.message);
    reader.format = PNG_FORMAT_RGBA;
    uint8_t *pixels = malloc(PNG_IMAGE_SIZE(reader));
    ck_assert_ptr_nonnull(pixels);
    ck_assert_msg(png_image_finish_read(&reader, NULL, pixels, 0, NULL), "%s", reader.message);
    adv_bytes_release(&png);
    return pixels;
}

/* Lays the frame over image. */
static void lay(const struct reader *r, struct adv_image *image)
{
    uint8_t *pixels = decode(r);
    const struct control *c = &r->control;
    ck_assert(c->left >= 0 && c->top >= 0 && c->left + c->width <= image->width &&
              c->top + c->height <= image->height);
    for (int y = 0; y < c->height; y++) {
        for (int x = 0; x < c->width; x++) {
            const uint8_t *from = pixels + 4 * ((size_t)y * (size_t)c->width + (size_t)x);
            size_t i = (size_t)(y + c->top) * (size_t)image->width + (size_t)(x + c->left);
            ck_assert(from[3] == 255 || (from[3] == 0 && c->over));
            if (from[3])
                memcpy(image->pixels + 3 * i, from, 3);
        }
    }
    free(pixels);
}

static void end_frame(struct reader *r)
{
    struct apng *apng = r->apng;
    if (!r->has_pixels)
        return;
    if (!r->in_frame) {
        lay(r, &apng->picture);
    } else {
        size_t n = apng->n_frames;
        apng->frames = realloc(apng->frames, (n + 1) * sizeof *apng->frames);
        apng->delays_ms = realloc(apng->delays_ms, (n + 1) * sizeof *apng->delays_ms);
        ck_assert(apng->frames && apng->delays_ms);
        ck_assert_int_eq(adv_image_init(&apng->frames[n], apng->width, apng->height, 3, NULL),
                         ADV_OK);
        if (n > 0)
            memcpy(apng->frames[n].pixels, apng->frames[n - 1].pixels,
                   3 * (size_t)apng->width * (size_t)apng->height);
        lay(r, &apng->frames[n]);
        apng->delays_ms[n] = r->control.delay_ms;
        apng->n_frames++;
    }
    adv_bytes_release(&r->pixels);
    r->pixels = (struct adv_bytes){0};
    r->has_pixels = false;
}

static void begin_frame(struct reader *r, const uint8_t *data, uint32_t n)
{
    end_frame(r);
    ck_assert_uint_eq(n, 26);
    ck_assert_uint_eq(load_u32(data), r->sequence++);
    int numerator = data[20] << 8 | data[21], denominator = data[22] << 8 | data[23];
    ck_assert_int_eq(denominator, 1000);
    ck_assert_int_eq(data[24], 0); /* dispose none */
    r->control = (struct control){
        .width = (int)load_u32(data + 4),
        .height = (int)load_u32(data + 8),
        .left = (int)load_u32(data + 12),
        .top = (int)load_u32(data + 16),
        .delay_ms = numerator,
        .over = data[25] == 1,
    };
    r->in_frame = true;
}

static void take_chunk(struct reader *r, const char type[5], const uint8_t *data, uint32_t n)
{
    if (!strcmp(type, "IHDR")) {
        r->apng->width = r->control.width = (int)load_u32(data);
        r->apng->height = r->control.height = (int)load_u32(data + 4);
        ck_assert_int_eq(
            adv_image_init(&r->apng->picture, r->apng->width, r->apng->height, 3, NULL), ADV_OK);
        append_chunk(&r->header, type, data, n);
    } else if (!strcmp(type, "acTL")) {
        r->n_announced = load_u32(data);
        r->apng->n_loops = (int)load_u32(data + 4);
    } else if (!strcmp(type, "fcTL")) {
        begin_frame(r, data, n);
    } else if (!strcmp(type, "IDAT")) {
        ck_assert(!r->in_frame);
        append_chunk(&r->pixels, type, data, n);
        r->has_pixels = true;
    } else if (!strcmp(type, "fdAT")) {
        ck_assert(r->in_frame);
        ck_assert_uint_eq(load_u32(data), r->sequence++);
        append_chunk(&r->pixels, "IDAT", data + 4, n - 4);
        r->has_pixels = true;
    } else if (!strcmp(type, "IEND")) {
        end_frame(r);
    } else {
        append_chunk(&r->header, type, data, n); /* PLTE, tRNS */
    }
}

void apng_read(struct apng *apng, const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes, *end = at + n_bytes;
    struct reader r = {.apng = apng};
    *apng = (struct apng){.n_loops = -1};
    ck_assert(n_bytes > 8 && png_sig_cmp(at, 0, 8) == 0);
    append(&r.header, at, 8);
    for (at += 8; at < end;) {
        uint32_t n = load_u32(at);
        char type[5] = {0};
        ck_assert(n <= (size_t)(end - at) - 12);
        ck_assert_uint_eq(load_u32(at + 8 + n), crc32(0, at + 4, n + 4));
        memcpy(type, at + 4, 4);
        take_chunk(&r, type, at + 8, n);
        at += 12 + n;
    }
    ck_assert_uint_eq(apng->n_frames, r.n_announced);
    adv_bytes_release(&r.header);
    if (apng->n_loops >= 0)
        return;
    apng->frames = calloc(1, sizeof *apng->frames);
    apng->delays_ms = calloc(1, sizeof *apng->delays_ms);
    ck_assert(apng->frames && apng->delays_ms);
    ck_assert_int_eq(adv_image_init(&apng->frames[0], apng->width, apng->height, 3, NULL), ADV_OK);
    memcpy(apng->frames[0].pixels, apng->picture.pixels,
           3 * (size_t)apng->width * (size_t)apng->height);
    apng->n_frames = 1;
}

void apng_read_file(struct apng *apng, const char *path)
{
    void *bytes;
    size_t n;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_file_read(path, 1 << 26, &bytes, &n, &error) == ADV_OK, "%s", error.message);
    apng_read(apng, bytes, n);
    free(bytes);
}

void apng_release(struct apng *apng)
{
    for (size_t i = 0; i < apng->n_frames; i++)
        adv_image_release(&apng->frames[i]);
    free(apng->frames);
    free(apng->delays_ms);
    adv_image_release(&apng->picture);
    *apng = (struct apng){0};
}
