/* 8-bit values: what a model's file says they mean, that they survive the way to data and back to a
 * picture; and dequantisation: values stay in their level whatever the rounding, the noise is
 * uniform, and a row's values depend on nothing but its index. */
#include <advect/extra/levels.h>
#include <advect/extra/memory.h>
#include <advect/extra/plot.h>
#include <advect/extra/rng.h>

#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- the rule */

static struct adv_transform *transform_of(const char *text, size_t dim)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_transform *transform = NULL;
    json_t *spec = json_loads(text, 0, NULL);
    ck_assert_msg(adv_transform_new(spec, dim, &transform, &error) == ADV_OK, "%s: %s", text,
                  error.message);
    json_decref(spec);
    return transform;
}

static const struct {
    const char *transform;
    bool is_image;
    struct adv_levels levels;
} rules[] = {
    {"{\"kind\": \"identity\"}", false, {ADV_LEVELS_NONE, -1, 1}},
    {"{\"kind\": \"identity\"}", true, {ADV_LEVELS_NONE, -1, 1}},
    {"{\"kind\": \"identity\", \"range\": [0, 255]}", true, {ADV_LEVELS_INTENSITIES, 0, 255}},
    {"{\"kind\": \"identity\", \"range\": [0, 120]}", false, {ADV_LEVELS_NONE, 0, 120}},
    {"{\"kind\": \"identity\", \"levels\": 256}", true, {ADV_LEVELS_DEQUANTISED, 0, 1}},
    {"{\"kind\": \"identity\", \"levels\": 256}", false, {ADV_LEVELS_DEQUANTISED, 0, 1}},
    {"{\"kind\": \"identity\", \"range\": [-1, 1], \"levels\": 256}",
     true,
     {ADV_LEVELS_DEQUANTISED, -1, 1}},
    {"{\"kind\": \"identity\", \"levels\": 16}", true, {ADV_LEVELS_INTENSITIES, 0, 1}},
};
#define N_RULES ADV_COUNT(rules)

START_TEST(the_transform_says_what_bytes_mean)
{
    struct adv_transform *transform = transform_of(rules[_i].transform, 2);
    struct adv_levels levels = adv_levels_of(transform, rules[_i].is_image);
    ck_assert_int_eq(levels.kind, rules[_i].levels.kind);
    ck_assert_double_eq(levels.lo, rules[_i].levels.lo);
    ck_assert_double_eq(levels.hi, rules[_i].levels.hi);
    adv_transform_free(transform);
}
END_TEST

/* What a file says after a training on bytes, and that it cannot say two things. */
START_TEST(training_states_what_its_bytes_are)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_transform *transform = NULL;
    ck_assert_int_eq(adv_transform_new(NULL, 2, &transform, NULL), ADV_OK);
    ck_assert_int_eq(adv_transform_state_8_bit(transform, true, NULL), ADV_OK);
    json_t *json = adv_transform_to_json(transform);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, "{\"kind\":\"identity\",\"levels\":256,\"range\":[0.0,1.0]}");
    free(text);
    json_decref(json);
    adv_transform_free(transform);
    transform = transform_of("{\"kind\": \"identity\", \"levels\": 16}", 2);
    ck_assert_int_eq(adv_transform_state_8_bit(transform, false, NULL), ADV_OK);
    ck_assert_int_eq(adv_transform_state_8_bit(transform, true, &error), ADV_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "states 16 levels"));
    adv_transform_free(transform);
}
END_TEST

START_TEST(bytes_of_no_levels_stay_numbers)
{
    const struct adv_levels none = {ADV_LEVELS_NONE, 0, 1};
    float values[] = {0, 1, 200, 255};
    adv_levels_to_data(&none, 2, 2, values);
    ck_assert_mem_eq(values, ((float[]){0, 1, 200, 255}), sizeof values);
}
END_TEST

START_TEST(intensities_span_the_range)
{
    const struct adv_levels levels = {ADV_LEVELS_INTENSITIES, -1, 3};
    float values[] = {0, 51, 255};
    adv_levels_to_data(&levels, 1, 3, values);
    ck_assert_mem_eq(values, ((float[]){-1, -0.2F, 3}), sizeof values);
}
END_TEST

/* Wherever an image stands, its levels' places are the same. */
START_TEST(an_image_is_one_point_in_every_row)
{
    enum { ROWS = 3, DIM = 300 };
    const struct adv_levels levels = {ADV_LEVELS_DEQUANTISED, 0, 1};
    static float alone[DIM], rows[ROWS * DIM], drawn[DIM];
    for (int i = 0; i < ROWS * DIM; i++)
        rows[i] = (float)(i % DIM % 256);
    memcpy(alone, rows, sizeof alone);
    memcpy(drawn, rows, sizeof drawn);
    adv_levels_to_data(&levels, 1, DIM, alone);
    adv_levels_to_data(&levels, ROWS, DIM, rows);
    for (int row = 0; row < ROWS; row++)
        ck_assert_mem_eq(rows + row * DIM, alone, sizeof alone);
    adv_levels_draw(&levels, 5, 7, 1, DIM, drawn);
    ck_assert_mem_ne(drawn, alone, sizeof alone);
}
END_TEST

static const struct adv_levels round_trips[] = {
    {ADV_LEVELS_DEQUANTISED, 0, 1},    {ADV_LEVELS_DEQUANTISED, -1, 1},
    {ADV_LEVELS_DEQUANTISED, 0, 255},  {ADV_LEVELS_INTENSITIES, 0, 1},
    {ADV_LEVELS_INTENSITIES, -1, 1.5}, {ADV_LEVELS_INTENSITIES, 0, 255},
};
#define N_ROUND_TRIPS ADV_COUNT(round_trips)

START_TEST(pictures_give_levels_back)
{
    enum { SIDE = 64, DIM = SIDE * SIDE };
    const struct adv_levels *levels = &round_trips[_i];
    const struct adv_grid grid = {.dequantised = levels->kind == ADV_LEVELS_DEQUANTISED};
    struct adv_image image;
    static float values[DIM];
    for (int i = 0; i < DIM; i++)
        values[i] = (float)(i % 256);
    adv_levels_to_data(levels, 1, DIM, values);
    ck_assert_int_eq(
        adv_image_grid(1, 1, SIDE, SIDE, values, levels->lo, levels->hi, &grid, &image, NULL),
        ADV_OK);
    for (int i = 0; i < DIM; i++)
        ck_assert_int_eq(image.pixels[i], i % 256);
    adv_image_release(&image);
}
END_TEST

/* ---------------------------------------------------------------- dequantisation */

START_TEST(dequantised_values_stay_in_their_level)
{
    static const int levels[] = {2, 10, 256, 1000, 65536};
    enum { N = 1 << 21, DIM = 512 };
    const int n_levels = levels[_i];
    float *values = malloc(N * sizeof *values), *out = malloc(N * sizeof *out);
    size_t n_wrong = 0;
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < N; i++)
        values[i] = (float)(i % n_levels);
    adv_dequantise(3, 0, N / DIM, DIM, n_levels, values, out);
    for (int i = 0; i < N; i++) {
        double at = (double)out[i] * n_levels, u = at - (double)values[i];
        n_wrong += floor(at) != (double)values[i];
        sum += u;
        squares += (u - 0.5) * (u - 0.5);
    }
    ck_assert_uint_eq(n_wrong, 0);
    /* u is uniform: mean 1/2, variance 1/12, whose own variance is 1/180 per value. */
    ck_assert_double_le(fabs(sum / N - 0.5), 5.0 * sqrt(1.0 / 12.0 / N));
    ck_assert_double_le(fabs(squares / N - 1.0 / 12.0), 5.0 * sqrt(1.0 / 180.0 / N) + 1e-4);
    free(values);
    free(out);
}
END_TEST

START_TEST(dequantisation_is_a_pure_function)
{
    enum { ROWS = 5, DIM = 700 };
    static float values[ROWS * DIM], whole[ROWS * DIM], split[ROWS * DIM], u[ROWS * DIM];
    for (int i = 0; i < ROWS * DIM; i++)
        values[i] = (float)(i % 256);
    adv_dequantise(9, 100, ROWS, DIM, 256, values, whole);
    adv_dequantise(9, 100, 2, DIM, 256, values, split);
    adv_dequantise(9, 102, 3, DIM, 256, values + 2 * DIM, split + 2 * DIM);
    ck_assert_mem_eq(whole, split, sizeof whole);
    adv_dequantise(9, 100, ROWS, DIM, 256, values, values); /* in place */
    ck_assert_mem_eq(whole, values, sizeof whole);
    adv_rng_uniform(9, ADV_STREAM_DEQUANTISE, 100, ROWS, DIM, u);
    for (int i = 0; i < ROWS * DIM; i++)
        ck_assert_double_eq_tol((double)whole[i], (i % 256 + (double)u[i]) / 256.0, 0x1p-24);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("levels");
    TCase *rule = tcase_create("rule");
    tcase_add_loop_test(rule, the_transform_says_what_bytes_mean, 0, N_RULES);
    tcase_add_test(rule, training_states_what_its_bytes_are);
    tcase_add_test(rule, bytes_of_no_levels_stay_numbers);
    tcase_add_test(rule, intensities_span_the_range);
    tcase_add_test(rule, an_image_is_one_point_in_every_row);
    tcase_add_loop_test(rule, pictures_give_levels_back, 0, N_ROUND_TRIPS);
    suite_add_tcase(suite, rule);
    TCase *dequantise = tcase_create("dequantise");
    tcase_set_timeout(dequantise, 60);
    tcase_add_loop_test(dequantise, dequantised_values_stay_in_their_level, 0, 5);
    tcase_add_test(dequantise, dequantisation_is_a_pure_function);
    suite_add_tcase(suite, dequantise);
    return suite_run(suite);
}
