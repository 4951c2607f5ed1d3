/* Whether samples are remembered: each beside the training image nearest to it (the root of the
 * summed squared differences of intensities), and how near held-out images come to training
 * ones. */
#include "trainer/measure/measure.h"

#include <advect/array_file.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/plot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_SHOWN = 20, COLUMNS = 10, CHUNK = 256, GAP_PX = 3, ZOOM = 2 };

/* The nearest training images of some images. Threads take chunks of training rows, each drawn once
 * and held against all images. */
struct search {
    const struct adv_evaluation *evaluation;
    size_t n, dim, n_rows, n_chunks;
    const float *images;     /* [n, dim] */
    double *chunk_distances; /* [n_chunks, n]: squared, of each chunk's nearest; NaN: no memory */
    size_t *chunk_rows;      /* [n_chunks, n] */
    float *nearest;          /* [n, dim]: training images */
    double *distances;       /* [n] */
};

static double squared_distance(const float *a, const float *b, size_t dim)
{
    double sum = 0;
    for (size_t first = 0; first < dim; first += 64) { /* short sums in float, which vectorise */
        float part = 0;
        size_t end = first + 64 < dim ? first + 64 : dim;
        for (size_t i = first; i < end; i++)
            part += (a[i] - b[i]) * (a[i] - b[i]);
        sum += (double)part;
    }
    return sum;
}

static void search_chunk(void *context, size_t piece, int worker)
{
    (void)worker;
    const struct search *search = context;
    size_t first = piece * CHUNK, left = search->n_rows - first, n = left < CHUNK ? left : CHUNK;
    double *best = search->chunk_distances + piece * search->n;
    size_t *rows = search->chunk_rows + piece * search->n;
    int32_t labels[CHUNK];
    float *chunk = calloc(n * search->dim, sizeof *chunk);
    if (chunk)
        adv_dataset_points(search->evaluation->dataset, ADV_SPLIT_TRAIN, first, n, chunk, labels,
                           NULL);
    for (size_t i = 0; i < search->n; i++) {
        best[i] = chunk ? INFINITY : NAN;
        for (size_t k = 0; chunk && k < n; k++) {
            double distance = squared_distance(search->images + i * search->dim,
                                               chunk + k * search->dim, search->dim);
            if (distance >= best[i])
                continue;
            best[i] = distance;
            rows[i] = first + k;
        }
    }
    free(chunk);
}

/* The nearest of all chunks. */
static enum adv_status take_nearest(struct search *search, struct adv_error *error)
{
    for (size_t i = 0; i < search->n; i++) {
        double best = INFINITY;
        size_t row = 0;
        int32_t label;
        for (size_t c = 0; c < search->n_chunks; c++) {
            double distance = search->chunk_distances[c * search->n + i];
            if (isnan(distance))
                return adv_no_memory(error);
            if (distance < best) {
                best = distance;
                row = search->chunk_rows[c * search->n + i];
            }
        }
        search->distances[i] = sqrt(best);
        adv_dataset_points(search->evaluation->dataset, ADV_SPLIT_TRAIN, row, 1,
                           search->nearest + i * search->dim, &label, NULL);
    }
    return ADV_OK;
}

/* The search is to be released also on failure. */
static enum adv_status find_nearest(const struct adv_evaluation *e, size_t n, const float *images,
                                    struct search *search, struct adv_error *error)
{
    size_t n_rows = adv_dataset_rows(e->dataset, ADV_SPLIT_TRAIN);
    *search = (struct search){.evaluation = e,
                              .n = n,
                              .dim = adv_model_dim(e->model),
                              .n_rows = n_rows,
                              .n_chunks = (n_rows + CHUNK - 1) / CHUNK,
                              .images = images};
    search->nearest = calloc(n * search->dim, sizeof *search->nearest);
    search->distances = calloc(n, sizeof *search->distances);
    search->chunk_distances = calloc(search->n_chunks * n, sizeof *search->chunk_distances);
    search->chunk_rows = calloc(search->n_chunks * n, sizeof *search->chunk_rows);
    if (!search->nearest || !search->distances || !search->chunk_distances || !search->chunk_rows)
        return adv_no_memory(error);
    adv_pool_run(e->pool, search->n_chunks, search_chunk, search);
    return take_nearest(search, error);
}

static void release(struct search *search)
{
    free(search->nearest);
    free(search->distances);
    free(search->chunk_distances);
    free(search->chunk_rows);
}

/* Rows of samples, each above the row of the images nearest to them. */
static enum adv_status plot(const struct search *search, const char *path, struct adv_error *error)
{
    size_t n = search->n, dim = search->dim, shape[3];
    long order[2 * N_SHOWN];
    float *both = calloc(2 * n * dim, sizeof *both);
    struct adv_image picture = {0};
    struct adv_bytes png = {0};
    if (!both)
        return adv_no_memory(error);
    memcpy(both, search->images, n * dim * sizeof *both);
    memcpy(both + n * dim, search->nearest, n * dim * sizeof *both);
    for (size_t i = 0; i < n; i++) {
        size_t cell = i / COLUMNS * 2 * COLUMNS + i % COLUMNS;
        order[cell] = (long)i;
        order[cell + COLUMNS] = (long)(n + i);
    }
    struct adv_levels levels = adv_model_levels(search->evaluation->model);
    adv_model_shape(search->evaluation->model, shape);
    const struct adv_grid grid = {.n_columns = COLUMNS,
                                  .n_rows = 2 * N_SHOWN / COLUMNS,
                                  .gap_px = GAP_PX,
                                  .zoom = ZOOM,
                                  .dequantised = levels.kind == ADV_LEVELS_DEQUANTISED,
                                  .order = order};
    enum adv_status status = adv_image_grid(2 * n, (int)shape[0], (int)shape[1], (int)shape[2],
                                            both, levels.lo, levels.hi, &grid, &picture, error);
    if (status == ADV_OK)
        status = adv_png_encode(&picture, 9, &png, error);
    if (status == ADV_OK)
        status = adv_file_replace(path, png.data, png.n, error);
    adv_bytes_release(&png);
    adv_image_release(&picture);
    free(both);
    return status;
}

static double least_of(size_t n, const double *values)
{
    double least = INFINITY;
    for (size_t i = 0; i < n; i++)
        least = fmin(least, values[i]);
    return least;
}

/* The same of images that training has not seen, for comparison. */
static enum adv_status add_held_out(const struct adv_evaluation *e, struct adv_results *results,
                                    struct adv_error *error)
{
    size_t rows = adv_dataset_rows(e->dataset, ADV_SPLIT_HELD_OUT);
    size_t n = rows < N_SHOWN ? rows : N_SHOWN;
    int32_t labels[N_SHOWN];
    struct search search = {0};
    if (n == 0)
        return ADV_OK;
    float *images = calloc(n * adv_model_dim(e->model), sizeof *images);
    if (!images)
        return adv_no_memory(error);
    adv_dataset_points(e->dataset, ADV_SPLIT_HELD_OUT, 0, n, images, labels, NULL);
    enum adv_status status = find_nearest(e, n, images, &search, error);
    if (status == ADV_OK) {
        adv_results_add(results, "held_out_nearest",
                        "mean distance of held-out images from the nearest training image",
                        adv_mean_of(n, search.distances).value);
        adv_results_add(results, "held_out_nearest_min",
                        "least distance of a held-out image from a training image",
                        least_of(n, search.distances));
    }
    release(&search);
    free(images);
    return status;
}

static enum adv_status check(const struct adv_evaluation *e, struct adv_error *error)
{
    if (!adv_model_is_image(e->model) || e->dataset->source.density)
        return adv_fail_field(error, ADV_E_INVALID, "nearest",
                              "nearest needs a model of images that learned from files");
    if (e->split != ADV_SPLIT_TEST)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "nearest",
                          "nearest looks at training images; it cannot go with --split test");
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    struct search search = {0};
    query.n = N_SHOWN;
    query.seed = e->seed;
    query.guidance = e->samples.guidance;
    query.solver = e->samples.solver;
    enum adv_status status = check(e, error);
    if (status == ADV_OK)
        status = adv_evaluation_query(e, &query, "samples", &run, &answer, error);
    if (status == ADV_OK)
        status = find_nearest(e, N_SHOWN, answer->states, &search, error);
    if (status == ADV_OK)
        status = plot(&search, wish->path, error);
    if (status == ADV_OK) {
        adv_results_add(results, "nearest",
                        "mean distance of samples from the nearest training image",
                        adv_mean_of(N_SHOWN, search.distances).value);
        adv_results_add(results, "nearest_min", "least distance of a sample from a training image",
                        least_of(N_SHOWN, search.distances));
        status = add_held_out(e, results, error);
    }
    release(&search);
    adv_run_free(run);
    return status;
}

const struct adv_measure adv_measure_nearest = {
    .name = "nearest",
    .flag = {.kind = ADV_FIELD_STRING,
             .min = 1,
             .help = "PNG file to draw 20 samples into, each above its nearest training images"},
    .needs = ADV_NEEDS_DATA,
    .uses_solver = true,
    .uses_guidance = true,
    .run = run,
};
