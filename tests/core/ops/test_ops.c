/* Properties that every op must have, walked over the table of ops. Compiled with float, and
 * with double, where the derivative tests bite. */
#include "core/base/mem.h"
#include "tests/core/ops/examples.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t row_counts[] = {TRIAL_ROWS, 1};

/* ---- central differences ---- */

/* out [n_out] = forward with `operand` moved by `step` along direction. */
static void forward_moved(struct trial *trial, struct guarded *operand, const adv_real *direction,
                          double step, adv_real *out)
{
    adv_real *saved = malloc(operand->n * sizeof *saved);
    ck_assert_ptr_nonnull(saved);
    memcpy(saved, operand->data, operand->n * sizeof *saved);
    for (size_t i = 0; i < operand->n; i++)
        operand->data[i] += (adv_real)(step * (double)direction[i]);
    struct adv_call call = trial->call;
    call.out = out;
    trial_prepare(trial);
    trial->op->forward(&call);
    memcpy(operand->data, saved, operand->n * sizeof *saved);
    trial_prepare(trial);
    free(saved);
}

/* slope [n_out] += d forward / d operand along direction, by central differences. */
static void add_slope(struct trial *trial, struct guarded *operand, const adv_real *direction,
                      adv_real *slope)
{
    adv_real *ahead = malloc(trial->n_out * sizeof *ahead);
    adv_real *behind = malloc(trial->n_out * sizeof *behind);
    ck_assert(ahead && behind);
    forward_moved(trial, operand, direction, DIFFERENCE_STEP, ahead);
    forward_moved(trial, operand, direction, -DIFFERENCE_STEP, behind);
    for (size_t i = 0; i < trial->n_out; i++)
        slope[i] += (ahead[i] - behind[i]) / (adv_real)(2 * DIFFERENCE_STEP);
    free(ahead);
    free(behind);
}

/* ---- the properties ---- */

START_TEST(every_op_has_an_example)
{
    for (const struct adv_op *const *op = adv_ops; *op; op++) {
        bool found = false;
        for (int i = 0; i < n_op_examples; i++)
            found = found || op_examples[i].op == *op;
        ck_assert_msg(found, "op %s has no example", (*op)->name);
    }
}
END_TEST

START_TEST(forward_fills_its_output_and_nothing_else)
{
    for (size_t k = 0; k < ADV_COUNT(row_counts); k++) {
        struct trial trial;
        trial_init(&trial, &op_examples[_i], row_counts[k]);
        ck_assert_msg(all_finite(trial.n_out, trial.out.data), "%s", trial.op->name);
        trial_release(&trial);
    }
}
END_TEST

START_TEST(tangents_match_central_differences)
{
    struct trial trial;
    trial_init(&trial, &op_examples[_i], TRIAL_ROWS);
    for (unsigned mask = 1; mask <= moving_inputs(&trial); mask++) {
        struct directions d;
        directions_init(&d, &trial, mask);
        struct guarded d_out, slope;
        guarded_init(&d_out, trial.n_out);
        guarded_init(&slope, trial.n_out);
        memset(slope.data, 0, trial.n_out * sizeof(adv_real));
        push_tangent(trial.op, &trial.call, d.d_in, d_out.data);
        for (int i = 0; i < trial.op->n_inputs; i++) {
            if (d.d_in[i])
                add_slope(&trial, &trial.in[i], d.d_in[i], slope.data);
        }
        double scale = fmax(1, largest(trial.n_out, slope.data));
        ck_assert_double_le(largest_difference(trial.n_out, d_out.data, slope.data),
                            DIFFERENCE_TOLERANCE * scale);
        release_checked(&d_out);
        release_checked(&slope);
        directions_release(&d);
    }
    trial_release(&trial);
}
END_TEST

/* Three tangents, which lie apart by more than their size, have the bytes of each alone, and what
 * lies between them is left as it is. */
START_TEST(tangents_do_not_depend_on_each_other)
{
    enum { N = 3, GAP = 5 };
    struct trial trial;
    trial_init(&trial, &op_examples[_i], TRIAL_ROWS);
    size_t stride = trial.n_out + GAP;
    for (unsigned mask = 1; mask <= moving_inputs(&trial); mask++) {
        struct guarded in[ADV_OP_MAX_INPUTS], all, alone;
        struct adv_tangents d = {.n = N, .out_stride = stride};
        struct random random = {mask};
        guarded_init(&all, N * stride);
        guarded_init(&alone, trial.n_out);
        for (int i = 0; i < ADV_OP_MAX_INPUTS; i++) {
            d.in_stride[i] = (size_t)i + trial.n_in[i];
            guarded_init(&in[i], N * d.in_stride[i]);
            random_fill(&random, -1, 1, N * d.in_stride[i], in[i].data);
            d.in[i] = mask & 1u << i ? in[i].data : NULL;
        }
        d.out = all.data;
        guarded_poison(&all);
        adv_op_push(trial.op, &trial.call, &d);
        for (size_t k = 0; k < N; k++) {
            const adv_real *d_in[ADV_OP_MAX_INPUTS];
            for (int i = 0; i < ADV_OP_MAX_INPUTS; i++)
                d_in[i] = adv_tangent_in(&d, k, i);
            guarded_poison(&alone);
            push_tangent(trial.op, &trial.call, d_in, alone.data);
            ck_assert_msg(same_bytes(trial.n_out, alone.data, adv_tangent_out(&d, k)), "%s: %zu",
                          trial.op->name, k);
            for (size_t i = 0; i < GAP; i++)
                ck_assert(isnan(adv_tangent_out(&d, k)[trial.n_out + i]));
        }
        for (int i = 0; i < ADV_OP_MAX_INPUTS; i++)
            release_checked(&in[i]);
        release_checked(&all);
        release_checked(&alone);
    }
    trial_release(&trial);
}
END_TEST

/* <w, J v> = <J' w, v>: backward is the transpose of tangent. Both sides are sums of the same
 * products in another order. */
START_TEST(backward_is_the_transpose_of_tangent)
{
    struct trial trial;
    trial_init(&trial, &op_examples[_i], TRIAL_ROWS);
    for (unsigned mask = 1; mask <= moving_inputs(&trial); mask++) {
        struct directions d;
        struct adjoints g;
        struct guarded d_out;
        directions_init(&d, &trial, mask);
        adjoints_init(&g, &trial, mask);
        guarded_init(&d_out, trial.n_out);
        adv_real *w = random_weights(&trial);
        push_tangent(trial.op, &trial.call, d.d_in, d_out.data);
        trial.op->backward(&trial.call, w, g.g_in, g.g_param);
        double forward = dot(trial.n_out, w, d_out.data), reverse = 0;
        for (int i = 0; i < trial.op->n_inputs; i++)
            reverse += d.d_in[i] ? dot(trial.n_in[i], g.g_in[i], d.d_in[i]) : 0;
        double scale = (double)trial.n_out * fmax(1, largest(trial.n_out, d_out.data));
        ck_assert_double_le(fabs(forward - reverse), 64 * ROUNDOFF * scale);
        free(w);
        release_checked(&d_out);
        adjoints_release(&g);
        directions_release(&d);
    }
    trial_release(&trial);
}
END_TEST

/* The same for parameters, along which there is no tangent but central differences. */
START_TEST(backward_reaches_the_parameters)
{
    struct trial trial;
    trial_init(&trial, &op_examples[_i], TRIAL_ROWS);
    for (int i = 0; i < trial.signature.n_params && !trial.op->fixed_params; i++) {
        struct adjoints g;
        struct guarded slope, direction;
        adjoints_init(&g, &trial, 1u << (trial.op->n_inputs + i));
        guarded_init(&slope, trial.n_out);
        memset(slope.data, 0, trial.n_out * sizeof(adv_real));
        guarded_init(&direction, trial.n_param[i]);
        random_fill(&trial.random, -1, 1, direction.n, direction.data);
        adv_real *w = random_weights(&trial);
        add_slope(&trial, &trial.param[i], direction.data, slope.data);
        trial.op->backward(&trial.call, w, g.g_in, g.g_param);
        double forward = dot(trial.n_out, w, slope.data);
        double reverse = dot(direction.n, g.g_param[i], direction.data);
        double scale = (double)trial.n_out * fmax(1, largest(trial.n_out, slope.data));
        ck_assert_double_le(fabs(forward - reverse), DIFFERENCE_TOLERANCE * scale);
        free(w);
        release_checked(&slope);
        release_checked(&direction);
        adjoints_release(&g);
    }
    trial_release(&trial);
}
END_TEST

START_TEST(unwanted_adjoints_change_nothing_in_the_others)
{
    struct trial trial;
    trial_init(&trial, &op_examples[_i], TRIAL_ROWS);
    unsigned every = (1u << n_operands(&trial)) - 1;
    adv_real *w = random_weights(&trial);
    struct adjoints all;
    adjoints_init(&all, &trial, every);
    trial.op->backward(&trial.call, w, all.g_in, all.g_param);
    for (unsigned mask = 0; mask < every; mask++) {
        struct adjoints some;
        adjoints_init(&some, &trial, mask);
        trial.op->backward(&trial.call, w, some.g_in, some.g_param);
        for (int k = 0; k < n_operands(&trial); k++)
            ck_assert(!some.of[k].data ||
                      same_bytes(some.of[k].n, some.of[k].data, all.of[k].data));
        adjoints_release(&some);
    }
    adjoints_release(&all);
    free(w);
    trial_release(&trial);
}
END_TEST

START_TEST(backward_adds_to_what_is_there)
{
    struct trial trial;
    trial_init(&trial, &op_examples[_i], TRIAL_ROWS);
    unsigned every = (1u << n_operands(&trial)) - 1;
    adv_real *w = random_weights(&trial);
    struct adjoints from_zero, from_seven;
    adjoints_init(&from_zero, &trial, every);
    adjoints_init(&from_seven, &trial, every);
    for (int k = 0; k < n_operands(&trial); k++) {
        for (size_t i = 0; i < from_seven.of[k].n; i++)
            from_seven.of[k].data[i] = 7;
    }
    trial.op->backward(&trial.call, w, from_zero.g_in, from_zero.g_param);
    trial.op->backward(&trial.call, w, from_seven.g_in, from_seven.g_param);
    for (int k = 0; k < n_operands(&trial); k++) {
        struct guarded *added = &from_seven.of[k];
        for (size_t i = 0; i < added->n; i++)
            added->data[i] -= 7;
        /* a handful of additions, each rounded at the size of 7 and the adjoint */
        double scale = 7 + largest(added->n, from_zero.of[k].data);
        ck_assert_double_le(largest_difference(added->n, added->data, from_zero.of[k].data),
                            32 * ROUNDOFF * scale);
    }
    adjoints_release(&from_zero);
    adjoints_release(&from_seven);
    free(w);
    trial_release(&trial);
}
END_TEST

START_TEST(in_place_gives_the_same_bytes)
{
    struct trial trial;
    trial_init(&trial, &op_examples[_i], TRIAL_ROWS);
    if (trial.op->in_place) {
        ck_assert_uint_eq(trial.n_out, trial.n_in[0]);
        struct adv_call over = trial.call;
        struct guarded both;
        guarded_init(&both, trial.n_out);
        memcpy(both.data, trial.in[0].data, trial.n_out * sizeof(adv_real));
        over.in[0] = over.out = both.data;
        trial.op->forward(&over);
        ck_assert(same_bytes(trial.n_out, both.data, trial.out.data));
        release_checked(&both);
    }
    for (unsigned mask = 1; trial.op->in_place && mask <= moving_inputs(&trial); mask += 2) {
        struct directions d;
        struct guarded d_out;
        directions_init(&d, &trial, mask);
        guarded_init(&d_out, trial.n_out);
        push_tangent(trial.op, &trial.call, d.d_in, d_out.data);
        push_tangent(trial.op, &trial.call, d.d_in, d.in[0].data);
        ck_assert(same_bytes(trial.n_out, d.in[0].data, d_out.data));
        release_checked(&d_out);
        directions_release(&d);
    }
    trial_release(&trial);
}
END_TEST

/* ---- what derivatives read ---- */

enum sweep { TANGENT, BACKWARD };

/* All results of one derivative, one after the other, in results (n of them). */
static void derive(struct trial *trial, enum sweep sweep, const struct directions *d,
                   const adv_real *w, struct guarded *results)
{
    if (sweep == TANGENT) {
        guarded_init(results, trial->n_out);
        push_tangent(trial->op, &trial->call, d->d_in, results->data);
        return;
    }
    struct adjoints g;
    size_t n = 0;
    adjoints_init(&g, trial, (1u << n_operands(trial)) - 1);
    trial->op->backward(&trial->call, w, g.g_in, g.g_param);
    for (int k = 0; k < n_operands(trial); k++)
        n += g.of[k].n;
    guarded_init(results, n);
    n = 0;
    for (int k = 0; k < n_operands(trial); k++) {
        memcpy(results->data + n, g.of[k].data, g.of[k].n * sizeof(adv_real));
        n += g.of[k].n;
    }
    adjoints_release(&g);
}

/* Whether poisoning the forward values named by mask changes the derivative. */
static bool changes_when_poisoned(const struct example *example, enum sweep sweep, unsigned mask)
{
    struct trial trial;
    struct directions d;
    struct guarded clean, poisoned;
    trial_init(&trial, example, TRIAL_ROWS);
    directions_init(&d, &trial, moving_inputs(&trial));
    adv_real *w = random_weights(&trial);
    derive(&trial, sweep, &d, w, &clean);
    for (int i = 0; i < trial.op->n_inputs; i++) {
        if (mask & ADV_READS_INPUT(i))
            guarded_poison(&trial.in[i]);
    }
    if (mask & ADV_READS_OUTPUT)
        guarded_poison(&trial.out);
    derive(&trial, sweep, &d, w, &poisoned);
    bool changes = !same_bytes(clean.n, clean.data, poisoned.data);
    release_checked(&clean);
    release_checked(&poisoned);
    free(w);
    directions_release(&d);
    trial_release(&trial);
    return changes;
}

static const unsigned readable[] = {ADV_READS_INPUT(0), ADV_READS_INPUT(1), ADV_READS_OUTPUT};

/* Of any of an op's examples: those of few tokens may take a shorter way than those of many. */
static bool some_example_changes(const struct adv_op *op, enum sweep sweep, unsigned mask)
{
    for (int i = 0; i < n_op_examples; i++) {
        if (op_examples[i].op == op && changes_when_poisoned(&op_examples[i], sweep, mask))
            return true;
    }
    return false;
}

/* Poison in what an op says that it does not read must not show; in what it says that it reads
 * it must, or the planner keeps that alive for nothing. */
START_TEST(derivatives_read_what_they_say)
{
    const struct example *example = &op_examples[_i];
    for (enum sweep sweep = TANGENT; sweep <= BACKWARD; sweep++) {
        if (sweep == TANGENT && example->labels)
            continue;
        unsigned said = sweep == TANGENT ? example->op->tangent_reads : example->op->backward_reads;
        ck_assert_msg(!changes_when_poisoned(example, sweep, ~said), "%s reads more than it says",
                      example->op->name);
        for (size_t k = 0; k < ADV_COUNT(readable); k++) {
            bool is_label = example->labels && readable[k] == ADV_READS_INPUT(0);
            if ((said & readable[k]) && !is_label)
                ck_assert_msg(some_example_changes(example->op, sweep, readable[k]),
                              "%s does not read all that it says", example->op->name);
        }
    }
}
END_TEST

/* ---- packed parameters ---- */

START_TEST(parameters_prepared_to_evaluate_give_the_same_within_rounding)
{
    struct trial trial;
    trial_init(&trial, &op_examples[_i], TRIAL_ROWS);
    for (const struct adv_kernels *const *v = adv_kernels_all(); trial.op->pack && *v; v++) {
        if (!(*v)->available())
            continue;
        struct guarded packed, out, tangents[2];
        struct directions d;
        size_t n_prepared = trial.op->packed_size(&trial.signature, *v, ADV_TO_EVALUATE);
        guarded_init(&packed, n_prepared);
        guarded_init(&out, trial.n_out);
        guarded_init(&tangents[0], trial.n_out);
        guarded_init(&tangents[1], trial.n_out);
        directions_init(&d, &trial, moving_inputs(&trial));
        struct adv_call call = trial.call;
        trial.op->pack(&trial.signature, *v, ADV_TO_EVALUATE, call.param, packed.data);
        call.kernels = *v;
        call.packed = packed.data;
        call.out = out.data;
        trial.op->forward(&call);
        push_tangent(trial.op, &call, d.d_in, tangents[0].data);
        push_tangent(trial.op, &trial.call, d.d_in, tangents[1].data);
        /* sums of k + 1 products of numbers below 1 */
        double terms = (double)adv_shape_size(trial.signature.in[0]) + 1;
        double tolerance = 2 * terms * terms * ROUNDOFF;
        ck_assert_double_le(largest_difference(trial.n_out, out.data, trial.out.data), tolerance);
        ck_assert_double_le(largest_difference(trial.n_out, tangents[0].data, tangents[1].data),
                            tolerance);
        release_checked(&packed);
        release_checked(&out);
        release_checked(&tangents[0]);
        release_checked(&tangents[1]);
        directions_release(&d);
    }
    trial_release(&trial);
}
END_TEST

/* ---- refusals ---- */

START_TEST(bad_shapes_are_refused)
{
    const struct refusal *refusal = &op_refusals[_i];
    struct adv_signature s = signature_of(&refusal->example);
    s.out = (struct adv_shape){1, 2, 3};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(refusal->example.op->infer(&s, &error), ADV_E_INVALID);
    ck_assert_msg(strncmp(error.message, refusal->message, strlen(refusal->message)) == 0,
                  "\"%s\" instead of \"%s\"", error.message, refusal->message);
    ck_assert(s.out.channels == 1 && s.out.height == 2 && s.out.width == 3);
    ck_assert_int_eq(refusal->example.op->infer(&s, NULL), ADV_E_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops");
    TCase *table = tcase_create("table of ops");
    tcase_set_timeout(table, 120);
    tcase_add_test(table, every_op_has_an_example);
    tcase_add_loop_test(table, forward_fills_its_output_and_nothing_else, 0, n_op_examples);
    tcase_add_loop_test(table, tangents_match_central_differences, 0, n_op_examples);
    tcase_add_loop_test(table, tangents_do_not_depend_on_each_other, 0, n_op_examples);
    tcase_add_loop_test(table, backward_is_the_transpose_of_tangent, 0, n_op_examples);
    tcase_add_loop_test(table, backward_reaches_the_parameters, 0, n_op_examples);
    tcase_add_loop_test(table, unwanted_adjoints_change_nothing_in_the_others, 0, n_op_examples);
    tcase_add_loop_test(table, backward_adds_to_what_is_there, 0, n_op_examples);
    tcase_add_loop_test(table, in_place_gives_the_same_bytes, 0, n_op_examples);
    tcase_add_loop_test(table, derivatives_read_what_they_say, 0, n_op_examples);
    tcase_add_loop_test(table, parameters_prepared_to_evaluate_give_the_same_within_rounding, 0,
                        n_op_examples);
    tcase_add_loop_test(table, bad_shapes_are_refused, 0, n_op_refusals);
    suite_add_tcase(suite, table);

    return suite_run(suite);
}
