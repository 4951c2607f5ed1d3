/* Pair plots: that they show what they are given, the same each time, and refuse the rest. */
#include "tests/support/suite.h"

#include <advect/extra/plot.h>
#include <advect/extra/rng.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 5000
#define DIM 3

static float points[(N + 1) * DIM];

/* Of few values, so that a quantile stays the same where there is a point more. */
static void make_points(void)
{
    adv_rng_uniform(1, ADV_STREAM_DATA, 0, N + 1, DIM, points);
    for (size_t i = 0; i < (N + 1) * DIM; i++)
        points[i] = roundf(20 * points[i]) / 20;
}

static struct adv_image render(const struct adv_pairs *pairs)
{
    struct adv_image image = {0};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_pairs_render(pairs, &image, &error) == ADV_OK, "%s", error.message);
    return image;
}

static size_t bytes_of(const struct adv_image *image)
{
    return (size_t)image->width * (size_t)image->height * 3;
}

/* The share of bytes in which two pictures of one size differ. */
static double difference(const struct adv_image *a, const struct adv_image *b)
{
    size_t n = 0;
    ck_assert_uint_eq(bytes_of(a), bytes_of(b));
    for (size_t i = 0; i < bytes_of(a); i++)
        n += a->pixels[i] != b->pixels[i];
    return (double)n / (double)bytes_of(a);
}

/* How many pixels have exactly this colour. */
static size_t count_colour(const struct adv_image *image, unsigned rgb)
{
    size_t n = 0;
    for (const uint8_t *p = image->pixels; p < image->pixels + bytes_of(image); p += 3)
        n += p[0] == rgb >> 16 && p[1] == (rgb >> 8 & 0xff) && p[2] == (rgb & 0xff);
    return n;
}

#define BLUE 0x0072b2
#define VERMILION 0xd55e00

START_TEST(one_outlier_does_not_move_the_ranges)
{
    struct adv_point_set set = {.n = N, .points = points};
    struct adv_pairs pairs = {.dim = DIM, .n_sets = 1, .sets = &set};
    struct adv_image without = render(&pairs), again = render(&pairs);
    ck_assert(difference(&without, &again) == 0);
    for (size_t i = 0; i < DIM; i++)
        points[N * DIM + i] = 1e6F;
    set.n = N + 1;
    struct adv_image with = render(&pairs);
    ck_assert_double_lt(difference(&without, &with), 0.01);
    for (size_t k = 0; k < 10; k++) /* beyond the quantile that is left out */
        points[k * DIM] = 1e6F;
    struct adv_image moved = render(&pairs);
    ck_assert_double_gt(difference(&without, &moved), 0.02);
    adv_image_release(&without);
    adv_image_release(&again);
    adv_image_release(&with);
    adv_image_release(&moved);
}
END_TEST

START_TEST(every_set_is_seen_and_the_first_is_on_top)
{
    struct adv_point_set sets[] = {{.n = N, .points = points}, {.n = N, .points = points}};
    struct adv_pairs pairs = {.dim = DIM, .n_sets = 1, .sets = sets};
    struct adv_image one = render(&pairs);
    ck_assert_uint_eq(count_colour(&one, VERMILION), 0);
    pairs.n_sets = 2;
    struct adv_image two = render(&pairs); /* the second lies beneath the first */
    ck_assert_uint_gt(count_colour(&two, BLUE), 100);
    ck_assert_uint_lt(count_colour(&two, VERMILION), count_colour(&two, BLUE) / 10);
    sets[0].n = 0;
    struct adv_image second = render(&pairs);
    ck_assert_uint_gt(count_colour(&second, VERMILION), 100);
    sets[1].label = "samples";
    struct adv_image named = render(&pairs);
    ck_assert_double_gt(difference(&second, &named), 0);
    adv_image_release(&one);
    adv_image_release(&two);
    adv_image_release(&second);
    adv_image_release(&named);
}
END_TEST

static uint32_t word_of(const uint8_t colour[3])
{
    return (uint32_t)colour[0] << 16 | (uint32_t)colour[1] << 8 | colour[2];
}

/* Points in two heaps: the cells of both, and no other, have the colours that are not of 0. */
START_TEST(densities_show_how_many_points_there_are)
{
    static float heaps[2 * N];
    static const double lo[2] = {0, 0}, hi[2] = {1, 1};
    uint8_t dark[3], bright[3];
    for (size_t k = 0; k < N; k++)
        heaps[2 * k] = heaps[2 * k + 1] = k % 2 ? 0.51F : 0.9F;
    struct adv_point_set set = {.n = N, .points = heaps};
    struct adv_pairs pairs = {.dim = 2,
                              .n_sets = 1,
                              .sets = &set,
                              .lo = lo,
                              .hi = hi,
                              .densities = true,
                              .title = "heaps"};
    struct adv_image image = render(&pairs);
    adv_plot_colour(0, dark);
    adv_plot_colour(1, bright);
    size_t n_dark = count_colour(&image, word_of(dark));
    size_t n_bright = count_colour(&image, word_of(bright));
    double share = (double)n_bright / (double)(n_dark + n_bright);
    double cells = floor(sqrt(N / 16.0)); /* along each side, 16 points a cell */
    ck_assert_double_eq_tol(share, 2 / (cells * cells), 0.3 * share);
    adv_image_release(&image);
}
END_TEST

/* Loop index: dimensions - 1. */
START_TEST(every_dimension_and_odd_data_can_be_drawn)
{
    size_t dim = (size_t)_i + 1;
    const char *names[ADV_PAIRS_DIM_MAX];
    for (size_t i = 0; i < dim; i++)
        names[i] = "a column with quite a long name";
    points[0] = NAN;
    points[dim] = INFINITY;
    for (size_t k = 0; k < 200; k++)
        points[k * dim + dim - 1] = 3; /* constant */
    struct adv_point_set sets[] = {{.n = 200, .points = points}, {.n = 0, .points = points}};
    struct adv_pairs pairs = {
        .dim = dim, .n_sets = 2, .sets = sets, .names = names, .side = _i % 2 ? 64 : 0};
    struct adv_image image = render(&pairs);
    ck_assert_int_eq(image.width, image.height);
    adv_image_release(&image);
    pairs.n_sets = 1;
    pairs.densities = true;
    image = render(&pairs);
    adv_image_release(&image);
}
END_TEST

static void refused(struct adv_pairs pairs, const char *field)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_image image = {0};
    ck_assert_int_eq(adv_pairs_render(&pairs, &image, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, field);
}

START_TEST(what_cannot_be_drawn_is_refused)
{
    struct adv_point_set set = {.n = 3, .points = points}, odd = {.label = "a\nb"};
    const char *names[] = {"a", "\xff"};
    refused((struct adv_pairs){.dim = 0, .n_sets = 1, .sets = &set}, "dim");
    refused((struct adv_pairs){.dim = 17, .n_sets = 1, .sets = &set}, "dim");
    refused((struct adv_pairs){.dim = 2, .n_sets = 0, .sets = &set}, "n_sets");
    refused((struct adv_pairs){.dim = 2, .n_sets = 8, .sets = &set}, "n_sets");
    refused((struct adv_pairs){.dim = 2, .n_sets = 2, .sets = &set, .densities = true},
            "densities");
    refused((struct adv_pairs){.dim = 2, .n_sets = 1, .sets = &set, .side = 63}, "side");
    refused((struct adv_pairs){.dim = 2, .n_sets = 1, .sets = &odd}, "label");
    refused((struct adv_pairs){.dim = 2, .n_sets = 1, .sets = &set, .names = names}, "names");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pairs");
    TCase *all = tcase_create("pairs");
    tcase_add_checked_fixture(all, make_points, NULL);
    tcase_add_test(all, one_outlier_does_not_move_the_ranges);
    tcase_add_test(all, every_set_is_seen_and_the_first_is_on_top);
    tcase_add_test(all, densities_show_how_many_points_there_are);
    tcase_add_loop_test(all, every_dimension_and_odd_data_can_be_drawn, 0, ADV_PAIRS_DIM_MAX);
    tcase_add_test(all, what_cannot_be_drawn_is_refused);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
