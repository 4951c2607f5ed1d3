/* advect eval on synthetic densities: that what is interrupted goes on to the same figures,
 * and what is plotted. */
#include "tests/support/instrumented.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"
#include "tests/trainer/eval_state.h"

#include <check.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void train_board(void)
{
    cli_write("board.json",
              "{\"name\": \"board\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24,"
              " \"layers\": 2}, \"data\": {\"source\": {\"kind\": \"density\", \"density\":"
              " {\"kind\": \"checkerboard\", \"dim\": 2, \"cells\": 4}}}, \"train\":"
              " {\"steps\": 40, \"batch\": 64}}");
    CLI_SUCCEEDS("train board.json --quiet");
}

static json_t *eval(const char *arguments)
{
    CLI_SUCCEEDS("eval board.safetensors --json --quiet -n 0 --grid 0 %s", arguments);
    json_t *figures = json_loads(cli_output, 0, NULL);
    ck_assert_msg(figures != NULL, "%s", cli_output);
    return figures;
}

static double figure_of(const json_t *figures, const char *key)
{
    const json_t *value = json_object_get(figures, key);
    ck_assert_msg(json_is_number(value), "no figure %s", key);
    return json_number_value(value);
}

/* ---------------------------------------------------------------- resuming */

/* About a second of processor time, instrumented or not. */
#if INSTRUMENTED
#define STEPS "30"
#else
#define STEPS "300"
#endif
#define SLOW "--points 3000 --density-solver rk4:" STEPS

static const char state_name[] = "board.log-density.held_out.eval";

/* Loop index: how it is interrupted. */
START_TEST(an_interrupted_eval_goes_on)
{
    static const int signals[] = {SIGINT, SIGKILL};
    train_board();
    json_t *straight = eval(SLOW " --threads 1");
    ck_assert(!cli_exists(state_name));
    eval_interrupt("board.safetensors -n 0 --grid 0 --quiet --threads 1 " SLOW, state_name,
                   signals[_i]);
    size_t done = eval_state_rows(state_name);
    ck_assert_msg(done > 0 && done < 3000, "%zu rows", done);
    json_t *resumed = eval(SLOW);
    ck_assert(json_equal(straight, resumed));
    ck_assert(!cli_exists(state_name));
    json_decref(straight);
    json_decref(resumed);
}
END_TEST

/* What it holds is taken from there, whether --points stands beside it or not. */
START_TEST(a_state_that_is_named_is_used)
{
    train_board();
    json_t *before = eval("--points 300 --density-solver euler:2 --state .");
    json_t *state = eval_state_read(state_name);
    json_t *rows = json_object_get(state, "log_density");
    ck_assert_uint_eq(json_array_size(rows), 300);
    json_array_set_new(rows, 7, json_real(json_number_value(json_array_get(rows, 7)) + 3000));
    json_dump_file(state, cli_at(state_name), JSON_REAL_PRECISION(17));
    json_t *after = eval("--points 300 --density-solver euler:2 --state .");
    ck_assert_double_eq_tol(figure_of(after, "nll"), figure_of(before, "nll") - 10, 1e-6);
    ck_assert_double_eq_tol(figure_of(after, "kl"), figure_of(before, "kl") - 10, 1e-6);
    json_t *more = eval("--density-solver euler:2 --state .");
    ck_assert_uint_eq(eval_state_rows(state_name), (size_t)figure_of(more, "points"));
    ck_assert_double_lt(figure_of(more, "kl"), figure_of(before, "kl"));
    json_decref(more);
    json_decref(after);
    json_decref(before);
    json_decref(state);
}
END_TEST

START_TEST(a_state_of_other_settings_is_refused)
{
    train_board();
    json_decref(eval("--points 20 --state ."));
    cli_fails(1, "eval board.safetensors --points 20 -n 0 --state . --seed 3",
              "begun with seed 0; now it is 3");
    cli_fails(1, "eval board.safetensors --points 20 -n 0 --state . --density-solver rk4:9",
              "solver \"dopri5\"; now it is \"rk4\"");
    cli_fails(1,
              "eval board.safetensors --points 20 -n 0 --state . --density "
              "'{\"kind\": \"gaussian\", \"dim\": 2}'",
              "data digest");
    CLI_SUCCEEDS("train board.json --quiet --steps 31 --out board.safetensors");
    cli_fails(1, "eval board.safetensors --points 20 -n 0 --state .", "model digest");
}
END_TEST

/* ---------------------------------------------------------------- probes */

/* Loop index: the number of probes; one tells no interval. */
START_TEST(intervals_of_probes_are_held_against_the_exact)
{
    cli_write("board.json",
              "{\"name\": \"board\", \"net\": {\"kind\": \"mlp\", \"dim\": 20, \"channels\": 16,"
              " \"layers\": 2, \"activation\": \"silu\"}, \"data\": {\"source\": {\"kind\":"
              " \"density\", \"density\": {\"kind\": \"gaussian\", \"dim\": 20}}}, \"train\":"
              " {\"steps\": 100, \"batch\": 64}}");
    CLI_SUCCEEDS("train board.json --quiet");
    char arguments[96];
    snprintf(arguments, sizeof arguments, "--points 200 --density-solver rk4:4 --probes %d", _i);
    json_t *figures = eval(arguments);
    if (_i == 1) {
        ck_assert_ptr_null(json_object_get(figures, "probe_interval_coverage"));
    } else { /* of 200 points: a standard error of 0.015 */
        double coverage = figure_of(figures, "probe_interval_coverage");
        ck_assert_double_ge(coverage, 0.88);
        ck_assert_double_lt(coverage, 1);
    }
    json_decref(figures);
}
END_TEST

/* ---------------------------------------------------------------- the picture */

enum { PANEL = 480 };

static int panels_of(const char *arguments)
{
    CLI_SUCCEEDS("eval %s --grid 0 --points 60 --density-solver rk4:4 --quiet --plot p.png",
                 arguments);
    return (cli_png_width("p.png") + PANEL / 2) / PANEL;
}

/* Differences from the truth; where they are, if the truth is not the same everywhere; and modes. */
START_TEST(a_plot_has_what_is_measured)
{
    train_board();
    ck_assert_int_eq(panels_of("board.safetensors -n 100"), 2);
    ck_assert_int_eq(panels_of("board.safetensors -n 0"), 1);
    ck_assert_int_eq(panels_of("board.safetensors -n 100 --density '{\"kind\": "
                               "\"eight_gaussians\"}'"),
                     3);
    ck_assert_int_eq(panels_of("board.safetensors -n 100 --density '{\"kind\": \"pinwheel\"}'"), 1);
}
END_TEST

START_TEST(a_plot_of_nothing_is_refused)
{
    train_board();
    cli_fails(1, "eval board.safetensors --plot p.png --points 0", "--points is 0");
    cli_fails(1, "eval board.safetensors --points all", "give a number, such as 10000");
    cli_fails(1, "eval board.safetensors --plot p.png --curve c.png",
              "--plot writes nothing with --curve");
    cli_fails(1, "eval board.safetensors --plot none/p.png", "none");
    cli_fails(2, "eval board.safetensors --plot s.npy --samples s.npy", "s.npy");
    ck_assert(!cli_exists("p.png"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("advect eval: densities");
    TCase *tests = tcase_create("densities");
    tcase_add_checked_fixture(tests, cli_make_folder, cli_remove_folder);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, an_interrupted_eval_goes_on, 0, 2);
    tcase_add_test(tests, a_state_that_is_named_is_used);
    tcase_add_test(tests, a_state_of_other_settings_is_refused);
    tcase_add_loop_test(tests, intervals_of_probes_are_held_against_the_exact, 1, 4);
    tcase_add_test(tests, a_plot_has_what_is_measured);
    tcase_add_test(tests, a_plot_of_nothing_is_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
