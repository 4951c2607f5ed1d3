#include "trainer/samples/distances.h"

#include <advect/extra/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX ((size_t)2000) /* of pairs there are as many squared */
#define DIRECTIONS 64

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void project(size_t n, size_t dim, const float *x, const float *direction, double *to)
{
    double square = 0;
    for (size_t k = 0; k < dim; k++)
        square += (double)direction[k] * (double)direction[k];
    for (size_t i = 0; i < n; i++) {
        to[i] = 0;
        for (size_t k = 0; k < dim; k++)
            to[i] += (double)x[i * dim + k] * (double)direction[k] / sqrt(square);
    }
    qsort(to, n, sizeof *to, ascending);
}

double adv_sliced_wasserstein(size_t n, size_t dim, const float *x, const float *y, uint64_t seed)
{
    float *directions = calloc(DIRECTIONS, dim * sizeof *directions);
    double *a = calloc(n, sizeof *a), *b = calloc(n, sizeof *b), sum = 0;
    bool complete = directions && a && b;
    if (complete)
        adv_rng_normal(seed, ADV_STREAM_DATA, 0, DIRECTIONS, dim, directions);
    for (size_t d = 0; complete && d < DIRECTIONS; d++) {
        project(n, dim, x, directions + d * dim, a);
        project(n, dim, y, directions + d * dim, b);
        for (size_t i = 0; i < n; i++)
            sum += fabs(a[i] - b[i]);
    }
    free(directions);
    free(a);
    free(b);
    return complete ? sum / DIRECTIONS / (double)n : NAN;
}

static double apart(size_t dim, const float *x, const float *y)
{
    double square = 0;
    for (size_t k = 0; k < dim; k++)
        square += ((double)x[k] - (double)y[k]) * ((double)x[k] - (double)y[k]);
    return sqrt(square);
}

/* The mean of |x_i - y_j| over i != j. */
static double mean_apart(size_t n, size_t dim, const float *x, const float *y)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            sum += i == j ? 0 : apart(dim, x + i * dim, y + j * dim);
    }
    return sum / (double)n / (double)(n - 1);
}

double adv_energy_distance(size_t n, size_t dim, const float *x, const float *y)
{
    return 2 * mean_apart(n, dim, x, y) - mean_apart(n, dim, x, x) - mean_apart(n, dim, y, y);
}

/* ---------------------------------------------------------------- measured */

/* n samples, and twice as many points of the data. */
struct sets {
    size_t n, dim;
    const float *samples, *data; /* [n, dim], [2 n, dim] */
    uint64_t seed;
};

/* meanings: of both distances from the data. */
static void add_distances(const struct sets *sets, const char *const meanings[2],
                          struct adv_results *results)
{
    static const char own[] = "that of the data from themselves";
    size_t n = sets->n, dim = sets->dim;
    const float *data = sets->data, *other = data + n * dim;
    adv_results_add(results, "sliced_wasserstein", meanings[0],
                    adv_sliced_wasserstein(n, dim, sets->samples, data, sets->seed));
    adv_results_add(results, "sliced_wasserstein_of_data", own,
                    adv_sliced_wasserstein(n, dim, other, data, sets->seed));
    adv_results_add(results, "energy_distance", meanings[1],
                    adv_energy_distance(n, dim, sets->samples, data));
    adv_results_add(results, "energy_distance_of_data", own,
                    adv_energy_distance(n, dim, other, data));
}

enum adv_status adv_measure_distances(const struct adv_evaluation *e,
                                      const struct adv_answer *answer, struct adv_results *results,
                                      struct adv_error *error)
{
    static const char *const meanings[] = {"sliced Wasserstein distance from the data",
                                           "energy distance from the data"};
    size_t n = answer->n < ROWS_MAX ? answer->n : ROWS_MAX, dim = answer->dim;
    if (n < 2)
        return ADV_OK;
    float *data = calloc(2 * n, dim * sizeof *data);
    if (!data)
        return adv_no_memory(error);
    adv_density_sample(e->dataset->source.density, adv_seed_for(e->seed, ADV_SEED_HELD_OUT), 0,
                       2 * n, data);
    add_distances(&(struct sets){n, dim, answer->states, data, e->seed}, meanings, results);
    free(data);
    return ADV_OK;
}

/* Of column k of x [n, dim]; 1 where all values are the same. */
static double deviation_of(size_t n, size_t dim, const float *x, size_t k)
{
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        mean += (double)x[i * dim + k] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += ((double)x[i * dim + k] - mean) * ((double)x[i * dim + k] - mean);
    return squares > 0 ? sqrt(squares / (double)(n - 1)) : 1;
}

/* Of n_from rows, which may be sorted, n of a random order. */
static void pick(size_t n, size_t n_from, size_t dim, const float *from, uint64_t seed, float *to)
{
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * dim, from + (size_t)adv_permute(seed, i, n_from) * dim, dim * sizeof *to);
}

static void divide(size_t n, size_t dim, float *x, size_t k, double divisor)
{
    for (size_t i = 0; i < n; i++)
        x[i * dim + k] = (float)((double)x[i * dim + k] / divisor);
}

enum adv_status adv_measure_distances_of_rows(const struct adv_evaluation *e, size_t n_rows,
                                              const float *rows, const struct adv_answer *answer,
                                              struct adv_results *results, struct adv_error *error)
{
    static const char *const meanings[] = {
        "sliced Wasserstein distance from the data, in standard deviations",
        "energy distance from the data, likewise"};
    size_t n = answer->n < ROWS_MAX ? answer->n : ROWS_MAX, dim = answer->dim;
    n = n < n_rows / 2 ? n : n_rows / 2;
    if (n < 2)
        return ADV_OK;
    float *data = calloc(3 * n, dim * sizeof *data), *samples = data + 2 * n * dim;
    if (!data)
        return adv_no_memory(error);
    pick(2 * n, n_rows, dim, rows, e->seed, data);
    pick(n, answer->n, dim, answer->states, e->seed, samples);
    for (size_t k = 0; k < dim; k++) {
        double deviation = deviation_of(2 * n, dim, data, k);
        divide(2 * n, dim, data, k, deviation);
        divide(n, dim, samples, k, deviation);
    }
    add_distances(&(struct sets){n, dim, samples, data, e->seed}, meanings, results);
    free(data);
    return ADV_OK;
}
