/* Pictures in few colours: what their viewer shows is what was drawn, within what a palette
 * allows. */
#include "tests/core/io/io_support.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/apng.h"
#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 60, HEIGHT = 40, N_FRAMES = 4 };

static void set(struct adv_image *image, int x, int y, const uint8_t rgb[3])
{
    memcpy(image->pixels + 3 * ((size_t)y * (size_t)image->width + (size_t)x), rgb, 3);
}

/* A white ground with an axis, and a square that moves and changes its colour with the frame. */
static struct adv_image drawing(int frame)
{
    static const uint8_t axis[3] = {138, 138, 144};
    const uint8_t mark[3] = {(uint8_t)(40 * frame), 114, (uint8_t)(178 - 30 * frame)};
    struct adv_image image;
    ck_assert_int_eq(adv_image_init(&image, WIDTH, HEIGHT, 3, NULL), ADV_OK);
    memset(image.pixels, 255, 3 * WIDTH * HEIGHT);
    for (int x = 0; x < WIDTH; x++)
        set(&image, x, HEIGHT - 3, axis);
    for (int i = 0; i < 36; i++)
        set(&image, 5 + 11 * frame + i % 6, 7 + 3 * frame + i / 6, mark);
    return image;
}

static void release(size_t n, struct adv_image *images)
{
    for (size_t i = 0; i < n; i++)
        adv_image_release(&images[i]);
}

static bool same(const struct adv_image *a, const struct adv_image *b)
{
    return a->width == b->width && a->height == b->height &&
           memcmp(a->pixels, b->pixels, 3 * (size_t)a->width * (size_t)a->height) == 0;
}

START_TEST(few_colours_stay_exact)
{
    struct adv_image frames[N_FRAMES];
    struct adv_bytes png;
    struct adv_error error = ADV_ERROR_INIT;
    for (int i = 0; i < N_FRAMES; i++)
        frames[i] = drawing(i);
    ck_assert_msg(adv_png_encode_palette(N_FRAMES, frames, 15, 50, 900, 0, 9, &png, &error) ==
                      ADV_OK,
                  "%s", error.message);
    struct apng seen;
    apng_read(&seen, png.data, png.n);
    ck_assert_uint_eq(seen.n_frames, N_FRAMES);
    ck_assert_int_eq(seen.n_loops, 0);
    for (int i = 0; i < N_FRAMES; i++) {
        ck_assert_msg(same(&seen.frames[i], &frames[i]), "frame %d", i);
        ck_assert_int_eq(seen.delays_ms[i], i + 1 < N_FRAMES ? 50 : 900);
    }
    ck_assert(same(&seen.picture, &frames[N_FRAMES - 1]));
    apng_release(&seen);
    adv_bytes_release(&png);
    release(N_FRAMES, frames);
}
END_TEST

START_TEST(equal_frames_are_there_too)
{
    struct adv_image frames[2] = {drawing(0), drawing(0)};
    struct adv_bytes png;
    ck_assert_int_eq(adv_png_encode_palette(2, frames, 200, 50, 50, 1, 6, &png, NULL), ADV_OK);
    struct apng seen;
    apng_read(&seen, png.data, png.n);
    ck_assert_uint_eq(seen.n_frames, 2);
    ck_assert(same(&seen.frames[1], &frames[1]));
    apng_release(&seen);
    adv_bytes_release(&png);
    release(2, frames);
}
END_TEST

/* Four colours thrown about anew in every frame: then boxes are drawn anew, not laid over. */
START_TEST(what_changes_everywhere_is_there_too)
{
    static const uint8_t colours[4][3] = {{255, 255, 255}, {0, 114, 178}, {213, 94, 0}, {0, 0, 0}};
    struct adv_image frames[N_FRAMES];
    struct adv_bytes png;
    unsigned random = 1;
    for (int i = 0; i < N_FRAMES; i++) {
        frames[i] = drawing(0);
        for (int k = 0; k < WIDTH * HEIGHT; k++) {
            random = random * 1664525U + 1013904223U; /* Numerical Recipes' generator */
            set(&frames[i], k % WIDTH, k / WIDTH, colours[random >> 30]);
        }
    }
    ck_assert_int_eq(adv_png_encode_palette(N_FRAMES, frames, 15, 50, 50, 0, 9, &png, NULL),
                     ADV_OK);
    struct apng seen;
    apng_read(&seen, png.data, png.n);
    ck_assert_uint_eq(seen.n_frames, N_FRAMES);
    for (int i = 0; i < N_FRAMES; i++)
        ck_assert_msg(same(&seen.frames[i], &frames[i]), "frame %d", i);
    /* two bits a pixel and frame, one frame more for the picture: not much beyond is wasted */
    ck_assert_uint_lt(png.n, (N_FRAMES + 1) * WIDTH * HEIGHT / 2);
    apng_release(&seen);
    adv_bytes_release(&png);
    release(N_FRAMES, frames);
}
END_TEST

START_TEST(one_frame_is_a_still_picture)
{
    struct adv_image image = drawing(2), back;
    struct adv_bytes png;
    ck_assert_int_eq(adv_png_encode_palette(1, &image, 4, 50, 50, 0, 6, &png, NULL), ADV_OK);
    struct apng seen;
    apng_read(&seen, png.data, png.n);
    ck_assert_int_eq(seen.n_loops, -1);
    ck_assert(same(&seen.picture, &image));
    ck_assert_int_eq(adv_png_decode(png.data, png.n, WIDTH, HEIGHT, 3, &back, NULL), ADV_OK);
    ck_assert(same(&back, &image));
    adv_image_release(&back);
    apng_release(&seen);
    adv_bytes_release(&png);
    adv_image_release(&image);
}
END_TEST

static struct adv_image ramp(int n_channels)
{
    struct adv_image image;
    ck_assert_int_eq(adv_image_init(&image, 256, 32, n_channels, NULL), ADV_OK);
    for (size_t i = 0; i < 256 * 32; i++) {
        for (int c = 0; c < n_channels; c++)
            image.pixels[i * (size_t)n_channels + (size_t)c] = (uint8_t)(i % 256);
    }
    return image;
}

/* Of n colours for 256 greys one stands for 256 / n neighbours, so none is off by more than that
 * (cuts at medians of equal counts halve the ramp; bins of four greys are never split). */
START_TEST(many_colours_become_near_ones)
{
    static const int counts[] = {2, 15, 32, 63};
    for (int channels = 1; channels <= 3; channels += 2) {
        for (size_t k = 0; k < ADV_COUNT(counts); k++) {
            struct adv_image image = ramp(channels);
            struct adv_bytes png;
            ck_assert_int_eq(adv_png_encode_palette(1, &image, counts[k], 0, 0, 0, 6, &png, NULL),
                             ADV_OK);
            struct apng seen;
            apng_read(&seen, png.data, png.n);
            bool used[256] = {false};
            int n_used = 0, most = 0;
            for (int i = 0; i < 256; i++) {
                int grey = seen.picture.pixels[3 * i];
                n_used += !used[grey];
                used[grey] = true;
                most = abs(grey - i) > most ? abs(grey - i) : most;
            }
            ck_assert_int_le(n_used, counts[k]);
            ck_assert_msg(most <= 2 + 256 / (counts[k] - 1), "%d colours: off by %d", counts[k],
                          most);
            apng_release(&seen);
            adv_bytes_release(&png);
            adv_image_release(&image);
        }
    }
}
END_TEST

/* Three pixels of red among thousands of greys: their colour is far from any other's. */
START_TEST(a_small_mark_keeps_its_colour)
{
    static const uint8_t red[3] = {213, 94, 0};
    struct adv_image image = ramp(3);
    struct adv_bytes png;
    for (int i = 0; i < 3; i++)
        set(&image, 100 + i, 10, red);
    ck_assert_int_eq(adv_png_encode_palette(1, &image, 32, 0, 0, 0, 6, &png, NULL), ADV_OK);
    struct apng seen;
    apng_read(&seen, png.data, png.n);
    const uint8_t *pixel = seen.picture.pixels + 3 * (10 * 256 + 101);
    for (int c = 0; c < 3; c++)
        ck_assert_int_le(abs(pixel[c] - red[c]), 16);
    apng_release(&seen);
    adv_bytes_release(&png);
    adv_image_release(&image);
}
END_TEST

START_TEST(what_has_no_palette_is_refused)
{
    struct adv_image image = drawing(0), clear;
    struct adv_bytes png;
    struct adv_error error = ADV_ERROR_INIT;
    io_assert_refused(adv_png_encode_palette(1, &image, 1, 0, 0, 0, 6, &png, &error), &error,
                      ADV_E_INVALID, "a palette of 1 colours");
    error = (struct adv_error)ADV_ERROR_INIT;
    io_assert_refused(adv_png_encode_palette(1, &image, 256, 0, 0, 0, 6, &png, &error), &error,
                      ADV_E_INVALID, "2 to 255 are possible");
    ck_assert_int_eq(adv_image_init(&clear, 2, 2, 4, NULL), ADV_OK);
    error = (struct adv_error)ADV_ERROR_INIT;
    io_assert_refused(adv_png_encode_palette(1, &clear, 8, 0, 0, 0, 6, &png, &error), &error,
                      ADV_E_INVALID, "frames of 4 channels");
    ck_assert_int_eq(adv_png_encode_palette(0, &image, 8, 0, 0, 0, 6, &png, NULL), ADV_E_INVALID);
    adv_image_release(&clear);
    adv_image_release(&image);
}
END_TEST

static enum adv_status encode_two(void *context, struct adv_error *error)
{
    struct adv_bytes png = {0};
    enum adv_status status = adv_png_encode_palette(2, context, 15, 50, 50, 0, 6, &png, error);
    if (status == ADV_OK)
        adv_bytes_release(&png);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    struct adv_image frames[2] = {drawing(0), drawing(1)};
    /* at least the tables, both images of indices, the change, and three encodings */
    ck_assert_int_ge(alloc_fail_each(encode_two, frames), 12);
    release(2, frames);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io: palettes");
    TCase *tests = tcase_create("palettes");
    tcase_add_test(tests, few_colours_stay_exact);
    tcase_add_test(tests, equal_frames_are_there_too);
    tcase_add_test(tests, what_changes_everywhere_is_there_too);
    tcase_add_test(tests, one_frame_is_a_still_picture);
    tcase_add_test(tests, many_colours_become_near_ones);
    tcase_add_test(tests, a_small_mark_keeps_its_colour);
    tcase_add_test(tests, what_has_no_palette_is_refused);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
