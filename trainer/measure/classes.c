/* Classification by density: of all labels the one that makes an image most likely. An image's
 * classes are one block, so that they share their probes: what these add to each cancels. */
#include "trainer/measure/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IMAGES_MAX 1000000 /* so that their rows can be counted */

struct images {
    const struct adv_evaluation *evaluation;
    size_t classes;
};

static bool fill_classes(const void *context, size_t first, size_t n, float *points,
                         int32_t *labels, float *contexts)
{
    (void)contexts;
    const struct images *images = context;
    const struct adv_evaluation *e = images->evaluation;
    size_t dim = adv_model_dim(e->model);
    adv_dataset_points(e->dataset, e->split, first / images->classes, 1, points, labels, NULL);
    for (size_t c = 0; c < n; c++) {
        if (c > 0)
            memcpy(points + c * dim, points, dim * sizeof *points);
        labels[c] = (int32_t)c;
    }
    return true;
}

static enum adv_status check(const struct adv_evaluation *e, struct adv_error *error)
{
    if (adv_model_classes(e->model) == 0)
        return adv_fail_field(error, ADV_E_INVALID, "classify",
                              "classify needs a class-conditional model; this one has no classes");
    if (e->dataset->source.density || e->dataset->labels)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "classify",
                          "classify needs the labels of the data; this source has none%s",
                          e->split == ADV_SPLIT_TEST ? " (--test-labels FILE names them)" : "");
}

static size_t most_likely(const double *log_density, size_t classes)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
        best = log_density[c] > log_density[best] ? c : best;
    return best;
}

/* How many of the first n images are read as they are labelled. */
static enum adv_status count_right(const struct images *images,
                                   const struct adv_row_estimates *rows, size_t n, size_t *right,
                                   struct adv_error *error)
{
    const struct adv_evaluation *e = images->evaluation;
    float *point = calloc(adv_model_dim(e->model), sizeof *point);
    if (!point)
        return adv_no_memory(error);
    *right = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t label;
        adv_dataset_points(e->dataset, e->split, i, 1, point, &label, NULL);
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
static void add_marginal(const struct images *images, struct adv_row_estimates *rows, size_t n,
                         struct adv_results *results)
{
    const struct adv_model *model = images->evaluation->model;
    for (size_t i = 0; i < n; i++)
        rows->log_density[i] =
            log_marginal(rows->log_density + i * images->classes, images->classes);
    struct adv_mean mean = adv_rows_mean_in_unit(model, n, rows->log_density);
    bool bits = adv_model_has_bits(model);
    adv_results_add(results, bits ? "bits_per_dim_over_classes" : "nll_over_classes",
                    bits ? "bits per dimension of p(x), the mean of p(x | c)"
                         : "mean -log p(x), nats, p(x) being the mean of p(x | c)",
                    mean.value);
    adv_results_add(results,
                    bits ? "bits_per_dim_over_classes_standard_error"
                         : "nll_over_classes_standard_error",
                    bits ? "standard error of bits per dimension of p(x) over rows"
                         : "standard error of mean -log p(x) over rows",
                    mean.standard_error);
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    size_t wanted = (size_t)wish->n, n = 0, right = 0;
    struct images images = {e, adv_model_classes(e->model)};
    enum adv_status status = check(e, error);
    if (status == ADV_OK)
        status = adv_rows_of_split(e, wanted < IMAGES_MAX ? wanted : IMAGES_MAX, &n, error);
    if (status != ADV_OK)
        return status;
    struct adv_row_densities work = adv_rows_work(e, "classes");
    work.n = n * images.classes;
    work.block = images.classes;
    work.fill = fill_classes;
    work.context = &images;
    struct adv_row_estimates rows = {0};
    status = adv_rows_run_kept(e, &work, &rows, error);
    if (status == ADV_OK)
        status = count_right(&images, &rows, n, &right, error);
    if (status == ADV_OK) {
        double share = (double)right / (double)n;
        adv_results_add_count(results, "classified", "rows classified by the largest log p(x | c)",
                              n);
        adv_results_add(results, "class_accuracy", "share of rows classified as labelled", share);
        adv_results_add(results, "class_accuracy_standard_error",
                        "standard error of the share classified as labelled",
                        sqrt(share * (1 - share) / (double)n));
        add_marginal(&images, &rows, n, results);
    }
    adv_row_estimates_release(&rows);
    return status;
}

const struct adv_measure adv_measure_classes = {
    .name = "classify",
    .flag = {.kind = ADV_FIELD_INT,
             .max = ADV_MEASURE_ROWS_MAX,
             .help = "classify N rows by the largest log p(x | label)"},
    .needs = ADV_NEEDS_DATA,
    .run = run,
};
