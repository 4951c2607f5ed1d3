/* The daemon's contract: every route, every format, and that the numbers are the library's, the
 * same bytes whatever else is going on. */
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct server_daemon server;

static void start(void)
{
    server_daemon_start(&server, (const char *const[]){"--workers", "2", NULL});
}

static void stop(void)
{
    server_daemon_stop(&server);
}

/* A successful JSON answer. */
static json_t *ask(const char *path, const char *body)
{
    struct server_reply reply = server_post(&server, path, body);
    ck_assert_msg(reply.status == 200, "%ld: %.1000s", reply.status, reply.body);
    json_t *json = server_reply_json(&reply);
    server_reply_release(&reply);
    return json;
}

static json_t *get_json(const char *path)
{
    struct server_reply reply = server_get(&server, path);
    ck_assert_msg(reply.status == 200, "%ld: %.1000s", reply.status, reply.body);
    json_t *json = server_reply_json(&reply);
    server_reply_release(&reply);
    return json;
}

/* A successful NPY answer's numbers, to be freed; their number is checked. */
static float *ask_npy(const char *path, const char *body, size_t n)
{
    struct server_request request = {.path = path, .body = body, .accept = "application/x-npy"};
    struct server_reply reply = server_send(&server, &request);
    struct adv_array array;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(reply.status == 200, "%ld: %.1000s", reply.status, reply.body);
    ck_assert_msg(adv_npy_parse(reply.body, reply.n_body, "answer", &array, &error) == ADV_OK, "%s",
                  error.message);
    server_reply_release(&reply);
    ck_assert_uint_eq(array.n_elements, n);
    return array.data;
}

static double number(const json_t *json, const char *member)
{
    const json_t *value = json_object_get(json, member);
    ck_assert_msg(json_is_number(value), "%s is not a number", member);
    return json_number_value(value);
}

static double at(const json_t *rows, size_t i, size_t k)
{
    return json_number_value(json_array_get(json_array_get(rows, i), k));
}

/* The library's own answer to a query of a test model, in float. */
static float *compute(const char *name, const struct adv_query *query, size_t n)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = server_model(name);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    ck_assert_msg(adv_run_new(model, query, &run, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(adv_run_all(run, NULL, &answer, &error), ADV_OK);
    float *states = malloc(n * sizeof *states);
    memcpy(states, answer->states, n * sizeof *states);
    adv_run_free(run);
    adv_model_unref(model);
    return states;
}

/* ---------------------------------------------------------------- models */

START_TEST(models_are_listed_and_broken_files_are_named)
{
    json_t *json = get_json("/v1/models"), *models = json_object_get(json, "models");
    ck_assert_uint_eq(json_array_size(models), 3);
    const json_t *classes = json_array_get(models, 0); /* in the order of their files */
    ck_assert_str_eq(json_string_value(json_object_get(classes, "name")), "classes");
    ck_assert_str_eq(json_string_value(json_object_get(classes, "net")), "mlp");
    ck_assert_double_eq(number(classes, "dim"), 2);
    ck_assert_double_eq(number(classes, "classes"), 3);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(classes, "labels"), 1)),
                     "green");
    ck_assert(json_is_true(json_object_get(classes, "null_class")));
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(classes, "columns"), 1)),
                     "y \"2\"");
    ck_assert_ptr_null(json_object_get(json_array_get(models, 2), "columns"));
    ck_assert_double_eq(number(classes, "guidance"), 1);
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(classes, "digest"))), 16);
    ck_assert_double_eq(number(json_object_get(classes, "limits"), "rows"), 100000);
    const json_t *image = json_array_get(models, 1), *plane = json_array_get(models, 2);
    ck_assert_uint_eq(json_array_size(json_object_get(image, "shape")), 3);
    ck_assert_double_eq(number(image, "dim"), 64);
    ck_assert_double_eq(number(json_object_get(plane, "card"), "kl"), 0.25);
    /* in_projection 2x32 + 32, t_mlp 1x128 + 128 and 128x32 + 32, concat_projection 64x32 + 32, two
     * blocks of 32x32 + 32, out_projection 32x2 + 2 */
    ck_assert_double_eq(number(plane, "parameters"), 96 + 256 + 4128 + 2080 + 2112 + 66);
    /* of a row: what t and label alone decide is not among them */
    ck_assert_double_eq(number(plane, "multiply_adds"), 2 * 32 + 32 * 32 + 2 * 32 * 32 + 32 * 2);
    const json_t *refused = json_array_get(json_object_get(json, "refused"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(refused, "file")), "broken.safetensors");
    ck_assert_uint_gt(strlen(json_string_value(json_object_get(refused, "reason"))), 10);
    json_decref(json);
}
END_TEST

START_TEST(one_model_comes_with_its_config)
{
    struct server_reply reply = server_get(&server, "/v1/models/plane");
    char etag[64], quoted[64];
    ck_assert_int_eq(reply.status, 200);
    json_t *json = server_reply_json(&reply);
    ck_assert_double_eq(number(json_object_get(json_object_get(json, "config"), "net"), "channels"),
                        32);
    ck_assert(server_reply_header(&reply, "ETag", sizeof etag, etag));
    snprintf(quoted, sizeof quoted, "\"%s\"", json_string_value(json_object_get(json, "digest")));
    ck_assert_str_eq(etag, quoted);
    json_decref(json);
    server_reply_release(&reply);
}
END_TEST

/* ---------------------------------------------------------------- queries */

START_TEST(samples_are_the_library_s)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = 5;
    query.seed = 3;
    float *expected = compute("plane", &query, 10);
    float *npy = ask_npy("/v1/models/plane/samples", "{\"n\": 5, \"seed\": 3}", 10);
    json_t *json = ask("/v1/models/plane/samples", "{\"n\": 5, \"seed\": 3}");
    ck_assert_mem_eq(npy, expected, 10 * sizeof(float));
    for (size_t i = 0; i < 10; i++)
        ck_assert_float_eq((float)at(json_object_get(json, "samples"), i / 2, i % 2), expected[i]);
    ck_assert_str_eq(json_string_value(json_object_get(json, "model")), "plane");
    ck_assert_double_eq(number(json, "seed"), 3);
    ck_assert_double_eq(json_number_value(json_array_get(json_object_get(json, "shape"), 0)), 5);
    const json_t *solver = json_object_get(json, "solver");
    ck_assert_str_eq(json_string_value(json_object_get(solver, "method")), "rk4");
    ck_assert_double_eq(number(solver, "nfe"), 100); /* 25 steps of 4 stages */
    json_decref(json);
    free(npy);
    free(expected);
}
END_TEST

START_TEST(a_sample_is_the_same_alone_and_in_a_batch)
{
    float *batch = ask_npy("/v1/models/plane/samples", "{\"n\": 700, \"seed\": 3}", 1400);
    float *alone =
        ask_npy("/v1/models/plane/samples", "{\"n\": 1, \"seed\": 3, \"first\": 617}", 2);
    ck_assert_mem_eq(alone, batch + 2 * 617, 2 * sizeof(float));
    free(alone);
    free(batch);
}
END_TEST

/* One step of euler is too coarse for any flow that moves. */
START_TEST(warnings_reach_formats_that_have_no_place_for_them)
{
    static const char *const accepts[] = {"application/json", "application/x-npy", "text/csv"};
    struct server_request request = {.path = "/v1/models/plane/log-density",
                                     .body = "{\"points\": [[3, 2]], \"errors\": true,"
                                             " \"solver\": {\"method\": \"euler\", \"steps\": 1}}"};
    char text[400];
    for (size_t i = 0; i < 3; i++) {
        request.accept = accepts[i];
        struct server_reply reply = server_send(&server, &request);
        ck_assert_int_eq(reply.status, 200);
        bool has_header = server_reply_header(&reply, "Advect-Warning", sizeof text, text);
        ck_assert_msg(has_header == (i > 0), "%s", accepts[i]);
        if (has_header)
            ck_assert_ptr_nonnull(strstr(text, "take more steps than euler's 1"));
        else
            ck_assert_ptr_nonnull(strstr(reply.body, "take more steps than euler's 1"));
        server_reply_release(&reply);
    }
}
END_TEST

START_TEST(a_seed_that_nobody_gave_is_echoed)
{
    struct server_reply reply = server_post(&server, "/v1/models/plane/samples", "{}");
    char header[64], body[128], text[64];
    json_t *json = server_reply_json(&reply);
    ck_assert(server_reply_header(&reply, "Advect-Seed", sizeof header, header));
    snprintf(text, sizeof text, "%.0f", number(json, "seed"));
    ck_assert_str_eq(header, text);
    snprintf(body, sizeof body, "{\"seed\": %s}", text);
    json_t *again = ask("/v1/models/plane/samples", body);
    ck_assert(json_equal(json, again));
    json_decref(json);
    json_decref(again);
    server_reply_release(&reply);
    reply = server_post(&server, "/v1/models/plane/samples", "{}");
    char other[64];
    ck_assert(server_reply_header(&reply, "Advect-Seed", sizeof other, other));
    ck_assert_str_ne(header, other);
    server_reply_release(&reply);
}
END_TEST

START_TEST(labels_and_guidance_reach_the_model)
{
    const char *path = "/v1/models/classes/samples";
    json_t *json = ask(path, "{\"n\": 4, \"seed\": 1}");
    const json_t *labels = json_object_get(json, "labels");
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json, "columns"), 0)), "x");
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(json_integer_value(json_array_get(labels, i)), (int)i % 3);
    json_decref(json);
    float *one = ask_npy(path, "{\"n\": 3, \"seed\": 1, \"label\": 1}", 6);
    float *each = ask_npy(path, "{\"n\": 3, \"seed\": 1, \"label\": [1, 2, 1]}", 6);
    float *guided = ask_npy(path, "{\"n\": 3, \"seed\": 1, \"label\": 1, \"guidance\": 3}", 6);
    ck_assert_mem_eq(one, each, 2 * sizeof(float));
    ck_assert_mem_ne(one + 2, each + 2, 2 * sizeof(float));
    ck_assert_mem_eq(one + 4, each + 4, 2 * sizeof(float));
    ck_assert_mem_ne(one, guided, 6 * sizeof(float));
    free(one);
    free(each);
    free(guided);
}
END_TEST

START_TEST(trajectories_begin_at_the_base_and_end_at_the_samples)
{
    const char *body = "{\"n\": 3, \"seed\": 5, \"times\": [0, 0.25, 1]}";
    json_t *json = ask("/v1/models/plane/trajectories", body);
    const json_t *shape = json_object_get(json, "shape");
    ck_assert_int_eq(json_integer_value(json_array_get(shape, 0)), 3);
    ck_assert_int_eq(json_integer_value(json_array_get(shape, 1)), 3);
    ck_assert_int_eq(json_integer_value(json_array_get(shape, 2)), 2);
    const json_t *frames = json_object_get(json, "trajectories");
    float base[6];
    adv_rng_normal(5, ADV_STREAM_BASE, 0, 3, 2, base);
    for (size_t i = 0; i < 6; i++)
        ck_assert_float_eq((float)at(json_array_get(frames, 0), i / 2, i % 2), base[i]);
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    query.n = 3;
    query.seed = 5;
    query.n_times = 3;
    query.times = (const double[]){0, 0.25, 1};
    float *expected = compute("plane", &query, 18);
    float *npy = ask_npy("/v1/models/plane/trajectories", body, 18);
    ck_assert_mem_eq(npy, expected, 18 * sizeof(float));
    free(npy);
    free(expected);
    json_decref(json);
}
END_TEST

START_TEST(a_stream_holds_the_frames_of_the_whole_answer)
{
    const char *body = "{\"n\": 300, \"seed\": 5, \"frames\": 7}";
    struct server_request request = {
        .path = "/v1/models/classes/trajectories", .body = body, .accept = "application/x-ndjson"};
    struct server_reply reply = server_send(&server, &request);
    char type[64];
    ck_assert_int_eq(reply.status, 200);
    ck_assert(server_reply_header(&reply, "Content-Type", sizeof type, type));
    ck_assert_str_eq(type, "application/x-ndjson");
    json_t *whole = ask("/v1/models/classes/trajectories", body);
    const char *line = reply.body;
    for (size_t f = 0; f < 7; f++) {
        json_t *frame = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
        ck_assert_ptr_nonnull(frame);
        ck_assert_double_eq(number(frame, "frame"), (double)f);
        ck_assert_double_eq(number(frame, "t"),
                            json_number_value(json_array_get(json_object_get(whole, "times"), f)));
        ck_assert(json_equal(json_object_get(frame, "states"),
                             json_array_get(json_object_get(whole, "trajectories"), f)));
        json_decref(frame);
        line = strchr(line, '\n');
        ck_assert_ptr_nonnull(line);
        line++;
    }
    ck_assert_str_eq(line, "");
    json_decref(whole);
    server_reply_release(&reply);
}
END_TEST

/* The flow is invertible: latents of samples are the base points they came from. */
START_TEST(latents_are_where_samples_came_from)
{
    const char *accurate = "\"solver\": {\"method\": \"dopri5\", \"rtol\": 1e-6, \"atol\": 1e-6}";
    char body[512];
    snprintf(body, sizeof body, "{\"x0\": [[0.3, -0.7], [1.5, 0.2]], %s}", accurate);
    json_t *samples = ask("/v1/models/plane/samples", body);
    char *points = json_dumps(json_object_get(samples, "samples"), JSON_COMPACT);
    snprintf(body, sizeof body, "{\"points\": %s, %s}", points, accurate);
    json_t *latents = ask("/v1/models/plane/latents", body);
    json_t *density = ask("/v1/models/plane/log-density", body);
    const double x0[] = {0.3, -0.7, 1.5, 0.2};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_double_eq_tol(at(json_object_get(latents, "latents"), i / 2, i % 2), x0[i], 1e-4);
        ck_assert_double_eq_tol(at(json_object_get(density, "latents"), i / 2, i % 2), x0[i], 1e-4);
    }
    ck_assert_uint_eq(json_array_size(json_object_get(density, "log_density")), 2);
    ck_assert(json_is_null(json_object_get(density, "standard_error")));
    ck_assert_uint_eq(json_array_size(json_object_get(density, "log_density_error")), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(latents, "latent_error")), 2);
    json_decref(samples);
    json_decref(latents);
    json_decref(density);
    free(points);
}
END_TEST

/* A change of variables through a small flow: log p(x) = log N(x0) - integral of the divergence;
 * for a short way back from t it is nearly log N(x0) - t div v. */
START_TEST(log_density_is_the_base_s_minus_the_divergence)
{
    json_t *near = ask("/v1/models/plane/log-density", "{\"points\": [[0.5, 0.25]], \"t\": 0.001}");
    json_t *velocity = ask("/v1/models/plane/velocity",
                           "{\"points\": [[0.5, 0.25]], \"t\": 0, \"divergence\": true}");
    double v_x = at(json_object_get(velocity, "velocity"), 0, 0);
    double v_y = at(json_object_get(velocity, "velocity"), 0, 1);
    double x = 0.5 - 0.001 * v_x, y = 0.25 - 0.001 * v_y;
    double divergence =
        json_number_value(json_array_get(json_object_get(velocity, "divergence"), 0));
    double expected = -0.5 * (x * x + y * y) - log(2 * M_PI) - 0.001 * divergence;
    double log_density = json_number_value(json_array_get(json_object_get(near, "log_density"), 0));
    ck_assert_double_eq_tol(log_density, expected, 1e-5); /* the way's second order is 1e-6 */
    json_decref(near);
    json_decref(velocity);
}
END_TEST

START_TEST(hutchinson_tells_its_error_and_images_their_bits)
{
    char body[2048] = "{\"divergence\": {\"method\": \"hutchinson\", \"probes\": 4, \"seed\": 9},"
                      " \"solver\": {\"method\": \"rk4\", \"steps\": 10}, \"points\": [[0.5";
    for (int i = 1; i < 64; i++)
        strcat(body, ", 0.5");
    strcat(body, "]]}");
    json_t *json = ask("/v1/models/image/log-density", body);
    double log_density = json_number_value(json_array_get(json_object_get(json, "log_density"), 0));
    double bits = json_number_value(json_array_get(json_object_get(json, "bits_per_dim"), 0));
    ck_assert_double_gt(
        json_number_value(json_array_get(json_object_get(json, "standard_error"), 0)), 0);
    /* -(log p / D) / ln 2 + 8 bits */
    ck_assert_double_eq_tol(bits, -log_density / 64 / M_LN2 + 8, 1e-9);
    json_decref(json);
}
END_TEST

/* ---------------------------------------------------------------- uploads */

START_TEST(points_come_as_npy_as_well)
{
    const float points[] = {0.25F, -0.5F, 1, 2, -1.75F, 0};
    char body[512];
    size_t n = adv_npy_header("<f4", 2, (const size_t[]){3, 2}, body);
    memcpy(body + n, points, sizeof points);
    struct server_request request = {.path = "/v1/models/plane/velocity?t=0.5&divergence=true",
                                     .body = body,
                                     .n_body = n + sizeof points,
                                     .content_type = "application/x-npy"};
    struct server_reply reply = server_send(&server, &request);
    ck_assert_msg(reply.status == 200, "%s", reply.body);
    json_t *npy = server_reply_json(&reply);
    server_reply_release(&reply);
    json_t *json = ask("/v1/models/plane/velocity",
                       "{\"points\": [[0.25, -0.5], [1, 2], [-1.75, 0]], \"t\": 0.5,"
                       " \"divergence\": true}");
    ck_assert(json_equal(npy, json));
    json_decref(npy);
    json_decref(json);
}
END_TEST

/* Numbers of points are checked by the worker; the client gets the problem document that other
 * wrong fields have, and the daemon goes on. */
START_TEST(a_point_outside_the_data_is_refused)
{
    static const char *const paths[] = {"/v1/models/image/log-density", "/v1/models/image/latents"};
    char body[1024] = "{\"points\": [[", rest[1200];
    for (size_t i = 0; i < 128; i++)
        strcat(body, i == 0 ? "0" : i == 64 ? "], [0" : i == 64 + 5 ? ", 1.5" : ", 0");
    snprintf(rest, sizeof rest, "%s]], \"solver\": {\"method\": \"euler\", \"steps\": 2}}", body);
    for (size_t i = 0; i < 2; i++) {
        double failed = server_metric(&server, "advect_queries_total{outcome=\"failed\"}");
        struct server_reply reply = server_post(&server, paths[i], rest);
        const char *words = "\"points[1]: column 5 is 1.5; it must be between 0 and 1\"";
        ck_assert_msg(strstr(reply.body, words) != NULL, "%s", reply.body);
        server_expect_problem(reply, 422, "invalid-field", "points");
        server_wait_for_metric(&server, "advect_queries_total{outcome=\"failed\"}", failed + 1,
                               5000);
        server_wait_for_metric(&server, "advect_queries", 0, 5000);
    }
}
END_TEST

/* A model of dequantised 8-bit data takes value k as (k + u) / 256, with the first row of u. */
START_TEST(an_image_comes_as_png_as_well)
{
    struct adv_image image;
    struct adv_bytes png = {0};
    float places[64];
    char body[4096] = "{\"points\": [[";
    adv_rng_uniform(0, ADV_STREAM_DEQUANTISE, 0, 1, 64, places);
    ck_assert_int_eq(adv_image_init(&image, 8, 8, 1, NULL), ADV_OK);
    for (size_t i = 0; i < 64; i++) {
        image.pixels[i] = (uint8_t)(i * 4);
        size_t n = strlen(body);
        snprintf(body + n, sizeof body - n, "%s%.9g", i ? ", " : "",
                 ((double)image.pixels[i] + (double)places[i]) / 256);
    }
    strcat(body, "]], \"solver\": {\"method\": \"euler\", \"steps\": 3}}");
    ck_assert_int_eq(adv_png_encode(&image, 6, &png, NULL), ADV_OK);
    adv_image_release(&image);
    struct server_request request = {.path = "/v1/models/image/latents?solver=euler&steps=3",
                                     .body = (char *)png.data,
                                     .n_body = png.n,
                                     .content_type = "image/png"};
    struct server_reply reply = server_send(&server, &request);
    adv_bytes_release(&png);
    ck_assert_msg(reply.status == 200, "%s", reply.body);
    json_t *uploaded = server_reply_json(&reply);
    server_reply_release(&reply);
    json_t *json = ask("/v1/models/image/latents", body);
    ck_assert(json_equal(uploaded, json));
    json_decref(uploaded);
    json_decref(json);
}
END_TEST

/* ---------------------------------------------------------------- pictures */

static const char *const pictures[] = {
    "/v1/models/plane/samples.png",
    "/v1/models/image/samples.png?n=4&zoom=2",
    "/v1/models/plane/trajectories.png?n=20&frames=3&width=100&height=100",
    "/v1/models/image/trajectories.png?n=2&frames=3",
    "/v1/models/plane/density.png?side=12&t=0.5&width=200",
    "/v1/models/classes/density.png?side=12&label=2&width=200",
    "/v1/models/plane/velocity.png?t=0.25&width=200",
};

START_TEST(pictures_are_png_and_known_by_their_tags)
{
    const char *path = pictures[_i];
    struct server_reply reply = server_get(&server, path);
    char type[64], etag[64], header[128];
    ck_assert_msg(reply.status == 200, "%s: %.1000s", path, reply.body);
    ck_assert(server_reply_header(&reply, "Content-Type", sizeof type, type));
    ck_assert_str_eq(type, "image/png");
    ck_assert_mem_eq(reply.body, "\x89PNG\r\n\x1a\n", 8);
    ck_assert(server_reply_header(&reply, "ETag", sizeof etag, etag));
    snprintf(header, sizeof header, "If-None-Match: %s", etag);
    struct server_reply again =
        server_send(&server, &(struct server_request){.path = path, .headers = {header}});
    ck_assert_int_eq(again.status, 304);
    ck_assert_uint_eq(again.n_body, 0);
    server_reply_release(&again);
    again = server_get(&server, path);
    ck_assert_uint_eq(again.n_body, reply.n_body); /* from the cache */
    ck_assert_mem_eq(again.body, reply.body, reply.n_body);
    ck_assert(server_reply_header(&again, "ETag", sizeof header, header));
    ck_assert_str_eq(header, etag);
    server_reply_release(&again);
    server_reply_release(&reply);
}
END_TEST

START_TEST(post_answers_come_as_pictures_as_well)
{
    static const struct {
        const char *path, *body;
    } cases[] = {
        {"/v1/models/plane/samples", "{\"n\": 50}"},
        {"/v1/models/image/samples", "{\"n\": 5}"},
        {"/v1/models/image/trajectories", "{\"n\": 2, \"frames\": 3}"},
        {"/v1/models/plane/velocity", "{\"points\": [[0, 1], [1, 0]]}"},
    };
    struct server_request request = {
        .path = cases[_i].path, .body = cases[_i].body, .accept = "image/png"};
    struct server_reply reply = server_send(&server, &request);
    ck_assert_msg(reply.status == 200, "%s: %.1000s", request.path, reply.body);
    ck_assert_mem_eq(reply.body, "\x89PNG\r\n\x1a\n", 8);
    server_reply_release(&reply);
}
END_TEST

/* What would take gigabytes to draw is refused before it is computed. */
START_TEST(pictures_are_bounded)
{
    static const char *const paths[] = {
        "/v1/models/image/samples.png?n=5000&zoom=16",
        "/v1/models/image/trajectories.png?n=500&frames=20&zoom=16",
        "/v1/models/plane/trajectories.png?n=60000&frames=20",
    };
    server_expect_problem(server_get(&server, paths[_i]), 422, "invalid-field", "n");
}
END_TEST

/* ---------------------------------------------------------------- another daemon */

/* Every answer, with one worker and one HTTP thread, is the bytes that two of each give. */
START_TEST(answers_do_not_depend_on_the_number_of_workers)
{
    static const struct {
        const char *path, *body;
    } cases[] = {
        {"/v1/models/classes/samples", "{\"n\": 333, \"seed\": 8, \"guidance\": 2}"},
        {"/v1/models/plane/samples", "{\"n\": 150, \"seed\": 8, \"log_density\": true}"},
        {"/v1/models/plane/trajectories", "{\"n\": 300, \"seed\": 8, \"frames\": 5}"},
        {"/v1/models/plane/log-density", "{\"points\": [[0.1, 0.2], [1, 2], [-1, 0.5]]}"},
        {"/v1/models/plane/latents", "{\"points\": [[0.1, 0.2], [1, 2], [-1, 0.5]]}"},
        {"/v1/models/plane/velocity", "{\"points\": [[0.1, 0.2], [1, 2]], \"divergence\": true}"},
        {"/v1/models/plane/score",
         "{\"points\": [[0.1, 0.2], [1, 2]], \"method\": \"difference\"}"},
        {"/v1/models/plane/samples",
         "{\"n\": 150, \"seed\": 8, \"solver\": {\"method\": \"sde\", \"noise\": 3}}"},
    };
    struct server_daemon single;
    server_daemon_start(&single, (const char *const[]){"--workers=1", "--http-threads=1", NULL});
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server_reply a = server_post(&server, cases[i].path, cases[i].body);
        struct server_reply b = server_post(&single, cases[i].path, cases[i].body);
        ck_assert_int_eq(a.status, 200);
        ck_assert_uint_eq(a.n_body, b.n_body);
        ck_assert_mem_eq(a.body, b.body, a.n_body);
        server_reply_release(&a);
        server_reply_release(&b);
    }
    server_daemon_stop(&single);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("server");
    TCase *one = tcase_create("one daemon");
    tcase_set_timeout(one, 60);
    tcase_add_unchecked_fixture(one, start, stop);
    tcase_add_test(one, models_are_listed_and_broken_files_are_named);
    tcase_add_test(one, one_model_comes_with_its_config);
    tcase_add_test(one, samples_are_the_library_s);
    tcase_add_test(one, a_sample_is_the_same_alone_and_in_a_batch);
    tcase_add_test(one, a_seed_that_nobody_gave_is_echoed);
    tcase_add_test(one, warnings_reach_formats_that_have_no_place_for_them);
    tcase_add_test(one, labels_and_guidance_reach_the_model);
    tcase_add_test(one, trajectories_begin_at_the_base_and_end_at_the_samples);
    tcase_add_test(one, a_stream_holds_the_frames_of_the_whole_answer);
    tcase_add_test(one, latents_are_where_samples_came_from);
    tcase_add_test(one, log_density_is_the_base_s_minus_the_divergence);
    tcase_add_test(one, hutchinson_tells_its_error_and_images_their_bits);
    tcase_add_test(one, points_come_as_npy_as_well);
    tcase_add_test(one, a_point_outside_the_data_is_refused);
    tcase_add_test(one, an_image_comes_as_png_as_well);
    tcase_add_loop_test(one, pictures_are_png_and_known_by_their_tags, 0,
                        sizeof pictures / sizeof pictures[0]);
    tcase_add_loop_test(one, post_answers_come_as_pictures_as_well, 0, 4);
    tcase_add_loop_test(one, pictures_are_bounded, 0, 3);
    tcase_add_test(one, answers_do_not_depend_on_the_number_of_workers);
    suite_add_tcase(suite, one);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
