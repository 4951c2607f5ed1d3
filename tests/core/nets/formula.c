#include "tests/core/nets/formula.h"

#include <advect/extra/net.h>

#include "tests/core/ops/derivatives.h"

#include <check.h>
#include <math.h>
#include <string.h>

struct adv_net *formula_net(const char *text)
{
    struct adv_net *net = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_msg(adv_net_new(config, &net, &error) == ADV_OK, "%s", error.message);
    json_decref(config);
    return net;
}

size_t formula_option(const struct formula *f, const char *name)
{
    const json_t *value = json_object_get(f->config, name);
    return json_is_boolean(value) ? json_is_true(value) : (size_t)json_integer_value(value);
}

const adv_real *formula_parameter(const struct formula *f, const char *name)
{
    for (size_t i = 0; i < adv_net_parameters(f->net); i++) {
        if (strcmp(adv_net_parameter(f->net, i).name, name) == 0)
            return f->weights + adv_net_parameter(f->net, i).offset;
    }
    ck_abort_msg("no parameter %s", name);
}

void formula_linear(const struct formula *f, const char *name, size_t n, size_t k, const double *x,
                    double *y)
{
    char full[64];
    snprintf(full, sizeof full, "%s.weight", name);
    const adv_real *w = formula_parameter(f, full);
    snprintf(full, sizeof full, "%s.bias", name);
    const adv_real *bias = formula_parameter(f, full);
    double out[FORMULA_WIDTH_MAX];
    for (size_t j = 0; j < n; j++) {
        out[j] = (double)bias[j];
        for (size_t i = 0; i < k; i++)
            out[j] += (double)w[j * k + i] * x[i];
    }
    memcpy(y, out, n * sizeof *y);
}

void formula_activate(const struct formula *f, size_t n, double *x)
{
    const char *name = json_string_value(json_object_get(f->config, "activation"));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(name, "silu") == 0)
            x[i] /= 1 + exp(-x[i]);
        else if (strcmp(name, "selu") == 0)
            x[i] = 1.0507009873554805 * (x[i] > 0 ? x[i] : 1.6732632423543772 * expm1(x[i]));
        else
            x[i] = fmax(x[i], 0);
    }
}

size_t formula_features(const double *x, size_t d, const double *w, size_t n_frequencies, double *y)
{
    memcpy(y, x, d * sizeof *y);
    for (size_t k = 0; k < n_frequencies; k++) {
        for (size_t i = 0; i < d; i++) {
            y[d + k * d + i] = sin(w[k] * x[i]);
            y[d + (n_frequencies + k) * d + i] = cos(w[k] * x[i]);
        }
    }
    return d * (1 + 2 * n_frequencies);
}

void formula_check_transpose(const char *config, uint64_t seed)
{
    struct adv_net *net = formula_net(config);
    struct scene scene;
    scene_init_borrowed(&scene, &net->graph, seed);
    check_transpose(&scene);
    scene_release(&scene);
    adv_net_free(net);
}

void formula_check_differences(const char *config, uint64_t seed, double step)
{
    struct adv_net *net = formula_net(config);
    struct scene scene;
    scene_init_borrowed(&scene, &net->graph, seed);
    check_differences(&scene, step);
    scene_release(&scene);
    adv_net_free(net);
}
