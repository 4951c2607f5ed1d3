/* What is out of the distribution: the bits per dimension of images that are none of the data,
 * beside those that are. All kinds of one image are a block: they share their probes. */
#include "trainer/cli/table.h"
#include "trainer/measure/rows.h"

#include <advect/extra/evaluator.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHUFFLE_KEY 17     /* of the one order in which all images' pixels are shuffled */
#define IMAGES_MAX 1000000 /* so that their rows can be counted */

/* An image in place, intensities in [0, 1); of 8-bit ones what is below a level is kept. */
struct image {
    float *pixels; /* [channels, height, width] */
    size_t shape[3], dim;
    float *scratch; /* [dim] */
    uint64_t seed, index;
    double level; /* 1 / levels */
};

static void keep(struct image *image)
{
    (void)image;
}

static float below_level(const struct image *image, float value)
{
    return (float)fmod((double)value, image->level);
}

static void blank(struct image *image)
{
    for (size_t i = 0; i < image->dim; i++)
        image->pixels[i] = below_level(image, image->pixels[i]);
}

static void invert(struct image *image)
{
    for (size_t i = 0; i < image->dim; i++) {
        float rest = below_level(image, image->pixels[i]);
        float inverse = 1 - (image->pixels[i] - rest) - (float)image->level + rest;
        image->pixels[i] = inverse < 0 ? 0 : inverse < 1 ? inverse : nextafterf(1, 0);
    }
}

/* Reverses n pixels. */
static void reverse(float *pixels, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        float kept = pixels[i];
        pixels[i] = pixels[n - 1 - i];
        pixels[n - 1 - i] = kept;
    }
}

static void turn(struct image *image)
{
    size_t plane = image->shape[1] * image->shape[2];
    for (size_t c = 0; c < image->shape[0]; c++)
        reverse(image->pixels + c * plane, plane);
}

static void mirror(struct image *image)
{
    size_t width = image->shape[2];
    for (size_t row = 0; row < image->shape[0] * image->shape[1]; row++)
        reverse(image->pixels + row * width, width);
}

static void shuffle(struct image *image)
{
    memcpy(image->scratch, image->pixels, image->dim * sizeof *image->pixels);
    for (size_t i = 0; i < image->dim; i++)
        image->pixels[i] = image->scratch[adv_permute(SHUFFLE_KEY, i, image->dim)];
}

static void noise(struct image *image)
{
    adv_rng_uniform(image->seed, ADV_STREAM_DATA_NOISE, image->index, 1, image->dim, image->pixels);
}

static const struct kind {
    const char *name;
    void (*make)(struct image *);
    bool other_label; /* asked for as an image of the next class */
} kinds[] = {
    {"as they are", keep, false},    {"as the next class", keep, true},
    {"upside down", turn, false},    {"mirrored", mirror, false},
    {"inverted", invert, false},     {"pixels shuffled", shuffle, false},
    {"uniform noise", noise, false}, {"blank", blank, false},
};

#define N_KINDS ADV_COUNT(kinds)

struct images {
    const struct adv_evaluation *evaluation;
    double level;
};

/* All kinds of image first / N_KINDS. */
static bool fill_kinds(const void *context, size_t first, size_t n, float *points, int32_t *labels,
                       float *contexts)
{
    (void)contexts;
    const struct images *images = context;
    const struct adv_evaluation *e = images->evaluation;
    int32_t classes = (int32_t)adv_model_classes(e->model);
    struct image image = {.dim = adv_model_dim(e->model), .seed = e->seed, .level = images->level};
    float *original = calloc(2 * image.dim, sizeof *original);
    int32_t label = ADV_NO_LABEL;
    if (!original)
        return false;
    image.scratch = original + image.dim;
    image.index = first / N_KINDS;
    adv_model_shape(e->model, image.shape);
    adv_dataset_points(e->dataset, e->split, image.index, 1, original, &label, NULL);
    for (size_t k = 0; k < n; k++) {
        image.pixels = points + k * image.dim;
        memcpy(image.pixels, original, image.dim * sizeof *original);
        kinds[k].make(&image);
        labels[k] = e->unlabelled || label < 0 ? ADV_NO_LABEL
                    : kinds[k].other_label     ? (label + 1) % classes
                                               : label;
    }
    free(original);
    return true;
}

/* The share of pairs in which the image out of distribution takes more bits. */
static double separation(const double *in, const double *out, size_t n)
{
    double more = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++)
            more += out[k] > in[i] ? 1 : out[k] == in[i] ? 0.5 : 0;
    }
    return more / ((double)n * (double)n);
}

static enum adv_status add_kinds(const struct adv_model *model,
                                 const struct adv_row_estimates *rows, size_t n, bool conditional,
                                 json_t *table, struct adv_error *error)
{
    double *in = calloc(n, sizeof *in), *out = calloc(n, sizeof *out);
    enum adv_status status = in && out ? ADV_OK : adv_no_memory(error);
    for (size_t k = 0; status == ADV_OK && k < N_KINDS; k++) {
        double *bits = k == 0 ? in : out;
        if (kinds[k].other_label && !conditional)
            continue;
        for (size_t i = 0; i < n; i++)
            bits[i] = adv_model_bits_per_dim(model, rows->log_density[i * N_KINDS + k]);
        struct adv_mean mean = adv_mean_of(n, bits);
        json_t *row = json_pack("{s:s, s:o, s:o, s:o}", "images", kinds[k].name, "bits_per_dim",
                                adv_table_number(mean.value), "standard_error",
                                adv_table_number(mean.standard_error), "above",
                                k == 0 ? json_null() : json_real(separation(in, out, n)));
        if (!row || json_array_append_new(table, row))
            status = adv_no_memory(error);
    }
    free(in);
    free(out);
    return status;
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    size_t wanted = (size_t)wish->n, n = 0;
    if (!adv_model_has_bits(e->model))
        return adv_fail_field(
            error, ADV_E_INVALID, "ood",
            "ood needs a model of 8-bit images: their transform says range [0, 1] "
            "and levels 256");
    enum adv_status status =
        adv_rows_of_flag(e, "ood", wanted < IMAGES_MAX ? wanted : IMAGES_MAX, &n, error);
    if (status != ADV_OK)
        return status;
    struct images images = {e, 1.0 / adv_transform_levels(adv_model_transform(e->model))};
    struct adv_row_densities work = adv_rows_work(e, "ood");
    work.n = n * N_KINDS;
    work.block = N_KINDS;
    work.fill = fill_kinds;
    work.context = &images;
    struct adv_row_estimates rows = {0};
    json_t *table = json_array();
    status = table ? adv_rows_run_kept(e, &work, &rows, error) : adv_no_memory(error);
    bool conditional = adv_model_classes(e->model) > 0 && !e->unlabelled && e->dataset->labels;
    if (status == ADV_OK)
        status = add_kinds(e->model, &rows, n, conditional, table, error);
    adv_row_estimates_release(&rows);
    if (status == ADV_OK)
        return adv_results_add_table(results, adv_measure_ood.name, table, error);
    json_decref(table);
    return status;
}

static void print(const struct adv_evaluation *e, const json_t *rows)
{
    (void)e;
    static const struct adv_column columns[] = {
        {"images", "images", 0},
        {"bits_per_dim", "bits/dim", 4},
        {"standard_error", "+-", 4},
        {"above", "above the real", 3},
    };
    adv_table_print(columns, ADV_COUNT(columns), rows);
}

const struct adv_measure adv_measure_ood = {
    .name = "ood",
    .flag = {.kind = ADV_FIELD_INT,
             .max = ADV_MEASURE_ROWS_MAX,
             .help = "compare bits per dimension of N images with those of altered, "
                     "out-of-distribution images"},
    .needs = ADV_NEEDS_DATA,
    .run = run,
    .print = print,
};
