/* Estimates of the divergence by as many tangents as one another, against the exact one: random
 * signs (Hutchinson 1989), orthogonal directions, and Hutch++ (Meyer, Musco, Musco and Woodruff,
 * SOSA 2021), whose first third of the tangents finds the directions of the largest derivatives.
 *
 *     build/bin/bench_divergence MODEL.safetensors [POINTS]
 *
 * States lie on straight paths from noise to samples of the model, at times 0.1, 0.5, 0.9 and 0.99;
 * their Jacobians are computed once, whole, so that every estimate is a matter of products with
 * them. Printed are RMS errors, over states and draws, of one evaluation. */
#include <advect/extra/all.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM_MAX = 64, DRAWS = 40 };

typedef double matrix[DIM_MAX][DIM_MAX];

/* to = J x, where jacobian[k] is the derivative along axis k. */
static void apply(size_t dim, const float *jacobian, const double *x, double *to)
{
    memset(to, 0, dim * sizeof *to);
    for (size_t k = 0; k < dim; k++) {
        for (size_t j = 0; j < dim; j++)
            to[j] += x[k] * (double)jacobian[k * dim + j];
    }
}

static double dot(size_t dim, const double *x, const double *y)
{
    double sum = 0;
    for (size_t k = 0; k < dim; k++)
        sum += x[k] * y[k];
    return sum;
}

static void take_out(size_t dim, size_t n, matrix q, double *x)
{
    for (size_t i = 0; i < n; i++) {
        double along = dot(dim, q[i], x);
        for (size_t k = 0; k < dim; k++)
            x[k] -= along * q[i][k];
    }
}

/* Gram-Schmidt, twice for accuracy. Returns how many of the n rows are left. */
static size_t orthonormalise(size_t dim, size_t n, matrix q)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        memmove(q[kept], q[i], sizeof q[i]);
        take_out(dim, kept, q, q[kept]);
        take_out(dim, kept, q, q[kept]);
        double length = sqrt(dot(dim, q[kept], q[kept]));
        for (size_t k = 0; k < dim; k++)
            q[kept][k] /= length;
        kept += length > 1e-9;
    }
    return kept;
}

static void draw(uint64_t seed, bool normal, size_t dim, size_t n, matrix out)
{
    float values[DIM_MAX * DIM_MAX];
    if (normal)
        adv_rng_normal(seed, ADV_STREAM_PROBE, 0, n, dim, values);
    else
        adv_rng_rademacher(seed, ADV_STREAM_PROBE, 0, n, dim, values);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < dim; k++)
            out[i][k] = (double)values[i * dim + k];
    }
}

static double along(size_t dim, const float *jacobian, const double *x)
{
    double image[DIM_MAX];
    apply(dim, jacobian, x, image);
    return dot(dim, x, image);
}

static double signs(size_t dim, const float *jacobian, size_t n, uint64_t seed)
{
    matrix probes;
    double sum = 0;
    draw(seed, false, dim, n, probes);
    for (size_t i = 0; i < n; i++)
        sum += along(dim, jacobian, probes[i]);
    return sum / (double)n;
}

/* Directions of a random rotation, each as long as a vector of signs; in rounds of dim. */
static double orthogonal(size_t dim, const float *jacobian, size_t n, uint64_t seed)
{
    double sum = 0;
    for (size_t done = 0; done < n;) {
        matrix probes;
        size_t count = n - done < dim ? n - done : dim;
        draw(seed * 1000 + done, true, dim, count, probes);
        orthonormalise(dim, count, probes);
        for (size_t i = 0; i < count; i++)
            sum += (double)dim * along(dim, jacobian, probes[i]);
        done += count;
    }
    return sum / (double)n;
}

static double hutch_plus_plus(size_t dim, const float *jacobian, size_t n, uint64_t seed)
{
    matrix probes, q;
    size_t third = n / 3;
    double exact = 0, rest = 0;
    if (third == 0)
        return signs(dim, jacobian, n, seed);
    draw(seed, false, dim, 2 * third, probes);
    for (size_t i = 0; i < third; i++)
        apply(dim, jacobian, probes[i], q[i]);
    size_t kept = orthonormalise(dim, third, q);
    for (size_t i = 0; i < kept; i++)
        exact += along(dim, jacobian, q[i]);
    for (size_t i = third; i < 2 * third; i++) {
        take_out(dim, kept, q, probes[i]);
        rest += along(dim, jacobian, probes[i]);
    }
    return exact + rest / (double)third;
}

typedef double estimator(size_t dim, const float *jacobian, size_t n, uint64_t seed);

static double rms(estimator *estimate, size_t n_points, size_t dim, const float *jacobians,
                  size_t tangents)
{
    double square = 0;
    for (size_t i = 0; i < n_points; i++) {
        const float *jacobian = jacobians + i * dim * dim;
        double exact = 0;
        for (size_t k = 0; k < dim; k++)
            exact += (double)jacobian[k * dim + k];
        for (uint64_t d = 0; d < DRAWS; d++) {
            double error = estimate(dim, jacobian, tangents, i * DRAWS + d) - exact;
            square += error * error;
        }
    }
    return sqrt(square / (double)(n_points * DRAWS));
}

/* states [n, dim] at time t of paths to samples of the model. */
static bool place(struct adv_model *model, size_t n, float t, float *states)
{
    size_t dim = adv_model_dim(model);
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    query.n = n;
    query.space = ADV_SPACE_FLOW;
    adv_rng_normal(1, ADV_STREAM_BASE, 0, n, dim, states);
    bool done = adv_run_new(model, &query, &run, NULL) == ADV_OK &&
                adv_run_all(run, NULL, &answer, NULL) == ADV_OK;
    for (size_t i = 0; done && i < n * dim; i++)
        states[i] = t * answer->states[i] + (1 - t) * states[i];
    adv_run_free(run);
    return done;
}

/* jacobians [n, dim, dim]: the derivative along each axis. */
static bool differentiate(struct adv_model *model, size_t n, float t, const float *states,
                          float *jacobians)
{
    size_t dim = adv_model_dim(model);
    struct adv_evaluator *evaluator = NULL;
    float *times = calloc(n, sizeof *times), *v = calloc(n, dim * sizeof *v);
    float *dx = calloc(dim * n, dim * sizeof *dx), *dv = calloc(dim * n, dim * sizeof *dv);
    bool done = times && v && dx && dv &&
                adv_evaluator_new(adv_model_packed_weights(model), &evaluator, NULL) == ADV_OK;
    for (size_t i = 0; done && i < n; i++) {
        times[i] = t;
        for (size_t k = 0; k < dim; k++)
            dx[(k * n + i) * dim + k] = 1;
    }
    struct adv_points points = {.n = n, .x = states, .t = times};
    done = done && adv_evaluator_tangents(evaluator, &points, dim, dx, v, dv, NULL) == ADV_OK;
    for (size_t i = 0; done && i < n; i++) {
        for (size_t k = 0; k < dim; k++)
            memcpy(jacobians + (i * dim + k) * dim, dv + (k * n + i) * dim, dim * sizeof *dv);
    }
    adv_evaluator_free(evaluator);
    free(times);
    free(v);
    free(dx);
    free(dv);
    return done;
}

static bool measure(struct adv_model *model, size_t n, float t)
{
    static const size_t tangents[] = {2, 3, 4, 6, 9, 15};
    size_t dim = adv_model_dim(model);
    float *states = calloc(n, dim * sizeof *states);
    float *jacobians = calloc(n * dim, dim * sizeof *jacobians);
    bool done = states && jacobians && place(model, n, t, states) &&
                differentiate(model, n, t, states, jacobians);
    for (size_t i = 0; done && i < sizeof tangents / sizeof tangents[0]; i++)
        printf("%5.2f  %8zu  %8.4f  %10.4f  %8.4f\n", (double)t, tangents[i],
               rms(signs, n, dim, jacobians, tangents[i]),
               rms(orthogonal, n, dim, jacobians, tangents[i]),
               rms(hutch_plus_plus, n, dim, jacobians, tangents[i]));
    free(states);
    free(jacobians);
    return done;
}

int main(int argc, char **argv)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    if (argc < 2 || adv_model_load(argv[1], NULL, &model, &error) != ADV_OK) {
        fprintf(stderr, "bench_divergence: %s\n", argc < 2 ? "which model?" : error.message);
        return 1;
    }
    size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 50;
    if (n == 0 || adv_model_dim(model) > DIM_MAX || adv_model_classes(model) > 0) {
        fprintf(stderr,
                "bench_divergence: it takes points, of models without classes of up to %d "
                "dimensions\n",
                DIM_MAX);
        adv_model_unref(model);
        return 1;
    }
    printf("    t  tangents     signs  orthogonal  Hutch++\n");
    bool done = true;
    for (size_t i = 0; done && i < 4; i++)
        done = measure(model, n, (const float[]){0.1f, 0.5f, 0.9f, 0.99f}[i]);
    adv_model_unref(model);
    return done ? 0 : 1;
}
