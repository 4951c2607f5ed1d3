/* Image models through the daemon: grids, strips and animations pixel by pixel, pictures of every
 * kind as points, and what is refused of them. */
#include "tests/core/io/io_support.h"
#include "tests/fuzz/consume.h"
#include "tests/server/client/server_client.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The pictures of tests/fuzz/make_seeds.py are 9 x 6. */
enum { WIDTH = 9, HEIGHT = 6, DIM = WIDTH * HEIGHT, CLASSES = 10, GAP = 2 };

static struct server_daemon server;
static struct io_scratch scratch;

/* digits: grey, ten classes and none, dequantised 8-bit values; colours: three channels. */
static const char *const configs[] = {
    "{\"name\": \"digits\", \"net\": {\"kind\": \"mlp\", \"dim\": 54, \"channels\": 24, "
    "\"layers\": 1,"
    " \"num_classes\": 10, \"null_class\": true, \"input_gain\": true}, \"data\": {\"shape\":"
    " [1, 6, 9], \"classes\": 10, \"transform\": {\"kind\": \"affine\", \"shift\": 0.5, \"scale\": "
    "0.5,"
    " \"range\": [0, 1], \"levels\": 256}}}",
    "{\"name\": \"colours\", \"net\": {\"kind\": \"mlp\", \"dim\": 162, \"channels\": 8, "
    "\"layers\": 1},"
    " \"data\": {\"shape\": [3, 6, 9], \"transform\": {\"kind\": \"identity\", \"range\": [0, "
    "1]}}}",
    "{\"name\": \"unscaled\", \"net\": {\"kind\": \"mlp\", \"dim\": 54, \"channels\": 8, "
    "\"layers\": 1},"
    " \"data\": {\"shape\": [1, 6, 9]}}",
};

static void write_model(const char *text)
{
    char path[IO_PATH_MAX], file[64];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_net *net = NULL;
    struct adv_model *model = NULL;
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_int_eq(adv_net_new(json_object_get(config, "net"), &net, &error), ADV_OK);
    float *weights = malloc(adv_net_weights(net) * sizeof *weights);
    adv_net_init_weights(net, 7, weights);
    adv_net_free(net);
    ck_assert_msg(adv_model_new_json(config, weights, NULL, &model, &error) == ADV_OK, "%s",
                  error.message);
    snprintf(file, sizeof file, "%s.safetensors", adv_model_name(model));
    ck_assert_int_eq(adv_model_save(model, io_scratch_path(&scratch, file, path), ADV_F32, &error),
                     ADV_OK);
    adv_model_unref(model);
    free(weights);
    json_decref(config);
}

static void start(void)
{
    io_scratch_make(&scratch);
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++)
        write_model(configs[i]);
    server_daemon_start(&server,
                        (const char *const[]){"--workers", "2", "--models", scratch.folder, NULL});
}

static void stop(void)
{
    server_daemon_stop(&server);
    io_scratch_remove(&scratch);
}

/* Pixel p of the first seed picture: grey (3 x + 5 y) mod 16 x 17. */
static uint8_t grey_level(int p)
{
    return (uint8_t)((3 * (p % WIDTH) + 5 * (p / WIDTH)) % 16 * 17);
}

/* Number p of the first seed picture as a point: a place in its level of 256 that is drawn. */
static float grey(int p)
{
    float places[DIM];
    adv_rng_uniform(0, ADV_STREAM_DEQUANTISE, 0, 1, DIM, places);
    return (float)(((double)grey_level(p) + (double)places[p]) / 256);
}

/* ---------------------------------------------------------------- answers */

static json_t *ask(const char *path, const char *body)
{
    struct server_reply reply = server_post(&server, path, body);
    ck_assert_msg(reply.status == 200, "%s: %ld: %.1000s", path, reply.status, reply.body);
    json_t *json = server_reply_json(&reply);
    server_reply_release(&reply);
    return json;
}

/* The numbers of an NPY answer, to be freed. */
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

/* The pixels of a grey PNG answer that must have this size. */
static struct adv_image picture_of(struct server_reply reply, int width, int height)
{
    struct adv_image image;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(reply.status == 200, "%ld: %.1000s", reply.status, reply.body);
    ck_assert_msg(adv_png_decode(reply.body, reply.n_body, width, height, 1, &image, &error) ==
                      ADV_OK,
                  "%s", error.message);
    server_reply_release(&reply);
    return image;
}

/* The length of n cells and the gaps between them. */
static int cells(int n, int side, int zoom)
{
    return n * (side * zoom + GAP) - GAP;
}

/* Whether cell (row, column) of a grid shows the sample [HEIGHT, WIDTH] of intensities in [0, 1]:
 * pixel = floor(256 x), clamped: the model's data are dequantised levels. */
static void expect_cell(const struct adv_image *image, int row, int column, int zoom,
                        const float *sample)
{
    for (int y = 0; y < HEIGHT * zoom; y++) {
        for (int x = 0; x < WIDTH * zoom; x++) {
            int at_y = row * (HEIGHT * zoom + GAP) + y, at_x = column * (WIDTH * zoom + GAP) + x;
            double value = (double)sample[y / zoom * WIDTH + x / zoom];
            int wanted = (int)fmin(fmax(floor(256 * value), 0), 255);
            ck_assert_int_eq(image->pixels[at_y * image->width + at_x], wanted);
        }
    }
}

/* ---------------------------------------------------------------- pictures */

START_TEST(classes_have_rows)
{
    float *samples = ask_npy("/v1/models/digits/samples",
                             "{\"n\": 100, \"seed\": 1, \"guidance\": 2}", 100 * DIM);
    struct adv_image image =
        picture_of(server_get(&server, "/v1/models/digits/samples.png?n=100&seed=1&guidance=2"),
                   cells(10, WIDTH, 3), cells(10, HEIGHT, 3));
    json_t *json = ask("/v1/models/digits/samples", "{\"n\": 100, \"seed\": 1, \"guidance\": 2}");
    for (int class = 0; class < CLASSES; class ++) {
        for (int k = 0; k < 10; k++) {
            size_t i = (size_t)(class + CLASSES * k); /* sample i is of class i mod 10 */
            const json_t *label = json_array_get(json_object_get(json, "labels"), i);
            ck_assert_int_eq(json_integer_value(label), class);
            expect_cell(&image, class, k, 3, samples + i * DIM);
        }
    }
    adv_image_release(&image);
    json_decref(json);
    free(samples);
}
END_TEST

/* From the third sample on: the first row is still that of class 0. Class 0 and 1 have one less. */
START_TEST(rows_of_classes_begin_anywhere)
{
    float *samples =
        ask_npy("/v1/models/digits/samples", "{\"n\": 28, \"seed\": 1, \"first\": 2}", 28 * DIM);
    struct adv_image image =
        picture_of(server_get(&server, "/v1/models/digits/samples.png?n=28&seed=1&first=2&zoom=1"),
                   cells(3, WIDTH, 1), cells(10, HEIGHT, 1));
    float paper[DIM];
    for (int i = 0; i < DIM; i++)
        paper[i] = 1;
    expect_cell(&image, 2, 0, 1, samples);
    expect_cell(&image, 0, 0, 1, samples + 8 * DIM);
    expect_cell(&image, 1, 1, 1, samples + 19 * DIM);
    expect_cell(&image, 0, 2, 1, paper);
    adv_image_release(&image);
    free(samples);
}
END_TEST

/* Labels that were asked for, few samples, or a number of columns: in the samples' order. */
START_TEST(other_grids_are_in_order)
{
    static const struct {
        const char *path, *body;
        int n, n_rows, n_columns;
    } cases[] = {
        {"?label=3,1,4,1,5&columns=5", "\"label\": [3, 1, 4, 1, 5]", 5, 1, 5},
        {"?n=25&label=7", "\"n\": 25, \"label\": 7", 25, 5, 5},
        {"?n=19", "\"n\": 19", 19, 4, 5},
        {"?n=30&columns=8", "\"n\": 30", 30, 4, 8},
        {"?n=9&label=-1", "\"n\": 9, \"label\": -1", 9, 3, 3},
    };
    char path[128], body[128];
    int n = cases[_i].n, n_columns = cases[_i].n_columns;
    snprintf(path, sizeof path, "/v1/models/digits/samples.png%s&seed=5&zoom=2", cases[_i].path);
    snprintf(body, sizeof body, "{%s, \"seed\": 5}", cases[_i].body);
    float *samples = ask_npy("/v1/models/digits/samples", body, (size_t)n * DIM);
    struct adv_image image = picture_of(server_get(&server, path), cells(n_columns, WIDTH, 2),
                                        cells(cases[_i].n_rows, HEIGHT, 2));
    for (int i = 0; i < n; i++)
        expect_cell(&image, i / n_columns, i % n_columns, 2, samples + i * DIM);
    adv_image_release(&image);
    free(samples);
}
END_TEST

START_TEST(a_film_strip_has_a_row_per_sample)
{
    const char *path = "/v1/models/digits/trajectories";
    const char *body = "{\"n\": 3, \"seed\": 2, \"label\": [9, 0, 4], \"guidance\": 1.5, "
                       "\"times\": [0, 0.5, 0.75, 1]}";
    struct server_request request = {.path = path, .body = body, .accept = "image/png"};
    float *states = ask_npy(path, body, 4 * 3 * DIM);
    struct adv_image image =
        picture_of(server_send(&server, &request), cells(4, WIDTH, 3), cells(3, HEIGHT, 3));
    for (int i = 0; i < 3; i++) {
        for (int frame = 0; frame < 4; frame++)
            expect_cell(&image, i, frame, 3, states + (frame * 3 + i) * DIM);
    }
    adv_image_release(&image);
    free(states);
}
END_TEST

/* Viewers without animation see its last frame, which is the picture of the samples. */
START_TEST(an_animation_ends_with_the_samples)
{
    struct server_reply reply =
        server_get(&server, "/v1/models/digits/trajectories.png?n=20&seed=4&frames=6&zoom=1");
    ck_assert_int_eq(reply.status, 200);
    uint8_t control[8 + 4] = {0};
    memcpy(control, reply.body + 33, 12); /* behind signature and IHDR */
    ck_assert_mem_eq(control,
                     "\0\0\0\x08"
                     "acTL\0\0\0\x06",
                     12);
    float *samples = ask_npy("/v1/models/digits/samples", "{\"n\": 20, \"seed\": 4}", 20 * DIM);
    struct adv_image image = picture_of(reply, cells(2, WIDTH, 1), cells(10, HEIGHT, 1));
    for (int i = 0; i < 20; i++) {
        int row = i % 10, column = i / 10;
        for (int p = 0; p < DIM; p++) { /* five times three steps */
            int at_y = row * (HEIGHT + GAP) + p / WIDTH, at_x = column * (WIDTH + GAP) + p % WIDTH;
            double wanted = 255 * fmin(fmax((double)samples[i * DIM + p], 0), 1);
            ck_assert_double_eq_tol(image.pixels[at_y * image.width + at_x], wanted, 1);
        }
    }
    adv_image_release(&image);
    free(samples);
}
END_TEST

/* What cannot be drawn is refused before it is computed: these would take minutes. */
START_TEST(pictures_too_large_are_refused)
{
    static const char *const paths[] = {
        "digits/samples.png?n=90000&zoom=16&steps=10000",
        "digits/trajectories.png?n=50000&frames=300&zoom=1&steps=10000",
        "digits/samples.png?n=50000&columns=1&zoom=1&steps=10000",
        "digits/samples.png?n=40000&columns=256&zoom=16&steps=1000",
    };
    char path[128];
    snprintf(path, sizeof path, "/v1/models/%s", paths[_i]);
    server_expect_problem(server_get(&server, path), 422, "invalid-field", "n");
}
END_TEST

START_TEST(a_strip_too_high_is_refused)
{
    struct server_request request = {.path = "/v1/models/digits/trajectories",
                                     .body = "{\"n\": 4000, \"frames\": 2, \"solver\": "
                                             "{\"method\": \"rk4\", \"steps\": 10000}}",
                                     .accept = "image/png"};
    server_expect_problem(server_send(&server, &request), 422, "invalid-field", "n");
}
END_TEST

/* ---------------------------------------------------------------- points */

static char *points_text(void)
{
    char *text = malloc(DIM * 32);
    size_t n = 0;
    for (int p = 0; p < DIM; p++)
        n += (size_t)sprintf(text + n, "%s%.9g", p ? ", " : "", (double)grey(p));
    return text;
}

static struct server_reply upload(const char *model, const char *rest, const char *type,
                                  const void *bytes, size_t n)
{
    char path[160];
    snprintf(path, sizeof path, "/v1/models/%s/%s", model, rest);
    struct server_request request = {
        .path = path, .body = bytes, .n_body = n, .content_type = type};
    return server_send(&server, &request);
}

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

static struct server_reply upload_seed(const char *model, const char *rest, const char *name)
{
    size_t n;
    void *bytes = read_seed(name, &n);
    struct server_reply reply = upload(model, rest, "image/png", bytes, n);
    free(bytes);
    return reply;
}

static json_t *json_of(struct server_reply reply)
{
    ck_assert_msg(reply.status == 200, "%ld: %.1000s", reply.status, reply.body);
    json_t *json = server_reply_json(&reply);
    server_reply_release(&reply);
    return json;
}

/* One image as JSON, as NPY of its shape, as NPY of bytes and as PNG: the same log-density, bits
 * per dimension and latents; bits = -(log p / D) / ln 2 + 8. */
START_TEST(an_image_is_the_same_point_in_every_format)
{
    const char *rest = "log-density?label=3&solver=rk4&steps=5&probes=4&probe_seed=9";
    char *text = points_text(), body[4096], header[512];
    snprintf(body, sizeof body,
             "{\"points\": [[%s]], \"label\": 3, \"solver\": {\"method\": \"rk4\", \"steps\": 5},"
             " \"divergence\": {\"method\": \"hutchinson\", \"probes\": 4, \"seed\": 9}}",
             text);
    free(text);
    json_t *json = ask("/v1/models/digits/log-density", body);
    json_t *png = json_of(upload_seed("digits", rest, "grey-8"));
    uint8_t npy[512 + 4 * DIM];
    size_t n = adv_npy_header("<f4", 4, (const size_t[]){1, 1, HEIGHT, WIDTH}, header);
    memcpy(npy, header, n);
    for (int p = 0; p < DIM; p++) {
        float value = grey(p);
        memcpy(npy + n + 4 * p, &value, 4);
    }
    json_t *array = json_of(upload("digits", rest, "application/x-npy", npy, n + 4 * DIM));
    n = adv_npy_header("|u1", 2, (const size_t[]){1, DIM}, header);
    memcpy(npy, header, n);
    for (int p = 0; p < DIM; p++)
        npy[n + (size_t)p] = grey_level(p);
    json_t *levels = json_of(upload("digits", rest, "application/x-npy", npy, n + DIM));
    ck_assert(json_equal(json, png));
    ck_assert(json_equal(json, array));
    ck_assert(json_equal(json, levels));
    json_decref(levels);
    double log_p = json_number_value(json_array_get(json_object_get(json, "log_density"), 0));
    double bits = json_number_value(json_array_get(json_object_get(json, "bits_per_dim"), 0));
    ck_assert_double_eq_tol(bits, 8 - log_p / DIM / log(2), 1e-9);
    ck_assert_double_gt(
        json_number_value(json_array_get(json_object_get(json, "standard_error"), 0)), 0);
    json_decref(json);
    json_decref(png);
    json_decref(array);
}
END_TEST

/* Pictures that say the same in other ways, and grey ones where colours are wanted. */
static const struct {
    const char *model, *name, *same_as;
} converted[] = {
    {"digits", "grey-8-interlaced", "grey-8"}, {"digits", "grey-4", "grey-8"},
    {"digits", "grey-4-interlaced", "grey-8"}, {"digits", "grey-16", "grey-8"},
    {"digits", "grey-8-opaque", "grey-8"},     {"digits", "grey-8-with-notes", "grey-8"},
    {"digits", "rgb-8-of-greys", "grey-8"},    {"digits", "palette-4", "grey-8"},
    {"digits", "animated", "grey-8"},          {"colours", "rgb-8-interlaced", "rgb-8"},
    {"colours", "rgb-8-opaque", "rgb-8"},      {"colours", "rgb-16", "rgb-8"},
    {"colours", "palette-8", "rgb-8"},         {"colours", "grey-16", "rgb-8-of-greys"},
};

START_TEST(pictures_are_converted_where_nothing_is_lost)
{
    const char *rest = "latents?solver=euler&steps=2", *model = converted[_i].model;
    json_t *wanted = json_of(upload_seed(model, rest, converted[_i].same_as));
    json_t *got = json_of(upload_seed(model, rest, converted[_i].name));
    ck_assert(json_equal(wanted, got));
    json_decref(wanted);
    json_decref(got);
}
END_TEST

/* Refused with these words. */
static void expect_refusal(struct server_reply reply, long status, const char *words)
{
    json_t *problem = server_reply_json(&reply);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    ck_assert_msg(reply.status == status && detail && strstr(detail, words), "%ld: %s\n  not: %s",
                  reply.status, reply.body, words);
    json_decref(problem);
    server_reply_release(&reply);
}

static const struct {
    const char *model, *name, *words;
} refused[] = {
    {"digits", "rgb-8", "pixel (0, 0) has the colour (0, 0, 255); only grey is wanted"},
    {"digits", "palette-8", "only grey is wanted"},
    {"digits", "grey-8-transparent-key", "only opaque pictures"},
    {"colours", "rgb-8-transparent", "pixel (4, 0) is transparent (alpha 254 of 255)"},
    {"colours", "palette-8-transparent", "only opaque pictures"},
    {"unscaled", "grey-8", "states no range of intensities"},
};

START_TEST(pictures_of_doubtful_meaning_are_refused)
{
    expect_refusal(upload_seed(refused[_i].model, "velocity?t=0.5", refused[_i].name), 422,
                   refused[_i].words);
}
END_TEST

/* Cut after every byte. */
START_TEST(truncated_pictures_are_refused)
{
    size_t n;
    void *bytes = read_seed("grey-8", &n);
    for (size_t i = 1; i < n; i++)
        expect_refusal(upload("digits", "latents", "image/png", bytes, i), 400,
                       i < 8 ? "not a PNG" : "cut short");
    expect_refusal(upload("digits", "latents", "image/png", "GIF89a\1\0\1\0", 10), 400,
                   "not a PNG file");
    free(bytes);
}
END_TEST

START_TEST(pictures_of_other_sizes_are_refused)
{
    struct adv_image image;
    struct adv_bytes png = {0};
    ck_assert_int_eq(adv_image_init(&image, HEIGHT, WIDTH, 1, NULL), ADV_OK);
    ck_assert_int_eq(adv_png_encode(&image, 6, &png, NULL), ADV_OK);
    adv_image_release(&image);
    expect_refusal(upload("digits", "latents", "image/png", png.data, png.n), 422,
                   "6 x 9 pixels; 9 x 6 are wanted (width x height)");
    adv_bytes_release(&png);
}
END_TEST

/* A picture [bytes, n] whose IDAT holds n_pixels zeros, of a given size by its header; to be
 * freed. */
static uint8_t *bomb(uint32_t width, uint32_t height, size_t n_pixels, size_t *n)
{
    static const uint8_t start[33] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\0\x08\0\0\0";
    uLongf n_packed = compressBound(n_pixels);
    uint8_t *pixels = calloc(n_pixels, 1), *bytes = malloc(n_packed + 64);
    memcpy(bytes, start, 33);
    for (int i = 0; i < 4; i++) {
        bytes[16 + i] = (uint8_t)(width >> (24 - 8 * i));
        bytes[20 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    ck_assert_int_eq(compress2(bytes + 41, &n_packed, pixels, n_pixels, 9), Z_OK);
    for (int i = 0; i < 4; i++)
        bytes[33 + i] = (uint8_t)(n_packed >> (24 - 8 * i));
    memcpy(bytes + 37, "IDAT", 4);
    memset(bytes + 41 + n_packed, 0, 4);
    memcpy(bytes + 45 + n_packed, "\0\0\0\0IEND\0\0\0\0", 12);
    *n = 57 + n_packed;
    fuzz_repair_png(bytes, *n);
    free(pixels);
    return bytes;
}

/* 64 million pixels in 64 kilobytes: told by the header, or hidden behind a small picture. The
 * daemon neither keeps them nor grows. */
START_TEST(bombs_do_not_go_off)
{
    enum { PIXELS = 1 << 26 };
    size_t n;
    double before = server_metric(&server, "process_resident_memory_bytes");
    uint8_t *bytes = bomb(1 << 13, 1 << 13, PIXELS, &n);
    ck_assert_uint_lt(n, 1 << 17);
    expect_refusal(upload("digits", "latents", "image/png", bytes, n), 422,
                   "8192 x 8192 pixels; 9 x 6 are wanted");
    free(bytes);
    bytes = bomb(WIDTH, HEIGHT, PIXELS, &n);
    expect_refusal(upload("digits", "latents", "image/png", bytes, n), 400, "PNG: ");
    free(bytes);
    double after = server_metric(&server, "process_resident_memory_bytes");
    ck_assert_double_lt(after - before, PIXELS / 4);
}
END_TEST

/* ---------------------------------------------------------------- velocities and latents */

/* In data units a velocity is the network's times the transform's scale, 0.5. */
START_TEST(velocities_come_in_both_units)
{
    size_t n;
    struct adv_array arrays[2];
    void *bytes = read_seed("grey-8", &n);
    static const char *const paths[] = {
        "/v1/models/digits/velocity?t=0.25&label=2&guidance=3",
        "/v1/models/digits/velocity?t=0.25&label=2&guidance=3&space=flow"};
    struct server_request request = {.path = paths[0],
                                     .body = bytes,
                                     .n_body = n,
                                     .content_type = "image/png",
                                     .accept = "application/x-npy"};
    struct server_reply reply = server_send(&server, &request);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_int_eq(adv_npy_parse(reply.body, reply.n_body, "data", &arrays[0], NULL), ADV_OK);
    server_reply_release(&reply);
    /* The same point in flow units. */
    uint8_t npy[512 + 4 * DIM];
    char header[512];
    size_t n_header = adv_npy_header("<f4", 2, (const size_t[]){1, DIM}, header);
    memcpy(npy, header, n_header);
    for (int p = 0; p < DIM; p++) {
        float value = (grey(p) - 0.5F) / 0.5F;
        memcpy(npy + n_header + 4 * p, &value, 4);
    }
    request = (struct server_request){.path = paths[1],
                                      .body = (char *)npy,
                                      .n_body = n_header + 4 * DIM,
                                      .content_type = "application/x-npy",
                                      .accept = "application/x-npy"};
    reply = server_send(&server, &request);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_int_eq(adv_npy_parse(reply.body, reply.n_body, "flow", &arrays[1], NULL), ADV_OK);
    server_reply_release(&reply);
    for (size_t p = 0; p < DIM; p++)
        ck_assert_float_eq(arrays[0].data[p], 0.5F * arrays[1].data[p]);
    adv_array_release(&arrays[0]);
    adv_array_release(&arrays[1]);
    free(bytes);
}
END_TEST

/* Both also as pictures: a grid, here of one. */
START_TEST(latents_and_velocities_are_shown)
{
    static const char *const paths[] = {"/v1/models/digits/latents?solver=euler&steps=3",
                                        "/v1/models/digits/velocity?t=0.5"};
    for (size_t i = 0; i < 2; i++) {
        size_t n;
        void *bytes = read_seed("grey-8", &n);
        struct server_request request = {.path = paths[i],
                                         .body = bytes,
                                         .n_body = n,
                                         .content_type = "image/png",
                                         .accept = "image/png"};
        struct adv_image image =
            picture_of(server_send(&server, &request), cells(1, WIDTH, 3), cells(1, HEIGHT, 3));
        adv_image_release(&image);
        free(bytes);
    }
}
END_TEST

/* The flow leads back where latents came from. */
START_TEST(latents_lead_back_to_the_image)
{
    const char *rest = "latents?label=6&solver=dopri5&rtol=1e-6&atol=1e-6";
    json_t *latents = json_of(upload_seed("digits", rest, "grey-8"));
    char *x0 = json_dumps(json_object_get(latents, "latents"), JSON_COMPACT), body[8192];
    snprintf(body, sizeof body,
             "{\"x0\": %s, \"label\": 6, \"solver\": {\"method\": \"dopri5\", \"rtol\": 1e-6,"
             " \"atol\": 1e-6}}",
             x0);
    float *samples = ask_npy("/v1/models/digits/samples", body, DIM);
    for (int p = 0; p < DIM; p++) /* some times the solver's tolerance */
        ck_assert_float_eq_tol(samples[p], grey(p), 1e-4F);
    free(samples);
    free(x0);
    json_decref(latents);
}
END_TEST

/* ---------------------------------------------------------------- limits */

START_TEST(what_costs_too_much_is_refused)
{
    /* 54 tangents of 100,000 rows over 40,000 evaluations. */
    expect_refusal(server_post(&server, "/v1/models/digits/samples",
                               "{\"n\": 100000, \"log_density\": true, \"divergence\": {\"method\":"
                               " \"exact\"}, \"solver\": {\"method\": \"rk4\", \"steps\": 10000}}"),
                   422, "multiply-adds, more than this server can do within");
    /* 100 frames x 10,000 images x 54 numbers */
    expect_refusal(
        server_post(&server, "/v1/models/digits/trajectories", "{\"n\": 10000, \"frames\": 100}"),
        422, "the answer would hold 54000000 numbers; the limit is 20000000");
    expect_refusal(upload_seed("digits", "latents?n=2", "grey-8"), 422, "n");
    expect_refusal(upload_seed("digits", "velocity?t=0.5&label=10", "grey-8"), 422,
                   "label is 10; it must be between 0 and 9, or -1 for none");
    expect_refusal(server_get(&server, "/v1/models/colours/samples.png?guidance=2"), 422,
                   "guidance is 2");
    expect_refusal(server_get(&server, "/v1/models/colours/samples.png?label=1"), 422,
                   "this model has no classes");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server: images");
    TCase *tests = tcase_create("images");
    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, start, stop);
    tcase_add_test(tests, classes_have_rows);
    tcase_add_test(tests, rows_of_classes_begin_anywhere);
    tcase_add_loop_test(tests, other_grids_are_in_order, 0, 5);
    tcase_add_test(tests, a_film_strip_has_a_row_per_sample);
    tcase_add_test(tests, an_animation_ends_with_the_samples);
    tcase_add_loop_test(tests, pictures_too_large_are_refused, 0, 4);
    tcase_add_test(tests, a_strip_too_high_is_refused);
    tcase_add_test(tests, an_image_is_the_same_point_in_every_format);
    tcase_add_loop_test(tests, pictures_are_converted_where_nothing_is_lost, 0,
                        sizeof converted / sizeof converted[0]);
    tcase_add_loop_test(tests, pictures_of_doubtful_meaning_are_refused, 0,
                        sizeof refused / sizeof refused[0]);
    tcase_add_test(tests, truncated_pictures_are_refused);
    tcase_add_test(tests, pictures_of_other_sizes_are_refused);
    tcase_add_test(tests, bombs_do_not_go_off);
    tcase_add_test(tests, velocities_come_in_both_units);
    tcase_add_test(tests, latents_and_velocities_are_shown);
    tcase_add_test(tests, latents_lead_back_to_the_image);
    tcase_add_test(tests, what_costs_too_much_is_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
