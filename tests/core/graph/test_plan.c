/* Planning and execution, on random graphs: where buffers are put, and that sharing one arena
 * cannot be seen in the results. Compiled with float, and with double for the derivatives. */
#include "core/base/mem.h"
#include "tests/core/ops/derivatives.h"
#include "tests/core/ops/sweeps.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_GRAPHS 40

static const enum adv_mode modes[] = {ADV_EVAL, ADV_JVP, ADV_TRAIN};

static struct adv_plan *plan_of(const struct scene *scene, enum adv_mode mode, size_t rows)
{
    return new_plan(scene->graph, mode, rows, rows, scene_tangents(mode));
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
        struct adv_plan *plan = plan_of(&scene, modes[m], SCENE_ROWS);
        check_slots(plan);
        adv_plan_free(plan);
    }
    scene_release(&scene);
}
END_TEST

/* Of values, tangents and adjoints; the products' scratch is one slot whatever the depth. */
static size_t chain_bytes(size_t depth, bool residual, enum adv_mode mode)
{
    struct scene scene;
    scene_init_chain(&scene, depth, residual);
    struct adv_plan *plan = plan_of(&scene, mode, 24);
    size_t bytes = plan->arena_bytes;
    ck_assert_uint_lt(bytes, sum_of_slots(plan));
    ck_assert_uint_ne(plan->scratch_slot, ADV_NO_SLOT);
    bytes -= plan->slots[plan->scratch_slot].bytes;
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
            size_t rows = 0;
            ck_assert_int_eq(adv_plan_rows_within(scene.graph, adv_kernels_best(), modes[m],
                                                  scene_tangents(modes[m]), budgets[b], 384, &rows,
                                                  NULL),
                             ADV_OK);
            ck_assert(rows >= 2 && rows <= 384 && (rows < 12 || rows % 12 == 0));
            struct adv_plan *plan = plan_of(&scene, modes[m], rows);
            ck_assert_msg(rows == 2 || plan->arena_bytes <= budgets[b],
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
        ck_assert_int_eq(adv_plan_new(scene.graph, adv_kernels_best(), modes[m], SIZE_MAX / 8, 1,
                                      scene_tangents(modes[m]), &plan, &error),
                         ADV_E_MEMORY);
        ck_assert_int_eq(error.status, ADV_E_MEMORY);
    }
    /* What is returned is this failure, whatever the report holds of another. */
    struct adv_error full = {.status = ADV_E_IO, .message = "an earlier one"};
    ck_assert_int_eq(
        adv_plan_new(scene.graph, adv_kernels_best(), ADV_JVP, 2, 1, SIZE_MAX / 2, &plan, &full),
        ADV_E_MEMORY);
    ck_assert_str_eq(full.message, "an earlier one");
    ck_assert_ptr_null(plan);
    scene_release(&scene);
}
END_TEST

/* ---- execution ---- */

START_TEST(sweeps_are_those_of_separate_buffers)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, false);
    check_forward_sweep(&scene);
    check_tangent_sweep(&scene);
    check_backward_sweep(&scene);
    scene_release(&scene);
}
END_TEST

START_TEST(the_purpose_of_weights_changes_rounding_only)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, false);
    struct run packed, plain;
    run_init(&packed, &scene, ADV_EVAL, ADV_TO_EVALUATE, 0);
    run_init(&plain, &scene, ADV_EVAL, ADV_TO_TRAIN, 0);
    size_t n = scene.inputs.rows * scene.dim;
    const adv_real *a = adv_exec_forward(&packed.exec, &scene.inputs);
    const adv_real *b = adv_exec_forward(&plain.exec, &scene.inputs);
    /* tens of sums in a row, whose terms may be a thousand times their sum */
    ck_assert_double_le(largest_difference(n, a, b), 3e4 * ROUNDOFF * fmax(1, largest(n, b)));
    run_release(&packed);
    run_release(&plain);
    scene_release(&scene);
}
END_TEST

/* ---- derivatives of whole graphs ---- */

START_TEST(backward_is_the_transpose_of_tangents)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, false);
    check_transpose(&scene);
    scene_release(&scene);
}
END_TEST

START_TEST(gradients_match_central_differences)
{
    struct scene scene;
    scene_init_random(&scene, (uint64_t)_i, true);
    check_differences(&scene, DIFFERENCE_STEP);
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
    tcase_add_loop_test(execution, sweeps_are_those_of_separate_buffers, 0, N_GRAPHS);
    tcase_add_loop_test(execution, the_purpose_of_weights_changes_rounding_only, 0, N_GRAPHS);
    suite_add_tcase(suite, execution);

    TCase *derivatives = tcase_create("derivatives");
    tcase_add_loop_test(derivatives, backward_is_the_transpose_of_tangents, 0, N_GRAPHS);
    tcase_add_loop_test(derivatives, gradients_match_central_differences, 0, N_GRAPHS);
    suite_add_tcase(suite, derivatives);

    return suite_run(suite);
}
