#include "core/io/png/palette.h"

#include "core/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 6, SIDE = 1 << BITS, BINS = 1 << (3 * BITS), SHIFT = 8 - BITS };

struct bin {
    uint64_t n, sum[3]; /* pixels, and the sums of their channels */
};

/* A range of `used`, and how much it wants to be cut. */
struct box {
    size_t begin, end;
    int axis;
    double urge;
};

struct reducer {
    struct bin *bins; /* [BINS] */
    uint32_t *used;   /* bins that have pixels, box by box */
    size_t n_used;
    uint8_t *index; /* [BINS] colour of each bin */
    uint32_t ground;
};

static uint32_t bin_at(const uint8_t *pixel, int n_channels)
{
    int g = n_channels == 3, b = 2 * g;
    return (uint32_t)pixel[0] >> SHIFT << (2 * BITS) | (uint32_t)pixel[g] >> SHIFT << BITS |
           (uint32_t)pixel[b] >> SHIFT;
}

static int coordinate(uint32_t bin, int axis)
{
    return (int)(bin >> ((2 - axis) * BITS)) % SIDE;
}

static size_t pixels_of(const struct adv_image *image)
{
    return (size_t)image->width * (size_t)image->height;
}

static void count(struct reducer *r, size_t n, const struct adv_image *images)
{
    for (size_t k = 0; k < n; k++) {
        int channels = images[k].n_channels;
        const uint8_t *pixel = images[k].pixels;
        for (size_t i = 0; i < pixels_of(&images[k]); i++, pixel += channels) {
            struct bin *bin = &r->bins[bin_at(pixel, channels)];
            bin->n++;
            for (int c = 0; c < 3; c++)
                bin->sum[c] += pixel[channels == 3 ? c : 0];
        }
    }
    for (uint32_t bin = 0; bin < BINS; bin++) {
        if (r->bins[bin].n > r->bins[r->ground].n)
            r->ground = bin;
    }
    for (uint32_t bin = 0; bin < BINS; bin++) {
        if (r->bins[bin].n && bin != r->ground)
            r->used[r->n_used++] = bin;
    }
}

static void measure(const struct reducer *r, struct box *box)
{
    uint64_t n = 0;
    int longest = 0;
    for (int axis = 0; axis < 3; axis++) {
        int lo = SIDE, hi = -1;
        for (size_t i = box->begin; i < box->end; i++) {
            int at = coordinate(r->used[i], axis);
            lo = at < lo ? at : lo;
            hi = at > hi ? at : hi;
            n += axis == 0 ? r->bins[r->used[i]].n : 0;
        }
        if (hi - lo > longest) {
            longest = hi - lo;
            box->axis = axis;
        }
    }
    box->urge = longest * sqrt((double)n);
}

/* Sorts a box along its axis: counting, as there are few places. */
static void sort(const struct reducer *r, const struct box *box, uint32_t *sorted)
{
    size_t start[SIDE + 1] = {0};
    for (size_t i = box->begin; i < box->end; i++)
        start[coordinate(r->used[i], box->axis) + 1]++;
    for (int k = 0; k < SIDE; k++)
        start[k + 1] += start[k];
    for (size_t i = box->begin; i < box->end; i++)
        sorted[start[coordinate(r->used[i], box->axis)]++] = r->used[i];
    memcpy(r->used + box->begin, sorted, (box->end - box->begin) * sizeof *sorted);
}

/* Cuts a box with a side in two, each part with about half the weight and at least one bin. */
static struct box cut(const struct reducer *r, struct box *box, uint32_t *sorted)
{
    sort(r, box, sorted);
    double whole = 0, part = 0;
    for (size_t i = box->begin; i < box->end; i++)
        whole += sqrt((double)r->bins[r->used[i]].n);
    size_t at = box->begin;
    while (at + 1 < box->end && (part < whole / 2 || at == box->begin))
        part += sqrt((double)r->bins[r->used[at++]].n);
    struct box other = {.begin = at, .end = box->end};
    box->end = at;
    measure(r, box);
    measure(r, &other);
    return other;
}

static size_t cut_all(const struct reducer *r, size_t n_most, struct box *boxes, uint32_t *sorted)
{
    size_t n = 0;
    if (r->n_used == 0)
        return 0;
    boxes[n++] = (struct box){.end = r->n_used};
    measure(r, &boxes[0]);
    while (n < n_most) {
        size_t most = 0;
        for (size_t i = 1; i < n; i++)
            most = boxes[i].urge > boxes[most].urge ? i : most;
        if (boxes[most].urge == 0)
            break;
        boxes[n] = cut(r, &boxes[most], sorted);
        n++;
    }
    return n;
}

static void mean_colour(struct reducer *r, const uint32_t *bins, size_t n_bins, int index,
                        struct adv_palette *palette)
{
    struct bin sum = {0};
    for (size_t i = 0; i < n_bins; i++) {
        r->index[bins[i]] = (uint8_t)index;
        sum.n += r->bins[bins[i]].n;
        for (int c = 0; c < 3; c++)
            sum.sum[c] += r->bins[bins[i]].sum[c];
    }
    /* A bin that is used holds a pixel at least. */
    for (int c = 0; c < 3; c++)
        // NOLINTNEXTLINE(clang-analyzer-core.DivideZero)
        palette->rgb[index][c] = (uint8_t)((sum.sum[c] + sum.n / 2) / sum.n);
}

static void choose(struct reducer *r, int n_most, struct adv_palette *palette, uint32_t *sorted)
{
    struct box boxes[ADV_PALETTE_MOST];
    mean_colour(r, &r->ground, 1, 0, palette);
    size_t n = cut_all(r, (size_t)n_most - 1, boxes, sorted);
    for (size_t i = 0; i < n; i++)
        mean_colour(r, r->used + boxes[i].begin, boxes[i].end - boxes[i].begin, (int)i + 1,
                    palette);
    palette->n = (int)n + 1;
}

static enum adv_status index_pixels(const struct reducer *r, size_t n,
                                    const struct adv_image *images, struct adv_image *indices,
                                    struct adv_error *error)
{
    for (size_t k = 0; k < n; k++) {
        const uint8_t *pixel = images[k].pixels;
        enum adv_status status =
            adv_image_init(&indices[k], images[k].width, images[k].height, 1, error);
        if (status != ADV_OK)
            return status;
        for (size_t i = 0; i < pixels_of(&images[k]); i++, pixel += images[k].n_channels)
            indices[k].pixels[i] = r->index[bin_at(pixel, images[k].n_channels)];
    }
    return ADV_OK;
}

enum adv_status adv_palette_reduce(size_t n, const struct adv_image *images, int n_most,
                                   struct adv_palette *palette, struct adv_image **indices,
                                   struct adv_error *error)
{
    struct reducer r = {.bins = adv_calloc(BINS, sizeof *r.bins),
                        .used = adv_calloc(BINS, sizeof *r.used),
                        .index = adv_calloc(BINS, 1)};
    uint32_t *sorted = adv_calloc(BINS, sizeof *sorted);
    struct adv_image *made = adv_calloc(n, sizeof *made);
    enum adv_status status = ADV_OK;
    if (!r.bins || !r.used || !r.index || !sorted || !made)
        status = adv_no_memory(error);
    if (status == ADV_OK) {
        palette->transparent = -1;
        count(&r, n, images);
        choose(&r, n_most, palette, sorted);
        status = index_pixels(&r, n, images, made, error);
    }
    if (status == ADV_OK)
        *indices = made;
    else
        adv_palette_release(n, made);
    free(sorted);
    free(r.index);
    free(r.used);
    free(r.bins);
    return status;
}

void adv_palette_release(size_t n, struct adv_image *indices)
{
    for (size_t i = 0; indices && i < n; i++)
        adv_image_release(&indices[i]);
    free(indices);
}
