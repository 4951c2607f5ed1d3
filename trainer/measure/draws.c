#include "trainer/measure/draws.h"

#include <math.h>
#include <stdlib.h>

#define BLOCK_LEAST 16 /* rows, where one has few draws */

enum adv_status adv_draws_check(const struct adv_evaluation *e, struct adv_error *error)
{
    if (e->n_draws > 1 && e->dataset->levels.kind != ADV_LEVELS_DEQUANTISED)
        return adv_fail_field(error, ADV_E_INVALID, "draws",
                              "draws is %zu, but the data are not dequantised; only 1 is possible",
                              e->n_draws);
    return ADV_OK;
}

double adv_log_mean_exp(size_t n, const double *values)
{
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        top = fmax(top, values[i]);
    if (isinf(top))
        return top;
    for (size_t i = 0; i < n; i++)
        sum += exp(values[i] - top);
    return top + log(sum / (double)n);
}

struct adv_drawn adv_drawn_of(size_t n_draws, const double *log_density,
                              const double *standard_error)
{
    struct adv_drawn drawn = {.log_density = adv_log_mean_exp(n_draws, log_density)};
    double square = 0;
    for (size_t k = 0; k < n_draws; k++) {
        double share = exp(log_density[k] - drawn.log_density) / (double)n_draws;
        double error = share * standard_error[k];
        square += error * error;
        drawn.bias += (1 - share) * error * standard_error[k] / 2;
    }
    drawn.standard_error = sqrt(square);
    return drawn;
}

/* ---------------------------------------------------------------- rows */

/* Row i of the work is draw i % n_draws of row i / n_draws of the data. */
static bool fill_draws(const void *context, size_t first, size_t n, float *points, int32_t *labels,
                       float *contexts)
{
    const struct adv_evaluation *e = context;
    size_t dim = adv_model_dim(e->model), n_context = adv_model_context(e->model);
    for (size_t i = 0; i < n; i++) {
        size_t row = first + i;
        adv_dataset_points_of_draw(e->dataset, e->split, row % e->n_draws, row / e->n_draws, 1,
                                   points + i * dim, labels + i, contexts + i * n_context);
        if (e->unlabelled)
            labels[i] = ADV_NO_LABEL;
    }
    return true;
}

/* The means over rows. */
struct means {
    struct adv_mean one, all; /* of one draw, and of all, in adv_rows_unit */
    double probe_error, bias; /* of all, likewise */
};

/* The estimates of draws give way to those of rows. */
static struct means take_means(const struct adv_evaluation *e, size_t n,
                               struct adv_row_estimates *draws)
{
    double *log_density = draws->log_density, *standard_error = draws->standard_error, bias = 0;
    struct means means = {0};
    double one = adv_mean_of(n * e->n_draws, log_density).value;
    for (size_t i = 0; i < n; i++) {
        struct adv_drawn drawn =
            adv_drawn_of(e->n_draws, log_density + i * e->n_draws, standard_error + i * e->n_draws);
        log_density[i] = drawn.log_density;
        standard_error[i] = drawn.standard_error;
        bias += drawn.bias / (double)n;
    }
    means.all = adv_rows_mean_in_unit(e->model, n, log_density);
    means.one.value = adv_rows_in_unit(e->model, one);
    means.probe_error = adv_rows_width_in_unit(e->model, adv_probe_error(n, standard_error));
    means.bias = adv_rows_width_in_unit(e->model, bias);
    return means;
}

static void add_means(const struct adv_evaluation *e, const struct means *means,
                      struct adv_results *results)
{
    size_t classes = adv_model_classes(e->model);
    double label_bits = log2((double)classes) / (double)adv_model_dim(e->model);
    adv_results_add_count(results, "draws", "draws of the noise of each point", e->n_draws);
    adv_results_add(results, "bits_per_dim", "bits per dimension of one draw", means->one.value);
    adv_results_add(results, "bits_per_dim_of_draws",
                    "bits per dimension of the mean density over draws", means->all.value);
    adv_results_add(results, "bits_per_dim_of_draws_standard_error",
                    "standard error of that over rows", means->all.standard_error);
    if (isfinite(means->probe_error)) {
        adv_results_add(results, "bits_per_dim_of_draws_probe_error",
                        "part of that error that comes of the probes", means->probe_error);
        adv_results_add(results, "bits_per_dim_of_draws_probe_bias",
                        "by how much the noise of the probes lowers it", means->bias);
    } else {
        adv_rows_note_one_probe(e, results);
    }
    if (classes > 0 && !e->unlabelled)
        adv_results_add(results, "bits_per_dim_of_draws_with_label",
                        "bits per dimension of the mean density, label included",
                        means->all.value + label_bits);
}

enum adv_status adv_draws_measure(const struct adv_evaluation *e, size_t n,
                                  struct adv_results *results, struct adv_error *error)
{
    struct adv_row_densities work = adv_rows_work(e, "draws");
    struct adv_row_estimates draws = {0};
    size_t rows = (BLOCK_LEAST + e->n_draws - 1) / e->n_draws;
    work.n = n * e->n_draws;
    work.block = rows * e->n_draws;
    work.fill = fill_draws;
    work.context = e;
    enum adv_status status = adv_rows_run_points(e, &work, &draws, error);
    if (status != ADV_OK)
        return status;
    struct means means = take_means(e, n, &draws);
    adv_results_add_count(results, "points", "points of the log-density", n);
    add_means(e, &means, results);
    adv_row_estimates_release(&draws);
    return ADV_OK;
}
