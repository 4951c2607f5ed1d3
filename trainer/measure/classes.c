/* Classification by density: of all labels the one that makes an image most likely. An image's
 * classes are one block, so that they share their probes: what these add to each cancels. */
#include "trainer/measure/draws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IMAGES_MAX 1000000 /* so that their rows can be counted */

/* Row by row of the work: an image's classes of its first draw, of its next ... */
struct images {
    const struct adv_evaluation *evaluation;
    size_t classes, draws;
};

static bool fill_classes(const void *context, size_t first, size_t n, float *points,
                         int32_t *labels, float *contexts)
{
    (void)contexts;
    const struct images *images = context;
    const struct adv_evaluation *e = images->evaluation;
    size_t dim = adv_model_dim(e->model), image = first / (images->classes * images->draws);
    for (size_t i = 0; i < n; i++) {
        size_t c = i % images->classes;
        if (c == 0)
            adv_dataset_points_of_draw(e->dataset, e->split, i / images->classes, image, 1,
                                       points + i * dim, labels + i, NULL);
        else
            memcpy(points + i * dim, points + (i - 1) * dim, dim * sizeof *points);
        labels[i] = (int32_t)c;
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

/* An image's estimates. */
struct image {
    const double *log_density, *standard_error; /* [draws, classes] */
};

static struct image image_of(const struct images *images, const struct adv_row_estimates *rows,
                             size_t i)
{
    size_t at = i * images->draws * images->classes;
    return (struct image){rows->log_density + at, rows->standard_error + at};
}

static size_t greatest(size_t n, const double *values)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = values[i] > values[best] ? i : best;
    return best;
}

/* The class of the largest mean density over the draws. */
static size_t most_likely(const struct images *images, const struct image *image)
{
    size_t best = 0;
    double most = -INFINITY, of_class[ADV_DRAWS_MAX];
    for (size_t c = 0; c < images->classes; c++) {
        for (size_t k = 0; k < images->draws; k++)
            of_class[k] = image->log_density[k * images->classes + c];
        double mean = adv_log_mean_exp(images->draws, of_class);
        if (mean > most) {
            most = mean;
            best = c;
        }
    }
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
        struct image image = image_of(images, rows, i);
        adv_dataset_points(e->dataset, e->split, i, 1, point, &label, NULL);
        *right += most_likely(images, &image) == (size_t)label;
    }
    free(point);
    return ADV_OK;
}

/* log p(x) = log of the mean of p(x | c), the classes being equally likely, over all draws. The
 * classes of a draw share their probes, so that the error of the likeliest is that of all. */
static struct adv_drawn marginal(const struct images *images, const struct image *image)
{
    double log_density[ADV_DRAWS_MAX], standard_error[ADV_DRAWS_MAX];
    for (size_t k = 0; k < images->draws; k++) {
        const double *of_class = image->log_density + k * images->classes;
        log_density[k] = adv_log_mean_exp(images->classes, of_class);
        standard_error[k] =
            image->standard_error[k * images->classes + greatest(images->classes, of_class)];
    }
    return adv_drawn_of(images->draws, log_density, standard_error);
}

/* The log-densities of rows give way to those of images. */
static void add_marginal(const struct images *images, struct adv_row_estimates *rows, size_t n,
                         struct adv_results *results)
{
    const struct adv_model *model = images->evaluation->model;
    double bias = 0;
    for (size_t i = 0; i < n; i++) {
        struct image image = image_of(images, rows, i);
        struct adv_drawn drawn = marginal(images, &image);
        rows->log_density[i] = drawn.log_density;
        bias += drawn.bias / (double)n;
    }
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
    if (images->draws > 1 && isfinite(bias))
        adv_results_add(results, "bits_per_dim_over_classes_probe_bias",
                        "by how much the noise of the probes lowers bits per dimension of p(x)",
                        adv_rows_width_in_unit(model, bias));
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    size_t wanted = (size_t)wish->n, n = 0, right = 0;
    struct images images = {e, adv_model_classes(e->model), e->n_draws ? e->n_draws : 1};
    enum adv_status status = check(e, error);
    if (status == ADV_OK)
        status =
            adv_rows_of_flag(e, "classify", wanted < IMAGES_MAX ? wanted : IMAGES_MAX, &n, error);
    if (status != ADV_OK)
        return status;
    struct adv_row_densities work = adv_rows_work(e, e->n_draws > 1 ? "classes_draws" : "classes");
    work.block = images.classes * images.draws;
    work.n = n * work.block;
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
        if (e->n_draws > 1)
            adv_results_add_count(results, "draws", "draws of the noise of each row", e->n_draws);
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
