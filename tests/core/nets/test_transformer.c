/* The network of tokens against its formula written out in double, with every option but mixture,
 * whose op has tests of its own; its derivatives; and what is refused.
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

#define SMALL "{\"kind\": \"transformer\", \"dim\": 3, \"channels\": 12, \"layers\": 2"

#define NARROW "{\"kind\": \"transformer\", \"layers\": 1, "

static const char *const configs[] = {
    SMALL "}",
    SMALL ", \"heads\": 1, \"expansion\": 3, \"time_frequencies\": 0}",
    SMALL ", \"heads\": 3, \"context\": 5}",
    SMALL ", \"heads\": 12, \"num_classes\": 4, \"activation\": \"selu\"}",
    /* the last of the three inputs says whether there is a context, the fourth label is none */
    SMALL ", \"context\": 2, \"null_context\": true, \"num_classes\": 3, \"null_class\": true}",
    SMALL ", \"context\": 2, \"null_context\": true, \"context_mean\": true}",
    /* one token; tokens of two channels; of whole vectors, and of some more */
    NARROW "\"dim\": 1, \"channels\": 6, \"heads\": 2}",
    NARROW "\"dim\": 2, \"channels\": 2, \"heads\": 1}",
    NARROW "\"dim\": 6, \"channels\": 16, \"context\": 9}",
    NARROW "\"dim\": 2, \"channels\": 20}",
};

/* ---- the formula ---- */

#define TOKENS_MAX 16

struct state {
    const struct formula *f;
    size_t n_tokens, channels;
    double e[FORMULA_WIDTH_MAX]; /* act(e) */
    double h[TOKENS_MAX][FORMULA_WIDTH_MAX];
};

/* Token k of x [n] by a layer of its own, as `name` has it. */
static void token_of(const struct formula *f, const char *name, size_t k, double x, size_t channels,
                     double *h)
{
    char full[48];
    snprintf(full, sizeof full, "%s.weight", name);
    const adv_real *w = formula_parameter(f, full) + k * channels;
    snprintf(full, sizeof full, "%s.bias", name);
    const adv_real *bias = formula_parameter(f, full) + k * channels;
    for (size_t i = 0; i < channels; i++)
        h[i] = x * (double)w[i] + (double)bias[i];
}

static void start(struct state *s, const double *x, const double *context)
{
    size_t dim = formula_option(s->f, "dim");
    for (size_t k = 0; k < s->n_tokens; k++) {
        if (k < dim)
            token_of(s->f, "in", k, x[k], s->channels, s->h[k]);
        else
            token_of(s->f, "context", k - dim, context[k - dim], s->channels, s->h[k]);
    }
}

static void condition(struct state *s, double t, size_t label)
{
    double w[16], in[FORMULA_WIDTH_MAX];
    size_t n = formula_option(s->f, "time_frequencies"), c = s->channels;
    for (size_t i = 0; i < n; i++)
        w[i] = M_PI * (double)(i + 1);
    size_t width = formula_features(&t, 1, w, n, in);
    formula_linear(s->f, "t_mlp.0", c, width, in, in);
    formula_activate(s->f, c, in);
    formula_linear(s->f, "t_mlp.2", c, c, in, s->e);
    for (size_t i = 0; formula_option(s->f, "num_classes") && i < c; i++)
        s->e[i] += (double)formula_parameter(s->f, "label_emb.weight")[label * c + i];
    formula_activate(s->f, c, s->e);
}

static void norm(const struct state *s, const char *name, const double *h, double *y)
{
    double given[2 * FORMULA_WIDTH_MAX], mean = 0, variance = 0;
    size_t c = s->channels;
    formula_linear(s->f, name, 2 * c, c, s->e, given);
    for (size_t i = 0; i < c; i++)
        mean += h[i] / (double)c;
    for (size_t i = 0; i < c; i++)
        variance += (h[i] - mean) * (h[i] - mean) / (double)c;
    for (size_t i = 0; i < c; i++)
        y[i] = (1 + given[i]) * (h[i] - mean) / sqrt(variance + 1e-5) + given[c + i];
}

/* What token k takes of all, by the head whose channels begin at `first`. */
static void attend(const struct state *s, double (*qkv)[FORMULA_WIDTH_MAX], size_t k, size_t first,
                   size_t width, double *y)
{
    double sum = 0;
    size_t c = s->channels;
    for (size_t j = 0; j < s->n_tokens; j++) {
        double score = 0;
        for (size_t i = first; i < first + width; i++)
            score += qkv[k][i] * qkv[j][c + i] / sqrt((double)width);
        sum += exp(score);
        for (size_t i = first; i < first + width; i++)
            y[i] = (j ? y[i] : 0) + exp(score) * qkv[j][2 * c + i];
    }
    for (size_t i = first; i < first + width; i++)
        y[i] /= sum;
}

static void attention(struct state *s, size_t layer)
{
    double qkv[TOKENS_MAX][FORMULA_WIDTH_MAX], y[FORMULA_WIDTH_MAX];
    size_t c = s->channels, width = c / formula_option(s->f, "heads");
    char name[48];
    for (size_t k = 0; k < s->n_tokens; k++) {
        snprintf(name, sizeof name, "blocks.%zu.norm", layer);
        norm(s, name, s->h[k], y);
        snprintf(name, sizeof name, "blocks.%zu.qkv", layer);
        formula_linear(s->f, name, 3 * c, c, y, qkv[k]);
    }
    snprintf(name, sizeof name, "blocks.%zu.proj", layer);
    for (size_t k = 0; k < s->n_tokens; k++) {
        for (size_t first = 0; first < c; first += width)
            attend(s, qkv, k, first, width, y);
        formula_linear(s->f, name, c, c, y, y);
        for (size_t i = 0; i < c; i++)
            s->h[k][i] += y[i];
    }
}

static void feed_forward(struct state *s, size_t layer)
{
    double y[FORMULA_WIDTH_MAX];
    size_t c = s->channels, wide = c * formula_option(s->f, "expansion");
    for (size_t k = 0; k < s->n_tokens; k++) {
        char name[48];
        snprintf(name, sizeof name, "blocks.%zu.ff_norm", layer);
        norm(s, name, s->h[k], y);
        snprintf(name, sizeof name, "blocks.%zu.ff.0", layer);
        formula_linear(s->f, name, wide, c, y, y);
        formula_activate(s->f, wide, y);
        snprintf(name, sizeof name, "blocks.%zu.ff.2", layer);
        formula_linear(s->f, name, c, wide, y, y);
        for (size_t i = 0; i < c; i++)
            s->h[k][i] += y[i];
    }
}

/* The mean that a context gives, or zeros. */
static void mean_of(const struct formula *f, const double *context, double *mean)
{
    size_t dim = formula_option(f, "dim"), n = formula_option(f, "context");
    n += formula_option(f, "null_context");
    memset(mean, 0, dim * sizeof *mean);
    if (formula_option(f, "context_mean"))
        formula_linear(f, "context_mean", dim, n, context, mean);
}

static void velocity(const struct formula *f, const double *x, double t, size_t label,
                     const double *context, double *v)
{
    size_t dim = formula_option(f, "dim"), c = formula_option(f, "channels");
    struct state s = {.f = f, .channels = c};
    double mean[FORMULA_WIDTH_MAX], point[FORMULA_WIDTH_MAX] = {0}, y[FORMULA_WIDTH_MAX];
    s.n_tokens = dim + formula_option(f, "context") + formula_option(f, "null_context");
    mean_of(f, context, mean);
    for (size_t i = 0; i < dim; i++)
        point[i] = x[i] - t * mean[i];
    start(&s, point, context);
    condition(&s, t, label);
    for (size_t layer = 0; layer < formula_option(f, "layers"); layer++) {
        attention(&s, layer);
        feed_forward(&s, layer);
    }
    for (size_t k = 0; k < dim; k++) {
        norm(&s, "norm", s.h[k], y);
        v[k] = mean[k] + (double)formula_parameter(f, "out.bias")[k];
        for (size_t i = 0; i < c; i++)
            v[k] += (double)formula_parameter(f, "out.weight")[k * c + i] * y[i];
    }
}

/* ---- tests ---- */

static void check_row(const struct formula *f, const struct scene *scene, const adv_real *v,
                      size_t r)
{
    double x[FORMULA_WIDTH_MAX] = {0}, context[FORMULA_WIDTH_MAX] = {0};
    double expected[FORMULA_WIDTH_MAX] = {0};
    size_t n_context = adv_net_context_inputs(f->net), at = (size_t)scene->row_map[r];
    for (size_t i = 0; i < scene->dim; i++)
        x[i] = (double)scene->x[r * scene->dim + i];
    for (size_t i = 0; i < n_context; i++)
        context[i] = (double)scene->context[at * n_context + i];
    velocity(f, x, (double)scene->t[at], (size_t)scene->label[at], context, expected);
    /* some twenty sums of about 12 terms of order one, and exponentials */
    for (size_t i = 0; i < scene->dim; i++)
        ck_assert_double_le(fabs((double)v[r * scene->dim + i] - expected[i]),
                            300 * ROUNDOFF * fmax(1, fabs(expected[i])));
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
        for (size_t r = 0; r < scene.inputs.rows; r++)
            check_row(&f, &scene, v, r);
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

START_TEST(gradients_match_central_differences)
{
    /* norms in a row bend more than other ops */
    formula_check_differences(configs[_i], (uint64_t)_i, DIFFERENCE_STEP / 10);
}
END_TEST

static const struct {
    const char *options, *message;
} refusals[] = {
    {", \"channels\": 1}", "net.channels is 1; it must be between 2 and 8192"},
    {", \"heads\": 5}", "net.heads is 5; it must divide net.channels, which is 12"},
    {", \"null_class\": true}", "net.null_class is true but net.num_classes is 0"},
    {", \"null_context\": true}", "net.null_context is true but net.context is 0"},
    {", \"context_mean\": true}", "net.context_mean is true but net.context is 0"},
};

START_TEST(what_does_not_fit_together_is_refused)
{
    char text[256];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_net *net = NULL;
    snprintf(text, sizeof text, "%s%s", SMALL, refusals[_i].options);
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_int_eq(adv_net_new(config, &net, &error), ADV_E_INVALID);
    ck_assert_msg(strstr(error.message, refusals[_i].message) == error.message, "%s",
                  error.message);
    json_decref(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transformer");
    TCase *tests = tcase_create("options");
    tcase_add_loop_test(tests, the_graph_computes_the_formula, 0, (int)ADV_COUNT(configs));
    tcase_add_loop_test(tests, backward_is_the_transpose_of_tangents, 0, (int)ADV_COUNT(configs));
    tcase_add_loop_test(tests, gradients_match_central_differences, 0, (int)ADV_COUNT(configs));
    tcase_add_loop_test(tests, what_does_not_fit_together_is_refused, 0, (int)ADV_COUNT(refusals));
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
