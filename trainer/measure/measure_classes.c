/* Classification by density: of all labels the one that makes an image most likely. An image's
 * classes are one block, so that they share their probes: what these add to each cancels. */
#include "trainer/measure/measure_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 1000000 /* images, so that their rows can be counted */

struct images {
    const struct adv_measure *measure;
    size_t classes;
};

static bool fill_classes(const void *context, size_t first, size_t n, float *points,
                         int32_t *labels)
{
    const struct images *images = context;
    const struct adv_measure *m = images->measure;
    size_t dim = adv_model_dim(m->model);
    adv_dataset_points(m->dataset, m->split, first / images->classes, 1, points, labels);
    for (size_t c = 0; c < n; c++) {
        if (c > 0)
            memcpy(points + c * dim, points, dim * sizeof *points);
        labels[c] = (int32_t)c;
    }
    return true;
}

static enum adv_status check(const struct adv_measure *m, struct adv_error *error)
{
    if (adv_model_classes(m->model) == 0)
        return adv_fail_field(error, ADV_E_INVALID, "classify",
                              "classify needs a class-conditional model; this one has no classes");
    if (m->dataset->source.density || m->dataset->labels)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "classify",
                          "classify needs the labels of the data; this source has none%s",
                          m->split == ADV_SPLIT_TEST ? " (--test-labels FILE names them)" : "");
}

static size_t most_likely(const double *log_density, size_t classes)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
        best = log_density[c] > log_density[best] ? c : best;
    return best;
}

/* How many of the first n images are read as they are labelled. */
static enum adv_status count_right(const struct images *images, const struct adv_row_figures *rows,
                                   size_t n, size_t *right, struct adv_error *error)
{
    const struct adv_measure *m = images->measure;
    float *point = calloc(adv_model_dim(m->model), sizeof *point);
    if (!point)
        return adv_no_memory(error);
    *right = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t label;
        adv_dataset_points(m->dataset, m->split, i, 1, point, &label);
        size_t read = most_likely(rows->log_density + i * images->classes, images->classes);
        *right += read == (size_t)label;
    }
    free(point);
    return ADV_OK;
}

/* log p(x) = log of the mean of p(x | c), the classes being equally likely. */
static double log_marginal(const double *log_density, size_t classes)
{
    double top = log_density[most_likely(log_density, classes)], sum = 0;
    for (size_t c = 0; c < classes; c++)
        sum += exp(log_density[c] - top);
    return top + log(sum / (double)classes);
}

/* The log-densities of rows, image by image and class by class, give way to those of images. */
static void add_marginal(const struct images *images, struct adv_row_figures *rows, size_t n,
                         struct adv_figures *figures)
{
    const struct adv_model *model = images->measure->model;
    for (size_t i = 0; i < n; i++)
        rows->log_density[i] =
            log_marginal(rows->log_density + i * images->classes, images->classes);
    struct adv_mean mean = adv_rows_mean_in_unit(model, n, rows->log_density);
    bool bits = adv_model_has_bits(model);
    adv_figures_add(figures, bits ? "bits_per_dim_over_classes" : "nll_over_classes",
                    bits ? "bits per dimension of p(x), the mean of p(x | c)"
                         : "mean -log p(x), nats, p(x) being the mean of p(x | c)",
                    mean.value);
    adv_figures_add(figures,
                    bits ? "bits_per_dim_over_classes_standard_error"
                         : "nll_over_classes_standard_error",
                    bits ? "standard error of bits per dimension of p(x) over rows"
                         : "standard error of mean -log p(x) over rows",
                    mean.standard_error);
}

enum adv_status adv_measure_classes(const struct adv_measure *m, size_t wanted,
                                    struct adv_figures *figures, struct adv_error *error)
{
    size_t n = 0, right = 0;
    struct images images = {m, adv_model_classes(m->model)};
    enum adv_status status = check(m, error);
    if (status == ADV_OK)
        status = adv_rows_of_split(m, wanted < MOST ? wanted : MOST, &n, error);
    if (status != ADV_OK)
        return status;
    struct adv_row_densities work = {
        .measure = m,
        .what = "classes",
        .n = n * images.classes,
        .block = images.classes,
        .fill = fill_classes,
        .context = &images,
        .settings = m->density,
    };
    struct adv_row_figures rows = {0};
    status = adv_rows_run_kept(&work, &rows, error);
    if (status == ADV_OK)
        status = count_right(&images, &rows, n, &right, error);
    if (status == ADV_OK) {
        double share = (double)right / (double)n;
        adv_figures_add_count(figures, "classified", "rows classified by the largest log p(x | c)",
                              n);
        adv_figures_add(figures, "class_accuracy", "share of rows classified as labelled", share);
        adv_figures_add(figures, "class_accuracy_standard_error",
                        "standard error of the share classified as labelled",
                        sqrt(share * (1 - share) / (double)n));
        add_marginal(&images, &rows, n, figures);
    }
    adv_row_figures_release(&rows);
    return status;
}
