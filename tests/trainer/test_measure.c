/* What is measured of a model, where the truth is known. */
#include "trainer/eval/density_plot.h"
#include "trainer/measure/draws.h"
#include "trainer/measure/measure.h"
#include "trainer/samples/distances.h"
#include "trainer/samples/modes.h"

#include <advect/extra/all.h>
#include <advect/train.h>

#include "tests/support/folder.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A recipe's data and the threads that measure. */
struct setting {
    struct adv_recipe recipe;
    struct adv_dataset dataset;
    struct adv_pool *pool;
};

static void setting_init(struct setting *setting, const char *recipe)
{
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_recipe_parse(&setting->recipe, recipe, &error);
    if (status == ADV_OK)
        status = adv_dataset_open(&setting->recipe.data, (uint64_t)setting->recipe.train.seed, ".",
                                  &setting->dataset, &error);
    if (status == ADV_OK)
        status = adv_pool_new(2, &setting->pool, &error);
    ck_assert_msg(status == ADV_OK, "%s", error.message);
}

static void setting_release(struct setting *setting)
{
    adv_pool_free(setting->pool);
    adv_dataset_close(&setting->dataset);
    adv_recipe_release(&setting->recipe);
}

/* The model at the start of its training, or at its end with the last point of its curve. */
static struct adv_model *trained(const char *recipe, bool to_the_end, struct adv_curve_point *last)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training_options options = {.size = sizeof options, .threads = 2};
    struct adv_training *training = NULL;
    struct adv_model *model = NULL;
    enum adv_status status = adv_training_new(recipe, &options, &training, &error);
    if (status == ADV_OK && to_the_end)
        status = adv_training_run(training, NULL, &error);
    if (status == ADV_OK)
        status = adv_training_model(training, &model, &error);
    ck_assert_msg(status == ADV_OK, "%s", error.message);
    if (to_the_end)
        *last = *adv_training_curve_point(training, adv_training_curve_points(training) - 1);
    adv_training_free(training);
    return model;
}

/* For a Gaussian target of standard deviation s, x_t and the target velocity are jointly Gaussian,
 * and the least loss is the conditional variance of x_1 - x_0 given x_t, averaged over t: int s^2 /
 * (t^2 s^2 + (1 - t)^2) dt = s pi / 2. */
START_TEST(a_gaussian_is_learned_to_its_known_loss_and_density)
{
    static const char recipe[] =
        "{\"name\": \"bell\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 32, "
        "\"layers\": 2, \"activation\": \"silu\", \"time_frequencies\": 4, \"input_gain\": "
        "true}, \"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": "
        "\"gaussian\", \"dim\": 2, \"mean\": [1, -0.5], \"deviation\": 0.5}}}, \"train\": "
        "{\"steps\": 2500, \"batch\": 256, \"learning_rate\": 0.004, \"warmup_steps\": 50, "
        "\"ema_decay\": 0.99}}";
    struct setting setting = {0};
    struct adv_curve_point last;
    setting_init(&setting, recipe);
    struct adv_model *model = trained(recipe, true, &last);
    double least = 0.5 * acos(-1.0) / 2;
    /* 4096 squared residuals in 2-D, each about exponential: a standard error of 2 %. */
    ck_assert_double_eq_tol(last.held_out, least, 0.06 * least);
    ck_assert_double_eq_tol(last.loss, least, 0.06 * least);

    struct adv_results results = {0};
    struct adv_evaluation evaluation = {
        .model = model,
        .dataset = &setting.dataset,
        .pool = setting.pool,
        .quiet = true,
        .n_points = 1000,
        .samples = {.n = 1000, .guidance = 1},
        .density = {.solver = adv_solver_spec_accurate(), .probes = 1},
        .grid = 40};
    ck_assert_int_eq(adv_measure_log_density.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_samples.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_integral.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_error_bars.run(&evaluation, NULL, &results, NULL), ADV_OK);
    json_t *json = adv_results_to_json(&results);
    ck_assert_double_ge(json_number_value(json_object_get(json, "error_bar_coverage")), 0.9);
    double two_pi_e = 2 * acos(-1.0) * exp(1.0);
    double entropy = log(two_pi_e * 0.25); /* of two dimensions of standard deviation 1/2 */
    /* -log p of a point has standard deviation 1 in 2-D: 1/sqrt(1000) = 0.032 */
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "entropy")), entropy, 0.13);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "kl")), 0, 0.02);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "integral")), 1, 0.02);
    ck_assert_double_eq(json_number_value(json_object_get(json, "inside")), 1);
    json_decref(json);
    adv_results_release(&results);
    adv_model_unref(model);
    setting_release(&setting);
}
END_TEST

/* The recipe's net with weights of zero. */
static struct adv_model *of_zeros(const char *recipe)
{
    struct adv_model *random = trained(recipe, false, NULL), *model = NULL;
    float *zeros = adv_zeros(adv_net_weights(adv_model_net(random)));
    ck_assert_int_eq(adv_model_new_json(adv_model_config_json(random), zeros, NULL, &model, NULL),
                     ADV_OK);
    free(zeros);
    adv_model_unref(random);
    return model;
}

/* What pictures show is what the figures are of. */
static void check_plotted(const struct adv_plotted *plotted, const json_t *figures)
{
    double kl = 0, least = INFINITY, n_modes = (double)plotted->n_modes;
    for (size_t i = 0; i < plotted->n; i++)
        kl += (plotted->truth[i] - plotted->log_density[i]) / (double)plotted->n;
    for (size_t k = 0; k < plotted->n_modes; k++) {
        least = fmin(least, plotted->mode_shares[k]);
        /* of 40,000 samples, modes of weight 1 / n_modes each */
        ck_assert_double_eq_tol(plotted->mode_errors[k], sqrt((n_modes - 1) / 40000), 1e-9);
    }
    ck_assert_double_eq_tol(kl, json_number_value(json_object_get(figures, "kl")), 1e-9);
    ck_assert_double_eq_tol(least, json_number_value(json_object_get(figures, "mode_share_min")),
                            1e-9);
}

/* A net of zero weights has v = 0: its samples are the base's, N(0, 1), and the figures of that
 * against a known truth follow from the normal distribution. */
START_TEST(figures_of_a_known_model_are_right)
{
    static const char recipe[] =
        "{\"name\": \"small\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, "
        "\"layers\": 2}, \"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": "
        "\"checkerboard\", \"dim\": 2, \"cells\": 4}}}, \"train\": {\"steps\": 40}}";
    struct setting setting = {0};
    struct adv_model *model = of_zeros(recipe);
    setting_init(&setting, recipe);
    struct adv_results results = {0};
    struct adv_evaluation evaluation = {
        .model = model,
        .dataset = &setting.dataset,
        .pool = setting.pool,
        .quiet = true,
        .n_points = 4000,
        .samples = {.n = 40000, .guidance = 1},
        .density = {.solver = adv_solver_spec_accurate(), .probes = 1},
        .grid = 64};
    ck_assert_int_eq(adv_measure_held_out.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_samples.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_log_density.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_integral.run(&evaluation, NULL, &results, NULL), ADV_OK);
    json_t *json = adv_results_to_json(&results);
    /* E (x_1 - x_0)^2 = 16/3 + 1 per dimension */
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "held_out_loss")), 19.0 / 3,
                            0.3);
    /* Of the 16 squares of side 2, with a = P(0 < x < 2) and b = P(2 < x < 4): two of a^2 at the
     * centre, two of b^2 at corners and four of ab at the edges are in the support. */
    double a = 0.4772498680518208, b = 0.5 - a - 3.167124183311986e-05;
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "inside")),
                            2 * (a + b) * (a + b), 5 * sqrt(0.25 / 40000));
    /* The integral of N(0, 1)^2 over [-4, 4]^2. */
    double side = 2 * (a + b);
    double noise = json_number_value(json_object_get(json, "integral_standard_error"));
    ck_assert_double_gt(noise, 0);
    ck_assert_double_lt(noise, 0.01);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "integral")), side * side,
                            4 * noise);
    ck_assert_double_lt(json_number_value(json_object_get(json, "within_modes_p")), 1e-9);
    /* Squares of very different shares, and samples that lie elsewhere. */
    ck_assert_double_lt(json_number_value(json_object_get(json, "mode_p")), 1e-9);
    ck_assert_double_gt(json_number_value(json_object_get(json, "energy_distance")),
                        0.1 + json_number_value(json_object_get(json, "energy_distance_of_data")));
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "entropy")), log(32), 1e-6);
    /* -log q = log(2 pi) + |x|^2 / 2, E |x|^2 = 32/3 over the board: standard deviation 2.4 over
     * sqrt(4000) */
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "nll")),
                            log(2 * acos(-1.0)) + 16.0 / 3, 0.2);
    /* A square's fair share is 1/8. */
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "mode_share_max")), 8 * a * a,
                            0.1);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "mode_share_min")), 8 * b * b,
                            0.004);
    check_plotted(&results.plotted, json);
    json_decref(json);
    adv_results_release(&results);
    adv_model_unref(model);
    setting_release(&setting);
}
END_TEST

/* The digest of the plot of points whose truths lie `apart` from each other, and to which the model
 * gives log-densities `off` by something. */
static uint64_t digest_of_plot(const char *folder, double apart, double off)
{
    enum { N = 50 };
    char path[128];
    double log_density[N], truth[N];
    const struct adv_results results = {
        .plotted = {.n = N, .log_density = log_density, .truth = truth}};
    void *png = NULL;
    size_t n_bytes;
    for (size_t i = 0; i < N; i++) {
        truth[i] = apart * (double)i;
        log_density[i] = truth[i] + 0.01 * (double)(i % 7) + off;
    }
    snprintf(path, sizeof path, "%s/plot.png", folder);
    ck_assert_int_eq(adv_density_plot(&results, "points", path, NULL), ADV_OK);
    ck_assert_int_eq(adv_file_read(path, 1 << 20, &png, &n_bytes, NULL), ADV_OK);
    uint64_t digest = adv_digest(ADV_DIGEST_INIT, png, n_bytes);
    free(png);
    return digest;
}

START_TEST(a_plot_shows_errors_and_where_they_are)
{
    char folder[64];
    folder_make(folder);
    uint64_t exact = digest_of_plot(folder, 0, 0);
    ck_assert(digest_of_plot(folder, 0, 0) == exact);
    ck_assert(digest_of_plot(folder, 0, -0.2) != exact);
    ck_assert(digest_of_plot(folder, 0.1, 0) != exact); /* with a panel against the truth */
    digest_of_plot(folder, 0, -INFINITY);               /* where the model has no density at all */
    digest_of_plot(folder, 1e9, 0);
    folder_remove(folder);
}
END_TEST

/* Such a student takes no guidance but its teacher's. With zero weights it is N(0, 1) by its steps
 * as by integration. */
START_TEST(densities_of_a_student_are_those_of_its_guidance)
{
    static const char config[] =
        "{\"name\": \"student\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, "
        "\"layers\": 1, \"num_classes\": 2, \"null_class\": true, \"flow_map\": true}, "
        "\"flow_map\": "
        "{\"steps\": 4}, \"sampling\": {\"guidance\": 2}}";
    static const char recipe[] =
        "{\"name\": \"bell\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, "
        "\"layers\": "
        "1}, \"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": \"gaussian\", "
        "\"dim\": 2, \"mean\": [0, 0], \"deviation\": 1}}}, \"train\": {\"steps\": 1}}";
    struct adv_model *random = model_of(config), *model = NULL;
    float *zeros = adv_zeros(adv_net_weights(adv_model_net(random)));
    struct setting setting = {0};
    setting_init(&setting, recipe);
    ck_assert_int_eq(adv_model_new_json(adv_model_config_json(random), zeros, NULL, &model, NULL),
                     ADV_OK);
    ck_assert_double_eq(adv_model_guidance(model), 2);
    struct adv_results results = {0};
    struct adv_evaluation evaluation = {.model = model,
                                        .dataset = &setting.dataset,
                                        .pool = setting.pool,
                                        .quiet = true,
                                        .n_points = 400,
                                        .density = {.probes = 1},
                                        .grid = 40};
    ck_assert_int_eq(adv_measure_log_density.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_integral.run(&evaluation, NULL, &results, NULL), ADV_OK);
    evaluation.density.solver = adv_solver_spec_accurate();
    ck_assert_int_eq(adv_measure_error_bars.run(&evaluation, NULL, &results, NULL), ADV_OK);
    json_t *json = adv_results_to_json(&results);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "kl")), 0, 1e-5);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "integral")), 1, 0.02);
    json_decref(json);
    adv_results_release(&results);
    setting_release(&setting);
    adv_model_unref(model);
    adv_model_unref(random);
    free(zeros);
}
END_TEST

/* N(0, 1) of zero weights over the boxes of other densities, beyond the dimensions of grids. */
START_TEST(densities_of_more_dimensions_are_integrated)
{
    static const struct {
        const char *density;
        int dim;
        double side; /* P(|x| < 5 sigma) or P(|x| < 4), x ~ N(0, 1) */
    } cases[] = {
        {"{\"kind\": \"gaussian\", \"dim\": 4, \"deviation\": 0.5}", 4, 0.9875806693484477},
        {"{\"kind\": \"gaussian\", \"dim\": 5, \"deviation\": 0.3}", 5, 0.8663855974622838},
        {"{\"kind\": \"checkerboard\", \"dim\": 4, \"cells\": 2}", 4, 0.9999366575163338}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char recipe[512];
        snprintf(recipe, sizeof recipe,
                 "{\"name\": \"small\", \"net\": {\"kind\": \"mlp\", \"dim\": %d, "
                 "\"channels\": 8, \"layers\": 1}, \"data\": {\"source\": {\"kind\": "
                 "\"density\", \"density\": %s}}, \"train\": {\"steps\": 40}}",
                 cases[i].dim, cases[i].density);
        struct setting setting = {0};
        struct adv_results results = {0};
        setting_init(&setting, recipe);
        struct adv_model *model = of_zeros(recipe);
        struct adv_evaluation evaluation = {.model = model,
                                            .dataset = &setting.dataset,
                                            .pool = setting.pool,
                                            .quiet = true,
                                            .grid = 200};
        ck_assert_int_eq(adv_measure_integral.run(&evaluation, NULL, &results, NULL), ADV_OK);
        json_t *json = adv_results_to_json(&results);
        double noise = json_number_value(json_object_get(json, "integral_standard_error"));
        ck_assert_double_gt(noise, 0);
        ck_assert_double_lt(noise, 0.1);
        ck_assert_double_eq_tol(json_number_value(json_object_get(json, "integral")),
                                pow(cases[i].side, cases[i].dim), 4 * noise);
        json_decref(json);
        adv_model_unref(model);
        setting_release(&setting);
    }
}
END_TEST

/* Points 0, 1, .. n - 1 on a line, and the same moved by s: the sorted differences are s, and in
 * the plane |s cos| has the mean 2 s / pi over directions. */
START_TEST(distances_of_sets_of_points)
{
    enum { N = 50 };
    float x[2 * N], y[2 * N];
    for (int i = 0; i < N; i++) {
        x[2 * i] = (float)i;
        x[2 * i + 1] = 0;
        y[2 * i] = (float)i + 3;
        y[2 * i + 1] = 0;
    }
    double sliced = adv_sliced_wasserstein(N, 2, x, y, 1);
    ck_assert_double_eq_tol(sliced, 3 * M_2_PI, 4 * 3 * 0.31 / 8); /* 64 directions */
    ck_assert_double_eq(adv_sliced_wasserstein(N, 2, x, x, 1), 0);
    /* Two points a apart, and two others b apart, at the distance c: 2 c - a - b. */
    const float two[] = {0, 1}, others[] = {100, 102};
    ck_assert_double_eq_tol(adv_energy_distance(2, 1, two, others), 102 + 99 - 1 - 2, 1e-9);
}
END_TEST

static int by_first_column(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The sliced Wasserstein and the energy distance of normal samples moved by `moved` from normal
 * rows, all with a first column in units of 1 / unit, and the distances of rows from each other. */
static void distances_of_rows(double moved, double unit, bool sorted, double distances[4])
{
    enum { N = 200 };
    float rows[2 * N][2], samples[N][2];
    struct adv_results results = {0};
    const struct adv_evaluation evaluation = {.seed = 3};
    const struct adv_answer answer = {.n = N, .dim = 2, .states = &samples[0][0]};
    adv_rng_normal(1, ADV_STREAM_DATA, 0, 2 * N, 2, &rows[0][0]);
    adv_rng_normal(2, ADV_STREAM_DATA, 0, N, 2, &samples[0][0]);
    for (size_t i = 0; i < 2 * N; i++)
        rows[i][0] *= (float)unit;
    for (size_t i = 0; i < N; i++)
        samples[i][0] = (float)((double)samples[i][0] + moved) * (float)unit;
    if (sorted) {
        qsort(rows, 2 * N, sizeof *rows, by_first_column);
        qsort(samples, N, sizeof *samples, by_first_column);
    }
    ck_assert_int_eq(adv_measure_distances_of_rows(&evaluation, (size_t)2 * N, &rows[0][0], &answer,
                                                   &results, NULL),
                     ADV_OK);
    json_t *json = adv_results_to_json(&results);
    distances[0] = json_number_value(json_object_get(json, "sliced_wasserstein"));
    distances[1] = json_number_value(json_object_get(json, "energy_distance"));
    distances[2] = json_number_value(json_object_get(json, "sliced_wasserstein_of_data"));
    distances[3] = json_number_value(json_object_get(json, "energy_distance_of_data"));
    json_decref(json);
    adv_results_release(&results);
}

/* Of two normal distributions a apart, in two dimensions: 2 a / pi sliced, as of points. Near 0
 * distances of 200 points have errors of about 0.1, and of unlike units those of float32. */
START_TEST(distances_of_rows_do_not_depend_on_units)
{
    double here[4], far[4], thousandths[4];
    distances_of_rows(0, 1, false, here);
    distances_of_rows(2, 1, false, far);
    distances_of_rows(2, 1000, false, thousandths);
    ck_assert_double_lt(here[0], 0.2);
    ck_assert_double_lt(fabs(here[1]), 0.1);
    ck_assert_double_eq_tol(far[0], 2 * M_2_PI, 0.3);
    ck_assert_double_gt(far[1], 0.5);
    for (int k = 0; k < 2; k++)
        ck_assert_double_eq_tol(thousandths[k], far[k], 1e-5);
}
END_TEST

/* Files are sorted by class, or by time: then the first half of the rows is unlike the second. */
START_TEST(distances_of_rows_do_not_depend_on_their_order)
{
    double sorted[4];
    distances_of_rows(0, 1, true, sorted);
    for (int k = 0; k < 4; k += 2) {
        ck_assert_double_lt(sorted[k], 0.2);
        ck_assert_double_lt(fabs(sorted[k + 1]), 0.1);
    }
}
END_TEST

/* Draws of the density itself pass; moved within their modes by little, as edges that are not sharp
 * would do, they do not. */
START_TEST(samples_within_modes_are_compared_with_draws)
{
    enum { N = 20000 };
    static const char *const specs[] = {
        "{\"kind\": \"checkerboard\", \"dim\": 2, \"cells\": 4}",
        "{\"kind\": \"checkerboard\", \"dim\": 4, \"cells\": 2}",
        "{\"kind\": \"gaussian_mixture\", \"means\": [[-3, 0], [3, 0]], \"deviations\": [1, 0.5]}"};
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        json_t *spec = json_loads(specs[s], 0, NULL);
        struct adv_density *density = NULL;
        ck_assert_int_eq(adv_density_new(spec, &density, NULL), ADV_OK);
        size_t dim = adv_density_dim(density);
        float *samples = calloc(N * dim, sizeof *samples);
        int rejected = 0;
        for (uint64_t seed = 1; seed <= 20; seed++) {
            adv_density_sample(density, seed, 0, N, samples);
            rejected += adv_within_modes_p(density, N, samples, seed) < 0.01;
        }
        ck_assert_int_le(rejected, 3); /* of 20; P(more) = 4e-5 at their level */
        for (size_t i = 0; i < N * dim; i++)
            samples[i] *= 0.9f;
        ck_assert_double_lt(adv_within_modes_p(density, N, samples, 1), 1e-6);
        free(samples);
        adv_density_free(density);
        json_decref(spec);
    }
}
END_TEST

/* sqrt(3^2 + 4^2) / 2 */
START_TEST(rows_have_independent_probes)
{
    ck_assert_double_eq_tol(adv_probe_error(2, (double[]){3, 4}), 2.5, 1e-12);
    ck_assert(isnan(adv_probe_error(2, NULL)));
}
END_TEST

/* Of log-densities with independent errors: by the mean over many draws of the errors. */
START_TEST(noise_within_a_logarithm_raises_it_as_told)
{
    enum { DRAWS = 3, TRIALS = 40000 };
    static const double log_density[DRAWS] = {-5, -4, -6}, error[DRAWS] = {0.2, 0.3, 0.1};
    struct adv_drawn drawn = adv_drawn_of(DRAWS, log_density, error);
    static float noise[TRIALS * DRAWS];
    static double values[TRIALS];
    ck_assert_double_eq_tol(drawn.log_density, log((exp(-5) + exp(-4) + exp(-6)) / 3), 1e-12);
    adv_rng_normal(1, ADV_STREAM_PROBE, 0, TRIALS, DRAWS, noise);
    for (int i = 0; i < TRIALS; i++) {
        double noisy[DRAWS];
        for (int k = 0; k < DRAWS; k++)
            noisy[k] = log_density[k] + error[k] * (double)noise[i * DRAWS + k];
        values[i] = adv_log_mean_exp(DRAWS, noisy) - drawn.log_density;
    }
    struct adv_mean mean = adv_mean_of(TRIALS, values);
    /* To second order: the rest is of the order of the fourth power of the errors. */
    ck_assert_double_gt(drawn.bias, 5 * mean.standard_error);
    ck_assert_double_eq_tol(mean.value, drawn.bias, 4 * mean.standard_error + 0.3 * drawn.bias);
    ck_assert_double_eq_tol(mean.standard_error * sqrt(TRIALS), drawn.standard_error,
                            0.05 * drawn.standard_error);
    struct adv_drawn one = adv_drawn_of(1, log_density, error);
    ck_assert_double_eq(one.bias, 0);
    ck_assert_double_eq_tol(one.standard_error, error[0], 1e-12);
    ck_assert(adv_log_mean_exp(2, (double[]){-INFINITY, -INFINITY}) == -INFINITY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measures");
    TCase *tests = tcase_create("measures");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_gaussian_is_learned_to_its_known_loss_and_density);
    tcase_add_test(tests, figures_of_a_known_model_are_right);
    tcase_add_test(tests, a_plot_shows_errors_and_where_they_are);
    tcase_add_test(tests, densities_of_a_student_are_those_of_its_guidance);
    tcase_add_test(tests, densities_of_more_dimensions_are_integrated);
    tcase_add_test(tests, distances_of_rows_do_not_depend_on_units);
    tcase_add_test(tests, distances_of_rows_do_not_depend_on_their_order);
    tcase_add_test(tests, distances_of_sets_of_points);
    tcase_add_test(tests, samples_within_modes_are_compared_with_draws);
    tcase_add_test(tests, rows_have_independent_probes);
    tcase_add_test(tests, noise_within_a_logarithm_raises_it_as_told);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
