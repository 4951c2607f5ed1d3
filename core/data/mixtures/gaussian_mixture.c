#include <advect/extra/gaussian_mixture.h>

#include "core/base/mem.h"
#include "core/data/mixtures/linear_algebra.h"

#include <advect/extra/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ITERATIONS_MAX 100
#define TOLERANCE 1e-5 /* nats a row: less is no progress */
#define RESTARTS 3
#define CLUSTER_ROUNDS 5
#define SHARE_ROWS 0.5 /* added to each component's rows of a class, so that no share is zero */

static const double log_two_pi = 1.8378770664093453;

/* ---------------------------------------------------------------- memory */

static enum adv_status mixture_init(struct adv_gaussian_mixture *m, size_t n, size_t dim,
                                    size_t labels, struct adv_error *error)
{
    *m = (struct adv_gaussian_mixture){.n = n, .dim = dim, .labels = labels};
    m->means = adv_calloc(n, dim * sizeof *m->means);
    m->covariances = adv_calloc(n, dim * dim * sizeof *m->covariances);
    m->log_shares = adv_calloc(labels, n * sizeof *m->log_shares);
    if (m->means && m->covariances && m->log_shares)
        return ADV_OK;
    adv_gaussian_mixture_release(m);
    return adv_no_memory(error);
}

void adv_gaussian_mixture_release(struct adv_gaussian_mixture *m)
{
    free(m->means);
    free(m->covariances);
    free(m->log_shares);
    *m = (struct adv_gaussian_mixture){0};
}

/* ---------------------------------------------------------------- densities */

/* What evaluating needs of a mixture. */
struct densities {
    const struct adv_gaussian_mixture *mixture;
    double *inverse;  /* [n, dim, dim]: of the Cholesky factors */
    double *constant; /* [n]: log-density at the mean */
    double *log_part; /* [n]: of one row, log(share density) */
};

static void densities_release(struct densities *d)
{
    free(d->inverse);
    free(d->constant);
    free(d->log_part);
}

static enum adv_status densities_init(struct densities *d, const struct adv_gaussian_mixture *m,
                                      struct adv_error *error)
{
    size_t square = m->dim * m->dim;
    *d = (struct densities){.mixture = m};
    d->inverse = adv_calloc(m->n, square * sizeof *d->inverse);
    d->constant = adv_calloc(m->n, sizeof *d->constant);
    d->log_part = adv_calloc(m->n, sizeof *d->log_part);
    if (!d->inverse || !d->constant || !d->log_part) {
        densities_release(d);
        return adv_no_memory(error);
    }
    return ADV_OK;
}

/* After a change of the mixture. */
static enum adv_status densities_update(struct densities *d, struct adv_error *error)
{
    const struct adv_gaussian_mixture *m = d->mixture;
    for (size_t k = 0; k < m->n; k++) {
        double *inverse = d->inverse + k * m->dim * m->dim;
        if (!adv_inverse_cholesky(m->dim, m->covariances + k * m->dim * m->dim, inverse))
            return adv_fail(error, ADV_E_NUMERIC, "the covariance of component %zu is singular", k);
        d->constant[k] = -0.5 * (double)m->dim * log_two_pi;
        for (size_t j = 0; j < m->dim; j++)
            d->constant[k] += log(inverse[j * m->dim + j]);
    }
    return ADV_OK;
}

/* |inverse (x - mean)|^2 */
static double distance(const struct densities *d, size_t k, const float *x)
{
    size_t dim = d->mixture->dim;
    const double *mean = d->mixture->means + k * dim, *row = d->inverse + k * dim * dim;
    double sum = 0;
    for (size_t i = 0; i < dim; i++, row += dim) {
        double z = 0;
        for (size_t j = 0; j <= i; j++)
            z += row[j] * ((double)x[j] - mean[j]);
        sum += z * z;
    }
    return sum;
}

/* The log-density of a row; log_part then holds the components' parts of it. */
static double log_density(const struct densities *d, const float *x, size_t label)
{
    const struct adv_gaussian_mixture *m = d->mixture;
    double largest = -INFINITY, sum = 0;
    for (size_t k = 0; k < m->n; k++) {
        d->log_part[k] = m->log_shares[label * m->n + k] + d->constant[k] - 0.5 * distance(d, k, x);
        largest = fmax(largest, d->log_part[k]);
    }
    for (size_t k = 0; k < m->n; k++)
        sum += exp(d->log_part[k] - largest);
    return largest + log(sum);
}

static size_t label_of(const struct adv_gaussian_mixture *m, const struct adv_mixture_rows *rows,
                       size_t i)
{
    if (m->labels == 1)
        return 0;
    return rows->labels && rows->labels[i] >= 0 ? (size_t)rows->labels[i] : m->labels - 1;
}

enum adv_status adv_gaussian_mixture_log_density(const struct adv_gaussian_mixture *m,
                                                 const struct adv_mixture_rows *rows, double *out,
                                                 struct adv_error *error)
{
    struct densities d;
    enum adv_status status = densities_init(&d, m, error);
    if (status != ADV_OK)
        return status;
    status = densities_update(&d, error);
    for (size_t i = 0; status == ADV_OK && i < rows->n; i++)
        out[i] = log_density(&d, rows->x + i * rows->dim, label_of(m, rows, i));
    densities_release(&d);
    return status;
}

/* ---------------------------------------------------------------- one fit */

struct fit {
    const struct adv_mixture_rows *rows;
    struct adv_gaussian_mixture *mixture;
    struct densities densities;
    double *variances; /* [dim]: of all rows */
    double *centre;    /* [dim, dim]: of the prior, but for the number of components */
    double *shares;    /* [labels, n]: sums of responsibilities */
    double *rows_in;   /* [n]: the same over all labels */
    double *sums;      /* [n, dim] */
    double *products;  /* [n, dim, dim], the lower triangle */
};

static void fit_release(struct fit *f)
{
    densities_release(&f->densities);
    free(f->variances);
    free(f->centre);
    free(f->shares);
    free(f->rows_in);
    free(f->sums);
    free(f->products);
}

/* Their covariance, its correlations shrunk by dim rows that have none. */
static void find_centre(struct fit *f)
{
    size_t n = f->rows->n, dim = f->rows->dim;
    double *mean = f->sums, kept = (double)n / (double)(n + dim);
    memset(mean, 0, dim * sizeof *mean);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < dim; j++)
            mean[j] += (double)f->rows->x[i * dim + j] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const float *x = f->rows->x + i * dim;
        for (size_t a = 0; a < dim; a++) {
            for (size_t b = 0; b <= a; b++)
                f->centre[a * dim + b] +=
                    ((double)x[a] - mean[a]) * ((double)x[b] - mean[b]) / (double)n;
        }
    }
    for (size_t a = 0; a < dim; a++) {
        f->variances[a] = fmax(f->centre[a * dim + a], 1e-12);
        for (size_t b = 0; b < a; b++)
            f->centre[a * dim + b] *= kept;
        f->centre[a * dim + a] = f->variances[a];
    }
}

static enum adv_status fit_init(struct fit *f, const struct adv_mixture_rows *rows,
                                struct adv_gaussian_mixture *m, struct adv_error *error)
{
    *f = (struct fit){.rows = rows, .mixture = m};
    enum adv_status status = densities_init(&f->densities, m, error);
    if (status != ADV_OK)
        return status;
    f->variances = adv_calloc(m->dim, sizeof *f->variances);
    f->centre = adv_calloc(m->dim, m->dim * sizeof *f->centre);
    f->shares = adv_calloc(m->labels, m->n * sizeof *f->shares);
    f->rows_in = adv_calloc(m->n, sizeof *f->rows_in);
    f->sums = adv_calloc(m->n, m->dim * sizeof *f->sums);
    f->products = adv_calloc(m->n, m->dim * m->dim * sizeof *f->products);
    if (!f->variances || !f->centre || !f->shares || !f->rows_in || !f->sums || !f->products) {
        fit_release(f);
        return adv_no_memory(error);
    }
    find_centre(f);
    return ADV_OK;
}

static void clear_sums(struct fit *f)
{
    size_t n = f->mixture->n, dim = f->mixture->dim;
    memset(f->shares, 0, f->mixture->labels * n * sizeof *f->shares);
    memset(f->rows_in, 0, n * sizeof *f->rows_in);
    memset(f->sums, 0, n * dim * sizeof *f->sums);
    memset(f->products, 0, n * dim * dim * sizeof *f->products);
}

static void add_row(struct fit *f, size_t i, size_t k, double share)
{
    size_t dim = f->rows->dim;
    const float *x = f->rows->x + i * dim;
    double *sum = f->sums + k * dim, *product = f->products + k * dim * dim;
    f->rows_in[k] += share;
    f->shares[label_of(f->mixture, f->rows, i) * f->mixture->n + k] += share;
    for (size_t a = 0; a < dim; a++) {
        double weighted = share * (double)x[a];
        sum[a] += weighted;
        for (size_t b = 0; b <= a; b++)
            product[a * dim + b] += weighted * (double)x[b];
    }
}

static void set_shares(struct fit *f)
{
    struct adv_gaussian_mixture *m = f->mixture;
    for (size_t l = 0; l < m->labels; l++) {
        bool all = m->labels > 1 && l + 1 == m->labels; /* no label: those of all rows */
        const double *rows = all ? f->rows_in : f->shares + l * m->n;
        double total = 0;
        for (size_t k = 0; k < m->n; k++)
            total += rows[k] + SHARE_ROWS;
        for (size_t k = 0; k < m->n; k++)
            m->log_shares[l * m->n + k] = log((rows[k] + SHARE_ROWS) / total);
    }
}

/* The means and covariances that follow from the sums. */
static void maximise(struct fit *f)
{
    struct adv_gaussian_mixture *m = f->mixture;
    size_t dim = m->dim;
    double prior = 0.5 * ((double)dim + 2);
    double shrink = pow((double)m->n, -2 / (double)dim);
    for (size_t k = 0; k < m->n; k++) {
        double rows = f->rows_in[k], *mean = m->means + k * dim;
        double *covariance = m->covariances + k * dim * dim;
        const double *product = f->products + k * dim * dim;
        for (size_t a = 0; rows > 1e-6 && a < dim; a++) /* else it stays where it was */
            mean[a] = f->sums[k * dim + a] / rows;
        for (size_t a = 0; a < dim; a++) {
            for (size_t b = 0; b <= a; b++) {
                double scatter = rows > 1e-6 ? product[a * dim + b] - rows * mean[a] * mean[b] : 0;
                double centre = shrink * f->centre[a * dim + b];
                covariance[a * dim + b] = covariance[b * dim + a] =
                    (scatter + prior * centre) / (rows + prior);
            }
        }
    }
    set_shares(f);
}

/* One round of expectation and maximisation; the mean log-density before it. */
static enum adv_status improve(struct fit *f, double *mean, struct adv_error *error)
{
    double sum = 0;
    enum adv_status status = densities_update(&f->densities, error);
    if (status != ADV_OK)
        return status;
    clear_sums(f);
    for (size_t i = 0; i < f->rows->n; i++) {
        const float *x = f->rows->x + i * f->rows->dim;
        double log_p = log_density(&f->densities, x, label_of(f->mixture, f->rows, i));
        sum += log_p;
        for (size_t k = 0; k < f->mixture->n; k++) {
            double share = exp(f->densities.log_part[k] - log_p);
            if (share > 1e-9)
                add_row(f, i, k, share);
        }
    }
    maximise(f);
    *mean = sum / (double)f->rows->n;
    return ADV_OK;
}

/* ---------------------------------------------------------------- where it begins */

/* |x - mean|^2 in standard deviations of all rows. */
static double spread(const struct fit *f, const float *x, const double *mean)
{
    double sum = 0;
    for (size_t j = 0; j < f->rows->dim; j++) {
        double off = (double)x[j] - mean[j];
        sum += off * off / f->variances[j];
    }
    return sum;
}

static size_t nearest(const struct fit *f, const float *x, size_t n, double *least)
{
    size_t best = 0;
    *least = INFINITY;
    for (size_t k = 0; k < n; k++) {
        double distance_k = spread(f, x, f->mixture->means + k * f->rows->dim);
        if (distance_k < *least) {
            *least = distance_k;
            best = k;
        }
    }
    return best;
}

static void put_mean(struct fit *f, size_t k, size_t i)
{
    for (size_t j = 0; j < f->rows->dim; j++)
        f->mixture->means[k * f->rows->dim + j] = (double)f->rows->x[i * f->rows->dim + j];
}

/* A row, with a probability in proportion to its squared distance from the means so far
 * (k-means++, Arthur and Vassilvitskii 2007). */
static size_t far_row(const struct fit *f, size_t n_means, uint64_t seed)
{
    double total = 0, least;
    for (size_t i = 0; i < f->rows->n; i++, total += least)
        nearest(f, f->rows->x + i * f->rows->dim, n_means, &least);
    double sought =
        ldexp((double)(adv_rng_word(seed, ADV_STREAM_INIT, n_means) >> 11), -53) * total;
    for (size_t i = 0; i < f->rows->n; i++) {
        nearest(f, f->rows->x + i * f->rows->dim, n_means, &least);
        sought -= least;
        if (sought < 0)
            return i;
    }
    return f->rows->n - 1;
}

static void begin_fit(struct fit *f, uint64_t seed)
{
    double least;
    put_mean(f, 0, adv_rng_below(seed, ADV_STREAM_INIT, 0, f->rows->n));
    for (size_t k = 1; k < f->mixture->n; k++)
        put_mean(f, k, far_row(f, k, seed));
    for (int round = 0; round < CLUSTER_ROUNDS; round++) {
        clear_sums(f);
        for (size_t i = 0; i < f->rows->n; i++)
            add_row(f, i, nearest(f, f->rows->x + i * f->rows->dim, f->mixture->n, &least), 1);
        maximise(f);
    }
}

/* From one beginning to the end; *mean: log-density of the rows. */
static enum adv_status fit_once(struct fit *f, uint64_t seed, double *mean, struct adv_error *error)
{
    double before = -INFINITY;
    begin_fit(f, seed);
    for (int i = 0; i < ITERATIONS_MAX; i++, before = *mean) {
        enum adv_status status = improve(f, mean, error);
        if (status != ADV_OK || *mean - before < TOLERANCE)
            return status;
    }
    return ADV_OK;
}

/* The best of several mixtures, owned; mean: its log-density of the rows that decide. */
struct best {
    struct adv_gaussian_mixture mixture;
    double mean;
};

/* Takes the mixture over, as the best or to release it; whether it is the best. */
static bool offer(struct best *best, struct adv_gaussian_mixture *mixture, double mean)
{
    bool better = !best->mixture.means || mean > best->mean;
    struct adv_gaussian_mixture worse = better ? best->mixture : *mixture;
    if (better)
        *best = (struct best){*mixture, mean};
    adv_gaussian_mixture_release(&worse);
    return better;
}

enum adv_status adv_gaussian_mixture_fit(const struct adv_mixture_rows *rows, size_t n_components,
                                         uint64_t seed, struct adv_gaussian_mixture *out,
                                         struct adv_error *error)
{
    if (rows->n == 0 || rows->dim == 0 || n_components == 0)
        return adv_fail(error, ADV_E_INVALID, "a mixture of Gaussians needs rows and components");
    size_t labels = rows->classes ? rows->classes + 1 : 1;
    int restarts = n_components > 1 ? RESTARTS : 1;
    struct best best = {0};
    double mean = 0;
    enum adv_status status = ADV_OK;
    for (int i = 0; i < restarts && status == ADV_OK; i++) {
        struct adv_gaussian_mixture m;
        struct fit f = {0};
        status = mixture_init(&m, n_components, rows->dim, labels, error);
        if (status != ADV_OK)
            break;
        status = fit_init(&f, rows, &m, error);
        if (status == ADV_OK) {
            status = fit_once(&f, adv_rng_word(seed, ADV_STREAM_INIT, (uint64_t)i), &mean, error);
            fit_release(&f);
        }
        if (status == ADV_OK)
            offer(&best, &m, mean);
        else
            adv_gaussian_mixture_release(&m);
    }
    if (status == ADV_OK)
        *out = best.mixture;
    else
        adv_gaussian_mixture_release(&best.mixture);
    return status;
}

/* ---------------------------------------------------------------- how many components */

static enum adv_status mean_log_density(const struct adv_gaussian_mixture *m,
                                        const struct adv_mixture_rows *rows, double *mean,
                                        struct adv_error *error)
{
    double *each = adv_calloc(rows->n, sizeof *each), sum = 0;
    if (!each)
        return adv_no_memory(error);
    enum adv_status status = adv_gaussian_mixture_log_density(m, rows, each, error);
    for (size_t i = 0; status == ADV_OK && i < rows->n; i++)
        sum += each[i];
    *mean = sum / (double)rows->n;
    free(each);
    return status;
}

enum adv_status adv_gaussian_mixture_choose(const struct adv_mixture_rows *rows,
                                            const struct adv_mixture_rows *held_out,
                                            size_t most_components, uint64_t seed,
                                            struct adv_gaussian_mixture *out,
                                            struct adv_error *error)
{
    struct best best = {0};
    enum adv_status status = ADV_OK;
    int worse_ones = 0;
    for (size_t n = 1; n <= most_components && worse_ones < 2 && status == ADV_OK; n++) {
        struct adv_gaussian_mixture m = {0};
        double mean = 0;
        status = adv_gaussian_mixture_fit(rows, n, seed, &m, error);
        if (status == ADV_OK)
            status = mean_log_density(&m, held_out, &mean, error);
        if (status == ADV_OK)
            worse_ones = offer(&best, &m, mean) ? 0 : worse_ones + 1;
        else
            adv_gaussian_mixture_release(&m);
    }
    if (status == ADV_OK)
        *out = best.mixture;
    else
        adv_gaussian_mixture_release(&best.mixture);
    return status;
}

/* ---------------------------------------------------------------- axes */

enum adv_status adv_gaussian_mixture_axes(const struct adv_gaussian_mixture *m, float *components,
                                          struct adv_error *error)
{
    size_t dim = m->dim, square = dim * dim;
    double *memory = adv_calloc(2 * square + dim, sizeof *memory);
    if (!memory)
        return adv_no_memory(error);
    double *vectors = memory + square, *values = vectors + square;
    for (size_t k = 0; k < m->n; k++) {
        float *axes = components + k * (square + dim);
        memcpy(memory, m->covariances + k * square, square * sizeof *memory);
        adv_symmetric_eigen(dim, memory, vectors, values);
        for (size_t j = 0; j < dim; j++) {
            double deviation = sqrt(fmax(values[j], 0));
            for (size_t i = 0; i < dim; i++)
                axes[j * dim + i] = (float)(deviation * vectors[j * dim + i]);
        }
        for (size_t i = 0; i < dim; i++)
            axes[square + i] = (float)m->means[k * dim + i];
    }
    free(memory);
    return ADV_OK;
}
