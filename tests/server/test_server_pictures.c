/* Pictures of points of every dimension: densities as curves and histograms, clouds, paths, and what
 * is refused. */
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>
#include <advect/extra/memory.h>
#include <check.h>
#include <stdio.h>
#include <string.h>

static struct server_daemon server;

static void start(void)
{
    server_daemon_prepare(&server);
    server_model_write_points(server.models, 1, true);
    server_model_write_points(server.models, 3, false);
    server_model_write_points(server.models, 16, false);
    server_model_write_points(server.models, 17, false);
    server_model_write_counts(server.models);
    server_daemon_await(&server, server_daemon_begin(&server, NULL));
}

static void stop(void)
{
    server_daemon_stop(&server);
}

static void get_picture(const char *path, struct adv_image *image)
{
    struct server_reply reply = server_get(&server, path);
    ck_assert_msg(reply.status == 200, "%s: %.1000s", path, reply.body);
    const uint8_t *bytes = (const uint8_t *)reply.body;
    int width = bytes[18] << 8 | bytes[19], height = bytes[22] << 8 | bytes[23];
    ck_assert_int_eq(adv_png_decode(bytes, reply.n_body, width, height, 3, image, NULL), ADV_OK);
    server_reply_release(&reply);
}

static const struct {
    const char *path;
    int width, height;
} pictures[] = {
    {"/v1/models/dim1/density.png?n=200&width=300&height=200", 300, 200},
    {"/v1/models/dim1/density.png?n=200&label=2", 640, 640},
    {"/v1/models/dim1/trajectories.png?n=50&frames=3&width=200&height=100", 200, 100},
    {"/v1/models/dim1/samples.png?n=50&view=density&width=200&height=100", 200, 100},
    {"/v1/models/dim3/density.png?n=200&width=300", 300, 300},
    {"/v1/models/dim3/samples.png?n=50&view=cloud&azimuth=10&elevation=-30&width=200&height=100",
     200, 100},
    {"/v1/models/dim3/trajectories.png?n=50&frames=3&view=cloud&turn=-30&width=100&height=100", 100,
     100},
    {"/v1/models/dim16/density.png?n=100&width=300", 300, 300},
    {"/v1/models/plane/samples.png?n=100&view=density&width=100", 100, 100},
    {"/v1/models/counts/density.png?n=200&width=300", 300, 300}, /* not on a grid */
};

START_TEST(points_have_pictures_of_every_dimension)
{
    struct adv_image image = {0};
    get_picture(pictures[_i].path, &image);
    ck_assert_int_eq(image.width, pictures[_i].width);
    ck_assert_int_eq(image.height, pictures[_i].height);
    adv_image_release(&image);
}
END_TEST

/* The accent colour of curves, which histograms of one dimension lack. */
static size_t count_curve(const struct adv_image *image)
{
    size_t n = 0;
    for (const uint8_t *p = image->pixels; p < image->pixels + 3 * image->width * image->height;
         p += 3)
        n += p[2] > p[0] + 100;
    return n;
}

START_TEST(a_density_of_one_dimension_has_its_curve_without_being_asked)
{
    struct adv_image density = {0}, histogram = {0};
    get_picture("/v1/models/dim1/density.png?n=200&label=0", &density);
    get_picture("/v1/models/dim1/samples.png?n=200&label=0&view=density", &histogram);
    ck_assert_uint_gt(count_curve(&density), 200);
    ck_assert_uint_eq(count_curve(&histogram), 0);
    adv_image_release(&density);
    adv_image_release(&histogram);
}
END_TEST

static const struct {
    const char *path;
    long status;
    const char *type, *field;
} refusals[] = {
    {"/v1/models/dim3/density.png?side=10", 422, "invalid-field", "side"},
    {"/v1/models/dim3/density.png?t=0.5", 422, "invalid-field", "t"},
    {"/v1/models/dim3/density.png?view=cloud", 422, "invalid-field", "view"},
    {"/v1/models/plane/density.png?view=density", 422, "invalid-field", "view"},
    {"/v1/models/plane/samples.png?view=cloud", 422, "invalid-field", "view"},
    {"/v1/models/image/samples.png?view=density", 422, "invalid-field", "view"},
    {"/v1/models/dim3/samples.png?view=side", 422, "invalid-field", "view"},
    {"/v1/models/dim3/samples.png?view=cloud&elevation=91", 422, "invalid-field", "elevation"},
    {"/v1/models/dim3/samples.png?view=cloud&azimuth=nan", 422, "invalid-field", "azimuth"},
    {"/v1/models/dim3/velocity.png", 404, "no-picture", NULL},
    {"/v1/models/dim17/density.png", 404, "no-picture", NULL},
    {"/v1/models/image/density.png", 404, "no-picture", NULL},
};

START_TEST(what_cannot_be_shown_is_refused)
{
    server_expect_problem(server_get(&server, refusals[_i].path), refusals[_i].status,
                          refusals[_i].type, refusals[_i].field);
}
END_TEST

START_TEST(the_description_has_the_fields_of_both_ways_to_a_density)
{
    static const char *const wanted[] = {"side",        "t",    "n",      "seed",
                                         "log_density", "view", "azimuth"};
    struct server_reply reply = server_get(&server, "/openapi.json");
    json_t *json = server_reply_json(&reply), *parameter;
    const json_t *path =
        json_object_get(json_object_get(json, "paths"), "/v1/models/{model}/density.png");
    const json_t *parameters = json_object_get(json_object_get(path, "get"), "parameters");
    for (size_t k = 0; k < ADV_COUNT(wanted); k++) {
        size_t i, n = 0;
        json_array_foreach(parameters, i, parameter)
        {
            const char *name = json_string_value(json_object_get(parameter, "name"));
            n += name && !strcmp(name, wanted[k]);
        }
        ck_assert_msg(n == 1, "%s: %zu times", wanted[k], n);
    }
    json_decref(json);
    server_reply_release(&reply);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server: pictures");
    TCase *tests = tcase_create("pictures");
    tcase_add_unchecked_fixture(tests, start, stop);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, points_have_pictures_of_every_dimension, 0, ADV_COUNT(pictures));
    tcase_add_test(tests, a_density_of_one_dimension_has_its_curve_without_being_asked);
    tcase_add_loop_test(tests, what_cannot_be_shown_is_refused, 0, ADV_COUNT(refusals));
    tcase_add_test(tests, the_description_has_the_fields_of_both_ways_to_a_density);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
