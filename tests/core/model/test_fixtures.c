/* Networks against PyTorch: velocities, derivatives and gradients computed there in double, from
 * the weights that are in the same folder (../shared/fixtures/README.md). */
#include <advect/extra/evaluator.h>
#include <advect/extra/gradient.h>
#include <advect/extra/safetensors.h>

#include "core/base/mem.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a tensor's largest entry: what a few hundred roundings of float leave. */
#define TOLERANCE 1e-5

/* A U-Net's norms divide by standard deviations that may be far below 1, and its Fourier features
 * multiply the roundings of x by up to 2 pi 2^7. */
#define TOLERANCE_UNET 1e-4

static const struct {
    const char *config, *weights, *values; /* below the shared folder */
    double tolerance;
    size_t n_zero_gradients; /* parameters whose gradient is zero but for rounding */
    bool velocities_only;
} cases[] = {
    {.config = "fixtures/mlp-2d/config.json",
     .weights = "fixtures/mlp-2d/model.safetensors",
     .values = "fixtures/mlp-2d/case.safetensors",
     .tolerance = TOLERANCE},
    {.config = "fixtures/mlp-cond-7d/config.json",
     .weights = "fixtures/mlp-cond-7d/model.safetensors",
     .values = "fixtures/mlp-cond-7d/case.safetensors",
     .tolerance = TOLERANCE},
    {.config = "peers/mlp-512x5.json",
     .weights = "peers/mlp-512x5.safetensors",
     .values = "peers/mlp-512x5-case.safetensors",
     .tolerance = TOLERANCE,
     .velocities_only = true},
    {.config = "fixtures/unet-torchcfm-mnist/config.json",
     .weights = "fixtures/unet-torchcfm-mnist/model.safetensors",
     .values = "fixtures/unet-torchcfm-mnist/case.safetensors",
     .tolerance = TOLERANCE_UNET,
     .n_zero_gradients = 12},
    {.config = "fixtures/unet-scale-shift-8x8/config.json",
     .weights = "fixtures/unet-scale-shift-8x8/model.safetensors",
     .values = "fixtures/unet-scale-shift-8x8/case.safetensors",
     .tolerance = TOLERANCE_UNET,
     .n_zero_gradients = 8},
    {.config = "fixtures/unet-meta-rgb-16x16/config.json",
     .weights = "fixtures/unet-meta-rgb-16x16/model.safetensors",
     .values = "fixtures/unet-meta-rgb-16x16/case.safetensors",
     .tolerance = TOLERANCE_UNET,
     .n_zero_gradients = 5},
};

static const char *shared_folder(void)
{
    const char *folder = getenv("ADVECT_SHARED");
    return folder ? folder : "../shared";
}

static struct adv_safetensors *open_shared(const char *name)
{
    char path[512];
    struct adv_safetensors *file = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    snprintf(path, sizeof path, "%s/%s", shared_folder(), name);
    ck_assert_msg(adv_safetensors_open(path, &file, &error) == ADV_OK, "%s", error.message);
    return file;
}

struct fixture {
    double tolerance;
    struct adv_net *net;
    struct adv_safetensors *values;
    struct adv_packed_weights *packed;
    struct adv_evaluator *evaluator;
    float *weights;
    size_t n, dim;
    float *x, *t;
    int32_t *label;
    struct adv_points points;
};

static float *tensor_values(const struct adv_tensor *tensor)
{
    float *values = malloc(tensor->n_elements * sizeof *values);
    ck_assert_ptr_nonnull(values);
    adv_tensor_to_float(tensor, values);
    return values;
}

/* The tensor called name as floats, to be freed. */
static float *values_of(const struct fixture *f, const char *name, size_t n_elements)
{
    const struct adv_tensor *tensor = adv_safetensors_find(f->values, name);
    ck_assert_msg(tensor != NULL, "no %s", name);
    ck_assert_msg(tensor->n_elements == n_elements, "%s has %zu elements", name,
                  tensor->n_elements);
    return tensor_values(tensor);
}

static void load_net(struct fixture *f, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", shared_folder(), name);
    json_t *config = json_load_file(path, 0, NULL);
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_net_new(config, &f->net, &error) == ADV_OK, "%s", error.message);
    json_decref(config);
    f->dim = adv_net_dim(f->net);
}

static void load_weights(struct fixture *f, const char *name)
{
    struct adv_safetensors *file = open_shared(name);
    f->weights = malloc(adv_net_weights(f->net) * sizeof *f->weights);
    ck_assert_ptr_nonnull(f->weights);
    ck_assert_uint_eq(adv_safetensors_count(file), adv_net_parameters(f->net));
    for (size_t i = 0; i < adv_net_parameters(f->net); i++) {
        struct adv_parameter parameter = adv_net_parameter(f->net, i);
        const struct adv_tensor *tensor = adv_safetensors_find(file, parameter.name);
        ck_assert_msg(tensor && tensor->n_dims == parameter.n_dims, "tensor %s", parameter.name);
        for (int d = 0; d < parameter.n_dims; d++)
            ck_assert_msg(tensor->shape[d] == parameter.shape[d], "shape of %s", parameter.name);
        adv_tensor_to_float(tensor, f->weights + parameter.offset);
    }
    adv_safetensors_close(file);
}

static void load_points(struct fixture *f)
{
    const struct adv_tensor *t = adv_safetensors_find(f->values, "t");
    const struct adv_tensor *y = adv_safetensors_find(f->values, "y");
    ck_assert_ptr_nonnull(t);
    f->n = t->n_elements;
    f->t = tensor_values(t);
    f->x = values_of(f, "x", f->n * f->dim);
    f->points = (struct adv_points){.n = f->n, .x = f->x, .t = f->t};
    if (!y)
        return;
    int64_t *label = adv_calloc(f->n, sizeof *label);
    f->label = adv_calloc(f->n, sizeof *f->label);
    ck_assert(label && f->label && y->n_elements == f->n);
    adv_tensor_to_int64(y, label);
    for (size_t i = 0; i < f->n; i++)
        f->label[i] = (int32_t)label[i];
    free(label);
    f->points.label = f->label;
}

static void fixture_init(struct fixture *f, int i)
{
    *f = (struct fixture){.values = open_shared(cases[i].values), .tolerance = cases[i].tolerance};
    load_net(f, cases[i].config);
    load_weights(f, cases[i].weights);
    load_points(f);
    ck_assert_int_eq(adv_packed_weights_new(f->net, f->weights, NULL, &f->packed, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_new(f->packed, &f->evaluator, NULL), ADV_OK);
}

static void fixture_release(struct fixture *f)
{
    adv_evaluator_free(f->evaluator);
    adv_packed_weights_free(f->packed);
    adv_net_free(f->net);
    adv_safetensors_close(f->values);
    free(f->weights);
    free(f->x);
    free(f->t);
    free(f->label);
}

/* Holds ours against the tensor called name. */
static void check_tensor(const struct fixture *f, const char *name, size_t n, const float *ours)
{
    float *expected = values_of(f, name, n);
    double off = largest_difference(n, ours, expected), most = largest(n, expected);
    ck_assert_msg(off <= f->tolerance * most, "%s is off by %.3g of %.3g", name, off, most);
    free(expected);
}

static float *new_floats(size_t n)
{
    float *values = adv_calloc(n, sizeof *values);
    ck_assert_ptr_nonnull(values);
    return values;
}

START_TEST(velocities)
{
    struct fixture f;
    fixture_init(&f, _i);
    float *v = new_floats(f.n * f.dim);
    ck_assert_int_eq(adv_evaluator_velocity(f.evaluator, &f.points, v, NULL), ADV_OK);
    check_tensor(&f, "v", f.n * f.dim, v);
    free(v);
    fixture_release(&f);
}
END_TEST

/* J e for each row's own probe e, and e' J e. */
START_TEST(tangents_and_estimates)
{
    struct fixture f;
    fixture_init(&f, _i);
    float *eps = values_of(&f, "eps", f.n * f.dim), *estimate = new_floats(f.n);
    float *v = new_floats(f.n * f.dim), *jvp = new_floats(f.n * f.dim);
    adv_evaluator_tangents(f.evaluator, &f.points, 1, eps, v, jvp, NULL);
    check_tensor(&f, "v", f.n * f.dim, v);
    check_tensor(&f, "jvp", f.n * f.dim, jvp);
    for (size_t i = 0; i < f.n; i++) {
        struct adv_points row = {
            .n = 1, .x = f.x + i * f.dim, .t = f.t + i, .label = f.label ? f.label + i : NULL};
        adv_evaluator_probes(f.evaluator, &row, 1, eps + i * f.dim, v, estimate + i, NULL);
    }
    check_tensor(&f, "hutchinson", f.n, estimate);
    free(eps);
    free(estimate);
    free(v);
    free(jvp);
    fixture_release(&f);
}
END_TEST

/* Where it was small enough to be computed. */
START_TEST(divergences)
{
    struct fixture f;
    fixture_init(&f, _i);
    if (!adv_safetensors_find(f.values, "divergence")) {
        fixture_release(&f);
        return;
    }
    float *v = new_floats(f.n * f.dim), *divergence = new_floats(f.n);
    adv_evaluator_divergence(f.evaluator, &f.points, v, divergence, NULL);
    check_tensor(&f, "divergence", f.n, divergence);
    free(v);
    free(divergence);
    fixture_release(&f);
}
END_TEST

/* What adds a constant to a channel that a norm then centres by itself (32 channels in 32 groups)
 * changes nothing: its gradient is zero, and the reference's is the rounding of doubles, 1e-17,
 * where others' largest entries are 1e-4 and more. */
#define ZERO_GRADIENT 1e-12

/* Holds every parameter's gradient against its tensor; those that are zero, against the least of
 * the others in size. */
static void check_gradients(const struct fixture *f, const float *g_weights, size_t n_zero_expected)
{
    size_t n_zero = 0;
    double least = INFINITY, most_of_zero = 0;
    for (size_t i = 0; i < adv_net_parameters(f->net); i++) {
        struct adv_parameter parameter = adv_net_parameter(f->net, i);
        const float *ours = g_weights + parameter.offset;
        char name[128];
        snprintf(name, sizeof name, "grad.%s", parameter.name);
        float *expected = values_of(f, name, parameter.n_elements);
        double size = largest(parameter.n_elements, expected);
        free(expected);
        if (size < ZERO_GRADIENT) {
            ck_assert_msg(all_finite(parameter.n_elements, ours), "%s", name);
            most_of_zero = fmax(most_of_zero, largest(parameter.n_elements, ours));
            n_zero++;
            continue;
        }
        check_tensor(f, name, parameter.n_elements, ours);
        least = fmin(least, size);
    }
    ck_assert_uint_eq(n_zero, n_zero_expected);
    ck_assert_msg(n_zero == 0 || most_of_zero <= f->tolerance * least,
                  "gradients that are zero reach %.3g, where others are %.3g", most_of_zero, least);
}

/* The loss is the mean over rows and dimensions. */
START_TEST(losses_and_gradients)
{
    struct fixture f;
    fixture_init(&f, _i);
    size_t n = f.n * f.dim;
    float *target = values_of(&f, "target", n);
    struct adv_gradient *gradient = NULL;
    float *g_weights = new_floats(adv_net_weights(f.net)), *g_x = new_floats(n);
    ck_assert_int_eq(adv_gradient_new(f.net, f.n, NULL, &gradient, NULL), ADV_OK);
    adv_gradient_set_weights(gradient, f.weights);
    float scale = 1 / (float)n;
    float loss =
        scale * (float)adv_gradient_add(gradient, &f.points, target, scale, g_weights, g_x);
    check_tensor(&f, "loss", 1, &loss);
    check_tensor(&f, "grad.x", n, g_x);
    check_gradients(&f, g_weights, cases[_i].n_zero_gradients);
    adv_gradient_free(gradient);
    free(g_weights);
    free(g_x);
    free(target);
    fixture_release(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fixtures");
    TCase *tcase = tcase_create("PyTorch");
    bool present = access(shared_folder(), R_OK) == 0;
    for (int i = 0; present && i < (int)ADV_COUNT(cases); i++) {
        tcase_add_loop_test(tcase, velocities, i, i + 1);
        if (cases[i].velocities_only)
            continue;
        tcase_add_loop_test(tcase, tangents_and_estimates, i, i + 1);
        tcase_add_loop_test(tcase, divergences, i, i + 1);
        tcase_add_loop_test(tcase, losses_and_gradients, i, i + 1);
    }
    if (!present)
        printf("skipped: no reference cases at %s; ADVECT_SHARED may name their folder\n",
               shared_folder());
    suite_add_tcase(suite, tcase);

    return suite_run(suite);
}
