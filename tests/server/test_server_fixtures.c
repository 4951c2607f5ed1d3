/* U-Nets trained or drawn in PyTorch, imported and served: their velocities and divergences through
 * HTTP are those that PyTorch computed (../shared/fixtures/README.md). */
#include "tests/core/io/io_support.h"
#include "tests/server/client/server_client.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIXTURES "../shared/fixtures/"

/* Of a tensor's largest entry: the norms of a U-Net divide by standard deviations that may be far
 * below 1, and Fourier features multiply the roundings of x by up to 2 pi 2^7. */
#define TOLERANCE 1e-4

static const char *const names[] = {"unet-torchcfm-mnist", "unet-scale-shift-8x8",
                                    "unet-meta-rgb-16x16"};
enum { N_NAMES = sizeof names / sizeof names[0] };

static struct server_daemon server;
static struct io_scratch scratch;
static bool present;

static void import_fixture(const char *name)
{
    char path[256], to[IO_PATH_MAX], file[64];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    snprintf(path, sizeof path, FIXTURES "%s/config.json", name);
    json_t *config = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(config);
    snprintf(path, sizeof path, FIXTURES "%s/model.safetensors", name);
    ck_assert_msg(adv_model_import_json(path, config, name, NULL, &model, &error) == ADV_OK, "%s",
                  error.message);
    snprintf(file, sizeof file, "%s.safetensors", name);
    ck_assert_int_eq(adv_model_save(model, io_scratch_path(&scratch, file, to), ADV_F32, &error),
                     ADV_OK);
    adv_model_unref(model);
    json_decref(config);
}

static void start(void)
{
    present = io_shared_exists(FIXTURES "unet-torchcfm-mnist");
    if (!present)
        return;
    io_scratch_make(&scratch);
    for (size_t i = 0; i < N_NAMES; i++)
        import_fixture(names[i]);
    server_daemon_start(&server,
                        (const char *const[]){"--workers", "2", "--models", scratch.folder, NULL});
}

static void stop(void)
{
    if (!present)
        return;
    server_daemon_stop(&server);
    io_scratch_remove(&scratch);
}

/* A tensor of the case as floats, to be freed; NULL where it has none. */
static float *values_of(const struct adv_safetensors *file, const char *name, size_t *n)
{
    const struct adv_tensor *tensor = adv_safetensors_find(file, name);
    if (!tensor)
        return NULL;
    float *values = malloc(tensor->n_elements * sizeof *values);
    adv_tensor_to_float(tensor, values);
    *n = tensor->n_elements;
    return values;
}

static struct server_reply ask_row(const char *name, const char *fields, const float *x, size_t dim,
                                   const char *accept)
{
    char path[256], header[ADV_NPY_HEADER_MAX];
    snprintf(path, sizeof path, "/v1/models/%s/velocity?%s", name, fields);
    size_t n_header = adv_npy_header("<f4", 2, (const size_t[]){1, dim}, header);
    size_t n = n_header + dim * sizeof *x;
    char *npy = malloc(n);
    memcpy(npy, header, n_header);
    memcpy(npy + n_header, x, dim * sizeof *x);
    struct server_request request = {.path = path,
                                     .body = npy,
                                     .n_body = n,
                                     .content_type = "application/x-npy",
                                     .accept = accept};
    struct server_reply reply = server_send(&server, &request);
    free(npy);
    ck_assert_msg(reply.status == 200, "%s: %ld: %.1000s", path, reply.status, reply.body);
    return reply;
}

/* The query's fields for row i of the case: its time and, where there are classes, its label. A
 * label beyond the classes is the null class's row. */
static void fields_of(size_t i, const float *t, const float *y, int classes, size_t size,
                      char *fields)
{
    int label = y ? (int)y[i] : -1;
    int length = snprintf(fields, size, "t=%.9g", (double)t[i]);
    if (y)
        snprintf(fields + length, size - (size_t)length, "&label=%d", label < classes ? label : -1);
}

static double largest(size_t n, const float *values)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)values[i]));
    return most;
}

static int classes_of(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/models/%s", name);
    struct server_reply reply = server_get(&server, path);
    json_t *json = server_reply_json(&reply);
    int classes = (int)json_integer_value(json_object_get(json, "classes"));
    json_decref(json);
    server_reply_release(&reply);
    return classes;
}

/* One row's velocity as NPY, and its divergence as JSON where the case has one and it is exact. */
static void check_row(const char *name, const char *fields, const float *x, size_t dim,
                      const float *v, double v_max, const float *divergence, double divergence_max)
{
    struct server_reply reply = ask_row(name, fields, x, dim, "application/x-npy");
    struct adv_array got;
    ck_assert_int_eq(adv_npy_parse(reply.body, reply.n_body, "answer", &got, NULL), ADV_OK);
    server_reply_release(&reply);
    ck_assert_uint_eq(got.n_elements, dim);
    for (size_t k = 0; k < dim; k++)
        ck_assert_double_eq_tol(got.data[k], v[k], TOLERANCE * v_max);
    adv_array_release(&got);
    if (!divergence)
        return;
    char more[128];
    snprintf(more, sizeof more, "%s&divergence=exact", fields);
    reply = ask_row(name, more, x, dim, "application/json");
    json_t *json = server_reply_json(&reply);
    double d = json_number_value(json_array_get(json_object_get(json, "divergence"), 0));
    ck_assert_double_eq_tol(d, (double)*divergence, TOLERANCE * divergence_max);
    json_decref(json);
    server_reply_release(&reply);
}

START_TEST(velocities_are_pytorch_s)
{
    const char *name = names[_i];
    char path[256], fields[64];
    struct adv_safetensors *file = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    size_t n_x = 0, n = 0, n_v = 0, n_y = 0, n_d = 0;
    if (!present)
        return;
    snprintf(path, sizeof path, FIXTURES "%s/case.safetensors", name);
    ck_assert_msg(adv_safetensors_open(path, &file, &error) == ADV_OK, "%s", error.message);
    float *x = values_of(file, "x", &n_x), *t = values_of(file, "t", &n);
    float *v = values_of(file, "v", &n_v), *y = values_of(file, "y", &n_y);
    float *divergence = values_of(file, "divergence", &n_d);
    ck_assert(x && t && v && n_x == n_v && n > 0);
    size_t dim = n_x / n;
    double v_max = largest(n_v, v), divergence_max = largest(n_d, divergence);
    int classes = classes_of(name);
    for (size_t i = 0; i < n; i++) {
        fields_of(i, t, y, classes, sizeof fields, fields);
        check_row(name, fields, x + i * dim, dim, v + i * dim, v_max,
                  divergence ? divergence + i : NULL, divergence_max);
    }
    free(x);
    free(t);
    free(v);
    free(y);
    free(divergence);
    adv_safetensors_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server: fixtures");
    TCase *tests = tcase_create("fixtures");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, velocities_are_pytorch_s, 0, N_NAMES);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
