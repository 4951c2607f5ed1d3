/* Requests: defaults, that JSON and text mean the same, the schema held against the reader, and
 * bodies with random damage. Refusals: test_request_refusals.c. */
#include "tests/core/query/json_schema.h"
#include "tests/core/query/request_support.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/phrases.h"
#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINT "\"points\": [[1, 2]]"

/* ---------------------------------------------------------------- defaults */

START_TEST(defaults_of_samples)
{
    struct asked a = ask(ADV_QUERY_SAMPLES, "{}");
    check_ok(&a, "{}");
    ck_assert_uint_eq(a.query.n, 1);
    ck_assert_uint_eq(a.query.seed, RANDOM_SEED % (UINT64_C(1) << 53));
    ck_assert_uint_eq(a.query.first, 0);
    ck_assert_ptr_null(a.query.points);
    ck_assert_ptr_null(a.query.labels);
    ck_assert_double_eq(a.query.guidance, 1);
    ck_assert_str_eq(adv_solver_name(a.query.solver.solver), "rk4");
    ck_assert_int_eq(a.query.solver.steps, 25);
    ck_assert(!a.query.log_density);
    ck_assert_int_eq(a.query.space, ADV_SPACE_DATA);
    done(&a);
}
END_TEST

START_TEST(defaults_of_densities_are_the_accurate_ones)
{
    static const struct {
        enum adv_query_kind kind;
        const char *body;
    } cases[] = {{ADV_QUERY_LOG_DENSITY, "{\"points\": [[0, 0]]}"},
                 {ADV_QUERY_LATENTS, "{\"points\": [[0, 0]]}"},
                 {ADV_QUERY_SAMPLES, "{\"log_density\": true}"}};
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct asked a = ask(cases[i].kind, cases[i].body);
        check_ok(&a, cases[i].body);
        ck_assert_str_eq(adv_solver_name(a.query.solver.solver), "dopri5");
        ck_assert_double_eq(a.query.solver.rtol, 1e-5);
        ck_assert_double_eq(a.query.solver.atol, 1e-5);
        ck_assert_int_eq(a.query.solver.max_nfe, adv_limits_default().nfe);
        ck_assert_int_eq(a.query.divergence_method, ADV_DIVERGENCE_AUTO);
        ck_assert_uint_eq(a.query.probes, ADV_PROBES_DEFAULT);
        ck_assert_double_eq(a.query.t, 1);
        done(&a);
    }
}
END_TEST

/* Of answers that have room for them, and where they cost half as much again but nothing else. */
START_TEST(errors_are_told_by_default_where_they_are_cheap)
{
    static const struct {
        enum adv_query_kind kind;
        const char *body;
        bool errors, untold;
    } cases[] = {
        {ADV_QUERY_LOG_DENSITY, "{" POINT "}", true, false},
        {ADV_QUERY_LATENTS, "{" POINT "}", true, false},
        {ADV_QUERY_LOG_DENSITY, "{" POINT ", \"errors\": true}", true, true},
        {ADV_QUERY_LOG_DENSITY, "{" POINT ", \"errors\": false}", false, false},
        {ADV_QUERY_LOG_DENSITY, "{" POINT ", \"divergence\": {\"probes\": 1}}", false, false},
        {ADV_QUERY_LOG_DENSITY,
         "{" POINT
         ", \"divergence\": {\"probes\": 2, \"renew\": true}, \"solver\": {\"method\": \"rk4\"}}",
         true, false}, /* two of two dimensions are exact */
        {ADV_QUERY_SAMPLES, "{\"log_density\": true}", false, false},
    };
    for (size_t i = 0; i < 2 * ADV_COUNT(cases); i++) {
        bool told = i < ADV_COUNT(cases);
        struct asked a = start(cases[i % ADV_COUNT(cases)].kind);
        const char *body = cases[i % ADV_COUNT(cases)].body;
        struct adv_limits limits = adv_limits_default();
        a.status = adv_request_parse_json(a.request, model, body, strlen(body), "the body", &limits,
                                          &a.error);
        if (told)
            adv_request_tell_errors(a.request);
        finish(&a, &limits);
        check_ok(&a, body);
        ck_assert_msg(a.query.errors ==
                          (told ? cases[i].errors : cases[i - ADV_COUNT(cases)].untold),
                      "%s", body);
        done(&a);
    }
}
END_TEST

/* What was answered without them still is: they are left out where a limit is in the way. */
START_TEST(errors_by_default_yield_to_the_limit_of_cost)
{
    const char *body = "{" POINT "}";
    struct asked plain = ask(ADV_QUERY_LOG_DENSITY, body);
    check_ok(&plain, body);
    struct adv_limits limits = adv_limits_default();
    limits.cost = 1.2 * adv_query_cost(&plain.query, model);
    struct asked a = start(ADV_QUERY_LOG_DENSITY);
    a.status =
        adv_request_parse_json(a.request, model, body, strlen(body), "the body", &limits, &a.error);
    adv_request_tell_errors(a.request);
    finish(&a, &limits);
    check_ok(&a, body);
    ck_assert(!a.query.errors);
    done(&a);
    done(&plain);
}
END_TEST

START_TEST(fixed_steps_default_to_a_hundred_velocities)
{
    static const struct {
        const char *body;
        int64_t steps;
    } cases[] = {{"{\"solver\": {\"method\": \"euler\"}}", 100},
                 {"{\"solver\": {\"method\": \"midpoint\"}}", 50},
                 {"{\"solver\": {\"method\": \"heun\"}}", 50},
                 {"{\"solver\": {\"method\": \"rk4\"}}", 25},
                 {"{\"solver\": {\"steps\": 7}}", 7}};
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct asked a = ask(ADV_QUERY_SAMPLES, cases[i].body);
        check_ok(&a, cases[i].body);
        ck_assert_int_eq(a.query.solver.steps, cases[i].steps);
        done(&a);
    }
}
END_TEST

START_TEST(frames_are_equidistant_times)
{
    struct asked a = ask(ADV_QUERY_TRAJECTORIES, "{\"frames\": 5}");
    check_ok(&a, "5 frames");
    ck_assert_uint_eq(a.query.n_times, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_double_eq(a.query.times[i], (double)i / 4);
    done(&a);
    a = ask(ADV_QUERY_TRAJECTORIES, "{}");
    check_ok(&a, "{}");
    ck_assert_uint_eq(a.query.n_times, 11);
    ck_assert_double_eq(a.query.times[10], 1);
    done(&a);
    a = ask(ADV_QUERY_TRAJECTORIES, "{\"times\": [0.25, 0.5, 1]}");
    check_ok(&a, "times");
    ck_assert_uint_eq(a.query.n_times, 3);
    ck_assert_double_eq(a.query.times[0], 0.25); /* as given: not begun at 0 */
    done(&a);
}
END_TEST

/* ---------------------------------------------------------------- JSON and text */

static bool same_points(const struct adv_query *a, const struct adv_query *b)
{
    if (!a->points || !b->points)
        return a->points == b->points;
    return !memcmp(a->points, b->points, a->n * 2 * sizeof *a->points);
}

static void check_same(const struct adv_query *a, const struct adv_query *b, const char *text)
{
    ck_assert_msg(a->n == b->n && a->seed == b->seed && a->first == b->first, "%s", text);
    ck_assert_msg(same_points(a, b), "%s", text);
    ck_assert_msg(!a->labels == !b->labels, "%s", text);
    for (size_t i = 0; a->labels && i < a->n; i++)
        ck_assert_msg(a->labels[i] == b->labels[i], "%s", text);
    ck_assert_msg(a->guidance == b->guidance && a->t == b->t && a->space == b->space, "%s", text);
    ck_assert_msg(a->log_density == b->log_density && a->divergence == b->divergence, "%s", text);
    ck_assert_msg(a->divergence_method == b->divergence_method, "%s", text);
    ck_assert_msg(a->probes == b->probes && a->probe_seed == b->probe_seed &&
                      a->renew_probes == b->renew_probes && a->keep_probes == b->keep_probes &&
                      a->errors == b->errors,
                  "%s", text);
    ck_assert_msg(a->solver.solver == b->solver.solver && a->solver.steps == b->solver.steps, "%s",
                  text);
    ck_assert_msg(a->solver.rtol == b->solver.rtol && a->solver.atol == b->solver.atol, "%s", text);
    ck_assert_msg(a->n_times == b->n_times, "%s", text);
    for (size_t i = 0; i < a->n_times; i++)
        ck_assert_msg(a->times[i] == b->times[i], "%s", text);
}

static bool is_default(const struct adv_query *q)
{
    struct adv_query d = adv_query_default(q->kind);
    return q->n == d.n && !q->labels && q->first == 0 && q->guidance == 1 && q->t == 1 &&
           q->seed == RANDOM_SEED % (UINT64_C(1) << 53) && q->space == ADV_SPACE_DATA &&
           !q->log_density && !q->divergence && q->divergence_method == ADV_DIVERGENCE_AUTO &&
           q->probes == ADV_PROBES_DEFAULT && q->probe_seed == 0 && !q->renew_probes &&
           !q->keep_probes && !q->errors && (q->n_times == 0 || q->n_times == 11) &&
           q->solver.solver == adv_query_default_solver(&d, model).solver &&
           q->solver.rtol == 1e-5 && q->solver.atol == 1e-5 &&
           (q->solver.steps == 25 || q->solver.steps == 0);
}

START_TEST(json_and_text_mean_the_same)
{
    static const struct {
        enum adv_query_kind kind;
        const char *json, *text;
    } cases[] = {
        {ADV_QUERY_SAMPLES, "{\"n\": 64}", "n=64"},
        {ADV_QUERY_SAMPLES, "{\"seed\": 3}", "seed=3"},
        {ADV_QUERY_SAMPLES, "{\"seed\": 9007199254740992}", "seed=9007199254740992"},
        {ADV_QUERY_SAMPLES, "{\"first\": 12}", "first=12"},
        {ADV_QUERY_SAMPLES, "{\"label\": 3}", "label=3"},
        {ADV_QUERY_SAMPLES, "{\"label\": -1, \"n\": 2}", "label=-1 n=2"},
        {ADV_QUERY_SAMPLES, "{\"label\": [0, 1, 2], \"n\": 3}", "label=0,1,2 n=3"},
        {ADV_QUERY_SAMPLES, "{\"label\": [0, 1, -1]}", "label=0,1,-1"},
        {ADV_QUERY_SAMPLES, "{\"guidance\": 2.5}", "guidance=2.5"},
        {ADV_QUERY_SAMPLES, "{\"log_density\": true}", "log-density=true"},
        {ADV_QUERY_SAMPLES, "{\"space\": \"flow\"}", "space=flow"},
        {ADV_QUERY_SAMPLES, "{\"solver\": {\"method\": \"euler\", \"steps\": 20}}",
         "solver=euler steps=20"},
        {ADV_QUERY_SAMPLES,
         "{\"solver\": {\"method\": \"dopri5\", \"rtol\": 1e-6, \"atol\": 1e-7}}",
         "solver=dopri5 rtol=1e-6 atol=1e-7"},
        {ADV_QUERY_SAMPLES, "{\"log_density\": true, \"divergence\": {\"probes\": 3}}",
         "log_density= probes=3"},
        {ADV_QUERY_TRAJECTORIES, "{\"frames\": 16, \"n\": 4}", "frames=16 n=4"},
        {ADV_QUERY_TRAJECTORIES, "{\"times\": [0, 0.5, 1]}", "times=0,0.5,1"},
        {ADV_QUERY_LOG_DENSITY, "{" POINT ", \"t\": 0.5}", "t=0.5"},
        {ADV_QUERY_LOG_DENSITY, "{" POINT ", \"divergence\": {\"method\": \"exact\"}}",
         "divergence=exact"},
        {ADV_QUERY_LOG_DENSITY,
         "{" POINT ", \"divergence\": {\"method\": \"hutchinson\", \"probes\": 8, \"seed\": 1}}",
         "divergence=hutchinson probes=8 probe-seed=1"},
        {ADV_QUERY_LOG_DENSITY, "{" POINT ", \"divergence\": {\"seed\": 7}}", "probe_seed=7"},
        {ADV_QUERY_LOG_DENSITY,
         "{" POINT ", \"solver\": {\"method\": \"rk4\"}, \"divergence\": {\"renew\": true}}",
         "solver=rk4 renew_probes=true"},
        {ADV_QUERY_LOG_DENSITY,
         "{" POINT ", \"solver\": {\"method\": \"rk4\"}, \"divergence\": {\"renew\": false}}",
         "solver=rk4 renew_probes=no"},
        {ADV_QUERY_LOG_DENSITY, "{" POINT ", \"errors\": true}", "errors="},
        {ADV_QUERY_LATENTS, "{" POINT ", \"label\": 2, \"t\": 0.25}", "label=2 t=0.25"},
        {ADV_QUERY_VELOCITY, "{" POINT ", \"divergence\": true}", "divergence=true"},
        {ADV_QUERY_VELOCITY, "{" POINT ", \"divergence\": true, \"t\": 0}", "divergence=true t=0"},
        {ADV_QUERY_VELOCITY, "{" POINT ", \"divergence\": {\"method\": \"exact\"}}",
         "divergence=exact"},
        {ADV_QUERY_VELOCITY, "{" POINT ", \"divergence\": {\"probes\": 4}}",
         "divergence=hutchinson probes=4"},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct asked a = ask(cases[i].kind, cases[i].json);
        struct asked b = ask_in_text(cases[i].kind, cases[i].text);
        check_ok(&a, cases[i].json);
        check_ok(&b, cases[i].text);
        ck_assert_msg(!is_default(&a.query), "%s changes nothing", cases[i].json);
        check_same(&a.query, &b.query, cases[i].json);
        done(&a);
        done(&b);
    }
}
END_TEST

START_TEST(null_means_absent)
{
    struct asked a = ask(ADV_QUERY_SAMPLES,
                         "{\"n\": null, \"seed\": null, \"x0\": null, \"label\": null,"
                         " \"solver\": {\"method\": null, \"steps\": null}, \"guidance\": null}");
    check_ok(&a, "nulls");
    ck_assert(is_default(&a.query));
    done(&a);
    a = ask(ADV_QUERY_VELOCITY, "{\"points\": [[1, 2]], \"divergence\": false}");
    check_ok(&a, "no divergence");
    ck_assert(is_default(&a.query));
    done(&a);
}
END_TEST

/* ---------------------------------------------------------------- arrays */

START_TEST(points_are_floats_bit_for_bit)
{
    static const float wanted[] = {0.1f,        -0.0f,     3.4028235e38f, -3.4028235e38f, 1e-45f,
                                   16777217.0f, 0x1p-126f, 1.0f,          -7.0f,          1.0f / 3};
    struct asked a =
        ask(ADV_QUERY_LATENTS,
            "{\"points\": [[0.1, -0.0], [3.4028235e38, -3.4028235e38], [1e-45, 16777217],"
            " [1.17549435e-38, 1], [-7, 0.333333343]]}");
    check_ok(&a, "points");
    ck_assert_uint_eq(a.query.n, 5);
    ck_assert_mem_eq(a.query.points, wanted, sizeof wanted);
    done(&a);
}
END_TEST

START_TEST(x0_sets_n)
{
    struct asked a = ask(ADV_QUERY_SAMPLES, "{\"x0\": [[1, 2], [3, 4]], \"label\": [1, 2]}");
    check_ok(&a, "x0");
    ck_assert_uint_eq(a.query.n, 2);
    ck_assert_float_eq(a.query.points[3], 4);
    ck_assert_int_eq(a.query.labels[1], 2);
    done(&a);
    a = ask(ADV_QUERY_SAMPLES, "{\"x0\": [[1, 2], [3, 4]], \"n\": 2}");
    check_ok(&a, "x0 and n");
    done(&a);
}
END_TEST

START_TEST(one_label_is_every_rows)
{
    struct asked a = ask(ADV_QUERY_SAMPLES, "{\"n\": 3, \"label\": 2}");
    check_ok(&a, "label");
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(a.query.labels[i], 2);
    done(&a);
}
END_TEST

START_TEST(uploaded_points)
{
    struct adv_limits limits = adv_limits_default();
    struct asked a = start(ADV_QUERY_LATENTS);
    set_point(a.request);
    set_point(a.request); /* replaces and frees the former ones */
    finish(&a, &limits);
    check_ok(&a, "one point");
    ck_assert_uint_eq(a.query.n, 1);
    ck_assert_float_eq(a.query.points[1], 2);
    done(&a);
    a = start(ADV_QUERY_SAMPLES);
    ck_assert_int_eq(adv_request_set_points(a.request, 0, 2, calloc(1, sizeof(float)), &a.error),
                     ADV_E_INVALID);
    ck_assert_str_eq(a.error.message,
                     "x0 has 0 rows of 2 numbers; it must have at least 1 of each");
    done(&a);
}
END_TEST

/* Who makes queries of requests, as the daemon's threads that accept them, is not to spend time on
 * every number of every point: those are for the run. */
START_TEST(numbers_of_points_are_left_to_the_run)
{
    static const struct {
        enum adv_query_kind kind;
        float bad;
        const char *field, *message;
    } cases[] = {
        {ADV_QUERY_LATENTS, NAN, "points", "points[1][1] is nan; it must be a finite number"},
        {ADV_QUERY_VELOCITY, -INFINITY, "points",
         "points[1][1] is -inf; it must be a finite number"},
        {ADV_QUERY_SAMPLES, INFINITY, "x0", "x0[1][1] is inf; it must be a finite number"}};
    struct adv_limits limits = adv_limits_default();
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct asked a = start(cases[i].kind);
        struct adv_run *run = NULL;
        float *points = calloc(4, sizeof *points);
        points[3] = cases[i].bad;
        ck_assert_int_eq(adv_request_set_points(a.request, 2, 2, points, NULL), ADV_OK);
        finish(&a, &limits);
        check_ok(&a, cases[i].message);
        ck_assert_int_eq(adv_run_new(model, &a.query, &run, &a.error), ADV_E_INVALID);
        ck_assert_ptr_null(run);
        ck_assert_str_eq(a.error.field, cases[i].field);
        ck_assert_str_eq(a.error.message, cases[i].message);
        done(&a);
    }
}
END_TEST

/* ---------------------------------------------------------------- schema and help */

START_TEST(schema_and_reader_agree)
{
    static const struct {
        enum adv_query_kind kind;
        bool right;
        const char *body;
    } cases[] = {
        {ADV_QUERY_SAMPLES, true, "{}"},
        {ADV_QUERY_SAMPLES, true,
         "{\"n\": 2, \"seed\": 3, \"first\": 0, \"label\": [0, -1], \"guidance\": 2,"
         " \"log_density\": true, \"solver\": {\"method\": \"dopri5\", \"rtol\": 1e-4,"
         " \"atol\": 1e-4}, \"divergence\": {\"method\": \"hutchinson\", \"probes\": 2,"
         " \"seed\": 1}, \"space\": \"flow\"}"},
        {ADV_QUERY_SAMPLES, true, "{\"x0\": [[1, 2.5]], \"label\": 3}"},
        {ADV_QUERY_SAMPLES, false, "{\"n\": 0}"},
        {ADV_QUERY_SAMPLES, false, "{\"x0\": [1, 2]}"},
        {ADV_QUERY_SAMPLES, false, "{\"label\": [\"a\"]}"},
        {ADV_QUERY_SAMPLES, false, "{\"label\": -2}"},
        {ADV_QUERY_SAMPLES, false, "{\"solver\": {\"method\": \"rk9\"}}"},
        {ADV_QUERY_SAMPLES, false, "{\"frames\": 2}"},
        {ADV_QUERY_TRAJECTORIES, true, "{\"frames\": 2}"},
        {ADV_QUERY_TRAJECTORIES, true, "{\"times\": [0.5, 1]}"},
        {ADV_QUERY_TRAJECTORIES, false, "{\"times\": [0.5]}"},
        {ADV_QUERY_TRAJECTORIES, false, "{\"log_density\": true}"},
        {ADV_QUERY_LOG_DENSITY, true, "{\"points\": [[1, 2]], \"t\": 0.5}"},
        {ADV_QUERY_LOG_DENSITY, false, "{}"},
        {ADV_QUERY_LOG_DENSITY, false, "{\"points\": [[1, 2]], \"divergence\": true}"},
        {ADV_QUERY_LATENTS, true, "{\"points\": [[1, 2]], \"solver\": {}}"},
        {ADV_QUERY_LATENTS, false, "{\"points\": [[1, 2]], \"divergence\": {}}"},
        {ADV_QUERY_VELOCITY, true, "{\"points\": [[1, 2]], \"divergence\": true}"},
        {ADV_QUERY_VELOCITY, true, "{\"points\": [[1, 2]], \"divergence\": {\"probes\": 2}}"},
        {ADV_QUERY_VELOCITY, false, "{\"points\": [[1, 2]], \"divergence\": 1}"},
        {ADV_QUERY_VELOCITY, false, "{\"points\": [[1, 2]], \"solver\": {}}"},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        json_t *schema = adv_request_schema(cases[i].kind);
        json_t *body = json_loads(cases[i].body, 0, NULL);
        struct asked a = ask(cases[i].kind, cases[i].body);
        ck_assert_msg((a.status == ADV_OK) == cases[i].right, "%s: %s", cases[i].body,
                      a.error.message);
        ck_assert_msg(json_conforms(schema, body) == cases[i].right, "%s", cases[i].body);
        done(&a);
        json_decref(body);
        json_decref(schema);
    }
}
END_TEST

/* Every default that a schema states is itself allowed, and every property says what it is. */
static void check_properties(const json_t *schema)
{
    const char *name;
    json_t *property, *any;
    size_t i;
    ck_assert_str_eq(json_string_value(json_object_get(schema, "type")), "object");
    json_object_foreach(json_object_get(schema, "properties"), name, property)
    {
        const json_t *fallback = json_object_get(property, "default");
        phrase_check("schema", name, json_string_value(json_object_get(property, "description")));
        ck_assert_msg(!fallback || json_conforms(property, fallback), "%s", name);
        if (json_object_get(property, "properties"))
            check_properties(property);
        json_array_foreach(json_object_get(property, "anyOf"), i, any)
        {
            if (json_object_get(any, "properties"))
                check_properties(any);
        }
    }
}

START_TEST(schemas_describe_themselves)
{
    for (int kind = 0; kind < N_KINDS; kind++) {
        json_t *schema = adv_request_schema((enum adv_query_kind)kind);
        ck_assert_ptr_nonnull(schema);
        check_properties(schema);
        const json_t *properties = json_object_get(schema, "properties");
        ck_assert(json_object_get(properties, "label") != NULL);
        ck_assert((json_object_get(properties, "points") != NULL) == (kind > 1));
        json_decref(schema);
    }
}
END_TEST

START_TEST(help_names_the_flags)
{
    static const char *const wanted[N_KINDS][4] = {
        {"--n N", "--label TEXT", "--log-density", "--solver NAME"},
        {"--frames N", "--times TEXT", "--steps N", "--guidance X"},
        {"--t X", "--divergence NAME", "--probes N", "--probe-seed N"},
        {"--t X", "--rtol X", "--atol X", "--space NAME"},
        {"--t X", "--divergence NAME", "(default false)", "--space NAME"},
    };
    for (int kind = 0; kind < N_KINDS; kind++) {
        char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);
        struct adv_field fields[ADV_REQUEST_FIELDS_MAX];
        size_t n_fields = adv_request_text_fields((enum adv_query_kind)kind, fields);
        adv_fields_help(fields, n_fields, out);
        fclose(out);
        for (size_t i = 0; i < 4; i++)
            ck_assert_msg(strstr(text, wanted[kind][i]) != NULL, "%s", wanted[kind][i]);
        ck_assert_ptr_null(strstr(text, "--points"));
        free(text);
    }
}
END_TEST

/* ---------------------------------------------------------------- damage */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13; /* xorshift64 (Marsaglia 2003) */
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Whatever is not refused has to be a query that can be run. */
static void check_runnable(const struct adv_query *query, const struct adv_limits *limits)
{
    ck_assert_uint_ge(query->n, 1);
    ck_assert_uint_le(query->n, limits->rows);
    ck_assert_uint_le(query->n_times, limits->frames);
    ck_assert_uint_le(query->probes, limits->probes);
    ck_assert_int_le(query->solver.steps, limits->steps);
    ck_assert(query->solver.solver != NULL);
    for (size_t i = 0; query->labels && i < query->n; i++)
        ck_assert(query->labels[i] >= -1 && query->labels[i] < 4);
    for (size_t i = 0; query->points && i < 2 * query->n; i++)
        ck_assert(isfinite(query->points[i]));
    ck_assert_int_eq(adv_query_check(query, model, NULL), ADV_OK);
}

START_TEST(damaged_bodies_never_crash)
{
    static const char *const bodies[N_KINDS] = {
        "{\"n\":2,\"seed\":3,\"label\":[1,2],\"guidance\":1.5,\"log_density\":true,\"solver\":"
        "{\"method\":\"dopri5\",\"rtol\":1e-4,\"atol\":1e-4},\"divergence\":{\"probes\":2}}",
        "{\"n\":2,\"times\":[0,0.5,1],\"solver\":{\"method\":\"rk4\",\"steps\":20},\"x0\":"
        "[[1,2],[3,4]]}",
        "{\"points\":[[1,2],[0.25,-1e-3]],\"label\":1,\"t\":0.5,\"divergence\":{\"method\":"
        "\"hutchinson\",\"probes\":8,\"seed\":1}}",
        "{\"points\":[[1,2],[3,4]],\"label\":[0,-1],\"space\":\"flow\",\"solver\":{}}",
        "{\"points\":[[1,2]],\"t\":0.5,\"divergence\":true,\"guidance\":2}",
    };
    static const char letters[] = "0123456789-+.eE[]{},:\"ntl \\u";
    struct adv_limits limits = adv_limits_default();
    uint64_t state = 1;
    size_t n_parsed = 0, n_taken = 0;
    for (int round = 0; round < 40000; round++) {
        enum adv_query_kind kind = (enum adv_query_kind)(round % N_KINDS);
        char body[512];
        snprintf(body, sizeof body, "%s", bodies[kind]);
        size_t n = strlen(body);
        for (uint64_t edits = 1 + next_random(&state) % 3; edits > 0; edits--)
            body[next_random(&state) % n] = letters[next_random(&state) % (sizeof letters - 1)];
        json_t *json = json_loads(body, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
        if (!json)
            continue;
        n_parsed++;
        struct asked a = start(kind);
        json_decref(json);
        a.status = adv_request_parse_json(a.request, NULL, body, n, "the body", &limits, &a.error);
        finish(&a, &limits);
        ck_assert_msg(a.status == ADV_OK || (a.status == ADV_E_INVALID && *a.error.message), "%s",
                      body);
        if (a.status == ADV_OK) {
            n_taken++;
            check_runnable(&a.query, &limits);
        }
        done(&a);
    }
    ck_assert_uint_gt(n_parsed, 1000);
    ck_assert_uint_gt(n_taken, 100);
    ck_assert_uint_gt(n_parsed - n_taken, 100);
}
END_TEST

/* ---------------------------------------------------------------- memory */

static enum adv_status read_and_make_query(void *context, struct adv_error *error)
{
    const char *body = context;
    struct adv_limits limits = adv_limits_default();
    struct adv_request *request = NULL;
    struct adv_query query;
    enum adv_status status = adv_request_new(ADV_QUERY_TRAJECTORIES, &request, error);
    if (status == ADV_OK)
        status =
            adv_request_parse_json(request, model, body, strlen(body), "the body", &limits, error);
    if (status == ADV_E_FORMAT) /* jansson's parser takes some such for bad input */
        status = error->status = ADV_E_MEMORY;
    if (status == ADV_OK)
        status = adv_request_query(request, model, &limits, 1, &query, error);
    adv_request_free(request);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    static const char *const bodies[] = {
        "{\"n\": 2, \"label\": [1, 2], \"frames\": 4, \"solver\": {\"steps\": 3}, \"seed\": null}",
        "{\"x0\": [[1, 2], [3, 4]], \"times\": [0, 1], \"label\": 1, \"space\": \"flow\"}"};
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_gt(alloc_fail_each(read_and_make_query, (void *)bodies[i]), 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request");
    TCase *tests = tcase_create("request");
    tcase_add_checked_fixture(tests, set_up_models, tear_down_models);
    tcase_add_test(tests, defaults_of_samples);
    tcase_add_test(tests, defaults_of_densities_are_the_accurate_ones);
    tcase_add_test(tests, errors_are_told_by_default_where_they_are_cheap);
    tcase_add_test(tests, errors_by_default_yield_to_the_limit_of_cost);
    tcase_add_test(tests, fixed_steps_default_to_a_hundred_velocities);
    tcase_add_test(tests, frames_are_equidistant_times);
    tcase_add_test(tests, json_and_text_mean_the_same);
    tcase_add_test(tests, null_means_absent);
    tcase_add_test(tests, points_are_floats_bit_for_bit);
    tcase_add_test(tests, x0_sets_n);
    tcase_add_test(tests, one_label_is_every_rows);
    tcase_add_test(tests, uploaded_points);
    tcase_add_test(tests, numbers_of_points_are_left_to_the_run);
    tcase_add_test(tests, schema_and_reader_agree);
    tcase_add_test(tests, schemas_describe_themselves);
    tcase_add_test(tests, help_names_the_flags);
    tcase_add_test(tests, damaged_bodies_never_crash);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
