/* The convolution against its definition, in double. */
#include "core/base/mem.h"
#include "tests/support/suite.h"
#include "tests/support/trials.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct adv_conv_attr strides[] = {{1}, {2}};

/* channels in, height, width, channels out, side, stride */
static const size_t shapes[][6] = {
    {1, 5, 7, 3, 3, 1},     {3, 6, 4, 17, 3, 1}, {32, 14, 14, 33, 3, 1}, {16, 28, 28, 1, 3, 1},
    {32, 14, 14, 16, 3, 1}, {9, 5, 1, 3, 3, 1},  {8, 1, 6, 2, 3, 1},     {64, 7, 9, 96, 3, 1},
    {5, 9, 29, 2, 3, 1},    {4, 7, 6, 5, 3, 2},  {32, 8, 5, 32, 3, 2},   {7, 3, 4, 40, 1, 1},
};

static double plain(const struct trial *t, size_t row, size_t o, size_t h, size_t w, double *scale)
{
    const struct adv_shape in = t->signature.in[0];
    size_t side = t->signature.param[0][2];
    size_t stride = ((const struct adv_conv_attr *)t->signature.attr)->stride;
    double sum = (double)t->call.param[1][o];
    *scale = fabs(sum);
    for (size_t dh = 0; dh < side; dh++) {
        for (size_t dw = 0; dw < side; dw++) {
            size_t y = stride * h + dh - side / 2, x = stride * w + dw - side / 2;
            if (y >= in.height || x >= in.width) /* below zero wraps round */
                continue;
            for (size_t c = 0; c < in.channels; c++) {
                double term =
                    (double)
                        t->call.in[0][((row * in.height + y) * in.width + x) * in.channels + c] *
                    (double)t->call.param[0][((o * in.channels + c) * side + dh) * side + dw];
                sum += term;
                *scale += fabs(term);
            }
        }
    }
    return sum;
}

START_TEST(it_is_the_sum_of_its_definition)
{
    const size_t *s = shapes[_i];
    struct example example = {.op = &adv_op_conv2d,
                              .attr = &strides[s[5] - 1],
                              .n_params = 2,
                              .in = {{s[0], s[1], s[2]}},
                              .param = {{s[3], s[0], s[4], s[4]}, {s[3], 1, 1, 1}}};
    struct trial t;
    trial_init(&t, &example, 2);
    struct adv_shape out = t.signature.out;
    ck_assert_uint_eq(out.height, (s[1] + s[5] - 1) / s[5]);
    ck_assert_uint_eq(out.width, (s[2] + s[5] - 1) / s[5]);
    ck_assert_uint_eq(out.channels, s[3]);
    double chain = (double)(s[0] * s[4] * s[4] + 1);
    for (size_t i = 0; i < t.n_out; i++) {
        size_t pixel = i / out.channels, w = pixel % out.width, h = pixel / out.width % out.height;
        double scale,
            sum = plain(&t, pixel / out.width / out.height, i % out.channels, h, w, &scale);
        /* a chain of multiply-adds (Higham, section 3.1), each rounded once or twice; Winograd's
         * sums are shorter, and what their transforms amplify stays within this */
        ck_assert_double_le(fabs((double)t.out.data[i] - sum), 2 * chain * ROUNDOFF * scale);
    }
    trial_release(&t);
}
END_TEST

static void refused(struct example example)
{
    struct adv_signature s = signature_of(&example);
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_op_conv2d.infer(&s, &error), ADV_E_INVALID);
    ck_assert_str_ne(error.message, "");
}

START_TEST(other_kernels_are_refused)
{
    struct example example = {.op = &adv_op_conv2d, .n_params = 2, .in = {{4, 5, 5}}};
    const size_t params[][2][ADV_PARAM_MAX_DIMS] = {
        {{2, 4, 5, 5}, {2, 1, 1, 1}}, /* side 5 */
        {{2, 4, 3, 1}, {2, 1, 1, 1}}, /* not square */
        {{2, 3, 3, 3}, {2, 1, 1, 1}}, /* another number of channels */
        {{2, 4, 3, 3}, {3, 1, 1, 1}}, /* another number of biases */
    };
    for (size_t i = 0; i < ADV_COUNT(params); i++) {
        memcpy(example.param, params[i], sizeof example.param);
        refused(example);
    }
    memcpy(example.param, (size_t[2][4]){{2, 4, 1, 1}, {2, 1, 1, 1}}, sizeof example.param);
    example.attr = &strides[1];
    refused(example);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv2d");
    TCase *tc = tcase_create("conv2d");
    tcase_add_loop_test(tc, it_is_the_sum_of_its_definition, 0, (int)ADV_COUNT(shapes));
    tcase_add_test(tc, other_kernels_are_refused);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
