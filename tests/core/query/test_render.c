/* Answers as JSON, NDJSON, NPY and CSV: what is written is read back by other readers and compared
 * bit for bit. Pictures: test_render_png.c. */
#include "core/render/number.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <advect/extra/render.h>
#include <check.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct adv_model *model;

static void set_up(void)
{
    model = model_of("{\"name\": \"cube-3.v1_a\", \"net\": {\"kind\": \"mlp\", \"dim\": 3,"
                     " \"channels\": 8, \"layers\": 1, \"num_classes\": 4}}");
}

static void tear_down(void)
{
    adv_model_unref(model);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13; /* xorshift64 (Marsaglia 2003) */
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* ---------------------------------------------------------------- numbers */

/* The digits of a number's text, without zeros on either side; returns how many. */
static int digits_of(const char *text, char *digits)
{
    int n = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (n > 0 || *text != '0'))
            digits[n++] = *text;
    }
    while (n > 0 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
    return n;
}

/* The text reads back, with no more digits than printf needs for it, and with as many it is no
 * farther away. (It may need one less: printf tries only the nearest number of a precision.) */
static void check_float(float value)
{
    char text[64], shortest[64], digits[64], least[64];
    size_t n = adv_write_float(text, value);
    text[n] = '\0';
    int precision = 1;
    do
        snprintf(shortest, sizeof shortest, "%.*g", precision, (double)value);
    while (strtof(shortest, NULL) != value && precision++ < 9);
    int n_digits = digits_of(text, digits), n_least = digits_of(shortest, least);
    double error = fabs(strtod(text, NULL) - (double)value);
    bool near = n_digits < n_least || error <= fabs(strtod(shortest, NULL) - (double)value);
    bool right =
        n <= ADV_FLOAT_TEXT_MAX && strtof(text, NULL) == value && n_digits <= n_least && near;
    if (!right) /* ck_assert is too slow for millions */
        ck_abort_msg("%s is written as %s", shortest, text);
}

START_TEST(floats_are_the_shortest_that_read_back)
{
    uint64_t state = 3;
    for (int i = 0; i < 200000; i++) {
        uint32_t bits = (uint32_t)(next_random(&state) >> 20);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value) && value != 0)
            check_float(value);
    }
}
END_TEST

START_TEST(floats_look_as_printf_has_them)
{
    static const struct {
        float value;
        const char *text;
    } cases[] = {{0.1f, "0.1"},
                 {-1.0f / 3, "-0.33333334"},
                 {1e-4f, "0.0001"},
                 {1e-5f, "1e-05"},
                 {123456789.0f, "123456790"},
                 {1e9f, "1e+09"},
                 {-1.5e-5f, "-1.5e-05"},
                 {0x1p-149f, "1e-45"},
                 {FLT_MAX, "3.4028235e+38"},
                 {16777216, "16777216"},
                 {FLT_MIN, "1.1754944e-38"},
                 {100, "100"},
                 {-0.00012345678f, "-0.00012345678"}};
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        char text[ADV_FLOAT_TEXT_MAX + 1];
        text[adv_write_float(text, cases[i].value)] = '\0';
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(floats_near_powers_of_ten_and_two)
{
    for (int exponent = -45; exponent <= 38; exponent++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", exponent);
        float value = strtof(text, NULL);
        check_float(value);
        check_float(nextafterf(value, 0) > 0 ? nextafterf(value, 0) : value);
        check_float(-nextafterf(value, INFINITY));
    }
    for (int exponent = -149; exponent <= 127; exponent++) {
        check_float(ldexpf(1, exponent)); /* the neighbour below is nearer than the one above */
        check_float(nextafterf(ldexpf(1, exponent), INFINITY));
        check_float(ldexpf(-1.5f, exponent < -148 ? -148 : exponent));
    }
    for (int i = -100000; i <= 100000; i++) { /* many exact ties among the odd halves */
        if (i != 0)
            check_float((float)i * 0.5f);
    }
    check_float(FLT_MAX);
    check_float(FLT_MIN);
}
END_TEST

START_TEST(doubles_read_back)
{
    static const double special[] = {0.1,     1e-5,     1.0 / 3, 5e-324,
                                     DBL_MAX, DBL_MIN,  123456., 1e17,
                                     -2.5,    1e16,     0x1p53,  0.30000000000000004,
                                     -1e-7,   1e15 + 1, M_PI};
    uint64_t state = 5;
    for (size_t i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&state);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (i < ADV_COUNT(special))
            value = special[i];
        char text[64];
        if (!isfinite(value))
            continue;
        size_t n = adv_write_double(text, value);
        text[n] = '\0';
        if (n > ADV_DOUBLE_TEXT_MAX || strtod(text, NULL) != value)
            ck_abort_msg("%.17g is written as %s", value, text);
    }
}
END_TEST

START_TEST(special_numbers)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},      {-0.0, "-0.0"},      {1, "1"},          {-120, "-120"},
                 {0.5, "0.5"},  {1e-5, "1e-05"},     {1e20, "1e+20"},   {0.0001, "0.0001"},
                 {NAN, "null"}, {-INFINITY, "null"}, {INFINITY, "null"}};
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        char text[ADV_DOUBLE_TEXT_MAX + 1];
        text[adv_write_double(text, cases[i].value)] = '\0';
        ck_assert_str_eq(text, cases[i].text);
    }
    char text[ADV_FLOAT_TEXT_MAX + 1];
    text[adv_write_float(text, -0.0f)] = '\0';
    ck_assert_str_eq(text, "-0.0");
    text[adv_write_float(text, NAN)] = '\0';
    ck_assert_str_eq(text, "null");
    text[adv_write_float(text, -INFINITY)] = '\0';
    ck_assert_str_eq(text, "null");
}
END_TEST

START_TEST(numbers_do_not_depend_on_the_locale)
{
    static const char *const commas[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR", NULL};
    size_t i = 0;
    while (commas[i] && !setlocale(LC_NUMERIC, commas[i]))
        i++;
    if (!commas[i]) {
        printf("no locale with a decimal comma is installed: that check is skipped\n");
        return;
    }
    char text[ADV_DOUBLE_TEXT_MAX + 1];
    text[adv_write_double(text, 0.25)] = '\0';
    ck_assert_str_eq(text, "0.25");
    text[adv_write_float(text, 1.5e-40f)] = '\0';
    ck_assert_ptr_null(strchr(text, ','));
}
END_TEST

/* ---------------------------------------------------------------- JSON */

enum { N = 3, DIM = 3, FRAMES = 2 };

/* Awkward on purpose: signs of zero, subnormals, the largest, digits that need all nine. */
static const float states[FRAMES][N][DIM] = {
    {{0.1f, -0.0f, 3.4028235e38f}, {1e-45f, 16777217.0f, -7}, {1.0f / 3, 0, 1e-5f}},
    {{1.17549435e-38f, 2.5f, 1e9f}, {-123456.789f, 0.00012345678f, 1}, {9.99999999e8f, 4, 0.3f}}};
static const int32_t labels[N] = {3, -1, 0};
static const double log_density[N] = {-1.0 / 3, -INFINITY, 12.5};
static const double standard_error[N] = {0.1, NAN, 0};

static struct adv_solver_spec solver_of(const char *name)
{
    struct adv_solver_spec spec = {.steps = 20, .rtol = 1e-5, .atol = 1e-6};
    ck_assert_int_eq(adv_solver_find(name, &spec.solver, NULL), ADV_OK);
    return spec;
}

static struct adv_answer answer_of(const char *solver)
{
    return (struct adv_answer){.n = N,
                               .dim = DIM,
                               .n_frames = 1,
                               .states = states[0][0],
                               .nfe = 80,
                               .solver = solver_of(solver)};
}

static json_t *render(const struct adv_query *query, const struct adv_answer *answer)
{
    struct adv_bytes out = {0};
    struct adv_error error = ADV_ERROR_INIT;
    json_error_t flaw;
    ck_assert_msg(adv_render_json(model, query, answer, &out, &error) == ADV_OK, "%s",
                  error.message);
    json_t *json = json_loadb((const char *)out.data, out.n, JSON_REJECT_DUPLICATES, &flaw);
    ck_assert_msg(json != NULL, "%s: %.*s", flaw.text, (int)out.n, (const char *)out.data);
    adv_bytes_release(&out);
    ck_assert_str_eq(json_string_value(json_object_get(json, "model")), "cube-3.v1_a");
    return json;
}

static void check_rows(const json_t *rows, size_t n, const float *wanted)
{
    ck_assert_uint_eq(json_array_size(rows), n);
    for (size_t i = 0; i < n * DIM; i++) {
        const json_t *row = json_array_get(rows, i / DIM);
        ck_assert_uint_eq(json_array_size(row), DIM);
        float value = (float)json_number_value(json_array_get(row, i % DIM));
        ck_assert_mem_eq(&value, &wanted[i], sizeof value);
    }
}

static void check_doubles(const json_t *values, size_t n, const double *wanted)
{
    ck_assert_uint_eq(json_array_size(values), n);
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(values, i);
        if (isfinite(wanted[i]))
            ck_assert(json_number_value(value) == wanted[i]);
        else
            ck_assert(json_is_null(value));
    }
}

/* Equal to the JSON text. */
static void check_member(const json_t *object, const char *name, const char *wanted)
{
    json_t *value = json_loads(wanted, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(value);
    ck_assert_msg(json_equal(json_object_get(object, name), value), "%s is not %s", name, wanted);
    json_decref(value);
}

START_TEST(json_of_samples)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = answer_of("rk4");
    query.seed = 9007199254740992;
    query.first = 12;
    answer.labels = labels;
    json_t *json = render(&query, &answer);
    check_rows(json_object_get(json, "samples"), N, states[0][0]);
    check_member(json, "seed", "9007199254740992");
    check_member(json, "first", "12");
    check_member(json, "shape", "[3, 3]");
    check_member(json, "labels", "[3, -1, 0]");
    check_member(json, "solver", "{\"method\": \"rk4\", \"steps\": 20, \"nfe\": 80}");
    ck_assert_ptr_null(json_object_get(json, "log_density"));
    ck_assert_ptr_null(json_object_get(json, "divergence"));
    json_decref(json);
}
END_TEST

START_TEST(json_of_samples_with_densities)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = answer_of("dopri5");
    query.probe_seed = 7;
    answer.log_density = log_density;
    answer.standard_error = standard_error;
    answer.divergence_method = ADV_DIVERGENCE_HUTCHINSON;
    answer.probes = 16;
    answer.renew_probes = true;
    answer.interval_factor = 2.25;
    json_t *json = render(&query, &answer);
    check_doubles(json_object_get(json, "log_density"), N, log_density);
    check_doubles(json_object_get(json, "standard_error"), N, standard_error);
    check_member(json, "divergence",
                 "{\"method\": \"hutchinson\", \"probes\": 16, \"seed\": 7, \"renew\": true,"
                 " \"interval_factor\": 2.25}");
    check_member(json, "labels", "null");
    check_member(json, "solver",
                 "{\"method\": \"dopri5\", \"rtol\": 1e-5, \"atol\": 1e-6, \"nfe\": 80}");
    json_decref(json);
}
END_TEST

START_TEST(json_of_trajectories)
{
    static const double times[FRAMES] = {0.1, 1};
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = answer_of("heun");
    answer.n_frames = FRAMES;
    answer.times = times;
    json_t *json = render(&query, &answer);
    const json_t *frames = json_object_get(json, "trajectories");
    ck_assert_uint_eq(json_array_size(frames), FRAMES);
    for (size_t f = 0; f < FRAMES; f++)
        check_rows(json_array_get(frames, f), N, states[f][0]);
    check_member(json, "times", "[0.1, 1]");
    check_member(json, "shape", "[2, 3, 3]");
    check_member(json, "labels", "null");
    check_member(json, "seed", "0");
    json_decref(json);
}
END_TEST

START_TEST(json_of_log_densities)
{
    static const double bits[N] = {3.5, 2, 1};
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_answer answer = answer_of("dopri5");
    answer.states = NULL;
    answer.latents = states[1][0];
    answer.log_density = log_density;
    answer.divergence_method = ADV_DIVERGENCE_EXACT;
    json_t *json = render(&query, &answer);
    check_doubles(json_object_get(json, "log_density"), N, log_density);
    check_rows(json_object_get(json, "latents"), N, states[1][0]);
    check_member(json, "standard_error", "null");
    check_member(json, "divergence", "{\"method\": \"exact\"}");
    ck_assert_ptr_null(json_object_get(json, "bits_per_dim"));
    json_decref(json);
    answer.bits_per_dim = bits;
    json = render(&query, &answer);
    check_doubles(json_object_get(json, "bits_per_dim"), N, bits);
    json_decref(json);
}
END_TEST

START_TEST(json_of_latents_and_velocities)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LATENTS);
    struct adv_answer answer = answer_of("dopri5");
    json_t *json = render(&query, &answer);
    check_rows(json_object_get(json, "latents"), N, states[0][0]);
    ck_assert(json_is_object(json_object_get(json, "solver")));
    json_decref(json);
    query = adv_query_default(ADV_QUERY_VELOCITY);
    query.t = 0.3;
    json = render(&query, &answer);
    check_rows(json_object_get(json, "velocity"), N, states[0][0]);
    check_member(json, "t", "0.3");
    ck_assert_ptr_null(json_object_get(json, "divergence"));
    json_decref(json);
    answer.divergence = log_density;
    json = render(&query, &answer);
    check_doubles(json_object_get(json, "divergence"), N, log_density);
    json_decref(json);
}
END_TEST

START_TEST(frame_lines)
{
    struct adv_bytes out = {0};
    for (size_t f = 0; f < FRAMES; f++)
        ck_assert_int_eq(adv_render_frame_line(f, (double)f / 10, N, DIM, states[f][0], &out, NULL),
                         ADV_OK);
    char *text = strndup((const char *)out.data, out.n), *rest = text;
    for (size_t f = 0; f < FRAMES; f++) {
        const char *line = strsep(&rest, "\n");
        json_t *json = json_loads(line, 0, NULL);
        ck_assert_msg(json != NULL, "%s", line);
        check_rows(json_object_get(json, "states"), N, states[f][0]);
        check_member(json, "frame", f ? "1" : "0");
        check_member(json, "t", f ? "0.1" : "0");
        json_decref(json);
    }
    ck_assert_str_eq(rest, "");
    free(text);
    adv_bytes_release(&out);
}
END_TEST

START_TEST(output_is_appended)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LATENTS);
    struct adv_answer answer = answer_of("rk4");
    struct adv_bytes once = {0}, twice = {0};
    ck_assert_int_eq(adv_render_json(model, &query, &answer, &once, NULL), ADV_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(adv_render_json(model, &query, &answer, &twice, NULL), ADV_OK);
    ck_assert_uint_eq(twice.n, 2 * once.n);
    ck_assert_mem_eq(twice.data, once.data, once.n);
    ck_assert_mem_eq(twice.data + once.n, once.data, once.n);
    adv_bytes_release(&once);
    adv_bytes_release(&twice);
}
END_TEST

/* ---------------------------------------------------------------- NPY */

static struct adv_array parse_npy(const struct adv_query *query, const struct adv_answer *answer)
{
    struct adv_bytes out = {0};
    struct adv_array array = {0};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_render_npy(query, answer, &out, NULL), ADV_OK);
    ck_assert_msg(adv_npy_parse(out.data, out.n, "answer", &array, &error) == ADV_OK, "%s",
                  error.message);
    adv_bytes_release(&out);
    return array;
}

START_TEST(npy_of_rows_and_frames)
{
    static const double times[FRAMES] = {0, 1};
    struct adv_query query = adv_query_default(ADV_QUERY_VELOCITY);
    struct adv_answer answer = answer_of("rk4");
    struct adv_array array = parse_npy(&query, &answer);
    ck_assert_int_eq(array.n_dims, 2);
    ck_assert_uint_eq(array.shape[0], N);
    ck_assert_uint_eq(array.shape[1], DIM);
    ck_assert_mem_eq(array.data, states[0], sizeof states[0]);
    adv_array_release(&array);
    query.kind = ADV_QUERY_TRAJECTORIES;
    answer.n_frames = FRAMES;
    answer.times = times;
    array = parse_npy(&query, &answer);
    ck_assert_int_eq(array.n_dims, 3);
    ck_assert_uint_eq(array.shape[0], FRAMES);
    ck_assert_mem_eq(array.data, states, sizeof states);
    adv_array_release(&array);
}
END_TEST

START_TEST(npy_of_log_densities)
{
    static const double values[N] = {-0.1, 2, -1e-300};
    static const float wanted[N] = {-0.1f, 2, -0.0f};
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_answer answer = answer_of("dopri5");
    answer.states = NULL;
    answer.log_density = values;
    struct adv_array array = parse_npy(&query, &answer);
    ck_assert_int_eq(array.n_dims, 1);
    ck_assert_uint_eq(array.shape[0], N);
    ck_assert_mem_eq(array.data, wanted, sizeof wanted);
    adv_array_release(&array);
}
END_TEST

/* ---------------------------------------------------------------- CSV, and the table of formats */

/* The cells of a CSV text, in order; the line of names aside. */
static size_t parse_csv(const struct adv_bytes *out, size_t most, double *cells)
{
    size_t n = 0;
    char text[4096];
    ck_assert_uint_lt(out->n, sizeof text);
    memcpy(text, out->data, out->n);
    text[out->n] = '\0';
    for (char *cell = strtok(strchr(text, '\n'), ",\n"); cell; cell = strtok(NULL, ",\n")) {
        ck_assert_uint_lt(n, most);
        cells[n++] = strtod(cell, NULL);
    }
    return n;
}

START_TEST(csv_gives_every_float_back)
{
    double cells[N * (DIM + 2)];
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = answer_of("rk4");
    struct adv_bytes out = {0};
    answer.labels = labels;
    answer.log_density = log_density;
    ck_assert_int_eq(adv_render_csv(NULL, &query, &answer, &out, NULL), ADV_OK);
    ck_assert_mem_eq(out.data, "x1,x2,x3,label,log_density\n", 27);
    ck_assert_uint_eq(parse_csv(&out, N * (DIM + 2), cells), N * (DIM + 2));
    for (size_t i = 0; i < N; i++) {
        const double *row = cells + i * (DIM + 2);
        for (size_t k = 0; k < DIM; k++)
            ck_assert_float_eq((float)row[k], states[0][i][k]);
        ck_assert_int_eq((int)row[DIM], labels[i]);
        ck_assert(row[DIM + 1] == log_density[i]);
    }
    adv_bytes_release(&out);
}
END_TEST

START_TEST(csv_of_trajectories_has_a_line_per_frame_and_sample)
{
    static const double times[FRAMES] = {0.25, 1};
    double cells[FRAMES * N * (DIM + 2)];
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    struct adv_answer answer = answer_of("rk4");
    struct adv_bytes out = {0};
    answer.n_frames = FRAMES;
    answer.times = times;
    ck_assert_int_eq(adv_render_csv(NULL, &query, &answer, &out, NULL), ADV_OK);
    ck_assert_uint_eq(parse_csv(&out, FRAMES * N * (DIM + 2), cells), FRAMES * N * (DIM + 2));
    for (size_t line = 0; line < FRAMES * N; line++) {
        const double *row = cells + line * (DIM + 2);
        ck_assert(row[0] == times[line / N]);
        ck_assert(row[1] == (double)(line % N));
        ck_assert_float_eq((float)row[2], states[line / N][line % N][0]);
    }
    adv_bytes_release(&out);
}
END_TEST

START_TEST(csv_of_velocities_has_their_divergence)
{
    static const double divergence[N] = {0.1, -2.5, 1e-30};
    double cells[N * (DIM + 1)];
    struct adv_query query = adv_query_default(ADV_QUERY_VELOCITY);
    struct adv_answer answer = answer_of("rk4");
    struct adv_bytes out = {0};
    answer.divergence = divergence;
    ck_assert_int_eq(adv_render_csv(NULL, &query, &answer, &out, NULL), ADV_OK);
    ck_assert_mem_eq(out.data, "x1,x2,x3,divergence\n", 20);
    ck_assert_uint_eq(parse_csv(&out, N * (DIM + 1), cells), N * (DIM + 1));
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < DIM; k++)
            ck_assert_float_eq((float)cells[i * (DIM + 1) + k], states[0][i][k]);
        ck_assert(cells[i * (DIM + 1) + DIM] == divergence[i]);
    }
    adv_bytes_release(&out);
}
END_TEST

START_TEST(csv_of_latents_is_their_rows)
{
    double cells[N * DIM];
    struct adv_query query = adv_query_default(ADV_QUERY_LATENTS);
    struct adv_answer answer = answer_of("rk4");
    struct adv_bytes out = {0};
    ck_assert_int_eq(adv_render_csv(model, &query, &answer, &out, NULL), ADV_OK);
    ck_assert_mem_eq(out.data, "z1,z2,z3\n", 9);
    ck_assert_uint_eq(parse_csv(&out, N * DIM, cells), N * DIM);
    for (size_t i = 0; i < N * DIM; i++)
        ck_assert_float_eq((float)cells[i], states[0][i / DIM][i % DIM]);
    adv_bytes_release(&out);
}
END_TEST

/* Every kind of query has JSON, and what it has is found by the names of the table. */
START_TEST(formats_have_names_of_their_own)
{
    for (size_t i = 0; i < ADV_FORMATS; i++) {
        const struct adv_format *format = adv_format((enum adv_format_id)i);
        ck_assert_uint_eq(format->id, i);
        ck_assert_str_eq(format->extension + 1, format->name);
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(format->name, adv_format((enum adv_format_id)k)->name);
    }
    for (int kind = ADV_QUERY_SAMPLES; kind <= ADV_QUERY_VELOCITY; kind++)
        ck_assert(adv_format_has(adv_format(ADV_FORMAT_JSON), (enum adv_query_kind)kind));
    ck_assert(!adv_format_has(adv_format(ADV_FORMAT_NDJSON), ADV_QUERY_SAMPLES));
}
END_TEST

START_TEST(a_format_is_what_its_function_writes)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LATENTS);
    struct adv_answer answer = answer_of("rk4");
    struct adv_bytes by_format = {0}, by_function = {0};
    ck_assert_int_eq(
        adv_render(adv_format(ADV_FORMAT_NPY), model, &query, &answer, NULL, &by_format, NULL),
        ADV_OK);
    ck_assert_int_eq(adv_render_npy(&query, &answer, &by_function, NULL), ADV_OK);
    ck_assert_uint_eq(by_format.n, by_function.n);
    ck_assert_mem_eq(by_format.data, by_function.data, by_function.n);
    adv_bytes_release(&by_format);
    adv_bytes_release(&by_function);
}
END_TEST

/* ---------------------------------------------------------------- memory */

static enum adv_status render_texts_and_npy(void *context, struct adv_error *error)
{
    (void)context;
    struct adv_query query = {.kind = ADV_QUERY_LATENTS};
    struct adv_answer answer = {.n = N,
                                .dim = DIM,
                                .n_frames = 1,
                                .states = states[0][0],
                                .solver = adv_solver_spec_accurate()};
    struct adv_bytes out = {0};
    enum adv_status status = adv_render_json(model, &query, &answer, &out, error);
    if (status == ADV_OK)
        status = adv_render_npy(&query, &answer, &out, error);
    query.kind = ADV_QUERY_SAMPLES;
    if (status == ADV_OK)
        status = adv_render_csv(NULL, &query, &answer, &out, error);
    adv_bytes_release(&out);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_gt(alloc_fail_each(render_texts_and_npy, NULL), 5);
}
END_TEST

/* ---------------------------------------------------------------- the whole way */

/* A request as JSON becomes a query, a run, and JSON again, whose samples go in as starts. */
START_TEST(request_to_answer_and_back)
{
    struct adv_limits limits = adv_limits_default();
    struct adv_query query;
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    char *body = strdup("{\"n\": 5, \"seed\": 3, \"label\": 2, \"log_density\": true}");
    for (int round = 0; round < 2; round++) {
        struct adv_request *request = NULL;
        ck_assert_int_eq(adv_request_new(ADV_QUERY_SAMPLES, &request, NULL), ADV_OK);
        ck_assert_msg(adv_request_parse_json(request, model, body, strlen(body), "the body",
                                             &limits, &error) == ADV_OK,
                      "%s", error.message);
        ck_assert_msg(adv_request_query(request, model, &limits, 0, &query, &error) == ADV_OK, "%s",
                      error.message);
        ck_assert_msg(adv_run_new(model, &query, &run, &error) == ADV_OK, "%s", error.message);
        adv_request_free(request);
        ck_assert_msg(adv_run_all(run, NULL, &answer, &error) == ADV_OK, "%s", error.message);
        json_t *json = render(&query, answer);
        check_rows(json_object_get(json, "samples"), 5, answer->states);
        check_doubles(json_object_get(json, "log_density"), 5, answer->log_density);
        check_member(json, "labels", "[2, 2, 2, 2, 2]");
        json_t *next = json_pack("{s:O, s:i, s:b}", "x0", json_object_get(json, "samples"), "label",
                                 2, "log_density", 1);
        free(body);
        body = json_dumps(next, 0);
        json_decref(next);
        check_member(json, "shape", "[5, 3]");
        json_decref(json);
        adv_run_free(run);
    }
    free(body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("render");
    TCase *tests = tcase_create("render");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, floats_are_the_shortest_that_read_back);
    tcase_add_test(tests, floats_look_as_printf_has_them);
    tcase_add_test(tests, floats_near_powers_of_ten_and_two);
    tcase_add_test(tests, doubles_read_back);
    tcase_add_test(tests, special_numbers);
    tcase_add_test(tests, numbers_do_not_depend_on_the_locale);
    tcase_add_test(tests, json_of_samples);
    tcase_add_test(tests, json_of_samples_with_densities);
    tcase_add_test(tests, json_of_trajectories);
    tcase_add_test(tests, json_of_log_densities);
    tcase_add_test(tests, json_of_latents_and_velocities);
    tcase_add_test(tests, frame_lines);
    tcase_add_test(tests, output_is_appended);
    tcase_add_test(tests, npy_of_rows_and_frames);
    tcase_add_test(tests, npy_of_log_densities);
    tcase_add_test(tests, csv_gives_every_float_back);
    tcase_add_test(tests, csv_of_trajectories_has_a_line_per_frame_and_sample);
    tcase_add_test(tests, csv_of_velocities_has_their_divergence);
    tcase_add_test(tests, csv_of_latents_is_their_rows);
    tcase_add_test(tests, formats_have_names_of_their_own);
    tcase_add_test(tests, a_format_is_what_its_function_writes);
    tcase_add_test(tests, every_allocation_may_fail);
    tcase_add_test(tests, request_to_answer_and_back);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
