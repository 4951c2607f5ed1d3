/* Grids of images, exact to the pixel: expected pictures are written out by hand. */
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <advect/extra/plot.h>

#include <check.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static struct adv_image grid_of(size_t n, int channels, int height, int width, const float *pixels,
                                const struct adv_grid *grid)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_image image;
    ck_assert_msg(adv_image_grid(n, channels, height, width, pixels, 0, 1, grid, &image, &error) ==
                      ADV_OK,
                  "%s", error.message);
    ck_assert_int_eq(image.n_channels, channels);
    return image;
}

static void expect(struct adv_image *image, int width, int height, const uint8_t *pixels)
{
    ck_assert_int_eq(image->width, width);
    ck_assert_int_eq(image->height, height);
    ck_assert_mem_eq(image->pixels, pixels, (size_t)(width * height * image->n_channels));
    adv_image_release(image);
}

START_TEST(grey_images_in_rows)
{
    /* Three images of 1 x 2. */
    const float pixels[] = {0, 0.2f, 0.4f, 0.6f, 0.8f, 1};
    const struct adv_grid grid = {.n_columns = 2, .gap_px = 1};
    struct adv_image image = grid_of(3, 1, 1, 2, pixels, &grid);
    const uint8_t expected[] = {0,   51,  255, 102, 153, /* 255 between: the gap */
                                255, 255, 255, 255, 255, /* */
                                204, 255, 255, 255, 255};
    expect(&image, 5, 3, expected);
}
END_TEST

START_TEST(dequantised_values_show_their_level)
{
    const float pixels[] = {-0.1f, 0, 0x0.ffp-7f, 0x1p-8f, 0.5f, 0x0.feffp0f, 1, 1.2f};
    const struct adv_grid grid = {.dequantised = true};
    struct adv_image image = grid_of(1, 1, 1, 8, pixels, &grid);
    const uint8_t expected[] = {0, 0, 1, 1, 128, 254, 255, 255};
    expect(&image, 8, 1, expected);
}
END_TEST

START_TEST(an_order_with_blanks_and_repeats)
{
    const float pixels[] = {0, 0.4f};
    const long order[] = {1, -1, 0, 1, 1, -1};
    const struct adv_grid grid = {.n_columns = 3, .n_rows = 2, .order = order};
    struct adv_image image = grid_of(2, 1, 1, 1, pixels, &grid);
    const uint8_t expected[] = {102, 255, 0, 102, 102, 255};
    expect(&image, 3, 2, expected);
}
END_TEST

START_TEST(zoomed_colours)
{
    /* One image of 2 x 1: planes of red, green, blue. */
    const float pixels[] = {1, 0, 0, 1, 0, 0.2f};
    const struct adv_grid grid = {.zoom = 2};
    struct adv_image image = grid_of(1, 3, 2, 1, pixels, &grid);
    const uint8_t expected[] = {255, 0,   0,  255, 0,   0,  255, 0,   0,  255, 0,   0,
                                0,   255, 51, 0,   255, 51, 0,   255, 51, 0,   255, 51};
    expect(&image, 2, 4, expected);
}
END_TEST

START_TEST(intensities_are_clamped)
{
    const float pixels[] = {-7, 9, INFINITY, -INFINITY, NAN};
    const struct adv_grid grid = {.n_columns = 1};
    struct adv_image image = grid_of(1, 1, 1, 5, pixels, &grid);
    const uint8_t expected[] = {0, 255, 255, 0, 255};
    expect(&image, 5, 1, expected);
}
END_TEST

static const struct {
    size_t n;
    struct adv_grid grid;
    int width, height; /* in images of 1 x 1 */
} shapes[] = {
    {9, {0}, 3, 3},
    {10, {0}, 4, 3},
    {1, {0}, 1, 1},
    {10, {.n_rows = 2}, 5, 2},
    {10, {.n_columns = 7}, 7, 2},
    {10, {.n_columns = 2, .n_rows = 2}, 2, 2}, /* the first four */
    {10, {.n_columns = 10, .n_rows = 3}, 10, 3},
};

START_TEST(defaults_hold_all_images)
{
    const float pixels[10] = {0};
    struct adv_image image = grid_of(shapes[_i].n, 1, 1, 1, pixels, &shapes[_i].grid);
    ck_assert_int_eq(image.width, shapes[_i].width);
    ck_assert_int_eq(image.height, shapes[_i].height);
    size_t n_black = 0, n_cells = (size_t)(image.width * image.height);
    for (size_t i = 0; i < n_cells; i++)
        n_black += image.pixels[i] == 0;
    ck_assert_uint_eq(n_black, shapes[_i].n < n_cells ? shapes[_i].n : n_cells);
    adv_image_release(&image);
}
END_TEST

START_TEST(images_land_in_their_cells)
{
    enum { CHANNELS = 3, HEIGHT = 5, WIDTH = 4, N = 7, COLUMNS = 3, GAP = 2, ZOOM = 3 };
    float pixels[N * CHANNELS * HEIGHT * WIDTH];
    struct random random = {1};
    for (int i = 0; i < COUNT(pixels); i++)
        pixels[i] = (float)random_between(&random, 0, 1);
    const struct adv_grid grid = {.n_columns = COLUMNS, .gap_px = GAP, .zoom = ZOOM};
    struct adv_image image = grid_of(N, CHANNELS, HEIGHT, WIDTH, pixels, &grid);
    ck_assert_int_eq(image.width, COLUMNS * WIDTH * ZOOM + (COLUMNS - 1) * GAP);
    ck_assert_int_eq(image.height, 3 * HEIGHT * ZOOM + 2 * GAP);
    for (int y = 0; y < image.height; y++) {
        for (int x = 0; x < image.width; x++) {
            int row = y / (HEIGHT * ZOOM + GAP), column = x / (WIDTH * ZOOM + GAP);
            int py = y % (HEIGHT * ZOOM + GAP) / ZOOM, px = x % (WIDTH * ZOOM + GAP) / ZOOM;
            int i = row * COLUMNS + column;
            for (int c = 0; c < CHANNELS; c++) {
                int got = image.pixels[(y * image.width + x) * CHANNELS + c], wanted = 255;
                if (i < N && py < HEIGHT && px < WIDTH)
                    wanted = (int)lround(255.0 *
                                         pixels[((i * CHANNELS + c) * HEIGHT + py) * WIDTH + px]);
                ck_assert_int_eq(got, wanted);
            }
        }
    }
    adv_image_release(&image);
}
END_TEST

static const long bad_order[] = {0, 1}, worse_order[] = {-2, 0};

static const struct {
    size_t n;
    int channels, height, width;
    double lo, hi;
    struct adv_grid grid;
    const char *field;
} bad_grids[] = {
    {0, 1, 1, 1, 0, 1, {0}, "n"},
    {1, 2, 1, 1, 0, 1, {0}, "channels"},
    {1, 1, 0, 1, 0, 1, {0}, "height"},
    {1, 1, 1, 4097, 0, 1, {0}, "width"},
    {1, 1, 1, INT_MAX, 0, 1, {0}, "width"},
    {1, 1, 1, 1, 1, 1, {0}, "hi"},
    {1, 1, 1, 1, 0, NAN, {0}, "hi"},
    {1, 1, 1, 1, -INFINITY, 0, {0}, "hi"},
    {1, 1, 1, 1, 0, 1, {.n_columns = -1}, "n_columns"},
    {1, 1, 1, 1, 0, 1, {.n_rows = 4097}, "n_rows"},
    {1, 1, 1, 1, 0, 1, {.gap_px = -1}, "gap_px"},
    {1, 1, 1, 1, 0, 1, {.zoom = 65}, "zoom"},
    {1, 1, 4096, 4096, 0, 1, {.zoom = 64}, "zoom"},
    {SIZE_MAX, 1, 1, 1, 0, 1, {0}, "n"},
    {1, 1, 1, 1, 0, 1, {.order = bad_order}, "order"},
    {1, 1, 1, 1, 0, 1, {.n_columns = 2, .n_rows = 1, .order = bad_order}, "order"},
    {1, 1, 1, 1, 0, 1, {.n_columns = 2, .n_rows = 1, .order = worse_order}, "order"},
};

START_TEST(bad_grids_are_refused)
{
    const float pixel = 0;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_image image = {.width = -1};
    ck_assert_int_eq(adv_image_grid(bad_grids[_i].n, bad_grids[_i].channels, bad_grids[_i].height,
                                    bad_grids[_i].width, &pixel, bad_grids[_i].lo, bad_grids[_i].hi,
                                    &bad_grids[_i].grid, &image, &error),
                     ADV_E_INVALID);
    ck_assert_str_eq(error.field, bad_grids[_i].field);
    ck_assert_int_eq(image.width, -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image grid");
    TCase *pictures = tcase_create("pictures");
    tcase_add_test(pictures, grey_images_in_rows);
    tcase_add_test(pictures, dequantised_values_show_their_level);
    tcase_add_test(pictures, an_order_with_blanks_and_repeats);
    tcase_add_test(pictures, zoomed_colours);
    tcase_add_test(pictures, intensities_are_clamped);
    tcase_add_loop_test(pictures, defaults_hold_all_images, 0, COUNT(shapes));
    tcase_add_test(pictures, images_land_in_their_cells);
    tcase_add_loop_test(pictures, bad_grids_are_refused, 0, COUNT(bad_grids));
    suite_add_tcase(suite, pictures);

    return suite_run(suite);
}
