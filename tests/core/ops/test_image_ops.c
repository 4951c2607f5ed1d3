/* The ops of images against their definitions, in double. */
#include "core/base/mem.h"
#include "tests/support/suite.h"
#include "tests/support/trials.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Element (channel, row, column) of image r, channels last. */
static double at(const adv_real *x, struct adv_shape s, size_t r, size_t c, size_t i, size_t j)
{
    return (double)x[((r * s.height + i) * s.width + j) * s.channels + c];
}

static const struct adv_group_norm_attr groups_3 = {3, false}, groups_3_silu = {3, true};
static const struct adv_group_norm_attr groups_32_silu = {32, true}, groups_1 = {1, false};

/* ---- moved, not computed ---- */

START_TEST(pixels_and_planes_change_the_order)
{
    for (size_t channels = 1; channels <= 3; channels += 2) {
        struct adv_shape s = {channels, 4, 5};
        struct trial pixels, planes;
        trial_init(&pixels, &(struct example){.op = &adv_op_to_channels_last, .in = {s}},
                   TRIAL_ROWS);
        trial_init(&planes, &(struct example){.op = &adv_op_to_channels_first, .in = {s}},
                   TRIAL_ROWS);
        for (size_t k = 0; k < pixels.n_out; k++) {
            size_t j = k % 5, i = k / 5 % 4, c = k / 20 % channels, r = k / 20 / channels;
            ck_assert(at(pixels.out.data, s, r, c, i, j) == (double)pixels.in[0].data[k]);
            ck_assert((double)planes.out.data[k] == at(planes.in[0].data, s, r, c, i, j));
        }
        trial_release(&pixels);
        trial_release(&planes);
    }
}
END_TEST

START_TEST(upsample_repeats_pixels)
{
    struct trial t;
    trial_init(&t, &(struct example){.op = &adv_op_upsample_nearest, .in = {{3, 2, 5}}},
               TRIAL_ROWS);
    struct adv_shape in = t.signature.in[0], out = t.signature.out;
    ck_assert(out.channels == 3 && out.height == 4 && out.width == 10);
    for (size_t k = 0; k < t.n_out; k++) {
        size_t c = k % 3, j = k / 3 % 10, i = k / 30 % 4, r = k / 120;
        ck_assert((double)t.out.data[k] == at(t.in[0].data, in, r, c, i / 2, j / 2));
    }
    trial_release(&t);
}
END_TEST

START_TEST(pool_takes_means_and_drops_a_last_line)
{
    struct trial t;
    trial_init(&t, &(struct example){.op = &adv_op_avg_pool2d, .in = {{3, 5, 7}}}, TRIAL_ROWS);
    struct adv_shape in = t.signature.in[0], out = t.signature.out;
    ck_assert(out.channels == 3 && out.height == 2 && out.width == 3);
    for (size_t k = 0; k < t.n_out; k++) {
        size_t c = k % 3, j = k / 3 % 3, i = k / 9 % 2, r = k / 18;
        double sum = 0;
        for (size_t a = 0; a < 4; a++)
            sum += at(t.in[0].data, in, r, c, 2 * i + a / 2, 2 * j + a % 2);
        /* two additions deep, of numbers below 1 */
        ck_assert_double_le(fabs((double)t.out.data[k] - sum / 4), 3 * ROUNDOFF);
    }
    trial_release(&t);
}
END_TEST

START_TEST(concat_puts_channels_side_by_side)
{
    struct trial t;
    trial_init(&t, &(struct example){.op = &adv_op_concat, .in = {{3, 2, 5}, {2, 2, 5}}},
               TRIAL_ROWS);
    struct adv_shape a = t.signature.in[0], b = t.signature.in[1], out = t.signature.out;
    ck_assert(out.channels == 5 && out.height == 2 && out.width == 5);
    for (size_t k = 0; k < t.n_out; k++) {
        size_t c = k % 5, j = k / 5 % 5, i = k / 25 % 2, r = k / 50;
        double from = c < 3 ? at(t.in[0].data, a, r, c, i, j) : at(t.in[1].data, b, r, c - 3, i, j);
        ck_assert((double)t.out.data[k] == from);
    }
    trial_release(&t);
}
END_TEST

START_TEST(join_adds_a_vector_to_every_pixel)
{
    struct trial t;
    trial_init(&t,
               &(struct example){.op = &adv_op_broadcast_add,
                                 .domain = {ADV_PER_ROW, ADV_PER_CONDITION},
                                 .in = {{3, 4, 5}, {3, 1, 1}}},
               TRIAL_ROWS);
    for (size_t k = 0; k < t.n_out; k++) {
        size_t r = k / 60, condition = (size_t)t.call.row_map[r];
        ck_assert(t.out.data[k] == t.in[0].data[k] + t.in[1].data[condition * 3 + k % 3]);
    }
    trial_release(&t);
}
END_TEST

/* ---- sines and cosines ---- */

START_TEST(sinusoid_is_the_embedding_of_its_definition)
{
    for (size_t channels = 2; channels <= 33; channels++) {
        struct adv_timestep_embedding_attr attr = {channels};
        struct trial t;
        trial_init(&t,
                   &(struct example){.op = &adv_op_timestep_embedding,
                                     .attr = &attr,
                                     .domain = {ADV_PER_CONDITION},
                                     .in = {{1, 1, 1}}},
                   TRIAL_ROWS);
        size_t half = channels / 2;
        for (size_t k = 0; k < t.n_out; k++) {
            size_t c = k % channels;
            double w = pow(10000, -(double)(c % half) / (double)half);
            double angle = (double)t.in[0].data[k / channels] * w;
            double value = c < half ? cos(angle) : c < 2 * half ? sin(angle) : 0;
            /* the result's own rounding, of a value up to 1, and libm's */
            ck_assert_double_le(fabs((double)t.out.data[k] - value), 2 * ROUNDOFF);
        }
        trial_release(&t);
    }
}
END_TEST

/* Octaves 6 and 7 of three channels: x, then sines by channel and octave, then cosines. */
START_TEST(fourier_planes_lie_as_in_the_reference)
{
    static const struct adv_pixel_fourier_attr high = {6, 2};
    struct trial t;
    trial_init(&t, &(struct example){.op = &adv_op_pixel_fourier, .attr = &high, .in = {{3, 4, 5}}},
               TRIAL_ROWS);
    ck_assert(t.signature.out.channels == 15 && t.signature.out.height == 4);
    for (size_t k = 0; k < t.n_out; k++) {
        size_t plane = k % 15, feature = (plane - 3) % 6;
        const adv_real *x = t.in[0].data + k / 15 * 3;
        if (plane < 3) {
            ck_assert(t.out.data[k] == x[plane]);
            continue;
        }
        double turns = ldexp((double)x[feature / 2], 6 + (int)(feature % 2));
        double angle = 2 * M_PI * (turns - nearbyint(turns));
        double value = plane < 9 ? sin(angle) : cos(angle);
        /* float: 3e-7 (core/base/vmath.h); double: 2 pi 2^7 x rounds at up to 805 */
        ck_assert_double_le(fabs((double)t.out.data[k] - value), fmax(3e-7, 2000 * 0x1p-53));
    }
    trial_release(&t);
}
END_TEST

/* ---- group norm ---- */

static double group_norm(const struct trial *t, size_t r, size_t c, size_t pixel)
{
    const struct adv_group_norm_attr *attr = t->signature.attr;
    size_t channels = t->signature.in[0].channels, width = channels / attr->groups;
    size_t pixels = adv_shape_size(t->signature.in[0]) / channels;
    const adv_real *x = t->in[0].data + r * pixels * channels;
    double sum = 0, squares = 0, n = (double)(width * pixels);
    for (size_t k = 0; k < pixels * width; k++)
        sum += (double)x[k / width * channels + c / width * width + k % width];
    for (size_t k = 0; k < pixels * width; k++) {
        double d = (double)x[k / width * channels + c / width * width + k % width] - sum / n;
        squares += d * d;
    }
    return ((double)x[pixel * channels + c] - sum / n) / sqrt(squares / n + 1e-5);
}

/* The mean is rounded once at its own size, and what is normalised with it is off by as many
 * standard deviations; variance and gain round a few times, sums over 64 terms at most run in one
 * chain. */
static void assert_norm(const struct trial *t, double mean, double deviation)
{
    size_t channels = t->signature.in[0].channels, n = adv_shape_size(t->signature.in[0]);
    const struct adv_group_norm_attr *attr = t->signature.attr;
    for (size_t k = 0; k < t->n_out; k++) {
        size_t c = k % channels, r = k / n;
        double h = group_norm(t, r, c, k % n / channels);
        double weight = (double)t->param[0].data[c], bias = (double)t->param[1].data[c];
        if (t->signature.n_inputs == 2) {
            const adv_real *given = t->in[1].data + (size_t)t->call.row_map[r] * 2 * channels;
            weight *= 1 + (double)given[c];
            bias = bias * (1 + (double)given[c]) + (double)given[channels + c];
        }
        double z = weight * h + bias, y = attr->silu ? z / (1 + exp(-z)) : z;
        double off = ROUNDOFF * (fabs(weight) * (40 * fabs(h) + 2 * fabs(mean) / deviation) + 4);
        ck_assert_msg(fabs((double)t->out.data[k] - y) <= 1.1 * off + 5e-7 * fabs(y),
                      "y[%zu] = %.9g, not %.9g", k, (double)t->out.data[k], y);
    }
}

static const struct example norms[] = {
    {.op = &adv_op_group_norm,
     .attr = &groups_3,
     .n_params = 2,
     .in = {{6, 4, 5}},
     .param = {{6, 1, 1, 1}, {6, 1, 1, 1}}},
    {.op = &adv_op_group_norm,
     .attr = &groups_1,
     .n_params = 2,
     .in = {{17, 7, 7}},
     .param = {{17, 1, 1, 1}, {17, 1, 1, 1}}},
    {.op = &adv_op_group_norm,
     .attr = &groups_32_silu,
     .n_params = 2,
     .in = {{96, 14, 14}},
     .param = {{96, 1, 1, 1}, {96, 1, 1, 1}}},
    {.op = &adv_op_group_norm,
     .attr = &groups_32_silu,
     .n_params = 2,
     .in = {{32, 28, 28}},
     .param = {{32, 1, 1, 1}, {32, 1, 1, 1}}},
    {.op = &adv_op_scale_shift_norm,
     .attr = &groups_3_silu,
     .n_params = 2,
     .domain = {ADV_PER_ROW, ADV_PER_CONDITION},
     .in = {{6, 4, 5}, {12, 1, 1}},
     .param = {{6, 1, 1, 1}, {6, 1, 1, 1}}},
    {.op = &adv_op_scale_shift_norm,
     .attr = &groups_32_silu,
     .n_params = 2,
     .domain = {ADV_PER_ROW, ADV_PER_CONDITION},
     .in = {{64, 7, 7}, {128, 1, 1}},
     .param = {{64, 1, 1, 1}, {64, 1, 1, 1}}},
};

START_TEST(norms_are_those_of_their_definition)
{
    struct trial t;
    trial_init(&t, &norms[_i], TRIAL_ROWS);
    assert_norm(&t, 1, 0.5);
    trial_release(&t);
}
END_TEST

/* A mean of 1000 standard deviations: squares less the square of the mean would have no digit
 * left. */
START_TEST(norms_do_not_cancel)
{
    struct trial t;
    trial_init(&t, &norms[_i], 2);
    for (size_t k = 0; k < t.n_in[0]; k++)
        t.in[0].data[k] += 500;
    t.op->forward(&t.call);
    assert_norm(&t, 500, 0.5);
    trial_release(&t);
}
END_TEST

/* One bright pixel in a black image: its standard deviation is most of the variance. */
START_TEST(norms_stand_an_outlier)
{
    struct trial t;
    trial_init(&t, &norms[_i], 1);
    memset(t.in[0].data, 0, t.n_in[0] * sizeof(adv_real));
    for (size_t c = 0; c < t.signature.in[0].channels; c++)
        t.in[0].data[c] = 100;
    t.op->forward(&t.call);
    assert_norm(&t, 100, 100);
    trial_release(&t);
}
END_TEST

/* An image of one colour has no variance: eps keeps it finite, and it comes out as the bias. */
START_TEST(a_flat_image_becomes_the_bias)
{
    struct trial t;
    trial_init(&t, &norms[0], 1);
    for (size_t k = 0; k < t.n_in[0]; k++)
        t.in[0].data[k] = 0.7f;
    t.op->forward(&t.call);
    for (size_t k = 0; k < t.n_out; k++) {
        /* the mean may be off by its rounding, times 1 / sqrt(eps) */
        double tolerance = 317 * ROUNDOFF;
        ck_assert_double_le(fabs((double)t.out.data[k] - (double)t.param[1].data[k % 6]),
                            tolerance);
    }
    trial_release(&t);
}
END_TEST

START_TEST(rows_do_not_depend_on_their_neighbours)
{
    struct trial t;
    trial_init(&t, &norms[_i], TRIAL_ROWS);
    size_t n = t.n_out / TRIAL_ROWS;
    struct guarded alone;
    guarded_init(&alone, n);
    for (size_t r = 0; r < TRIAL_ROWS; r++) {
        struct adv_call call = t.call;
        call.rows = 1;
        call.in[0] += r * n;
        call.row_map += r;
        call.out = alone.data;
        t.op->forward(&call);
        ck_assert(same_bytes(n, alone.data, t.out.data + r * n));
    }
    release_checked(&alone);
    trial_release(&t);
}
END_TEST

int main(void)
{
    int n_norms = (int)ADV_COUNT(norms);
    Suite *suite = suite_create("image ops");
    TCase *tc = tcase_create("image ops");
    tcase_add_test(tc, pixels_and_planes_change_the_order);
    tcase_add_test(tc, upsample_repeats_pixels);
    tcase_add_test(tc, pool_takes_means_and_drops_a_last_line);
    tcase_add_test(tc, concat_puts_channels_side_by_side);
    tcase_add_test(tc, join_adds_a_vector_to_every_pixel);
    tcase_add_test(tc, sinusoid_is_the_embedding_of_its_definition);
    tcase_add_test(tc, fourier_planes_lie_as_in_the_reference);
    tcase_add_loop_test(tc, norms_are_those_of_their_definition, 0, n_norms);
    tcase_add_loop_test(tc, norms_do_not_cancel, 0, n_norms);
    tcase_add_loop_test(tc, norms_stand_an_outlier, 0, n_norms);
    tcase_add_test(tc, a_flat_image_becomes_the_bias);
    tcase_add_loop_test(tc, rows_do_not_depend_on_their_neighbours, 0, n_norms);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
