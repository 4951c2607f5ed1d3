/* Planning and execution, on random graphs: where buffers are put, and that sharing one arena
 * cannot be seen in the results. Compiled with float, and with double for the derivatives. */
#include "core/base/mem.h"
#include "tests/graphs.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_GRAPHS 100
#define TANGENTS 3

static const enum adv_mode modes[] = {ADV_EVAL, ADV_JVP, ADV_TRAIN};

static size_t tangents_of(enum adv_mode mode)
{
    return mode == ADV_JVP ? TANGENTS : 0;
}

static struct adv_plan *new_plan(const struct adv_graph *graph, enum adv_mode mode, size_t rows,
                                 size_t conditions)
{
    struct adv_plan *plan = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_plan_new(graph, mode, rows, conditions, tangents_of(mode), &plan, &error) ==
                      ADV_OK,
                  "%s", error.message);
    return plan;
}

/* ---- placement ---- */

static bool alive_together(const struct adv_slot *a, const struct adv_slot *b)
{
    return a->begin <= b->end && b->begin <= a->end;
}

static bool overlap(const struct adv_slot *a, const struct adv_slot *b)
{
    return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

static size_t sum_of_slots(const struct adv_plan *plan)
{
    size_t sum = 0;
    for (size_t i = 0; i < plan->n_slots; i++)
        sum += plan->slots[i].bytes;
    return sum;
}

static void check_slots(const struct adv_plan *plan)
{
    for (size_t i = 0; i < plan->n_slots; i++) {
        const struct adv_slot *slot = &plan->slots[i];
        ck_assert_int_le(slot->begin, slot->end);
        ck_assert_uint_eq(slot->offset % ADV_CACHE_LINE, 0);
        ck_assert_uint_le(slot->offset + slot->bytes, plan->arena_bytes);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(!alive_together(slot, &plan->slots[j]) || !overlap(slot, &plan->slots[j]),
                          "slots %zu and %zu overlap while both are alive", i, j);
    }
    ck_assert_uint_le(plan->arena_bytes, sum_of_slots(plan));
}

START_TEST(buffers_alive_at_once_do_not_overlap)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, false);
    for (size_t m = 0; m < ADV_COUNT(modes); m++) {
        struct adv_plan *plan = new_plan(&scene.graph, modes[m], SCENE_ROWS, SCENE_CONDITIONS);
        check_slots(plan);
        adv_plan_free(plan);
    }
    scene_release(&scene);
}
END_TEST

static size_t chain_bytes(size_t depth, bool residual, enum adv_mode mode)
{
    struct scene scene;
    scene_init_chain(&scene, depth, residual);
    struct adv_plan *plan = new_plan(&scene.graph, mode, 24, 24);
    size_t bytes = plan->arena_bytes;
    ck_assert_uint_lt(bytes, sum_of_slots(plan));
    adv_plan_free(plan);
    scene_release(&scene);
    return bytes;
}

/* Evaluation holds a few layers at a time, however deep the chain; training keeps one buffer of
 * 24 rows by 32 numbers per layer, the activation that backward reads. */
START_TEST(only_training_memory_grows_with_depth)
{
    for (int residual = 0; residual < 2; residual++) {
        ck_assert_uint_eq(chain_bytes(40, residual, ADV_EVAL), chain_bytes(4, residual, ADV_EVAL));
        ck_assert_uint_eq(chain_bytes(40, residual, ADV_JVP), chain_bytes(4, residual, ADV_JVP));
        size_t kept = residual ? 2 : 1; /* residual: relu's output, and the sum */
        ck_assert_uint_eq(chain_bytes(40, residual, ADV_TRAIN) -
                              chain_bytes(20, residual, ADV_TRAIN),
                          20 * kept * 24 * 32 * sizeof(adv_real));
    }
}
END_TEST

/* Two buffers of the hidden width, from one of which the product makes the other: relu works in
 * place, and so does the residual sum, into relu's result. */
START_TEST(a_chain_needs_two_buffers_a_residual_one_too)
{
    size_t one = 24 * 32 * sizeof(adv_real);
    ck_assert_uint_eq(chain_bytes(8, false, ADV_EVAL), 2 * one);
    ck_assert_uint_eq(chain_bytes(8, true, ADV_EVAL), 2 * one);
}
END_TEST

START_TEST(rows_within_fit_and_are_whole_tiles)
{
    static const size_t budgets[] = {1, 10000, 100000, 1 << 20};
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, false);
    for (size_t m = 0; m < ADV_COUNT(modes); m++) {
        for (size_t b = 0; b < ADV_COUNT(budgets); b++) {
            size_t rows = adv_plan_rows_within(&scene.graph, modes[m], tangents_of(modes[m]),
                                               budgets[b], 384);
            ck_assert(rows >= 12 && rows <= 384 && rows % 12 == 0);
            struct adv_plan *plan = new_plan(&scene.graph, modes[m], rows, rows);
            ck_assert_msg(rows == 12 || plan->arena_bytes <= budgets[b],
                          "%zu rows take %zu bytes of %zu", rows, plan->arena_bytes, budgets[b]);
            adv_plan_free(plan);
        }
    }
    scene_release(&scene);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
    struct scene scene;
    scene_init_chain(&scene, 1, false);
    struct adv_plan *plan = NULL;
    for (size_t m = 0; m < ADV_COUNT(modes); m++) {
        struct adv_error error = ADV_ERROR_INIT;
        ck_assert_int_eq(adv_plan_new(&scene.graph, modes[m], SIZE_MAX / 8, 1,
                                      tangents_of(modes[m]), &plan, &error),
                         ADV_E_MEMORY);
        ck_assert_int_eq(error.status, ADV_E_MEMORY);
    }
    ck_assert_int_eq(adv_plan_new(&scene.graph, ADV_JVP, 2, 1, SIZE_MAX / 2, &plan, NULL),
                     ADV_E_MEMORY);
    ck_assert_ptr_null(plan);
    scene_release(&scene);
}
END_TEST

/* ---- execution ---- */

/* A plan of one mode with its memory and weights, for batches up to the given size. */
struct run {
    struct adv_plan *plan;
    struct adv_weights weights;
    struct adv_exec exec;
};

static void run_init(struct run *run, const struct scene *scene, enum adv_mode mode, bool prepare,
                     size_t rows, size_t conditions)
{
    run->plan = new_plan(&scene->graph, mode, rows, conditions);
    ck_assert_int_eq(adv_weights_init(&run->weights, &scene->graph, scene->flat, prepare,
                                      adv_kernels_best(), NULL),
                     ADV_OK);
    ck_assert_int_eq(adv_exec_init(&run->exec, run->plan, &run->weights, NULL), ADV_OK);
    poison(run->plan->arena_bytes / sizeof(adv_real), (adv_real *)(void *)run->exec.arena);
}

static void run_release(struct run *run)
{
    adv_exec_release(&run->exec);
    adv_weights_release(&run->weights);
    adv_plan_free(run->plan);
}

/* The arena begins as NaN, so a read before the write, or after another's, shows. Rooms for more
 * rows and conditions than there are change nothing. */
START_TEST(forward_is_that_of_separate_buffers)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, false);
    size_t n = scene.inputs.rows * scene.dim;
    for (size_t m = 0; m < ADV_COUNT(modes); m++) {
        for (size_t spare = 0; spare <= 4; spare += 4) {
            struct run run;
            struct naive naive;
            run_init(&run, &scene, modes[m], modes[m] != ADV_TRAIN, SCENE_ROWS + spare,
                     SCENE_CONDITIONS + spare);
            naive_init(&naive, &scene.graph, &run.weights, &scene.inputs);
            const adv_real *expected = naive.value[scene.graph.output];
            ck_assert(all_finite(n, expected));
            for (int sweep = 0; sweep < 2; sweep++)
                ck_assert(same_bytes(n, adv_exec_forward(&run.exec, &scene.inputs), expected));
            naive_release(&naive);
            run_release(&run);
        }
    }
    scene_release(&scene);
}
END_TEST

START_TEST(tangents_are_those_of_separate_buffers)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, false);
    size_t n = scene.inputs.rows * scene.dim;
    adv_real dx[TANGENTS * SCENE_ROWS * 8];
    random_fill(&scene.random, -1, 1, TANGENTS * n, dx);
    for (size_t spare = 0; spare <= 4; spare += 4) {
        struct run run;
        struct naive naive;
        run_init(&run, &scene, ADV_JVP, true, SCENE_ROWS + spare, SCENE_CONDITIONS + spare);
        naive_init(&naive, &scene.graph, &run.weights, &scene.inputs);
        for (size_t count = 1; count <= TANGENTS; count++) {
            const adv_real *d_out = NULL;
            size_t stride = 0;
            const adv_real *v =
                adv_exec_tangents(&run.exec, &scene.inputs, count, dx, &d_out, &stride);
            ck_assert(same_bytes(n, v, naive.value[scene.graph.output]));
            for (size_t k = 0; k < count; k++) {
                naive_tangents(&naive, dx + k * n);
                ck_assert(same_bytes(n, d_out + k * stride, naive.tangent[scene.graph.output]));
            }
        }
        naive_release(&naive);
        run_release(&run);
    }
    scene_release(&scene);
}
END_TEST

static adv_real *new_zeros(size_t n)
{
    adv_real *zeros = adv_calloc(n, sizeof *zeros);
    ck_assert_ptr_nonnull(zeros);
    return zeros;
}

START_TEST(backward_is_that_of_separate_buffers)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, false);
    size_t n = scene.inputs.rows * scene.dim, n_weights = scene.graph.n_weights;
    adv_real g_out[SCENE_ROWS * 8];
    random_fill(&scene.random, -1, 1, n, g_out);
    for (size_t spare = 0; spare <= 4; spare += 4) {
        struct run run;
        struct naive naive;
        run_init(&run, &scene, ADV_TRAIN, false, SCENE_ROWS + spare, SCENE_CONDITIONS + spare);
        naive_init(&naive, &scene.graph, &run.weights, &scene.inputs);
        naive_backward(&naive, g_out);
        for (int with_x = 0; with_x < 2; with_x++) {
            adv_real *g_weights = new_zeros(n_weights), *g_x = new_zeros(n);
            adv_exec_forward(&run.exec, &scene.inputs);
            adv_exec_backward(&run.exec, &scene.inputs, g_out, g_weights, with_x ? g_x : NULL);
            ck_assert(same_bytes(n_weights, g_weights, naive.g_weights));
            ck_assert(!with_x || same_bytes(n, g_x, naive.adjoint[scene.graph.x]));
            free(g_weights);
            free(g_x);
        }
        naive_release(&naive);
        run_release(&run);
    }
    scene_release(&scene);
}
END_TEST

START_TEST(prepared_weights_change_rounding_only)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, false);
    struct run prepared, plain;
    run_init(&prepared, &scene, ADV_EVAL, true, SCENE_ROWS, SCENE_CONDITIONS);
    run_init(&plain, &scene, ADV_EVAL, false, SCENE_ROWS, SCENE_CONDITIONS);
    size_t n = scene.inputs.rows * scene.dim;
    const adv_real *a = adv_exec_forward(&prepared.exec, &scene.inputs);
    const adv_real *b = adv_exec_forward(&plain.exec, &scene.inputs);
    /* tens of sums in a row, whose terms may be a thousand times their sum */
    ck_assert_double_le(largest_difference(n, a, b), 3e4 * ROUNDOFF * fmax(1, largest(n, b)));
    run_release(&prepared);
    run_release(&plain);
    scene_release(&scene);
}
END_TEST

/* ---- derivatives of whole graphs ---- */

/* <w, J v> = <J' w, v> for x; the tangents are exact, so rounding alone separates the sides. */
START_TEST(backward_is_the_transpose_of_tangents)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, false);
    size_t n = scene.inputs.rows * scene.dim, stride;
    adv_real dx[SCENE_ROWS * 8], w[SCENE_ROWS * 8];
    random_fill(&scene.random, -1, 1, n, dx);
    random_fill(&scene.random, -1, 1, n, w);
    struct run jvp, train;
    run_init(&jvp, &scene, ADV_JVP, false, SCENE_ROWS, SCENE_CONDITIONS);
    run_init(&train, &scene, ADV_TRAIN, false, SCENE_ROWS, SCENE_CONDITIONS);
    adv_real *g_weights = new_zeros(scene.graph.n_weights), *g_x = new_zeros(n);
    const adv_real *dv;
    adv_exec_tangents(&jvp.exec, &scene.inputs, 1, dx, &dv, &stride);
    adv_exec_forward(&train.exec, &scene.inputs);
    adv_exec_backward(&train.exec, &scene.inputs, w, g_weights, g_x);
    double scale = (double)n * fmax(1, fmax(largest(n, dv), largest(n, g_x)));
    ck_assert_double_le(fabs(dot(n, w, dv) - dot(n, g_x, dx)), 3e4 * ROUNDOFF * scale);
    free(g_weights);
    free(g_x);
    run_release(&jvp);
    run_release(&train);
    scene_release(&scene);
}
END_TEST

/* d <w, forward> by moving `moved` [n] along direction by a small step to either side. */
static double slope_of(struct run *run, const struct scene *scene, adv_real *moved, size_t n,
                       const adv_real *direction, const adv_real *w)
{
    size_t n_out = scene->inputs.rows * scene->dim;
    adv_real *saved = new_zeros(n);
    double values[2];
    memcpy(saved, moved, n * sizeof *saved);
    for (int side = 0; side < 2; side++) {
        double step = side ? DIFFERENCE_STEP : -DIFFERENCE_STEP;
        for (size_t i = 0; i < n; i++)
            moved[i] = saved[i] + (adv_real)(step * (double)direction[i]);
        values[side] = dot(n_out, w, adv_exec_forward(&run->exec, &scene->inputs));
    }
    memcpy(moved, saved, n * sizeof *saved);
    free(saved);
    return (values[1] - values[0]) / (2 * DIFFERENCE_STEP);
}

START_TEST(gradients_match_central_differences)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, true);
    size_t n = scene.inputs.rows * scene.dim, n_weights = scene.graph.n_weights;
    adv_real *dx = new_zeros(n), *dw = new_zeros(n_weights), *w = new_zeros(n);
    adv_real *g_weights = new_zeros(n_weights), *g_x = new_zeros(n);
    random_fill(&scene.random, -1, 1, n, dx);
    random_fill(&scene.random, -1, 1, n_weights, dw);
    random_fill(&scene.random, -1, 1, n, w);
    struct run run;
    run_init(&run, &scene, ADV_TRAIN, false, SCENE_ROWS, SCENE_CONDITIONS);
    adv_exec_forward(&run.exec, &scene.inputs);
    adv_exec_backward(&run.exec, &scene.inputs, w, g_weights, g_x);
    double along_x = dot(n, g_x, dx), along_w = dot(n_weights, g_weights, dw);
    double x_slope = slope_of(&run, &scene, scene.x, n, dx, w);
    double w_slope = slope_of(&run, &scene, scene.flat, n_weights, dw, w);
    double tolerance = DIFFERENCE_TOLERANCE * (double)n;
    ck_assert_double_le(fabs(along_x - x_slope), tolerance * fmax(1, largest(n, g_x)));
    ck_assert_double_le(fabs(along_w - w_slope),
                        tolerance * fmax(1, largest(n_weights, g_weights)));
    run_release(&run);
    free(dx);
    free(dw);
    free(w);
    free(g_weights);
    free(g_x);
    scene_release(&scene);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan");
    TCase *placement = tcase_create("placement");
    tcase_add_loop_test(placement, buffers_alive_at_once_do_not_overlap, 0, N_GRAPHS);
    tcase_add_loop_test(placement, rows_within_fit_and_are_whole_tiles, 0, N_GRAPHS);
    tcase_add_test(placement, only_training_memory_grows_with_depth);
    tcase_add_test(placement, a_chain_needs_two_buffers_a_residual_one_too);
    tcase_add_test(placement, sizes_that_overflow_are_refused);
    suite_add_tcase(suite, placement);

    TCase *execution = tcase_create("execution");
    tcase_add_loop_test(execution, forward_is_that_of_separate_buffers, 0, N_GRAPHS);
    tcase_add_loop_test(execution, tangents_are_those_of_separate_buffers, 0, N_GRAPHS);
    tcase_add_loop_test(execution, backward_is_that_of_separate_buffers, 0, N_GRAPHS);
    tcase_add_loop_test(execution, prepared_weights_change_rounding_only, 0, N_GRAPHS);
    suite_add_tcase(suite, execution);

    TCase *derivatives = tcase_create("derivatives");
    tcase_add_loop_test(derivatives, backward_is_the_transpose_of_tangents, 0, N_GRAPHS);
    tcase_add_loop_test(derivatives, gradients_match_central_differences, 0, N_GRAPHS);
    suite_add_tcase(suite, derivatives);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
