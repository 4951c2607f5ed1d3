/* The checkerboard: its cells' numbers against counting, its samples against
 * its support, and its volume.
 *
 * Statistical bounds are five standard errors; the seeds are fixed. */
#include "tests/core/data/densities.h"
#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>

static struct adv_density *make_board(int dim, int cells)
{
    char text[80];
    snprintf(text, sizeof text, "{\"kind\": \"checkerboard\", \"dim\": %d, \"cells\": %d}", dim,
             cells);
    return density_of(text);
}

/* Modes number the even cells: every cell's centre, by counting through all of them. */
START_TEST(board_modes_number_the_even_cells)
{
    for (int dim = 2; dim <= 4; dim++) {
        for (int cells = 2; cells <= 12 - 2 * (dim - 2); cells++) {
            struct adv_density *density = make_board(dim, cells);
            size_t n_modes = adv_density_modes(density), n_even = 0, n_wrong = 0;
            bool *seen = calloc(n_modes, sizeof *seen);
            int index[4] = {0};
            while (index[0] < cells) {
                float centre[4];
                int sum = 0;
                for (int d = 0; d < dim; d++) {
                    centre[d] = (float)(-4.0 + (index[d] + 0.5) * 8.0 / cells);
                    sum += index[d];
                }
                long mode = adv_density_mode(density, centre);
                if (sum % 2 == 0) {
                    n_even++;
                    n_wrong += mode < 0 || (size_t)mode >= n_modes || seen[mode];
                    if (mode >= 0 && (size_t)mode < n_modes)
                        seen[mode] = true;
                } else {
                    n_wrong += mode != -1;
                }
                int d = dim - 1;
                while (++index[d] == cells && d > 0)
                    index[d--] = 0;
            }
            ck_assert_uint_eq(n_even, n_modes);
            ck_assert_uint_eq(n_wrong, 0);
            free(seen);
            adv_density_free(density);
        }
    }
}
END_TEST

START_TEST(board_counts_and_volumes)
{
    static const struct {
        int dim, cells;
        double modes;
    } boards[] = {{2, 8, 32},           {2, 5, 13},           {3, 3, 14},     {8, 2, 128},
                  {8, 12, 214990848.0}, {8, 11, 107179441.0}, {7, 5, 39063.0}};
    for (size_t b = 0; b < ADV_COUNT(boards); b++) {
        struct adv_density *density = make_board(boards[b].dim, boards[b].cells);
        ck_assert(adv_density_modes(density) == (size_t)boards[b].modes);
        float centre[8];
        for (int d = 0; d < 8; d++)
            centre[d] = (float)(-4.0 + 4.0 / boards[b].cells); /* of the first cell */
        double log_p, volume = boards[b].modes * pow(8.0 / boards[b].cells, boards[b].dim);
        adv_density_log_density(density, 1, centre, &log_p);
        ck_assert_double_eq_tol(log_p, -log(volume), 1e-12);
        centre[1] += (float)(8.0 / boards[b].cells);
        adv_density_log_density(density, 1, centre, &log_p);
        ck_assert(log_p == -INFINITY);
        adv_density_free(density);
    }
}
END_TEST

/* Each cell equally often, also where k is odd and prefixes have unequal numbers of completions. */
START_TEST(board_cells_are_equally_likely)
{
    static const int boards[][2] = {{2, 3}, {2, 5}, {2, 8}, {3, 3},
                                    {3, 4}, {4, 3}, {5, 2}, {2, 11}};
    for (size_t b = 0; b < ADV_COUNT(boards); b++) {
        struct adv_density *density = make_board(boards[b][0], boards[b][1]);
        size_t n_modes = adv_density_modes(density), counts[128] = {0}, n_lost = 0;
        double shares[128];
        ck_assert_uint_le(n_modes, 128);
        float *points = samples_of(density, 21, N_SAMPLES);
        for (size_t m = 0; m < n_modes; m++)
            shares[m] = 1.0 / (double)n_modes;
        for (size_t i = 0; i < N_SAMPLES; i++) {
            long mode = adv_density_mode(density, points + i * (size_t)boards[b][0]);
            if (mode >= 0)
                counts[mode]++;
            else
                n_lost++;
        }
        ck_assert_uint_eq(n_lost, 0);
        assert_shares(counts, shares, n_modes, N_SAMPLES);
        free(points);
        adv_density_free(density);
    }
}
END_TEST

/* No sample falls off the support by rounding, and positions within cells are uniform. */
START_TEST(board_samples_fill_their_cells)
{
    for (int cells = 2; cells <= 12; cells++) {
        struct adv_density *density = make_board(8, cells);
        const size_t n = 30000;
        size_t counts[20] = {0}, n_outside = 0;
        double shares[20];
        float *points = samples_of(density, 4, n);
        for (size_t i = 0; i < n; i++)
            n_outside += adv_density_mode(density, points + 8 * i) < 0;
        for (size_t i = 0; i < 8 * n; i++) {
            double at = ((double)points[i] + 4.0) * cells / 8.0;
            counts[(size_t)((at - floor(at)) * 20.0) % 20]++;
        }
        ck_assert_uint_eq(n_outside, 0);
        for (int bin = 0; bin < 20; bin++)
            shares[bin] = 1.0 / 20.0;
        assert_shares(counts, shares, 20, 8 * n);
        free(points);
        adv_density_free(density);
    }
}
END_TEST

START_TEST(board_ends_where_it_should)
{
    struct adv_density *density = make_board(2, 8);
    const float inside[][2] = {{-4, -4}, {4, 4}, {-3.0000002f, -4}};
    const float outside[][2] = {{-3, -4}, {4, -4}, {4.0000005f, 4}, {-4.0000005f, -4}};
    for (size_t i = 0; i < ADV_COUNT(inside); i++)
        ck_assert_int_ge(adv_density_mode(density, inside[i]), 0);
    for (size_t i = 0; i < ADV_COUNT(outside); i++)
        ck_assert_int_eq(adv_density_mode(density, outside[i]), -1);
    adv_density_free(density);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkerboard");
    TCase *board = tcase_create("checkerboard");
    tcase_set_timeout(board, 120);
    tcase_add_test(board, board_modes_number_the_even_cells);
    tcase_add_test(board, board_counts_and_volumes);
    tcase_add_test(board, board_cells_are_equally_likely);
    tcase_add_test(board, board_samples_fill_their_cells);
    tcase_add_test(board, board_ends_where_it_should);
    suite_add_tcase(suite, board);
    return suite_run(suite);
}
