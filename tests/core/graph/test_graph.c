/* Building graphs: parameters, counts, and what becomes of mistakes. */
#include "core/graph/graph.h"
#include "core/ops/ops.h"

#include "tests/support/suite.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Two linears per row around a sum with a linear of t. */
static int build_example(struct adv_graph *graph)
{
    adv_graph_init(graph, adv_shape_flat(3), false, 0);
    int x = adv_graph_linear(graph, graph->x, "from_x", 5);
    int t = adv_graph_linear(graph, graph->t, "from_t", 5);
    return adv_graph_linear(graph, adv_graph_binary(graph, &adv_op_broadcast_add, x, t), "out", 3);
}

START_TEST(parameters_follow_each_other)
{
    struct adv_graph graph;
    int output = build_example(&graph);
    ck_assert_int_eq(adv_graph_finish(&graph, output, NULL), ADV_OK);
    static const char *const names[] = {"from_x.weight", "from_x.bias", "from_t.weight",
                                        "from_t.bias",   "out.weight",  "out.bias"};
    static const size_t sizes[] = {15, 5, 5, 5, 15, 3};
    size_t offset = 0;
    ck_assert_uint_eq(graph.n_params, 6);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_str_eq(graph.params[i].name, names[i]);
        ck_assert_uint_eq(graph.params[i].offset, offset);
        ck_assert_uint_eq(graph.params[i].n_elements, sizes[i]);
        offset += sizes[i];
    }
    ck_assert_uint_eq(graph.n_weights, offset);
    adv_graph_release(&graph);
}
END_TEST

START_TEST(multiply_adds_are_counted_per_domain)
{
    struct adv_graph graph;
    int output = build_example(&graph);
    ck_assert_int_eq(adv_graph_finish(&graph, output, NULL), ADV_OK);
    size_t per_row, per_condition;
    adv_graph_multiply_adds(&graph, &per_row, &per_condition);
    ck_assert_uint_eq(per_row, 3 * 5 + 5 * 3);
    ck_assert_uint_eq(per_condition, 1 * 5);
    adv_graph_release(&graph);
}
END_TEST

START_TEST(values_know_what_they_depend_on)
{
    struct adv_graph graph;
    int output = build_example(&graph);
    ck_assert_int_eq(adv_graph_finish(&graph, output, NULL), ADV_OK);
    const struct adv_value *from_x = &graph.values[graph.nodes[0].out];
    const struct adv_value *from_t = &graph.values[graph.nodes[1].out];
    ck_assert(from_x->domain == ADV_PER_ROW && from_x->has_tangent && from_x->requires_grad);
    ck_assert(from_t->domain == ADV_PER_CONDITION && !from_t->has_tangent && from_t->requires_grad);
    ck_assert(!graph.values[graph.t].has_tangent && !graph.values[graph.t].requires_grad);
    ck_assert(graph.values[output].domain == ADV_PER_ROW && graph.values[output].has_tangent);
    adv_graph_release(&graph);
}
END_TEST

START_TEST(it_prints_a_line_per_node)
{
    struct adv_graph graph;
    int output = build_example(&graph);
    ck_assert_int_eq(adv_graph_finish(&graph, output, NULL), ADV_OK);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    adv_graph_print(&graph, out);
    fclose(out);
    ck_assert_str_eq(text, "row       %2[5] = linear(%0:x[3], from_x.weight, from_x.bias)\n"
                           "condition %3[5] = linear(%1:t[1], from_t.weight, from_t.bias)\n"
                           "row       %4[5] = broadcast_add(%2[5], %3[5])\n"
                           "row       %5[3] = linear(%4[5], out.weight, out.bias)  -> velocity\n");
    free(text);
    adv_graph_release(&graph);
}
END_TEST

START_TEST(the_first_mistake_sticks)
{
    struct adv_graph graph;
    adv_graph_init(&graph, adv_shape_flat(3), false, 0);
    int x = adv_graph_linear(&graph, graph.x, "a", 5);
    int wrong = adv_graph_binary(&graph, &adv_op_add, x, graph.x);
    ck_assert_int_eq(wrong, ADV_NONE);
    size_t n_nodes = graph.n_nodes, n_params = graph.n_params;
    ck_assert_int_eq(adv_graph_unary(&graph, &adv_op_relu, wrong), ADV_NONE);
    ck_assert_int_eq(adv_graph_linear(&graph, wrong, "b", 3), ADV_NONE);
    ck_assert_int_eq(adv_graph_binary(&graph, &adv_op_broadcast_mul, x, x), ADV_NONE);
    ck_assert_uint_eq(graph.n_nodes, n_nodes);
    ck_assert_uint_eq(graph.n_params, n_params);
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_graph_finish(&graph, wrong, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.message, "add: operands of 5 and 3 elements, or of two domains");
    ck_assert_int_eq(adv_graph_finish(&graph, wrong, NULL), ADV_E_INVALID);
    ck_assert_int_eq(graph.output, ADV_NONE);
    adv_graph_release(&graph);
}
END_TEST

START_TEST(parameters_too_large_to_count_are_refused)
{
    struct adv_graph graph;
    adv_graph_init(&graph, adv_shape_flat(3), false, 0);
    size_t shape[] = {SIZE_MAX / 2, 3};
    ck_assert_int_eq(adv_graph_param(&graph, "a", 2, shape, ADV_INIT_ZERO, 1), ADV_NONE);
    ck_assert_int_eq(adv_graph_finish(&graph, graph.x, NULL), ADV_E_MEMORY);
    adv_graph_release(&graph);

    adv_graph_init(&graph, adv_shape_flat(3), false, 0);
    size_t half[] = {SIZE_MAX / 2 + 1};
    ck_assert_int_eq(adv_graph_param(&graph, "a", 1, half, ADV_INIT_ZERO, 1), 0);
    ck_assert_int_eq(adv_graph_param(&graph, "b", 1, half, ADV_INIT_ZERO, 1), ADV_NONE);
    ck_assert_int_eq(adv_graph_finish(&graph, graph.x, NULL), ADV_E_MEMORY);
    adv_graph_release(&graph);
}
END_TEST

/* ---- builders that break the rules: bugs of ours, which abort ---- */

static void expect_abort(void)
{
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr)); /* the report is not for the reader */
}

START_TEST(a_value_that_leads_nowhere_is_a_bug)
{
    struct adv_graph graph;
    expect_abort();
    int output = build_example(&graph);
    adv_graph_unary(&graph, &adv_op_relu, graph.x);
    adv_graph_finish(&graph, output, NULL);
}
END_TEST

START_TEST(an_output_that_is_read_again_is_a_bug)
{
    struct adv_graph graph;
    expect_abort();
    int output = build_example(&graph);
    adv_graph_unary(&graph, &adv_op_relu, output);
    adv_graph_finish(&graph, output, NULL);
}
END_TEST

START_TEST(an_output_that_ignores_x_is_a_bug)
{
    struct adv_graph graph;
    expect_abort();
    adv_graph_init(&graph, adv_shape_flat(3), false, 0);
    adv_graph_finish(&graph, adv_graph_linear(&graph, graph.t, "a", 3), NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("graph");
    TCase *building = tcase_create("building");
    tcase_add_test(building, parameters_follow_each_other);
    tcase_add_test(building, multiply_adds_are_counted_per_domain);
    tcase_add_test(building, values_know_what_they_depend_on);
    tcase_add_test(building, it_prints_a_line_per_node);
    suite_add_tcase(suite, building);

    TCase *mistakes = tcase_create("mistakes");
    tcase_add_test(mistakes, the_first_mistake_sticks);
    tcase_add_test(mistakes, parameters_too_large_to_count_are_refused);
    tcase_add_test_raise_signal(mistakes, a_value_that_leads_nowhere_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(mistakes, an_output_that_is_read_again_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(mistakes, an_output_that_ignores_x_is_a_bug, SIGABRT);
    suite_add_tcase(suite, mistakes);

    return suite_run(suite);
}
