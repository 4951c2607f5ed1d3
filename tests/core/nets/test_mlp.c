/* The networks of points (mlp, sequential) against their formulas written out in double, with every
 * option; and their derivatives.
 * Compiled with float, and with double, where both are sharp. */
#include <advect/extra/net.h>

#include "core/base/mem.h"
#include "tests/core/nets/formula.h"
#include "tests/core/ops/derivatives.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MLP "{\"kind\": \"mlp\", \"dim\": 3, \"channels\": 16, \"layers\": 3"
#define SEQUENTIAL "{\"kind\": \"sequential\", \"dim\": 3, \"channels\": 16, \"layers\": "

static const char *const configs[] = {
    MLP "}",
    MLP ", \"activation\": \"silu\"}",
    MLP ", \"activation\": \"silu\", \"residual\": true}",
    MLP ", \"activation\": \"selu\"}",
    MLP ", \"input_frequencies\": 3}",
    MLP ", \"activation\": \"silu\", \"time_frequencies\": 4}",
    MLP ", \"activation\": \"silu\", \"input_gain\": true}",
    MLP ", \"num_classes\": 4, \"label_channels\": 5}",
    MLP ", \"num_classes\": 3, \"null_class\": true}", /* the fourth label is the null class */
    MLP ", \"activation\": \"silu\", \"residual\": true, \"input_gain\": true, \"num_classes\": 3, "
        "\"null_class\": true, \"input_frequencies\": 2, \"time_frequencies\": 3}",
    SEQUENTIAL "3}",
    SEQUENTIAL "1, \"activation\": \"silu\"}",
    MLP ", \"activation\": \"silu\", \"context\": 5, \"context_channels\": 7}",
    MLP ", \"context\": 2, \"context_layers\": 0, \"context_frequencies\": 2, "
        "\"num_classes\": 4, \"label_channels\": 5}",
    MLP ", \"activation\": \"silu\", \"residual\": true, \"conditioning\": \"scale_shift\", "
        "\"modulation_channels\": 6}",
    /* the last of the four inputs says whether there is a context */
    MLP ", \"activation\": \"silu\", \"residual\": true, \"context\": 3, \"null_context\": true, "
        "\"context_layers\": 1, \"conditioning\": \"scale_shift\", \"num_classes\": 3}",
    MLP ", \"activation\": \"silu\", \"products\": 5}",
    MLP ", \"activation\": \"silu\", \"products\": 4, \"input_frequencies\": 2}",
};

/* ---- the formula ---- */

static size_t features_of_x(const struct formula *f, const double *x, double *y)
{
    double w[16];
    size_t n = formula_option(f, "input_frequencies");
    for (size_t i = 0; i < n; i++)
        w[i] = M_PI * pow(2, (double)i - 1);
    return formula_features(x, formula_option(f, "dim"), w, n, y);
}

/* The products of all factors and of all but each one, after the features in y that they are made
 * of; returns how many numbers there are now. */
static size_t with_products(const struct formula *f, size_t width, double *y)
{
    size_t dim = formula_option(f, "dim"), n = formula_option(f, "products"),
           n_features = width / dim;
    const adv_real *w = n ? formula_parameter(f, "products.weight") : NULL;
    const adv_real *bias = n ? formula_parameter(f, "products.bias") : NULL;
    for (size_t left_out = 0; n && left_out <= dim; left_out++) {
        for (size_t r = 0; r < n; r++) {
            double product = 1;
            for (size_t i = 0; i < dim; i++) {
                double u = (double)bias[i * n + r];
                for (size_t k = 0; k < n_features; k++)
                    u += (double)w[(i * n_features + k) * n + r] * y[k * dim + i];
                product *= i + 1 == left_out ? 1 : sqrt(2) * sin(u);
            }
            y[width + left_out * n + r] = product;
        }
    }
    return n ? width + (dim + 1) * n : width;
}

static size_t features_of_t(const struct formula *f, double t, double *y)
{
    double w[16];
    size_t n = formula_option(f, "time_frequencies");
    for (size_t i = 0; i < n; i++)
        w[i] = M_PI * (double)(i + 1);
    return formula_features(&t, 1, w, n, y);
}

/* context, through features and layers of its own; returns how many numbers come of it. */
static size_t embedded_context(const struct formula *f, const double *context, double *y)
{
    double w[16], in[FORMULA_WIDTH_MAX];
    size_t n = formula_option(f, "context_frequencies"), width = formula_option(f, "context");
    width += formula_option(f, "null_context");
    for (size_t i = 0; i < n; i++)
        w[i] = M_PI * pow(2, (double)i - 1);
    width = formula_features(context, width, w, n, in);
    for (size_t layer = 0; layer < formula_option(f, "context_layers"); layer++) {
        char name[32];
        snprintf(name, sizeof name, "context_mlp.%zu", 2 * layer);
        formula_linear(f, name, formula_option(f, "context_channels"), width, in, in);
        width = formula_option(f, "context_channels");
        formula_activate(f, width, in);
    }
    memcpy(y, in, width * sizeof *y);
    return width;
}

static bool modulates(const struct formula *f)
{
    return !strcmp(json_string_value(json_object_get(f->config, "conditioning")), "scale_shift");
}

/* concat_projection's output without what x adds to it, through the layer of modulation. */
static void modulation(const struct formula *f, const double *joined, size_t width, double *e)
{
    double condition[FORMULA_WIDTH_MAX], of_condition[FORMULA_WIDTH_MAX];
    size_t c = formula_option(f, "channels");
    memcpy(of_condition, joined, width * sizeof *of_condition);
    memset(of_condition, 0, c * sizeof *of_condition);
    formula_linear(f, "concat_projection", c, width, of_condition, condition);
    formula_activate(f, c, condition);
    formula_linear(f, "modulation", formula_option(f, "modulation_channels"), c, condition, e);
    formula_activate(f, formula_option(f, "modulation_channels"), e);
}

static void hidden_layer(const struct formula *f, size_t layer, const double *e, double *h)
{
    double y[FORMULA_WIDTH_MAX], scale[FORMULA_WIDTH_MAX] = {0}, shift[FORMULA_WIDTH_MAX] = {0};
    size_t c = formula_option(f, "channels"), n = formula_option(f, "modulation_channels");
    char name[40];
    snprintf(name, sizeof name, "blocks.%zu.ff", layer);
    formula_linear(f, name, c, c, h, y);
    if (modulates(f)) {
        snprintf(name, sizeof name, "blocks.%zu.scale", layer);
        formula_linear(f, name, c, n, e, scale);
        snprintf(name, sizeof name, "blocks.%zu.shift", layer);
        formula_linear(f, name, c, n, e, shift);
    }
    for (size_t i = 0; modulates(f) && i < c; i++)
        y[i] = scale[i] * y[i] + shift[i];
    formula_activate(f, c, y);
    for (size_t i = 0; i < c; i++)
        h[i] = y[i] + (formula_option(f, "residual") ? h[i] : 0);
}

static void velocity(const struct formula *f, const double *x, double t, size_t label,
                     const double *context, double *v)
{
    size_t dim = formula_option(f, "dim"), c = formula_option(f, "channels"),
           l = formula_option(f, "label_channels");
    double joined[FORMULA_WIDTH_MAX], in[FORMULA_WIDTH_MAX],
        gain[FORMULA_WIDTH_MAX] = {0}, h[FORMULA_WIDTH_MAX], e[FORMULA_WIDTH_MAX];
    size_t width = with_products(f, features_of_x(f, x, in), in);
    formula_linear(f, "in_projection", c, width, in, joined);
    width = features_of_t(f, t, in);
    formula_linear(f, "t_mlp.0", 128, width, in, in);
    formula_activate(f, 128, in);
    formula_linear(f, "t_mlp.2", c, 128, in, joined + c);
    if (formula_option(f, "input_gain"))
        formula_linear(f, "input_gain", dim, c, joined + c, gain);
    width = 2 * c;
    for (size_t i = 0; formula_option(f, "num_classes") && i < l; i++)
        joined[width++] = (double)formula_parameter(f, "label_emb.weight")[label * l + i];
    if (formula_option(f, "context"))
        width += embedded_context(f, context, joined + width);
    formula_linear(f, "concat_projection", c, width, joined, h);
    if (modulates(f))
        modulation(f, joined, width, e);
    for (size_t layer = 0; layer < formula_option(f, "layers"); layer++)
        hidden_layer(f, layer, e, h);
    formula_linear(f, "out_projection", dim, c, h, v);
    for (size_t i = 0; formula_option(f, "input_gain") && i < dim; i++)
        v[i] += gain[i] * x[i];
}

static void velocity_of_sequential(const struct formula *f, const double *x, double t, double *v)
{
    size_t dim = formula_option(f, "dim"), c = formula_option(f, "channels"),
           layers = formula_option(f, "layers");
    double h[FORMULA_WIDTH_MAX];
    memcpy(h, x, dim * sizeof *h);
    h[dim] = t;
    for (size_t layer = 0; layer < layers; layer++) {
        char name[32];
        snprintf(name, sizeof name, "net.%zu", 2 * layer);
        formula_linear(f, name, c, layer ? c : dim + 1, h, h);
        formula_activate(f, c, h);
    }
    char name[32];
    snprintf(name, sizeof name, "net.%zu", 2 * layers);
    formula_linear(f, name, dim, c, h, v);
}

START_TEST(the_graph_computes_the_formula)
{
    struct adv_net *net = formula_net(configs[_i]);
    struct scene scene;
    scene_init_borrowed(&scene, &net->graph, (uint64_t)_i);
    struct formula f = {net, adv_net_config(net), scene.flat};
    for (enum adv_purpose purpose = ADV_TO_EVALUATE; purpose <= ADV_TO_TRAIN; purpose++) {
        struct run run;
        run_init(&run, &scene, ADV_EVAL, purpose, 0);
        const adv_real *v = adv_exec_forward(&run.exec, &scene.inputs);
        for (size_t r = 0; r < scene.inputs.rows; r++) {
            double x[FORMULA_WIDTH_MAX] = {0}, context[FORMULA_WIDTH_MAX] = {0};
            double expected[FORMULA_WIDTH_MAX] = {0};
            size_t n_context = adv_net_context_inputs(net);
            size_t condition = (size_t)scene.row_map[r];
            for (size_t i = 0; i < scene.dim; i++)
                x[i] = (double)scene.x[r * scene.dim + i];
            for (size_t i = 0; i < n_context; i++)
                context[i] = (double)scene.context[condition * n_context + i];
            if (net->kind == &adv_net_sequential)
                velocity_of_sequential(&f, x, (double)scene.t[condition], expected);
            else
                velocity(&f, x, (double)scene.t[condition], (size_t)scene.label[condition], context,
                         expected);
            /* some ten sums of 10 to 128 terms of order one, each rounded at every term */
            for (size_t i = 0; i < scene.dim; i++)
                ck_assert_double_le(fabs((double)v[r * scene.dim + i] - expected[i]),
                                    100 * ROUNDOFF * fmax(1, fabs(expected[i])));
        }
        run_release(&run);
    }
    json_decref(f.config);
    scene_release(&scene);
    adv_net_free(net);
}
END_TEST

START_TEST(backward_is_the_transpose_of_tangents)
{
    formula_check_transpose(configs[_i], (uint64_t)_i);
}
END_TEST

/* In float, steps are wide enough to carry hundreds of relus across their kinks. */
START_TEST(gradients_match_central_differences)
{
    bool smooth = strstr(configs[_i], "silu") != NULL;
    if (!smooth && sizeof(adv_real) == sizeof(float))
        return;
    formula_check_differences(configs[_i], (uint64_t)_i, DIFFERENCE_STEP);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mlp");
    TCase *mlp = tcase_create("options");
    tcase_add_loop_test(mlp, the_graph_computes_the_formula, 0, (int)ADV_COUNT(configs));
    tcase_add_loop_test(mlp, backward_is_the_transpose_of_tangents, 0, (int)ADV_COUNT(configs));
    tcase_add_loop_test(mlp, gradients_match_central_differences, 0, (int)ADV_COUNT(configs));
    suite_add_tcase(suite, mlp);

    return suite_run(suite);
}
