/* Queries and runs, on small models with random weights: their flow is smooth and arbitrary,
 * which is what properties (not values) need. */
#include "core/query/run.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct adv_model *plane_model(void)
{
    return model_of(
        "{\"name\": \"plane\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 32,"
        " \"layers\": 2, \"activation\": \"silu\", \"input_gain\": true},"
        " \"data\": {\"shape\": [2], \"transform\": {\"kind\": \"affine\","
        " \"shift\": [1, -2], \"scale\": [3, 0.5]}}}");
}

static struct adv_model *labelled_model(void)
{
    return model_of("{\"name\": \"labelled\", \"net\": {\"kind\": \"mlp\", \"dim\": 3,"
                    " \"channels\": 16, \"layers\": 2, \"num_classes\": 4, \"null_class\": true,"
                    " \"activation\": \"silu\"}, \"data\": {\"shape\": [3], \"classes\": 4}}");
}

static struct adv_model *image_model(void)
{
    return model_of(
        "{\"name\": \"image\", \"net\": {\"kind\": \"mlp\", \"dim\": 64, \"channels\": 16,"
        " \"layers\": 1, \"activation\": \"silu\"}, \"data\": {\"shape\": [1, 8, 8],"
        " \"transform\": {\"kind\": \"logit\", \"margin\": 0.01, \"range\": [0, 1],"
        " \"levels\": 256}}}");
}

static struct adv_solver_spec solver_of(const char *name, int64_t steps, double tolerance)
{
    struct adv_solver_spec spec = {
        .steps = steps, .rtol = tolerance, .atol = tolerance, .max_nfe = 20000};
    ck_assert_int_eq(adv_solver_find(name, &spec.solver, NULL), ADV_OK);
    return spec;
}

START_TEST(log_density_of_a_sample_is_that_of_its_point)
{
    struct adv_model *model = plane_model();
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = 9;
    query.seed = 4;
    query.log_density = true;
    query.solver = solver_of("dopri5", 0, 1e-6);
    const struct adv_answer *sampled, *scored;
    struct adv_run *samples = run_of(model, &query, 1, &sampled);

    struct adv_query back = adv_query_default(ADV_QUERY_LOG_DENSITY);
    back.n = 9;
    back.points = sampled->states;
    back.solver = query.solver;
    struct adv_run *densities = run_of(model, &back, 2, &scored);

    float x0[9 * 2];
    adv_rng_normal(4, ADV_STREAM_BASE, 0, 9, 2, x0);
    for (size_t i = 0; i < 9; i++) {
        ck_assert_double_eq_tol(sampled->log_density[i], scored->log_density[i], 2e-4);
        for (size_t k = 0; k < 2; k++)
            ck_assert_double_eq_tol((double)scored->latents[2 * i + k], (double)x0[2 * i + k],
                                    1e-4);
    }
    ck_assert_ptr_null(scored->standard_error);
    adv_run_free(samples);
    adv_run_free(densities);
    adv_model_unref(model);
}
END_TEST

static struct adv_model *unet_model(void)
{
    return model_of("{\"name\": \"unet\", \"net\": {\"kind\": \"unet\", \"image\": [1, 8, 8],"
                    " \"model_channels\": 32, \"num_res_blocks\": 1, \"channel_mult\": [1, 2],"
                    " \"attention_resolutions\": [2], \"num_classes\": 3, \"null_class\": true},"
                    " \"data\": {\"shape\": [1, 8, 8], \"classes\": 3}}");
}

/* The bytes asked for by each turn after the first, which plans and starts; how many there were. */
static size_t turns_without_allocation(struct adv_model *model, const struct adv_query *query)
{
    struct adv_run *run = NULL;
    struct adv_evaluator *evaluator = NULL;
    ck_assert_int_eq(adv_run_new(model, query, &run, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_new(adv_model_packed_weights(model), &evaluator, NULL), ADV_OK);
    size_t turns = 0, before = alloc_fail_n_bytes();
    bool ended = adv_run_advance(run, 0, evaluator);
    ck_assert_uint_gt(alloc_fail_n_bytes(), before); /* else nothing is counted here */
    for (; !ended; turns++) {
        before = alloc_fail_n_bytes();
        ended = adv_run_advance(run, 0, evaluator);
        ck_assert_msg(alloc_fail_n_bytes() == before,
                      "turn %zu of %s, kind %d, asked for %zu bytes", turns + 1,
                      adv_model_name(model), (int)query->kind, alloc_fail_n_bytes() - before);
    }
    adv_evaluator_free(evaluator);
    adv_run_free(run);
    return turns;
}

START_TEST(nothing_is_allocated_after_the_first_turn)
{
    struct adv_model *(*const makers[])(void) = {plane_model, labelled_model, image_model,
                                                 unet_model};
    struct adv_model *model = makers[_i]();
    const double times[] = {0, 0.25, 1};
    struct adv_query samples = adv_query_default(ADV_QUERY_SAMPLES);
    samples.n = 5;
    samples.guidance = adv_model_classes(model) ? 2 : 1;
    samples.solver = solver_of("rk4", 3, 0);
    ck_assert_uint_ge(turns_without_allocation(model, &samples), 11);
    struct adv_query moving = samples;
    moving.kind = ADV_QUERY_TRAJECTORIES;
    moving.n_times = 3;
    moving.times = times;
    ck_assert_uint_ge(turns_without_allocation(model, &moving), 11);
    struct adv_query scored = samples;
    scored.log_density = true;
    scored.divergence_method = ADV_DIVERGENCE_HUTCHINSON;
    scored.probes = 2;
    scored.solver = solver_of("dopri5", 0, 1e-2);
    ck_assert_uint_ge(turns_without_allocation(model, &scored), 6);
    adv_model_unref(model);
}
END_TEST

static struct adv_model *wide_model(void)
{
    return model_of("{\"name\": \"wide\", \"net\": {\"kind\": \"mlp\", \"dim\": 784,"
                    " \"channels\": 512, \"layers\": 1, \"activation\": \"silu\"},"
                    " \"data\": {\"shape\": [1, 28, 28]}}");
}

/* Ends a run of one shard; the most that one turn computed, in multiply-adds. */
static double most_in_a_turn(struct adv_run *run, struct adv_evaluator *evaluator)
{
    double most = 0, before = 0;
    ck_assert_uint_eq(adv_run_shards(run), 1);
    for (bool ended = false; !ended;) {
        ended = adv_run_advance(run, 0, evaluator);
        double now = adv_run_work(run, 0).multiply_adds;
        most = fmax(most, now - before);
        before = now;
    }
    return most;
}

/* A row's 784 tangents are 8e8 multiply-adds here, its 700 probes 7e8: they take several turns,
 * and give what they give at once. */
enum { N_PROBES = 700 };

START_TEST(a_turn_is_bounded_however_many_tangents_a_row_has)
{
    struct adv_model *model = wide_model();
    struct adv_evaluator *evaluator = NULL;
    const struct adv_answer *answer;
    struct adv_run *run = NULL;
    static float probes[N_PROBES * 784];
    float point[784], v[784], t = 1, divergence, estimates[N_PROBES];
    adv_rng_normal(1, ADV_STREAM_DATA, 0, 1, 784, point);
    ck_assert_int_eq(adv_evaluator_new(adv_model_packed_weights(model), &evaluator, NULL), ADV_OK);
    struct adv_query query = adv_query_default(ADV_QUERY_VELOCITY);
    query.points = point;
    query.divergence = true;
    query.divergence_method = _i ? ADV_DIVERGENCE_HUTCHINSON : ADV_DIVERGENCE_EXACT;
    query.probes = N_PROBES;
    ck_assert_double_ge(adv_query_cost(&query, model), 6e8);
    ck_assert_int_eq(adv_run_new(model, &query, &run, NULL), ADV_OK);
    ck_assert_double_le(most_in_a_turn(run, evaluator), 5e8);
    ck_assert_double_eq_tol(adv_run_work(run, 0).multiply_adds / adv_query_cost(&query, model), 1,
                            0.02); /* each portion takes the velocity anew */
    ck_assert_int_eq(adv_run_finish(run, &answer, NULL), ADV_OK);
    struct adv_points points = {.n = 1, .x = point, .t = &t};
    if (_i == 0) {
        adv_evaluator_divergence(evaluator, &points, v, &divergence, NULL);
        ck_assert_double_eq(answer->divergence[0], (double)divergence);
    } else {
        double mean = 0;
        adv_rng_rademacher(adv_probe_key(0, 784, point), ADV_STREAM_PROBE, 0, N_PROBES, 784,
                           probes);
        adv_evaluator_probes(evaluator, &points, N_PROBES, probes, v, estimates, NULL);
        for (size_t k = 0; k < N_PROBES; k++)
            mean += (double)estimates[k] / N_PROBES;
        ck_assert_double_eq(answer->divergence[0], mean);
    }
    ck_assert_mem_eq(answer->states, v, sizeof v);
    adv_run_free(run);
    adv_evaluator_free(evaluator);
    adv_model_unref(model);
}
END_TEST

/* The density of any smooth flow integrates to one, in data units. */
START_TEST(densities_integrate_to_one)
{
    struct adv_model *model = plane_model();
    enum { SIDE = 90 };
    const double lo[2] = {1 - 3 * 7, -2 - 0.5 * 7}, hi[2] = {1 + 3 * 7, -2 + 0.5 * 7};
    float *points = calloc(SIDE * SIDE, 2 * sizeof *points);
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        points[2 * i] = (float)(lo[0] + (hi[0] - lo[0]) * ((double)(i % SIDE) + 0.5) / SIDE);
        points[2 * i + 1] = (float)(lo[1] + (hi[1] - lo[1]) * ((double)(i / SIDE) + 0.5) / SIDE);
    }
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = SIDE * SIDE;
    query.points = points;
    for (double t = 1; t >= 0; t -= 0.5) {
        const struct adv_answer *answer;
        query.t = t;
        struct adv_run *run = run_of(model, &query, 2, &answer);
        double sum = 0, cell = (hi[0] - lo[0]) * (hi[1] - lo[1]) / (SIDE * SIDE);
        for (size_t i = 0; i < query.n; i++)
            sum += exp(answer->log_density[i]) * cell;
        ck_assert_msg(fabs(sum - 1) < 0.01, "at t = %g the density integrates to %g", t, sum);
        adv_run_free(run);
    }
    free(points);
    adv_model_unref(model);
}
END_TEST

START_TEST(a_sample_is_the_same_alone_in_a_batch_and_on_any_threads)
{
    struct adv_model *model = labelled_model();
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
        query.n = 700;
        query.seed = 3;
        query.guidance = 1.5;
        query.log_density = true;
        query.solver = adaptive ? solver_of("dopri5", 0, 1e-4) : solver_of("rk4", 4, 0);
        const struct adv_answer *batch, *threaded, *alone;
        struct adv_run *a = run_of(model, &query, 1, &batch),
                       *b = run_of(model, &query, 2, &threaded);
        ck_assert_mem_eq(batch->states, threaded->states, 700 * 3 * sizeof(float));
        ck_assert_mem_eq(batch->log_density, threaded->log_density, 700 * sizeof(double));
        for (size_t i = 0; i < 700; i += 233) {
            struct adv_query one = query;
            one.n = 1;
            one.first = i;
            struct adv_run *c = run_of(model, &one, 1, &alone);
            ck_assert_int_eq(alone->labels[0], (int)(i % 4));
            ck_assert_mem_eq(alone->states, batch->states + 3 * i, 3 * sizeof(float));
            ck_assert_double_eq(alone->log_density[0], batch->log_density[i]);
            adv_run_free(c);
        }
        adv_run_free(a);
        adv_run_free(b);
    }
    adv_model_unref(model);
}
END_TEST

START_TEST(trajectories_end_in_the_samples)
{
    struct adv_model *model = plane_model();
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = 5;
    query.solver = solver_of("heun", 10, 0);
    const struct adv_answer *sampled, *followed;
    struct adv_run *samples = run_of(model, &query, 1, &sampled);
    query.kind = ADV_QUERY_TRAJECTORIES;
    query.times = (double[]){0, 0.5, 1};
    query.n_times = 3;
    struct adv_run *paths = run_of(model, &query, 1, &followed);
    ck_assert_uint_eq(followed->n_frames, 3);
    ck_assert_uint_eq(adv_run_frames_ready(paths), 3);
    for (size_t i = 0; i < 10; i++)
        ck_assert_double_eq_tol((double)followed->states[20 + i], (double)sampled->states[i], 1e-5);
    float x0[10], frame[10];
    adv_rng_normal(0, ADV_STREAM_BASE, 0, 5, 2, x0);
    adv_run_copy_frame(paths, 0, frame);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_double_eq_tol((double)frame[2 * i], 1 + 3 * (double)x0[2 * i], 1e-5);
        ck_assert_double_eq_tol((double)frame[2 * i + 1], -2 + 0.5 * (double)x0[2 * i + 1], 1e-5);
    }
    adv_run_free(samples);
    adv_run_free(paths);

    query.times = (double[]){0.25, 1}; /* a first frame after the start */
    query.n_times = 2;
    query.space = ADV_SPACE_FLOW;
    paths = run_of(model, &query, 1, &followed);
    ck_assert_uint_eq(followed->n_frames, 2);
    ck_assert_double_eq(followed->times[0], 0.25);
    ck_assert_double_ne((double)followed->states[0], (double)x0[0]);
    adv_run_free(paths);
    adv_model_unref(model);
}
END_TEST

enum { WIDE = 24 };

static struct adv_model *model_of_24(void)
{
    return model_of("{\"name\": \"wide\", \"net\": {\"kind\": \"mlp\", \"dim\": 24,"
                    " \"channels\": 16, \"layers\": 2, \"num_classes\": 4, \"null_class\": true,"
                    " \"activation\": \"silu\"}, \"data\": {\"shape\": [24], \"classes\": 4}}");
}

/* points [6, WIDE] receives them. */
static struct adv_query densities_of_six(float *points)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    adv_rng_normal(8, ADV_STREAM_DATA, 0, 6, WIDE, points);
    query.divergence_method = ADV_DIVERGENCE_EXACT;
    query.n = 6;
    query.points = points;
    return query;
}

START_TEST(hutchinson_agrees_with_exact_within_its_error)
{
    struct adv_model *model = model_of_24();
    float points[6 * WIDE];
    struct adv_query query = densities_of_six(points);
    const struct adv_answer *exact, *estimated;
    struct adv_run *a = run_of(model, &query, 1, &exact);
    ck_assert_int_eq(exact->divergence_method, ADV_DIVERGENCE_EXACT);
    query.divergence_method = ADV_DIVERGENCE_HUTCHINSON;
    query.probes = 20;
    struct adv_run *b = run_of(model, &query, 2, &estimated);
    for (size_t i = 0; i < 6; i++) {
        double error = estimated->standard_error[i];
        ck_assert_double_gt(error, 0);
        ck_assert_double_lt(error, 0.05);
        ck_assert_double_lt(fabs(estimated->log_density[i] - exact->log_density[i]),
                            5 * error + 1e-4);
    }
    adv_run_free(a);
    adv_run_free(b);
    adv_model_unref(model);
}
END_TEST

START_TEST(renewed_probes_err_less)
{
    struct adv_model *model = model_of_24();
    float points[6 * WIDE];
    struct adv_query query = densities_of_six(points);
    query.solver = solver_of("rk4", 20, 0);
    const struct adv_answer *exact, *fixed, *renewed, *alone;
    struct adv_run *a = run_of(model, &query, 1, &exact);
    query.divergence_method = ADV_DIVERGENCE_HUTCHINSON;
    query.probes = 16;
    query.keep_probes = true;
    struct adv_run *b = run_of(model, &query, 1, &fixed);
    ck_assert(!fixed->renew_probes);
    query.keep_probes = false; /* then fresh ones are the default of fixed steps */
    struct adv_run *c = run_of(model, &query, 2, &renewed);
    ck_assert(renewed->renew_probes);
    double error_fixed = 0, error_renewed = 0;
    for (size_t i = 0; i < 6; i++) {
        error_fixed += fixed->standard_error[i];
        error_renewed += renewed->standard_error[i];
        ck_assert_double_lt(fabs(renewed->log_density[i] - exact->log_density[i]),
                            5 * renewed->standard_error[i] + 1e-4);
    }
    ck_assert_double_lt(error_renewed, error_fixed / 3);
    query.points = points + 5 * WIDE;
    query.n = 1;
    struct adv_run *d = run_of(model, &query, 1, &alone);
    ck_assert_double_eq(alone->log_density[0], renewed->log_density[5]);
    adv_run_free(a);
    adv_run_free(b);
    adv_run_free(c);
    adv_run_free(d);
    adv_model_unref(model);
}
END_TEST

/* A tangent for each dimension gives the divergence itself. */
START_TEST(as_many_probes_as_dimensions_are_exact)
{
    struct adv_model *model = labelled_model();
    float points[6 * WIDE];
    struct adv_query query = densities_of_six(points);
    const struct adv_answer *exact, *probed;
    struct adv_run *a = run_of(model, &query, 1, &exact);
    query.divergence_method = ADV_DIVERGENCE_HUTCHINSON;
    for (query.probes = 2; query.probes <= 5; query.probes++) {
        struct adv_run *b = run_of(model, &query, 1, &probed);
        bool all = query.probes >= 3; /* of 3 dimensions */
        ck_assert_int_eq(probed->divergence_method,
                         all ? ADV_DIVERGENCE_EXACT : ADV_DIVERGENCE_HUTCHINSON);
        ck_assert_uint_eq(probed->probes, all ? 0 : query.probes);
        ck_assert(!probed->standard_error == all);
        ck_assert((probed->log_density[0] == exact->log_density[0]) == all);
        adv_run_free(b);
    }
    adv_run_free(a);
    adv_model_unref(model);
}
END_TEST

/* v in data units is dx/dt of a trajectory in data units, and the divergence has no units of x. */
START_TEST(velocity_is_the_slope_of_trajectories)
{
    struct adv_model *model = plane_model();
    const float x0[2] = {0.3f, -0.4f};
    const double h = 0.01;
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    query.points = x0;
    query.times = (double[]){0.5 - h, 0.5, 0.5 + h};
    query.n_times = 3;
    query.solver = solver_of("dopri5", 0, 1e-7);
    const struct adv_answer *followed, *asked, *moved;
    struct adv_run *a = run_of(model, &query, 1, &followed);
    struct adv_query velocity = adv_query_default(ADV_QUERY_VELOCITY);
    velocity.points = followed->states + 2;
    velocity.t = 0.5;
    velocity.divergence = true;
    struct adv_run *b = run_of(model, &velocity, 1, &asked);
    for (size_t k = 0; k < 2; k++) {
        double slope = ((double)followed->states[4 + k] - (double)followed->states[k]) / (2 * h);
        ck_assert_double_eq_tol((double)asked->states[k], slope, 2e-3);
    }
    double divergence = 0;
    for (size_t k = 0; k < 2; k++) {
        float there[4] = {followed->states[2], followed->states[3], followed->states[2],
                          followed->states[3]};
        there[k] += 0.01f;
        there[2 + k] -= 0.01f;
        velocity.points = there;
        velocity.n = 2;
        struct adv_run *c = run_of(model, &velocity, 1, &moved);
        divergence += ((double)moved->states[k] - (double)moved->states[2 + k]) / 0.02;
        adv_run_free(c);
    }
    ck_assert_double_eq_tol(asked->divergence[0], divergence, 1e-2);
    adv_run_free(a);
    adv_run_free(b);
    adv_model_unref(model);
}
END_TEST

START_TEST(image_densities_come_in_bits_too)
{
    struct adv_model *model = image_model();
    float point[64];
    adv_rng_uniform(2, ADV_STREAM_DATA, 0, 1, 64, point);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.points = point;
    query.probes = 4;
    const struct adv_answer *answer;
    struct adv_run *run = run_of(model, &query, 1, &answer);
    ck_assert_int_eq(answer->divergence_method, ADV_DIVERGENCE_HUTCHINSON);
    ck_assert_double_eq_tol(answer->bits_per_dim[0], 8 - answer->log_density[0] / 64 / log(2),
                            1e-9);

    /* log p in data units = log p in flow units + log |det of the logit| */
    float flow[64];
    double log_det;
    const struct adv_answer *inner;
    adv_transform_encode(adv_model_transform(model), 1, point, flow, &log_det);
    query.points = flow;
    query.space = ADV_SPACE_FLOW;
    struct adv_run *in_flow = run_of(model, &query, 1, &inner);
    ck_assert_ptr_null(inner->bits_per_dim);
    ck_assert_double_eq_tol(answer->log_density[0], inner->log_density[0] + log_det, 1e-6);
    adv_run_free(in_flow);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

/* Samples of images take midpoint with 15 steps, those of points rk4 with 25; whatever needs a
 * density or goes back takes dopri5. Where only the method is named, the velocities are as many. */
START_TEST(images_are_sampled_with_fewer_velocities)
{
    static const enum adv_query_kind from_base[] = {ADV_QUERY_SAMPLES, ADV_QUERY_TRAJECTORIES};
    static const struct {
        const char *method;
        int64_t steps_of_image, steps_of_points;
    } cases[] = {{"euler", 30, 100}, {"midpoint", 15, 50}, {"heun", 15, 50}, {"rk4", 7, 25}};
    struct adv_model *image = image_model(), *plane = plane_model();
    for (size_t k = 0; k < 2; k++) {
        struct adv_query query = adv_query_default(from_base[k]);
        struct adv_solver_spec of_image = adv_query_default_solver(&query, image);
        struct adv_solver_spec of_points = adv_query_default_solver(&query, plane);
        ck_assert_str_eq(adv_solver_name(of_image.solver), "midpoint");
        ck_assert_int_eq(of_image.steps, 15);
        ck_assert_str_eq(adv_solver_name(of_points.solver), "rk4");
        ck_assert_int_eq(of_points.steps, 25);
        for (size_t i = 0; i < ADV_COUNT(cases); i++) {
            const struct adv_solver *solver = solver_of(cases[i].method, 1, 0).solver;
            ck_assert_int_eq(adv_query_default_steps(&query, image, solver),
                             cases[i].steps_of_image);
            ck_assert_int_eq(adv_query_default_steps(&query, plane, solver),
                             cases[i].steps_of_points);
        }
    }
    struct adv_query with_density = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_query latents = adv_query_default(ADV_QUERY_LATENTS);
    with_density.log_density = true;
    ck_assert_str_eq(adv_solver_name(adv_query_default_solver(&with_density, image).solver),
                     "dopri5");
    ck_assert_str_eq(adv_solver_name(adv_query_default_solver(&latents, image).solver), "dopri5");
    adv_model_unref(image);
    adv_model_unref(plane);
}
END_TEST

/* The guidance that a model's config names is that of its samples; densities, and what goes back,
 * are those of the plain flow. */
/* By a method of order five: ten times the steps for five more digits; larger tolerances are not
 * thought to save any. */
START_TEST(the_cost_grows_with_the_accuracy)
{
    struct adv_model *model = plane_model();
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.solver = solver_of("dopri5", 0, 1e-5);
    double usual = adv_query_cost(&query, model);
    query.solver = solver_of("dopri5", 0, 1e-10);
    ck_assert_double_eq_tol(adv_query_cost(&query, model) / usual, 10, 1e-9);
    query.solver = solver_of("dopri5", 0, 1e-2);
    ck_assert_double_eq(adv_query_cost(&query, model), usual);
    adv_model_unref(model);
}
END_TEST

START_TEST(a_model_may_name_the_guidance_of_its_samples)
{
    static const struct {
        enum adv_query_kind kind;
        bool log_density;
        double guidance;
    } cases[] = {{ADV_QUERY_SAMPLES, false, 1.5}, {ADV_QUERY_TRAJECTORIES, false, 1.5},
                 {ADV_QUERY_SAMPLES, true, 1},    {ADV_QUERY_LOG_DENSITY, false, 1},
                 {ADV_QUERY_LATENTS, false, 1},   {ADV_QUERY_VELOCITY, false, 1}};
    struct adv_model *plain = labelled_model();
    struct adv_model *guided = model_of(
        "{\"name\": \"guided\", \"net\": {\"kind\": \"mlp\", \"dim\": 3, \"channels\": 16, "
        "\"layers\": 2,"
        " \"num_classes\": 4, \"null_class\": true}, \"data\": {\"shape\": [3], \"classes\": 4},"
        " \"sampling\": {\"guidance\": 1.5}}");
    ck_assert_double_eq(adv_model_guidance(guided), 1.5);
    ck_assert_double_eq(adv_model_guidance(plain), 1);
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct adv_query query = adv_query_default(cases[i].kind);
        query.log_density = cases[i].log_density;
        ck_assert_double_eq(adv_query_default_guidance(&query, guided), cases[i].guidance);
        ck_assert_double_eq(adv_query_default_guidance(&query, plain), 1);
    }
    adv_model_unref(guided);
    adv_model_unref(plain);
}
END_TEST

static void refuse(struct adv_model *model, const struct adv_query *query, const char *field,
                   const char *words)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_run *run = NULL;
    ck_assert_int_eq(adv_run_new(model, query, &run, &error), ADV_E_INVALID);
    ck_assert_ptr_null(run);
    ck_assert_str_eq(error.field, field);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
}

START_TEST(queries_are_checked_against_their_model)
{
    struct adv_model *plane = plane_model(), *labelled = labelled_model(), *image = image_model();
    struct adv_query q = adv_query_default(ADV_QUERY_SAMPLES);
    q.n = 0;
    refuse(plane, &q, "n", "at least 1");
    q.n = 1;
    q.labels = (int32_t[]){0};
    refuse(plane, &q, "label", "no classes");
    q.labels = (int32_t[]){4};
    refuse(labelled, &q, "label", "between 0 and 3, or -1");
    q.labels = NULL;
    q.guidance = 2;
    refuse(plane, &q, "guidance", "null class");
    q.guidance = NAN;
    refuse(labelled, &q, "guidance", "between -100 and 100");
    q.guidance = 1;
    q.points = (float[]){NAN, 0};
    refuse(plane, &q, "x0", "x0[0][0] is nan; it must be a finite number");

    q = adv_query_default(ADV_QUERY_TRAJECTORIES);
    q.times = (double[]){0, 0.5, 0.5};
    q.n_times = 3;
    refuse(plane, &q, "times", "times[2] is 0.5");
    q.n_times = 1;
    refuse(plane, &q, "times", "at least 2");

    q = adv_query_default(ADV_QUERY_LOG_DENSITY);
    refuse(plane, &q, "points", "missing");
    float pixels[64] = {[63] = 1.5f};
    q.points = pixels;
    refuse(image, &q, "points", "points[0]: column 63 is 1.5; it must be between 0 and 1");
    ck_assert_int_eq(adv_query_check(&q, image, NULL), ADV_OK); /* which looks at no point */
    pixels[63] = 0.5f;
    q.t = 0.5;
    refuse(image, &q, "space", "not affine");
    q.t = -1;
    refuse(plane, &q, "t", "between 0 and 1");
    q.t = 1;
    q.divergence_method = ADV_DIVERGENCE_HUTCHINSON;
    q.probes = 0;
    refuse(plane, &q, "divergence.probes", "at least 1");
    q.probes = 1;
    q.renew_probes = true;
    refuse(plane, &q, "divergence.renew", "dopri5 chooses its steps");
    q = adv_query_default(ADV_QUERY_VELOCITY);
    q.points = pixels;
    refuse(image, &q, "space", "velocities");
    adv_model_unref(plane);
    adv_model_unref(labelled);
    adv_model_unref(image);
}
END_TEST

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static void note_share(void *context, double share)
{
    double *last = context;
    ck_assert(share >= *last && share <= 1);
    *last = share;
}

/* By any number of threads, and of velocities, which take one evaluation. */
START_TEST(progress_ends_at_one)
{
    struct adv_model *model = plane_model();
    struct adv_pool *pool = NULL;
    ck_assert_int_eq(adv_pool_new(3, &pool, NULL), ADV_OK);
    for (int kind = 0; kind < 2; kind++) {
        float points[2 * 700] = {0};
        double share = 0;
        struct adv_query query = adv_query_default(kind ? ADV_QUERY_VELOCITY : ADV_QUERY_SAMPLES);
        query.n = 700;
        query.points = kind ? points : NULL;
        struct adv_run_options options = {
            .size = sizeof options, .pool = pool, .progress = note_share, .context = &share};
        struct adv_run *run = NULL;
        const struct adv_answer *answer;
        ck_assert_int_eq(adv_run_new(model, &query, &run, NULL), ADV_OK);
        ck_assert_int_eq(adv_run_all(run, &options, &answer, NULL), ADV_OK);
        ck_assert_double_eq(share, 1);
        adv_run_free(run);
    }
    adv_pool_free(pool);
    adv_model_unref(model);
}
END_TEST

START_TEST(what_a_program_forgets_is_refused)
{
    struct adv_model *model = plane_model();
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    query.n_times = 2; /* and no times */
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_query_check(&query, model, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "times");
    for (int i = 0; i < 4; i++) {
        static const char *const fields[] = {"kind", "divergence_method", "space",
                                             "solver.max_nfe"};
        query = adv_query_default(i == 0 ? (enum adv_query_kind)42 : ADV_QUERY_SAMPLES);
        if (i == 1)
            query.divergence_method = (enum adv_divergence)9;
        if (i == 2)
            query.space = (enum adv_space)2;
        if (i == 3) {
            query.solver = adv_solver_spec_accurate();
            query.solver.max_nfe = 0;
        }
        error = (struct adv_error)ADV_ERROR_INIT;
        ck_assert_int_eq(adv_query_check(&query, model, &error), ADV_E_INVALID);
        ck_assert_str_eq(error.field, fields[i]);
    }
    adv_model_unref(model);
}
END_TEST

/* As programs that were built with an older or a newer header hand it over. */
START_TEST(queries_of_other_versions_are_read)
{
    struct adv_model *model = plane_model();
    struct adv_error error = ADV_ERROR_INIT;
    struct {
        struct adv_query query;
        long long newer;
    } ahead = {.query = adv_query_default(ADV_QUERY_SAMPLES)};
    ahead.query.size = sizeof ahead;
    ck_assert_msg(adv_query_check(&ahead.query, model, &error) == ADV_OK, "%s", error.message);
    ahead.newer = 1;
    ck_assert_int_eq(adv_query_check(&ahead.query, model, &error), ADV_E_UNSUPPORTED);
    ck_assert_str_eq(error.field, "size");
    error = (struct adv_error)ADV_ERROR_INIT;
    struct adv_query unsized = {.kind = ADV_QUERY_SAMPLES, .n = 1};
    ck_assert_int_eq(adv_query_check(&unsized, model, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "size");

    /* One without the last members, behind which lies something else. */
    struct adv_query older = adv_query_default(ADV_QUERY_SAMPLES);
    older.size = offsetof(struct adv_query, space);
    memset(&older.space, 0x7f, sizeof older - older.size);
    ck_assert_msg(adv_query_check(&older, model, NULL) == ADV_OK, "space was read");
    adv_model_unref(model);
}
END_TEST

START_TEST(a_run_can_be_cancelled_and_a_failure_names_its_row)
{
    struct adv_model *model = plane_model();
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    query.n = 1000;
    ck_assert_int_eq(adv_run_new(model, &query, &run, &error), ADV_OK);
    struct adv_run_options options = {.size = sizeof options, .cancelled = at_once};
    ck_assert_int_eq(adv_run_all(run, &options, &answer, &error), ADV_E_CANCELLED);
    adv_run_free(run);

    unsigned char flags[3] = {1, 0, 1}; /* only the one in the middle counts */
    options = (struct adv_run_options){
        .size = sizeof options, .cancelled = adv_run_cancelled_by, .context = &flags[1]};
    error = (struct adv_error)ADV_ERROR_INIT;
    ck_assert_int_eq(adv_run_new(model, &query, &run, &error), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, &options, &answer, &error), ADV_OK);
    adv_run_free(run);
    answer = NULL;
    flags[1] = 1;
    ck_assert_int_eq(adv_run_new(model, &query, &run, &error), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, &options, &answer, &error), ADV_E_CANCELLED);
    adv_run_free(run);

    const float far[4] = {0, 0, 3e38f, 3e38f};
    error = (struct adv_error)ADV_ERROR_INIT;
    query.n = 2;
    query.points = far;
    ck_assert_int_eq(adv_run_new(model, &query, &run, &error), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, NULL, &answer, &error), ADV_E_NUMERIC);
    ck_assert_msg(strstr(error.message, "row 1 ") && strstr(error.message, "not finite"), "%s",
                  error.message);
    ck_assert_ptr_null(answer);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

/* Loop index: log-densities; latents. */
START_TEST(one_row_that_fails_leaves_the_others_their_answers)
{
    struct adv_model *model = plane_model();
    const enum adv_query_kind kinds[] = {ADV_QUERY_LOG_DENSITY, ADV_QUERY_LATENTS};
    const float points[6] = {0.25f, -0.5f, 3e38f, 3e38f, 1, 1}, good[4] = {0.25f, -0.5f, 1, 1};
    struct adv_query query = adv_query_default(kinds[_i]);
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_run *run = NULL, *alone = NULL;
    const struct adv_answer *answer = NULL, *expected = NULL;
    query.rows_may_fail = true;
    query.space = ADV_SPACE_FLOW;
    query.n = 3;
    query.points = points;
    ck_assert_int_eq(adv_run_new(model, &query, &run, &error), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, NULL, &answer, &error), ADV_OK);
    query.n = 2;
    query.points = good;
    ck_assert_int_eq(adv_run_new(model, &query, &alone, &error), ADV_OK);
    ck_assert_int_eq(adv_run_all(alone, NULL, &expected, &error), ADV_OK);
    ck_assert_ptr_null(expected->failures);
    const float *x = _i ? answer->states : answer->latents;
    const float *wanted = _i ? expected->states : expected->latents;
    ck_assert_mem_eq(x, wanted, 2 * sizeof *x);
    ck_assert_mem_eq(x + 4, wanted + 2, 2 * sizeof *x);
    ck_assert(isnan(x[2]) && isnan(x[3]) && (_i || isnan(answer->log_density[1])));
    ck_assert(!answer->failures[0] && !answer->failures[2]);
    ck_assert_str_eq(answer->failures[1], "the velocity is not finite");
    adv_run_free(alone);
    adv_run_free(run);

    query.n = 1; /* where all rows fail, so does the query */
    query.points = points + 2;
    ck_assert_int_eq(adv_run_new(model, &query, &run, &error), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, NULL, &answer, &error), ADV_E_NUMERIC);
    ck_assert_msg(strstr(error.message, "row 0 ") != NULL, "%s", error.message);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("query");
    TCase *tests = tcase_create("query");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, log_density_of_a_sample_is_that_of_its_point);
    tcase_add_loop_test(tests, nothing_is_allocated_after_the_first_turn, 0, 4);
    tcase_add_loop_test(tests, a_turn_is_bounded_however_many_tangents_a_row_has, 0, 2);
    tcase_add_test(tests, densities_integrate_to_one);
    tcase_add_test(tests, a_sample_is_the_same_alone_in_a_batch_and_on_any_threads);
    tcase_add_test(tests, trajectories_end_in_the_samples);
    tcase_add_test(tests, hutchinson_agrees_with_exact_within_its_error);
    tcase_add_test(tests, renewed_probes_err_less);
    tcase_add_test(tests, as_many_probes_as_dimensions_are_exact);
    tcase_add_test(tests, velocity_is_the_slope_of_trajectories);
    tcase_add_test(tests, image_densities_come_in_bits_too);
    tcase_add_test(tests, images_are_sampled_with_fewer_velocities);
    tcase_add_test(tests, the_cost_grows_with_the_accuracy);
    tcase_add_test(tests, a_model_may_name_the_guidance_of_its_samples);
    tcase_add_test(tests, queries_are_checked_against_their_model);
    tcase_add_test(tests, progress_ends_at_one);
    tcase_add_test(tests, what_a_program_forgets_is_refused);
    tcase_add_test(tests, queries_of_other_versions_are_read);
    tcase_add_test(tests, a_run_can_be_cancelled_and_a_failure_names_its_row);
    tcase_add_loop_test(tests, one_row_that_fails_leaves_the_others_their_answers, 0, 2);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
