/* Networks against PyTorch: velocities, derivatives and gradients computed there in double, from
 * the weights that are in the same folder (../shared/fixtures/README.md). */
#include <advect/evaluator.h>
#include <advect/gradient.h>
#include <advect/safetensors.h>

#include "core/base/mem.h"
#include "tests/numbers.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a tensor's largest entry: what a few hundred roundings of float leave. */
#define TOLERANCE 1e-5

static const struct {
    const char *config, *weights, *values; /* below the shared folder */
    bool velocities_only;
} cases[] = {
    {.config = "fixtures/mlp-2d/config.json",
     .weights = "fixtures/mlp-2d/model.safetensors",
     .values = "fixtures/mlp-2d/case.safetensors"},
    {.config = "fixtures/mlp-cond-7d/config.json",
     .weights = "fixtures/mlp-cond-7d/model.safetensors",
     .values = "fixtures/mlp-cond-7d/case.safetensors"},
    {.config = "peers/mlp-512x5.json",
     .weights = "peers/mlp-512x5.safetensors",
     .values = "peers/mlp-512x5-case.safetensors",
     .velocities_only = true},
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
    struct adv_net *net;
    struct adv_safetensors *values;
    struct adv_ready_weights *ready;
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
        ck_assert_msg(tensor && tensor->n_elements == parameter.n_elements, "tensor %s",
                      parameter.name);
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
    *f = (struct fixture){.values = open_shared(cases[i].values)};
    load_net(f, cases[i].config);
    load_weights(f, cases[i].weights);
    load_points(f);
    ck_assert_int_eq(adv_ready_weights_new(f->net, f->weights, &f->ready, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_new(f->ready, &f->evaluator, NULL), ADV_OK);
}

static void fixture_release(struct fixture *f)
{
    adv_evaluator_free(f->evaluator);
    adv_ready_weights_free(f->ready);
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
    ck_assert_msg(off <= TOLERANCE * most, "%s is off by %.3g of %.3g", name, off, most);
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

START_TEST(divergences)
{
    struct fixture f;
    fixture_init(&f, _i);
    float *v = new_floats(f.n * f.dim), *divergence = new_floats(f.n);
    adv_evaluator_divergence(f.evaluator, &f.points, v, divergence, NULL);
    check_tensor(&f, "divergence", f.n, divergence);
    free(v);
    free(divergence);
    fixture_release(&f);
}
END_TEST

/* The loss is the mean over rows and dimensions. */
START_TEST(losses_and_gradients)
{
    struct fixture f;
    fixture_init(&f, _i);
    size_t n = f.n * f.dim;
    float *target = values_of(&f, "target", n);
    struct adv_gradient *gradient = NULL;
    float *g_weights = new_floats(adv_net_weights(f.net)), *g_x = new_floats(n);
    ck_assert_int_eq(adv_gradient_new(f.net, f.n, &gradient, NULL), ADV_OK);
    adv_gradient_set_weights(gradient, f.weights);
    float scale = 1 / (float)n;
    float loss =
        scale * (float)adv_gradient_add(gradient, &f.points, target, scale, g_weights, g_x);
    check_tensor(&f, "loss", 1, &loss);
    check_tensor(&f, "grad.x", n, g_x);
    for (size_t i = 0; i < adv_net_parameters(f.net); i++) {
        struct adv_parameter parameter = adv_net_parameter(f.net, i);
        char name[128];
        snprintf(name, sizeof name, "grad.%s", parameter.name);
        check_tensor(&f, name, parameter.n_elements, g_weights + parameter.offset);
    }
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

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
