#include <advect/extra/dataset.h>

#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/dataset/opening.h"
#include "core/dataset/supports.h"

#include <advect/extra/digest.h>
#include <advect/extra/evaluator.h>
#include <advect/extra/json.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t adv_seed_for(uint64_t seed, enum adv_seed_use use)
{
    return adv_rng_word(seed, ADV_STREAM_SHUFFLE, (uint64_t)use);
}

/* ---------------------------------------------------------------- checks */

static enum adv_status fail_shape(const struct adv_dataset *d, size_t wanted,
                                  struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, "data.shape",
                          "data.shape has %zu numbers per example; the source has %zu", wanted,
                          d->dim);
}

/* Images as most programs keep them, [height, width, channels], become [channels, height,
 * width]. */
static enum adv_status put_channels_first(struct adv_dataset *d, struct adv_error *error)
{
    struct adv_array *rows = &d->source.rows;
    bool moved = false;
    enum adv_status status = adv_array_channels_first(rows, &moved, error);
    if (status != ADV_OK || !moved)
        return status;
    return adv_note(&d->source.table.notes, error,
                    "the examples are images of %zu x %zu with their %zu channel%s last; these are "
                    "put first: [%zu, %zu, %zu]",
                    rows->shape[2], rows->shape[3], rows->shape[1], rows->shape[1] == 1 ? "" : "s",
                    rows->shape[1], rows->shape[2], rows->shape[3]);
}

/* The source's own shape; one channel is put before the sides of grey images. */
static enum adv_status own_shape(struct adv_dataset *d, struct adv_error *error)
{
    struct adv_array *rows = &d->source.rows;
    if (adv_source_is_drawn(&d->source)) {
        d->n_dims = 1;
        d->dim = d->shape[0] = adv_source_drawn_dim(&d->source);
        return ADV_OK;
    }
    enum adv_status status = put_channels_first(d, error);
    if (status != ADV_OK)
        return status;
    if (rows->n_dims < 2 || rows->n_dims > 4)
        return adv_fail_field(error, ADV_E_INVALID, "data.source",
                              "the examples have %d dimensions; rows of one to three dimensions "
                              "are wanted",
                              rows->n_dims);
    d->n_rows = rows->shape[0];
    if (d->n_rows < 2)
        return adv_fail_field(error, ADV_E_INVALID, "data.source",
                              "the source has %zu example%s; at least 2 are needed%s", d->n_rows,
                              d->n_rows == 1 ? "" : "s",
                              d->source.table.n_dropped > 0
                                  ? " (the others have missing cells and were left out)"
                                  : "");
    d->dim = rows->n_elements / d->n_rows;
    if (d->dim == 0)
        return adv_fail_field(error, ADV_E_INVALID, "data.source", "the examples are empty");
    d->n_dims = 0;
    if (rows->n_dims == 3)
        d->shape[d->n_dims++] = 1;
    for (int i = 1; i < rows->n_dims; i++)
        d->shape[d->n_dims++] = rows->shape[i];
    return ADV_OK;
}

static enum adv_status read_shape(struct adv_dataset *d, const json_t *json,
                                  struct adv_error *error)
{
    enum adv_status status = own_shape(d, error);
    if (status != ADV_OK || !json)
        return status;
    size_t n_dims = json_array_size(json), dim = 1, shape[3] = {0};
    bool valid = n_dims == 1 || n_dims == 3;
    for (size_t i = 0; valid && i < n_dims; i++) {
        json_int_t side = json_integer_value(json_array_get(json, i));
        valid = side >= 1 && side <= 65536;
        shape[i] = (size_t)side;
        dim *= valid ? shape[i] : 1;
    }
    if (!valid)
        return adv_fail_field(error, ADV_E_INVALID, "data.shape",
                              "data.shape must be [dim] or [channels, height, width], each at "
                              "least 1");
    if (dim != d->dim)
        return fail_shape(d, dim, error);
    if (n_dims == 3 && d->n_dims == 3 && shape[0] == d->shape[1] && shape[1] == d->shape[2] &&
        shape[2] == d->shape[0] && shape[0] != shape[2])
        return adv_fail_field(error, ADV_E_INVALID, "data.shape",
                              "data.shape is [height, width, channels]; it must be [channels, "
                              "height, width], [%zu, %zu, %zu]",
                              d->shape[0], d->shape[1], d->shape[2]);
    d->n_dims = n_dims;
    memcpy(d->shape, shape, sizeof shape);
    return ADV_OK;
}

static enum adv_status split(struct adv_dataset *d, double held_out, struct adv_error *error)
{
    if (adv_source_is_drawn(&d->source)) {
        d->n_held_out = held_out < 1 ? ADV_DENSITY_HELD_OUT : (size_t)held_out;
        return ADV_OK;
    }
    double rows = held_out < 1 ? ceil(held_out * (double)d->n_rows) : held_out;
    if (rows > (double)(d->n_rows - 1))
        return adv_fail_field(error, ADV_E_INVALID, "data.held_out",
                              "data.held_out keeps %.0f of %zu examples from training; at least "
                              "one must be left",
                              rows, d->n_rows);
    d->n_held_out = (size_t)rows;
    d->n_train = d->n_rows - d->n_held_out;
    return ADV_OK;
}

static enum adv_status make_digest(struct adv_dataset *d, const json_t *source,
                                   struct adv_error *error)
{
    uint64_t hash = ADV_DIGEST_INIT;
    if (adv_source_is_drawn(&d->source)) {
        char *text = adv_json_dump(source, JSON_COMPACT | JSON_SORT_KEYS);
        if (!text)
            return adv_no_memory(error);
        hash = adv_digest(hash, text, strlen(text));
        free(text);
    } else {
        hash = adv_digest(hash, d->source.rows.data, d->source.rows.n_elements * sizeof(float));
        if (d->labels)
            hash = adv_digest(hash, d->labels, d->n_rows * sizeof *d->labels);
        if (d->contexts)
            hash = adv_digest(hash, d->contexts, d->n_rows * d->n_context * sizeof *d->contexts);
    }
    adv_digest_text(hash, d->digest);
    return ADV_OK;
}

/* ---------------------------------------------------------------- units */

/* What the bytes of an 8-bit source mean. Intensities are scaled here, once; dequantised ones anew
 * at every draw. */
static enum adv_status read_levels(struct adv_dataset *d, bool dequantise, struct adv_error *error)
{
    struct adv_array *rows = &d->source.rows;
    bool is_image = d->n_dims == 3 && (d->shape[0] == 1 || d->shape[0] == 3);
    enum adv_status status = ADV_OK;
    if (dequantise && rows->levels == 0)
        return adv_fail_field(error, ADV_E_INVALID, "data.dequantise",
                              "data.dequantise is true, but the source does not hold 8-bit values");
    if (rows->levels == 0)
        return ADV_OK;
    if (dequantise || is_image)
        status = adv_transform_state_8_bit(d->transform, dequantise, error);
    d->levels = adv_levels_of(d->transform, is_image);
    if (status == ADV_OK && d->levels.kind == ADV_LEVELS_INTENSITIES)
        adv_levels_to_data(&d->levels, d->n_rows, d->dim, rows->data);
    return status;
}

enum adv_status adv_dataset_fail_row(const struct adv_dataset *d, const char *field, size_t row,
                                     const struct adv_error *why, struct adv_error *error)
{
    const struct adv_table *table = &d->source.table;
    if (table->lines)
        return adv_fail_field(error, why->status, field, "%s: line %lu: %s", table->name,
                              (unsigned long)table->lines[row], why->message);
    return adv_fail_field(error, why->status, field, "%s %zu: %s",
                          d->source.simulator ? "simulation" : "example", row, why->message);
}

/* A check of one row, before or after fitting. */
typedef enum adv_status check_row(const struct adv_transform *transform, const float *point,
                                  struct adv_error *error);

static bool is_dequantised(const struct adv_dataset *d)
{
    return d->levels.kind == ADV_LEVELS_DEQUANTISED;
}

static enum adv_status check_each(const struct adv_dataset *d, size_t n, const float *rows,
                                  check_row *check, struct adv_error *error)
{
    for (size_t i = 0; i < n; i++) {
        struct adv_error why = ADV_ERROR_INIT;
        if (check(d->transform, rows + i * d->dim, &why) != ADV_OK)
            return adv_dataset_fail_row(d, "data", i, &why, error);
    }
    return ADV_OK;
}

/* Of files, the rows that training sees. Those that are drawn for it are checked here, since no
 * others are at hand. */
static enum adv_status fit_transform(struct adv_dataset *d, struct adv_error *error)
{
    uint64_t seed = adv_seed_for(d->seed, ADV_SEED_SPLIT);
    size_t n = adv_source_is_drawn(&d->source) ? ADV_FIT_ROWS : d->n_train;
    float *rows = malloc(n * d->dim * sizeof *rows);
    if (!rows)
        return adv_no_memory(error);
    if (adv_source_is_drawn(&d->source)) {
        adv_source_draw(&d->source, seed, 0, n, rows, NULL);
    } else {
        for (size_t i = 0; i < n; i++) {
            uint64_t row = adv_permute(seed, d->n_held_out + i, d->n_rows);
            memcpy(rows + i * d->dim, d->source.rows.data + row * d->dim, d->dim * sizeof *rows);
        }
    }
    if (is_dequantised(d))
        adv_levels_draw(&d->levels, seed, 0, n, d->dim, rows);
    enum adv_status status = ADV_OK;
    if (adv_source_is_drawn(&d->source))
        status = check_each(d, n, rows, adv_transform_check_domain, error);
    if (status == ADV_OK)
        status = adv_transform_fit(d->transform, n, rows, error);
    free(rows);
    return status;
}

/* Of files; dequantised rows are in range by construction. */
static enum adv_status check_rows(const struct adv_dataset *d, check_row *check,
                                  struct adv_error *error)
{
    if (adv_source_is_drawn(&d->source) || is_dequantised(d))
        return ADV_OK;
    return check_each(d, d->n_rows, d->source.rows.data, check, error);
}

static enum adv_status read_shift(struct adv_dataset *d, int64_t pixels, struct adv_error *error)
{
    size_t side = d->n_dims == 3 ? (d->shape[1] < d->shape[2] ? d->shape[1] : d->shape[2]) : 0;
    d->shift = (size_t)pixels;
    if (d->shift == 0 || d->shift < side)
        return ADV_OK;
    if (side == 0)
        return adv_fail_field(error, ADV_E_INVALID, "data.shift_pixels",
                              "data.shift_pixels is %zu, but the data are no images", d->shift);
    return adv_fail_field(
        error, ADV_E_INVALID, "data.shift_pixels",
        "data.shift_pixels is %zu; it must be below the images' %zu pixels a side", d->shift, side);
}

static enum adv_status make_transform(struct adv_dataset *d, const struct adv_data_recipe *recipe,
                                      struct adv_error *error)
{
    if (!adv_transform_is_auto(recipe->transform))
        return adv_dataset_stated_transform("data.", recipe->transform, d->dim, &d->transform,
                                            error);
    json_t *spec = NULL;
    enum adv_status status = adv_table_transform(d, recipe->support, &d->stated, &spec, error);
    if (status == ADV_OK)
        status = adv_transform_new(spec, d->dim, &d->transform, error);
    json_decref(spec);
    return status;
}

static enum adv_status open_transform(struct adv_dataset *d, const struct adv_data_recipe *recipe,
                                      struct adv_error *error)
{
    enum adv_status status = make_transform(d, recipe, error);
    if (status == ADV_OK)
        status = read_levels(d, recipe->dequantise, error);
    if (status == ADV_OK)
        status = check_rows(d, adv_transform_check_domain, error);
    if (status == ADV_OK && !adv_transform_is_fitted(d->transform)) {
        status = fit_transform(d, error);
        if (status == ADV_E_INVALID)
            adv_dataset_name_constant(d, error);
    }
    if (status == ADV_OK)
        status = check_rows(d, adv_transform_check, error);
    return status;
}

enum adv_status adv_dataset_open(const struct adv_data_recipe *recipe, uint64_t seed,
                                 const char *place, struct adv_dataset *out,
                                 struct adv_error *error)
{
    struct adv_dataset d = {.seed = seed};
    enum adv_status status =
        adv_source_open(recipe->source, place, recipe->columns, &d.source, error);
    if (status == ADV_OK)
        status = adv_dataset_split_context(&d, error);
    if (status == ADV_OK)
        status = read_shape(&d, recipe->shape, error);
    if (status == ADV_OK)
        status = read_shift(&d, recipe->shift_pixels, error);
    if (status == ADV_OK)
        status = adv_dataset_read_columns(&d, recipe->columns, error);
    if (status == ADV_OK)
        status = adv_dataset_read_labels(&d, recipe, error);
    if (status == ADV_OK)
        status = split(&d, recipe->held_out, error);
    if (status == ADV_OK)
        status = make_digest(&d, recipe->source, error);
    if (status == ADV_OK)
        status = open_transform(&d, recipe, error);
    if (status == ADV_OK)
        status = adv_dataset_open_context(&d, recipe->context, error);
    if (status == ADV_OK)
        status = adv_dataset_note_scale(&d, error);
    if (status == ADV_OK)
        *out = d;
    else
        adv_dataset_close(&d);
    return status;
}

void adv_dataset_close(struct adv_dataset *d)
{
    adv_source_release(&d->source);
    adv_transform_free(d->transform);
    free(d->labels);
    json_decref(d->label_names);
    free(d->stated);
    free(d->contexts);
    free(d->context_names);
    adv_transform_free(d->context_transform);
    *d = (struct adv_dataset){0};
}

/* ---------------------------------------------------------------- draws */

/* Row of the files that a training example takes. */
static uint64_t training_row(const struct adv_dataset *d, uint64_t index)
{
    uint64_t epoch = index / d->n_train, place = index % d->n_train;
    uint64_t epoch_key =
        adv_rng_word(adv_seed_for(d->seed, ADV_SEED_EPOCH), ADV_STREAM_SHUFFLE, epoch);
    uint64_t position = d->n_held_out + adv_permute(epoch_key, place, d->n_train);
    return adv_permute(adv_seed_for(d->seed, ADV_SEED_SPLIT), position, d->n_rows);
}

static uint64_t held_out_row(const struct adv_dataset *d, uint64_t index)
{
    return adv_permute(adv_seed_for(d->seed, ADV_SEED_SPLIT), index, d->n_rows);
}

static uint64_t test_row(const struct adv_dataset *d, uint64_t index)
{
    (void)d;
    return index;
}

static uint64_t seen_row(const struct adv_dataset *d, uint64_t index)
{
    return held_out_row(d, d->n_held_out + index);
}

/* An image [channels, height, width] moved by (dy, dx), its edges repeated. */
static void shift_image(const size_t shape[3], const float *from, ptrdiff_t dy, ptrdiff_t dx,
                        float *to)
{
    ptrdiff_t height = (ptrdiff_t)shape[1], width = (ptrdiff_t)shape[2];
    for (size_t c = 0; c < shape[0]; c++, from += height * width) {
        for (ptrdiff_t y = 0; y < height; y++) {
            ptrdiff_t row = y - dy < 0 ? 0 : y - dy >= height ? height - 1 : y - dy;
            for (ptrdiff_t x = 0; x < width; x++) {
                ptrdiff_t column = x - dx < 0 ? 0 : x - dx >= width ? width - 1 : x - dx;
                *to++ = from[row * width + column];
            }
        }
    }
}

static void take_shifted(const struct adv_dataset *d, uint64_t index, const float *from, float *to)
{
    uint64_t seed = adv_seed_for(d->seed, ADV_SEED_SHIFT), steps = 2 * d->shift + 1;
    uint64_t place = adv_rng_below(seed, ADV_STREAM_SHUFFLE, index, steps * steps);
    ptrdiff_t most = (ptrdiff_t)d->shift;
    shift_image(d->shape, from, (ptrdiff_t)(place / steps) - most,
                (ptrdiff_t)(place % steps) - most, to);
}

/* How examples of files are drawn, for training or held out. */
struct stream {
    uint64_t seed; /* of noise */
    uint64_t (*row)(const struct adv_dataset *, uint64_t index);
    bool shifts;
};

static void draw_contexts(const struct adv_dataset *d, const struct stream *stream, uint64_t first,
                          size_t n, float *context)
{
    for (size_t i = 0; d->n_context > 0 && context && i < n; i++)
        memcpy(context + i * d->n_context, d->contexts + stream->row(d, first + i) * d->n_context,
               d->n_context * sizeof *context);
}

/* Draws n examples of a stream, in data units. */
static void draw(const struct adv_dataset *d, const struct stream *stream, uint64_t first, size_t n,
                 float *x, int32_t *label, float *context)
{
    for (size_t i = 0; i < n; i++)
        label[i] = ADV_NO_LABEL;
    if (adv_source_is_drawn(&d->source)) {
        adv_source_draw(&d->source, stream->seed, first, n, x, context);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t r = stream->row(d, first + i);
        const float *from = d->source.rows.data + r * d->dim;
        if (stream->shifts && d->shift > 0)
            take_shifted(d, first + i, from, x + i * d->dim);
        else
            memcpy(x + i * d->dim, from, d->dim * sizeof *x);
        if (d->labels)
            label[i] = d->labels[r];
    }
    draw_contexts(d, stream, first, n, context);
    if (is_dequantised(d))
        adv_levels_draw(&d->levels, stream->seed, first, n, d->dim, x);
}

static void encode_contexts(const struct adv_dataset *d, size_t n, float *context)
{
    if (d->n_context > 0 && context)
        adv_transform_encode(d->context_transform, n, context, context, NULL);
}

void adv_dataset_draw(const struct adv_dataset *d, uint64_t first, size_t n, float *x,
                      int32_t *label, float *context)
{
    struct stream stream = {adv_seed_for(d->seed, ADV_SEED_TRAIN), training_row, true};
    draw(d, &stream, first, n, x, label, context);
    adv_transform_encode_drawn(d->transform, stream.seed, first, n, x, x);
    encode_contexts(d, n, context);
}

const char *const adv_split_names[] = {
    [ADV_SPLIT_HELD_OUT] = "held_out",
    [ADV_SPLIT_TEST] = "test",
    [ADV_SPLIT_TRAIN] = "train",
    NULL,
};

size_t adv_dataset_rows(const struct adv_dataset *d, enum adv_split split)
{
    const size_t rows[] = {[ADV_SPLIT_HELD_OUT] = d->n_held_out,
                           [ADV_SPLIT_TEST] = d->n_rows,
                           [ADV_SPLIT_TRAIN] = d->n_train};
    return rows[split];
}

/* Of the noise of held-out and test rows; those of draw 0 are what a row has by itself. */
static uint64_t noise_seed(const struct adv_dataset *d, uint64_t draw)
{
    uint64_t seed = adv_seed_for(d->seed, ADV_SEED_HELD_OUT);
    return draw == 0 ? seed : adv_rng_word(seed, ADV_STREAM_DEQUANTISE, draw);
}

void adv_dataset_points(const struct adv_dataset *d, enum adv_split split, uint64_t first, size_t n,
                        float *x, int32_t *label, float *context)
{
    adv_dataset_points_of_draw(d, split, 0, first, n, x, label, context);
}

void adv_dataset_points_of_draw(const struct adv_dataset *d, enum adv_split split, uint64_t number,
                                uint64_t first, size_t n, float *x, int32_t *label, float *context)
{
    static uint64_t (*const rows[])(const struct adv_dataset *, uint64_t) = {
        [ADV_SPLIT_HELD_OUT] = held_out_row,
        [ADV_SPLIT_TEST] = test_row,
        [ADV_SPLIT_TRAIN] = seen_row,
    };
    struct stream stream = {noise_seed(d, number), rows[split], false};
    draw(d, &stream, first, n, x, label, context);
}

void adv_dataset_draw_held_out(const struct adv_dataset *d, uint64_t first, size_t n, float *x,
                               int32_t *label, float *context)
{
    adv_dataset_points(d, ADV_SPLIT_HELD_OUT, first, n, x, label, context);
    adv_transform_encode(d->transform, n, x, x, NULL);
    encode_contexts(d, n, context);
}

enum adv_status adv_dataset_conditions(const struct adv_dataset *d, size_t n, int32_t *labels,
                                       float *contexts, struct adv_error *error)
{
    if (adv_source_is_drawn(&d->source)) {
        float *x = adv_calloc(n, d->dim * sizeof *x);
        if (!x)
            return adv_no_memory(error);
        adv_dataset_points(d, ADV_SPLIT_HELD_OUT, 0, n, x, labels, contexts);
        free(x);
        return ADV_OK;
    }
    for (size_t i = 0; d->labels && i < n; i++)
        labels[i] = d->labels[i * d->n_rows / n];
    for (size_t i = 0; d->contexts && i < n; i++)
        memcpy(contexts + i * d->n_context, d->contexts + i * d->n_rows / n * d->n_context,
               d->n_context * sizeof *contexts);
    return ADV_OK;
}
