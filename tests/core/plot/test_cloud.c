/* Clouds: that points are where the angles say, nearer ones in front and larger, and that the rest
 * is refused. */
#include "tests/support/alloc_fail.h"
#include "tests/support/suite.h"

#include <advect/extra/plot.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double lo[3] = {-1, -1, -1}, hi[3] = {1, 1, 1};

static struct adv_image render(const struct adv_cloud *cloud)
{
    struct adv_image image = {0};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_cloud_render(cloud, &image, &error) == ADV_OK, "%s", error.message);
    return image;
}

static struct adv_cloud cloud_of(size_t n, const float *points, double azimuth, double elevation)
{
    return (struct adv_cloud){.n = n,
                              .points = points,
                              .lo = lo,
                              .hi = hi,
                              .azimuth = azimuth,
                              .elevation = elevation,
                              .title = "cloud"};
}

struct spot {
    double x, y; /* mean place of what a point adds to the picture, from its middle */
    size_t n;    /* pixels */
};

/* What one point draws: the difference to the picture of its box alone. */
static struct spot spot_of(float x, float y, float z, double azimuth, double elevation)
{
    const float point[3] = {x, y, z};
    struct spot spot = {0};
    struct adv_cloud empty = cloud_of(0, point, azimuth, elevation);
    struct adv_cloud one = cloud_of(1, point, azimuth, elevation);
    struct adv_image without = render(&empty), with = render(&one);
    for (int i = 0; i < with.width * with.height; i++) {
        if (!memcmp(with.pixels + 3 * i, without.pixels + 3 * i, 3))
            continue;
        spot.x += i % with.width + 0.5;
        spot.y += i / with.width + 0.5;
        spot.n++;
    }
    ck_assert_uint_gt(spot.n, 0);
    spot.x /= (double)spot.n;
    spot.y /= (double)spot.n;
    adv_image_release(&without);
    adv_image_release(&with);
    return spot;
}

#define TOLERANCE 1.0 /* pixels: a dot is a few of them */

/* From the first axis' side (azimuth 0) the second axis runs to the right and the third up; a
 * quarter turn later the first runs to the left. */
START_TEST(the_angles_say_where_axes_run)
{
    struct spot middle = spot_of(0, 0, 0, 0, 0);
    struct spot right = spot_of(0, 0.5F, 0, 0, 0), up = spot_of(0, 0, 0.5F, 0, 0);
    struct spot left = spot_of(0.5F, 0, 0, 90, 0);
    double unit = right.x - middle.x;
    ck_assert_double_gt(unit, 50);
    ck_assert_double_eq_tol(right.y, middle.y, TOLERANCE);
    ck_assert_double_eq_tol(up.x, middle.x, TOLERANCE);
    ck_assert_double_eq_tol(middle.y - up.y, unit, TOLERANCE);
    ck_assert_double_eq_tol(middle.x - left.x, unit, TOLERANCE);
    struct spot above = spot_of(0, 0.5F, 0, 0, 90), away = spot_of(-0.5F, 0, 0, 0, 90);
    struct spot top = spot_of(0, 0, 0, 0, 90); /* boxes have the size that their elevation allows */
    ck_assert_double_eq_tol(above.y, top.y, TOLERANCE);
    ck_assert_double_eq_tol(top.y - away.y, above.x - top.x, TOLERANCE);
}
END_TEST

START_TEST(nearer_points_are_larger_and_in_front)
{
    const float line[6] = {-0.8F, 0, -0.6F, 0.8F, 0, -0.6F}; /* seen one behind the other */
    struct spot far = spot_of(-0.8F, 0, 0, 0, 0), near = spot_of(0.8F, 0, 0, 0, 0);
    ck_assert_uint_gt(near.n, far.n);
    const float turned[6] = {line[3], line[4], line[5], line[0], line[1], line[2]};
    struct adv_cloud first = cloud_of(2, line, 0, 0), second = cloud_of(2, turned, 0, 0);
    struct adv_image a = render(&first), b = render(&second); /* in whatever order they are given */
    ck_assert_mem_eq(a.pixels, b.pixels, 3 * (size_t)(a.width * a.height));
    adv_image_release(&a);
    adv_image_release(&b);
}
END_TEST

START_TEST(a_whole_turn_changes_nothing_and_a_part_does)
{
    float points[300];
    for (int i = 0; i < 300; i++)
        points[i] = (float)((i * 37) % 101) / 50 - 1;
    struct adv_cloud cloud = cloud_of(100, points, 30, 20);
    struct adv_image before = render(&cloud);
    cloud.azimuth = -330;
    struct adv_image after = render(&cloud);
    cloud.azimuth = 60;
    struct adv_image part = render(&cloud);
    size_t n_bytes = 3 * (size_t)(before.width * before.height), n = 0, n_part = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        n += abs(before.pixels[i] - after.pixels[i]) > 2; /* sines of -330 degrees round */
        n_part += before.pixels[i] != part.pixels[i];
    }
    ck_assert_uint_lt(n, n_bytes / 1000);
    ck_assert_uint_gt(n_part, n_bytes / 100);
    adv_image_release(&before);
    adv_image_release(&after);
    adv_image_release(&part);
}
END_TEST

START_TEST(odd_data_and_sizes_can_be_drawn)
{
    const float points[12] = {NAN, 0, 0, INFINITY, 1, 1, 3, 3, 3, 3, 3, 4};
    const char *names[3] = {"a column with quite a long name", "b", "c"};
    struct adv_cloud cloud = {.n = 4, .points = points, .names = names, .width = 64, .height = 90};
    struct adv_image image = render(&cloud);
    ck_assert_int_eq(image.width, 64);
    ck_assert_int_eq(image.height, 90);
    adv_image_release(&image);
    cloud.n = 0;
    image = render(&cloud);
    adv_image_release(&image);
}
END_TEST

static void refused(struct adv_cloud cloud, const char *field)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_image image = {0};
    ck_assert_int_eq(adv_cloud_render(&cloud, &image, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, field);
}

START_TEST(what_cannot_be_drawn_is_refused)
{
    const char *names[3] = {"a", "b", "\xff"};
    refused((struct adv_cloud){.width = 63}, "width");
    refused((struct adv_cloud){.height = 5000}, "height");
    refused((struct adv_cloud){.azimuth = 361}, "azimuth");
    refused((struct adv_cloud){.azimuth = NAN}, "azimuth");
    refused((struct adv_cloud){.elevation = -91}, "elevation");
    refused((struct adv_cloud){.title = "a\nb"}, "title");
    refused((struct adv_cloud){.names = names}, "names");
}
END_TEST

static enum adv_status draw_one(void *context, struct adv_error *error)
{
    struct adv_image image = {0};
    enum adv_status status = adv_cloud_render(context, &image, error);
    adv_image_release(&image);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    const float point[3] = {0};
    struct adv_cloud cloud = {.n = 1, .points = point, .width = 64, .height = 64};
    ck_assert_int_gt(alloc_fail_each(draw_one, &cloud), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cloud");
    TCase *all = tcase_create("cloud");
    tcase_add_test(all, the_angles_say_where_axes_run);
    tcase_add_test(all, nearer_points_are_larger_and_in_front);
    tcase_add_test(all, a_whole_turn_changes_nothing_and_a_part_does);
    tcase_add_test(all, odd_data_and_sizes_can_be_drawn);
    tcase_add_test(all, what_cannot_be_drawn_is_refused);
    tcase_add_test(all, every_allocation_may_fail);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
