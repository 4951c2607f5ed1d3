/* Grids of small images, pixel by pixel. */
#include "core/plot/style.h"

#include <advect/extra/memory.h>
#include <advect/extra/pace.h>
#include <advect/extra/plot.h>

#include <math.h>
#include <string.h>

#define SIDE_MOST 4096
#define CELLS_MOST 4096
#define GAP_MOST 256
#define ZOOM_MOST 64
#define PICTURE_MOST 32768 /* as adv_image_init */

/* A grid whose defaults are filled in. */
struct sheet {
    size_t n;
    int channels, height, width; /* of one image */
    const float *pixels;         /* [n, channels, height, width] */
    double lo, hi;
    int n_rows, n_columns, gap, zoom;
    bool dequantised;
    const long *order;
};

static enum adv_status check_int(const char *field, int value, int least, int most,
                                 struct adv_error *error)
{
    if (value >= least && value <= most)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, field, "%s is %d; it must be in %d..%d", field,
                          value, least, most);
}

static enum adv_status check_numbers(const struct sheet *sheet, struct adv_error *error)
{
    const struct {
        const char *field;
        int value, least, most;
    } rows[] = {
        {"height", sheet->height, 1, SIDE_MOST},
        {"width", sheet->width, 1, SIDE_MOST},
        {"n_columns", sheet->n_columns, 0, CELLS_MOST},
        {"n_rows", sheet->n_rows, 0, CELLS_MOST},
        {"gap_px", sheet->gap, 0, GAP_MOST},
        {"zoom", sheet->zoom, 0, ZOOM_MOST},
    };
    enum adv_status status = ADV_OK;
    for (size_t i = 0; status == ADV_OK && i < ADV_COUNT(rows); i++)
        status = check_int(rows[i].field, rows[i].value, rows[i].least, rows[i].most, error);
    if (status != ADV_OK)
        return status;
    if (sheet->channels != 1 && sheet->channels != 3)
        return adv_fail_field(error, ADV_E_INVALID, "channels", "channels is %d; it must be 1 or 3",
                              sheet->channels);
    if (!(sheet->lo < sheet->hi) || !isfinite(sheet->hi - sheet->lo))
        return adv_fail_field(error, ADV_E_INVALID, "hi",
                              "intensities are %g..%g; a finite range with lo < hi is needed",
                              sheet->lo, sheet->hi);
    if (sheet->n == 0)
        return adv_fail_field(error, ADV_E_INVALID, "n", "n is 0; a grid needs an image at least");
    if (sheet->order && (sheet->n_columns == 0 || sheet->n_rows == 0))
        return adv_fail_field(error, ADV_E_INVALID, "order",
                              "order is given with n_rows %d and n_columns %d; it needs both",
                              sheet->n_rows, sheet->n_columns);
    return ADV_OK;
}

/* Cells a line of n_other cells needs to hold n images. */
static size_t lines_for(size_t n, size_t n_other)
{
    return n / n_other + (n % n_other != 0);
}

static enum adv_status complete(struct sheet *sheet, struct adv_error *error)
{
    size_t n = sheet->n, n_columns = (size_t)sheet->n_columns, n_rows = (size_t)sheet->n_rows;
    if (sheet->zoom == 0)
        sheet->zoom = 1;
    if (n_columns == 0)
        n_columns = n_rows ? lines_for(n, n_rows) : (size_t)ceil(sqrt((double)n));
    if (n_rows == 0)
        n_rows = lines_for(n, n_columns);
    if (n_columns > CELLS_MOST || n_rows > CELLS_MOST)
        return adv_fail_field(error, ADV_E_INVALID, "n",
                              "%zu images need %zu x %zu cells; at most %d x %d are allowed", n,
                              n_rows, n_columns, CELLS_MOST, CELLS_MOST);
    sheet->n_columns = (int)n_columns;
    sheet->n_rows = (int)n_rows;
    for (size_t i = 0; sheet->order && i < n_rows * n_columns; i++) {
        long index = sheet->order[i];
        if (index < -1 || (index >= 0 && (size_t)index >= n))
            return adv_fail_field(error, ADV_E_INVALID, "order",
                                  "order[%zu] is %ld; it must be -1 or an image in 0..%zu", i,
                                  index, n - 1);
    }
    return ADV_OK;
}

/* ---- drawing ---- */

static uint8_t ground_of(int channel)
{
    /* One of three. NOLINTNEXTLINE(clang-analyzer-core.*) */
    return (uint8_t)(ADV_STYLE_GROUND >> (16 - 8 * channel) & 0xff);
}

static uint8_t intensity(const struct sheet *sheet, float value, int channel)
{
    if (isnan(value))
        return ground_of(channel);
    double fraction = fmin(fmax((value - sheet->lo) / (sheet->hi - sheet->lo), 0), 1);
    return (uint8_t)(sheet->dequantised ? fmin(floor(256 * fraction), 255) : round(255 * fraction));
}

/* Draws the image at source with its top left corner at target. */
static void draw_image(const struct sheet *sheet, const float *source, size_t picture_stride,
                       uint8_t *target)
{
    int side = sheet->zoom, channels = sheet->channels;
    size_t plane = (size_t)sheet->height * (size_t)sheet->width;
    size_t line_bytes = (size_t)sheet->width * (size_t)side * (size_t)channels;
    for (int y = 0; y < sheet->height; y++, source += sheet->width) {
        uint8_t *at = target;
        for (int x = 0; x < sheet->width * side; x++) {
            for (int c = 0; c < channels; c++)
                *at++ = intensity(sheet, source[(size_t)c * plane + (size_t)(x / side)], c);
        }
        for (int k = 1; k < side; k++)
            memcpy(target + (size_t)k * picture_stride, target, line_bytes);
        target += (size_t)side * picture_stride;
    }
}

/* The image in a cell, or -1. */
static long image_in(const struct sheet *sheet, size_t cell)
{
    if (sheet->order)
        return sheet->order[cell];
    return cell < sheet->n ? (long)cell : -1;
}

static void draw_sheet(const struct sheet *sheet, struct adv_image *image)
{
    size_t channels = (size_t)sheet->channels, stride = (size_t)image->width * channels;
    size_t image_size = channels * (size_t)sheet->height * (size_t)sheet->width;
    size_t n_pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < n_pixels * channels; i++)
        image->pixels[i] = ground_of((int)(i % channels));
    for (int row = 0; row < sheet->n_rows; row++) {
        for (int column = 0; column < sheet->n_columns && adv_pace_go_on(); column++) {
            long index = image_in(sheet, (size_t)row * (size_t)sheet->n_columns + (size_t)column);
            size_t y = (size_t)row * (size_t)(sheet->height * sheet->zoom + sheet->gap);
            size_t x = (size_t)column * (size_t)(sheet->width * sheet->zoom + sheet->gap);
            if (index >= 0)
                draw_image(sheet, sheet->pixels + (size_t)index * image_size, stride,
                           image->pixels + y * stride + x * channels);
        }
    }
}

enum adv_status adv_image_grid(size_t n, int channels, int height, int width, const float *pixels,
                               double lo, double hi, const struct adv_grid *grid,
                               struct adv_image *image, struct adv_error *error)
{
    struct sheet sheet = {
        .n = n,
        .channels = channels,
        .height = height,
        .width = width,
        .pixels = pixels,
        .lo = lo,
        .hi = hi,
        .n_rows = grid->n_rows,
        .n_columns = grid->n_columns,
        .gap = grid->gap_px,
        .zoom = grid->zoom,
        .dequantised = grid->dequantised,
        .order = grid->order,
    };
    enum adv_status status = check_numbers(&sheet, error);
    if (status == ADV_OK)
        status = complete(&sheet, error);
    if (status != ADV_OK)
        return status;
    int picture_height = sheet.n_rows * (height * sheet.zoom + sheet.gap) - sheet.gap;
    int picture_width = sheet.n_columns * (width * sheet.zoom + sheet.gap) - sheet.gap;
    if (picture_height > PICTURE_MOST || picture_width > PICTURE_MOST)
        return adv_fail_field(error, ADV_E_INVALID, "zoom",
                              "the grid would have %d x %d pixels; at most %d x %d are allowed",
                              picture_width, picture_height, PICTURE_MOST, PICTURE_MOST);
    status = adv_image_init(image, picture_width, picture_height, channels, error);
    if (status == ADV_OK)
        draw_sheet(&sheet, image);
    return status;
}
