/* The mean of examples given their context, as far as it is linear: where trainings on contexts may
 * start. */
#include "core/base/mem.h"
#include "core/data/mixtures/linear_algebra.h"
#include "core/dataset/opening.h"

#include <stdlib.h>

#define ROWS_MAX ((size_t)20000)
#define RIDGE 1.0 /* in rows of unit size, so that dependent columns do no harm */

/* Sums over rows of [c, 1] with itself and with x. */
struct sums {
    size_t n_inputs, dim;
    double *gram;     /* [n_inputs, n_inputs] */
    double *products; /* [n_inputs, dim] */
    double *inverse;  /* [n_inputs, n_inputs]: of gram's Cholesky factor */
};

static void sums_release(struct sums *s)
{
    free(s->gram);
    free(s->products);
    free(s->inverse);
}

static enum adv_status sums_init(struct sums *s, const struct adv_dataset *d,
                                 struct adv_error *error)
{
    size_t n = d->n_context + 1;
    *s = (struct sums){.n_inputs = n, .dim = d->dim};
    s->gram = adv_calloc(n, n * sizeof *s->gram);
    s->products = adv_calloc(n, d->dim * sizeof *s->products);
    s->inverse = adv_calloc(n, n * sizeof *s->inverse);
    return s->gram && s->products && s->inverse ? ADV_OK : adv_no_memory(error);
}

static void add_row(struct sums *s, const float *x, const float *context)
{
    for (size_t i = 0; i < s->n_inputs; i++) {
        double input = i + 1 < s->n_inputs ? (double)context[i] : 1;
        for (size_t k = 0; k <= i; k++)
            s->gram[i * s->n_inputs + k] += input * (k + 1 < s->n_inputs ? (double)context[k] : 1);
        for (size_t k = 0; k < s->dim; k++)
            s->products[i * s->dim + k] += input * (double)x[k];
    }
}

static enum adv_status add_rows(struct sums *s, const struct adv_dataset *d,
                                struct adv_error *error)
{
    size_t n = d->n_train > 0 && d->n_train < ROWS_MAX ? d->n_train : ROWS_MAX;
    float *x = adv_calloc(n, d->dim * sizeof *x);
    float *context = adv_calloc(n, d->n_context * sizeof *context);
    int32_t *labels = adv_calloc(n, sizeof *labels);
    bool complete = x && context && labels;
    if (complete)
        adv_dataset_draw(d, 0, n, x, labels, context);
    for (size_t i = 0; complete && i < n; i++)
        add_row(s, x + i * d->dim, context + i * d->n_context);
    free(x);
    free(context);
    free(labels);
    return complete ? ADV_OK : adv_no_memory(error);
}

/* Column k of gram^-1 products, into solution [n_inputs]. */
static void solve(const struct sums *s, size_t k, double *solution)
{
    size_t n = s->n_inputs;
    for (size_t i = 0; i < n; i++)
        solution[i] = 0;
    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t i = 0; i <= j; i++)
            sum += s->inverse[j * n + i] * s->products[i * s->dim + k];
        for (size_t i = 0; i <= j; i++)
            solution[i] += s->inverse[j * n + i] * sum;
    }
}

void adv_context_mean_release(struct adv_context_mean *mean)
{
    free(mean->weight);
    free(mean->bias);
    *mean = (struct adv_context_mean){0};
}

static enum adv_status mean_init(struct adv_context_mean *mean, const struct adv_dataset *d,
                                 struct adv_error *error)
{
    *mean = (struct adv_context_mean){.dim = d->dim, .n_context = d->n_context};
    mean->weight = adv_calloc(d->dim, d->n_context * sizeof *mean->weight);
    mean->bias = adv_calloc(d->dim, sizeof *mean->bias);
    return mean->weight && mean->bias ? ADV_OK : adv_no_memory(error);
}

static enum adv_status solve_all(struct sums *s, struct adv_context_mean *mean,
                                 struct adv_error *error)
{
    double *solution = adv_calloc(s->n_inputs, sizeof *solution);
    if (!solution)
        return adv_no_memory(error);
    for (size_t i = 0; i < s->n_inputs; i++)
        s->gram[i * s->n_inputs + i] += RIDGE;
    bool complete = adv_inverse_cholesky(s->n_inputs, s->gram, s->inverse);
    for (size_t k = 0; complete && k < s->dim; k++) {
        solve(s, k, solution);
        for (size_t i = 0; i < mean->n_context; i++)
            mean->weight[k * mean->n_context + i] = (float)solution[i];
        mean->bias[k] = (float)solution[mean->n_context];
    }
    free(solution);
    return complete
               ? ADV_OK
               : adv_fail(error, ADV_E_NUMERIC, "the context gives no mean by linear regression");
}

enum adv_status adv_dataset_fit_context_mean(const struct adv_dataset *d,
                                             struct adv_context_mean *out, struct adv_error *error)
{
    struct sums s = {0};
    struct adv_context_mean mean = {0};
    enum adv_status status = sums_init(&s, d, error);
    if (status == ADV_OK)
        status = add_rows(&s, d, error);
    if (status == ADV_OK)
        status = mean_init(&mean, d, error);
    if (status == ADV_OK)
        status = solve_all(&s, &mean, error);
    if (status == ADV_OK)
        *out = mean;
    else
        adv_context_mean_release(&mean);
    sums_release(&s);
    return status;
}

void adv_context_mean_subtract(const struct adv_context_mean *mean, size_t n, const float *contexts,
                               float *x)
{
    for (size_t i = 0; i < n * mean->dim; i++) {
        const float *context = contexts + i / mean->dim * mean->n_context;
        const float *weight = mean->weight + i % mean->dim * mean->n_context;
        double value = (double)mean->bias[i % mean->dim];
        for (size_t k = 0; k < mean->n_context; k++)
            value += (double)weight[k] * (double)context[k];
        x[i] -= (float)value;
    }
}
