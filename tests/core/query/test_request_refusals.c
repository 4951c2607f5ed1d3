/* Every refusal of a request, with its words and the field it names. */
#include "tests/core/query/request_support.h"
#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

struct refusal {
    enum adv_query_kind kind;
    const char *request;
    const char *field, *message;
};

static void check_refusal(const struct asked *asked, const struct refusal *refusal)
{
    ck_assert_msg(asked->status == ADV_E_INVALID, "%s was taken", refusal->request);
    ck_assert_str_eq(asked->error.message, refusal->message);
    ck_assert_str_eq(asked->error.field, refusal->field);
}

START_TEST(refusals_of_json)
{
    static const struct refusal refusals[] = {
        {ADV_QUERY_SAMPLES, "[]", "", "the body is an array; it must be a JSON object"},
        {ADV_QUERY_SAMPLES, "3", "", "the body is an integer; it must be a JSON object"},
        {ADV_QUERY_SAMPLES, "{\"n\": 0}", "n", "n is 0; it must be between 1 and 1000000000"},
        {ADV_QUERY_SAMPLES, "{\"n\": -1}", "n", "n is -1; it must be between 1 and 1000000000"},
        {ADV_QUERY_SAMPLES, "{\"n\": 1.5}", "n", "n is 1.5; it must be an integer"},
        {ADV_QUERY_SAMPLES, "{\"n\": \"3\"}", "n", "n is a string; it must be an integer"},
        {ADV_QUERY_SAMPLES, "{\"n\": 200000}", "n", "n is 200000; the limit is 100000"},
        {ADV_QUERY_SAMPLES, "{\"seed\": -1}", "seed",
         "seed is -1; it must be between 0 and 9007199254740992"},
        {ADV_QUERY_SAMPLES, "{\"seed\": 9007199254740993}", "seed",
         "seed is 9007199254740993; it must be between 0 and 9007199254740992"},
        {ADV_QUERY_SAMPLES, "{\"sede\": 1}", "sede",
         "\"sede\" is not a known field; did you mean \"seed\"?"},
        {ADV_QUERY_SAMPLES, "{\"point\": [[1, 2]]}", "point",
         "\"point\" is not a known field; the fields are n, seed, first, x0, label, context, "
         "guidance, log_density, solver, divergence, errors, space, timeout_ms, priority"},
        {ADV_QUERY_LATENTS, "{\"point\": [[1, 2]]}", "point",
         "\"point\" is not a known field; did you mean \"points\"?"},
        {ADV_QUERY_SAMPLES, "{\"guidance\": 1e9}", "guidance",
         "guidance is 1000000000; it must be between -100 and 100"},
        {ADV_QUERY_SAMPLES, "{\"log_density\": 1}", "log_density",
         "log_density is an integer; it must be true or false"},
        {ADV_QUERY_SAMPLES, "{\"space\": \"dta\"}", "space",
         "space is \"dta\"; it must be one of data, flow; did you mean \"data\"?"},
        {ADV_QUERY_SAMPLES, "{\"n\": 5, \"x0\": [[1, 2]]}", "n",
         "n is 5, but x0 has 1 row; they must agree, or n be left out"},
        /* points */
        {ADV_QUERY_LATENTS, "{}", "points",
         "points is missing; it must be an array of rows of 2 numbers (the model's dimension)"},
        {ADV_QUERY_LATENTS, "{\"points\": {}}", "points",
         "points is an object; it must be an array of rows of numbers"},
        {ADV_QUERY_LATENTS, "{\"points\": []}", "points",
         "points is empty; it must be an array of rows of numbers"},
        {ADV_QUERY_LATENTS, "{\"points\": [1, 2]}", "points",
         "points[0] is an integer; it must be an array of numbers"},
        {ADV_QUERY_LATENTS, "{\"points\": [[]]}", "points",
         "points[0] is empty; it must be an array of numbers"},
        {ADV_QUERY_LATENTS, "{\"points\": [[1, 2], [1, 2], [1, 2], [1, 2, 3]]}", "points",
         "points[3] has 3 numbers; it must have 2, as points[0] has"},
        {ADV_QUERY_LATENTS, "{\"points\": [[1, 2, 3]]}", "points",
         "points[0] has 3 numbers; it must have 2 (the model's dimension)"},
        {ADV_QUERY_SAMPLES, "{\"x0\": [[1]]}", "x0",
         "x0[0] has 1 number; it must have 2 (the model's dimension)"},
        {ADV_QUERY_LATENTS, "{\"points\": [[1, 2], [1, \"a\"]]}", "points",
         "points[1][1] is a string; it must be a number"},
        {ADV_QUERY_LATENTS, "{\"points\": [[1, null]]}", "points",
         "points[0][1] is null; it must be a number"},
        {ADV_QUERY_LATENTS, "{\"points\": [[1, 1e300]]}", "points",
         "points[0][1] is 1e+300; it must fit float32, at most 3.4e38 either way"},
        {ADV_QUERY_LATENTS, "{\"points\": [[-3.4028236e38, 0]]}", "points",
         "points[0][0] is -3.4028236e+38; it must fit float32, at most 3.4e38 either way"},
        /* labels */
        {ADV_QUERY_SAMPLES, "{\"label\": \"cat\"}", "label",
         "label is \"cat\"; the model's classes have no names, but numbers from 0 to 3"},
        {ADV_QUERY_SAMPLES, "{\"label\": 1.0}", "label",
         "label is a real number; it must be a class, its number or its name"},
        {ADV_QUERY_SAMPLES, "{\"label\": []}", "label",
         "label is empty; it must be a class or an array of classes"},
        {ADV_QUERY_SAMPLES, "{\"label\": [0, true]}", "label",
         "label[1] is a boolean; it must be a class, its number or its name"},
        {ADV_QUERY_SAMPLES, "{\"label\": 4294967296}", "label",
         "label is 4294967296; it must be a class from 0 on, or -1 for none"},
        {ADV_QUERY_SAMPLES, "{\"label\": [0, -2]}", "label",
         "label[1] is -2; it must be a class from 0 on, or -1 for none"},
        {ADV_QUERY_SAMPLES, "{\"label\": [0, 1, 2], \"n\": 5}", "label",
         "label has 3 entries; it must have 5, one for every row"},
        {ADV_QUERY_SAMPLES, "{\"label\": 4}", "label",
         "label is 4; it must be between 0 and 3, or -1 for none"},
        /* times */
        {ADV_QUERY_TRAJECTORIES, "{\"frames\": 1}", "frames",
         "frames is 1; it must be between 2 and 1000000000"},
        {ADV_QUERY_TRAJECTORIES, "{\"frames\": 1001}", "frames",
         "frames is 1001; the limit is 1000"},
        {ADV_QUERY_TRAJECTORIES, "{\"frames\": 3, \"times\": [0, 1]}", "frames",
         "frames is 3 and times are given too; only one of them can be"},
        {ADV_QUERY_TRAJECTORIES, "{\"times\": 3}", "times",
         "times is an integer; it must be an array of times between 0 and 1"},
        {ADV_QUERY_TRAJECTORIES, "{\"times\": [0.5]}", "times",
         "times has 1 entry; it must have at least 2"},
        {ADV_QUERY_TRAJECTORIES, "{\"times\": [0, 1.5]}", "times",
         "times[1] is 1.5; it must be between 0 and 1"},
        {ADV_QUERY_TRAJECTORIES, "{\"times\": [0, 0.5, 0.5]}", "times",
         "times[2] is 0.5; times must ascend, and the one before is 0.5"},
        {ADV_QUERY_TRAJECTORIES, "{\"times\": [0, []]}", "times",
         "times[1] is an array; it must be a number"},
        {ADV_QUERY_LATENTS, "{\"points\": [[1, 2]], \"t\": 2}", "t",
         "t is 2; it must be between 0 and 1"},
        /* solvers */
        {ADV_QUERY_SAMPLES, "{\"solver\": \"rk4\"}", "solver",
         "solver is a string; it must be an object of method, steps, noise, rtol, atol"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"method\": \"rk5\"}}", "solver.method",
         "solver.method is \"rk5\"; it must be one of euler, midpoint, heun, rk4, sde, dopri5, "
         "flow_map; did "
         "you "
         "mean \"rk4\"?"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"step\": 3}}", "solver.step",
         "\"step\" is not a known field of solver; did you mean \"steps\"?"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"steps\": 0}}", "solver.steps",
         "solver.steps is 0; it must be between 1 and 1000000000"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"steps\": 10001}}", "solver.steps",
         "steps is 10001; the limit is 10000"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"method\": \"dopri5\", \"steps\": 3}}", "solver.steps",
         "steps does not apply to dopri5, which takes rtol and atol"},
        {ADV_QUERY_LATENTS, "{\"points\": [[1, 2]], \"solver\": {\"steps\": 3}}", "solver.steps",
         "steps does not apply to dopri5, which takes rtol and atol"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"method\": \"rk4\", \"rtol\": 1e-3}}", "solver.rtol",
         "rtol does not apply to rk4, which takes steps"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"atol\": 1e-3}}", "solver.atol",
         "atol does not apply to rk4, which takes steps"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"method\": \"dopri5\", \"rtol\": 1e-12}}",
         "solver.rtol", "rtol is 1e-12; it must be at least 1e-09"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"method\": \"dopri5\", \"atol\": 0}}", "solver.atol",
         "atol is 0; it must be at least 1e-09"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"method\": \"dopri5\", \"rtol\": -1}}", "solver.rtol",
         "solver.rtol is -1; it must be between 0 and 1"},
        {ADV_QUERY_VELOCITY, "{\"points\": [[1, 2]], \"solver\": {}}", "solver",
         "\"solver\" is not a known field; the fields are points, label, context, guidance, t, "
         "divergence, "
         "space, timeout_ms, priority"},
        /* divergence */
        {ADV_QUERY_SAMPLES, "{\"divergence\": {\"probes\": 3}}", "divergence",
         "probes does not apply without log_density"},
        {ADV_QUERY_SAMPLES, "{\"divergence\": {\"method\": \"exact\"}}", "divergence",
         "divergence does not apply without log_density"},
        {ADV_QUERY_LOG_DENSITY, "{\"points\": [[1, 2]], \"divergence\": true}", "divergence",
         "divergence is a boolean; it must be an object of method, probes, seed, renew"},
        {ADV_QUERY_LOG_DENSITY,
         "{\"points\": [[1, 2]], \"divergence\": {\"method\": \"exact\", \"probes\": 3}}",
         "divergence", "probes does not apply to the exact divergence"},
        {ADV_QUERY_LOG_DENSITY,
         "{\"points\": [[1, 2]], \"divergence\": {\"method\": \"exact\", \"seed\": 3}}",
         "divergence", "probe_seed does not apply to the exact divergence"},
        {ADV_QUERY_LOG_DENSITY, "{\"points\": [[1, 2]], \"divergence\": {\"probes\": 1001}}",
         "divergence.probes", "probes is 1001; the limit is 1000"},
        {ADV_QUERY_LOG_DENSITY, "{\"points\": [[1, 2]], \"divergence\": {\"probes\": 0}}",
         "divergence.probes", "divergence.probes is 0; it must be between 1 and 1000000000"},
        {ADV_QUERY_LOG_DENSITY,
         "{\"points\": [[1, 2]], \"divergence\": {\"probes\": 1, \"renew\": true}}",
         "divergence.renew",
         "divergence.renew is true; dopri5 chooses its steps by errors that new probes would hide: "
         "name a solver of fixed steps"},
        {ADV_QUERY_LOG_DENSITY,
         "{\"points\": [[1, 2]], \"divergence\": {\"method\": \"exact\", \"renew\": true}}",
         "divergence", "renew_probes does not apply to the exact divergence"},
        {ADV_QUERY_VELOCITY, "{\"points\": [[1, 2]], \"divergence\": 1}", "divergence",
         "divergence is an integer; it must be an object of method, probes, seed"},
    };
    for (size_t i = 0; i < ADV_COUNT(refusals); i++) {
        struct asked a = ask(refusals[i].kind, refusals[i].request);
        check_refusal(&a, &refusals[i]);
        done(&a);
    }
}
END_TEST

START_TEST(refusals_of_text)
{
    static const struct refusal refusals[] = {
        {ADV_QUERY_SAMPLES, "n=0", "n", "n is 0; it must be between 1 and 1000000000"},
        {ADV_QUERY_SAMPLES, "n=three", "n", "n is \"three\"; it must be an integer"},
        {ADV_QUERY_SAMPLES, "n=", "n", "n is \"\"; it must be an integer"},
        {ADV_QUERY_SAMPLES, "sede=3", "sede",
         "\"sede\" is not a known field; did you mean \"seed\"?"},
        {ADV_QUERY_SAMPLES, "label=0,x", "label",
         "label[1] is \"x\"; the model's classes have no names, but numbers from 0 to 3"},
        {ADV_QUERY_SAMPLES, "label=", "label",
         "label is \"\"; the model's classes have no names, but numbers from 0 to 3"},
        {ADV_QUERY_SAMPLES, "label=0,1,", "label",
         "label[2] is \"\"; the model's classes have no names, but numbers from 0 to 3"},
        {ADV_QUERY_SAMPLES, "label=7", "label",
         "label is 7; it must be between 0 and 3, or -1 for none"},
        {ADV_QUERY_SAMPLES, "label=0,1 n=3", "label",
         "label has 2 entries; it must have 3, one for every row"},
        {ADV_QUERY_SAMPLES, "solver=dopri6", "solver",
         "solver is \"dopri6\"; it must be one of euler, midpoint, heun, rk4, sde, dopri5, "
         "flow_map; did you "
         "mean "
         "\"dopri5\"?"},
        {ADV_QUERY_SAMPLES, "solver=rk4 noise=1", "solver.noise",
         "noise does not apply to rk4; the solver sde has it"},
        {ADV_QUERY_SAMPLES, "solver=sde noise=-1", "noise",
         "noise is -1; it must be between 0 and 10"},
        {ADV_QUERY_SAMPLES, "solver=sde steps=2 noise=3", "solver.noise",
         "solver.noise is 3; with 2 steps it must be at most 2: take more steps"},
        {ADV_QUERY_SAMPLES, "solver=dopri5 steps=3", "solver.steps",
         "steps does not apply to dopri5, which takes rtol and atol"},
        {ADV_QUERY_SAMPLES, "probes=3", "divergence", "probes does not apply without log_density"},
        {ADV_QUERY_TRAJECTORIES, "times=0,0.7,0.3", "times",
         "times[2] is 0.3; times must ascend, and the one before is 0.7"},
        {ADV_QUERY_TRAJECTORIES, "times=0,nan", "times",
         "times is \"0,nan\"; it must be numbers separated by commas"},
        {ADV_QUERY_TRAJECTORIES, "frames=3 times=0,1", "frames",
         "frames is 3 and times are given too; only one of them can be"},
        {ADV_QUERY_VELOCITY, "divergence=maybe", "divergence",
         "divergence is \"maybe\"; it must be one of false, true, exact, hutchinson"},
        {ADV_QUERY_VELOCITY, "probes=3", "divergence", "probes does not apply without divergence"},
        {ADV_QUERY_VELOCITY, "divergence=exact probe_seed=3", "divergence",
         "probe_seed does not apply to the exact divergence"},
        {ADV_QUERY_VELOCITY, "points=1,2", "points",
         "\"points\" is not a known field; the fields are label, context, guidance, t, divergence, "
         "probes, probe_seed, space, timeout_ms, priority"},
    };
    for (size_t i = 0; i < ADV_COUNT(refusals); i++) {
        struct asked a = ask_in_text(refusals[i].kind, refusals[i].request);
        check_refusal(&a, &refusals[i]);
        done(&a);
    }
}
END_TEST

START_TEST(refusals_by_limits)
{
    static const struct refusal refusals[] = {
        {ADV_QUERY_LATENTS, "{\"points\": [[1, 2], [3, 4], [5, 6], [7, 8]]}", "points",
         "points has 4 entries; the limit is 3"},
        {ADV_QUERY_SAMPLES, "{\"x0\": [[1, 2], [3, 4], [5, 6], [7, 8]]}", "x0",
         "x0 has 4 entries; the limit is 3"},
        {ADV_QUERY_SAMPLES, "{\"label\": [0, 1, 2, 3]}", "label",
         "label has 4 entries; the limit is 3"},
        {ADV_QUERY_SAMPLES, "{\"n\": 4}", "n", "n is 4; the limit is 3"},
        {ADV_QUERY_TRAJECTORIES, "{\"frames\": 6}", "frames", "frames is 6; the limit is 5"},
        {ADV_QUERY_TRAJECTORIES, "{\"times\": [0, 0.1, 0.2, 0.3, 0.4, 0.5]}", "times",
         "times has 6 entries; the limit is 5"},
        {ADV_QUERY_TRAJECTORIES, "{\"frames\": 5, \"n\": 3}", "n",
         "the answer would hold 30 numbers; the limit is 20: ask for fewer rows or frames"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"steps\": 900}, \"n\": 2}", "n",
         "the answer would take about 3.9e+06 multiply-adds; the limit is 3e+06: ask for fewer "
         "rows, "
         "steps or probes"},
    };
    struct adv_limits limits = adv_limits_default();
    limits.rows = 3;
    limits.frames = 5;
    limits.numbers = 20;
    limits.cost = 3e6;
    for (size_t i = 0; i < ADV_COUNT(refusals); i++) {
        struct asked a = ask_within(refusals[i].kind, &limits, refusals[i].request);
        bool cost = strstr(refusals[i].message, "multiply-adds") != NULL;
        ck_assert_msg(a.status == ADV_E_INVALID, "%s was taken", refusals[i].request);
        ck_assert_str_eq(a.error.field, refusals[i].field);
        if (cost) /* the estimate is the query's own affair */
            ck_assert_ptr_nonnull(strstr(a.error.message, "multiply-adds; the limit is 3e+06"));
        else
            ck_assert_str_eq(a.error.message, refusals[i].message);
        done(&a);
    }
}
END_TEST

START_TEST(models_have_their_say)
{
    struct adv_limits limits = adv_limits_default();
    struct asked a = start(ADV_QUERY_SAMPLES);
    ck_assert_int_eq(adv_request_set_text(a.request, "guidance", "2", NULL), ADV_OK);
    a.status = adv_request_query(a.request, plain_model, &limits, 1, &a.query, &a.error);
    ck_assert_int_eq(a.status, ADV_E_INVALID);
    ck_assert_str_eq(a.error.field, "guidance");
    /* The same request may be held against another model. */
    a.error = (struct adv_error)ADV_ERROR_INIT;
    a.status = adv_request_query(a.request, model, &limits, 1, &a.query, &a.error);
    check_ok(&a, "guidance with a null class");
    ck_assert_uint_eq(a.query.seed, 1);
    done(&a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request refusals");
    TCase *tests = tcase_create("request refusals");
    tcase_add_checked_fixture(tests, set_up_models, tear_down_models);
    tcase_add_test(tests, refusals_of_json);
    tcase_add_test(tests, refusals_of_text);
    tcase_add_test(tests, refusals_by_limits);
    tcase_add_test(tests, models_have_their_say);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
