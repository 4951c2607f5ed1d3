#include "core/base/mem.h"
#include "core/io/png/common.h"
#include "core/io/png/palette.h"

#include <advect/extra/bytes.h>
#include <advect/extra/pace.h>
#include <advect/extra/png.h>
#include <setjmp.h>
#include <zlib.h>

/* Compressed data come in chunks of at most so many bytes. */
enum { CHUNK_BYTES = 1 << 16 };

struct encoder {
    struct adv_png_context context;
    png_structp png;
    png_infop info;
    const struct adv_palette *palette; /* of an image of indices, or NULL */
    struct adv_bytes bytes;            /* what was written so far */
};

static void collect(png_structp png, png_bytep data, size_t n)
{
    struct encoder *encoder = png_get_io_ptr(png);
    if (adv_bytes_append(&encoder->bytes, data, n, NULL) != ADV_OK) {
        encoder->context.no_memory = true;
        png_error(png, "out of memory");
    }
}

static void flush(png_structp png)
{
    (void)png;
}

static int colour_type(int n_channels)
{
    switch (n_channels) {
    case 1:
        return PNG_COLOR_TYPE_GRAY;
    case 3:
        return PNG_COLOR_TYPE_RGB;
    case 4:
        return PNG_COLOR_TYPE_RGB_ALPHA;
    default:
        adv_bug("an image of %d channels", n_channels);
    }
}

static int depth_of(const struct adv_palette *palette)
{
    int n = palette->n + (palette->transparent >= 0);
    return n <= 2 ? 1 : n <= 4 ? 2 : n <= 16 ? 4 : 8;
}

/* Filters, made for smooth channels, only disturb indices. */
static void declare_palette(struct encoder *encoder, const struct adv_image *image)
{
    const struct adv_palette *palette = encoder->palette;
    png_color colours[ADV_PALETTE_MOST] = {{0}};
    png_byte opacity[ADV_PALETTE_MOST];
    int n = palette->n + (palette->transparent >= 0);
    for (int i = 0; i < palette->n; i++)
        colours[i] = (png_color){palette->rgb[i][0], palette->rgb[i][1], palette->rgb[i][2]};
    png_set_IHDR(encoder->png, encoder->info, (png_uint_32)image->width, (png_uint_32)image->height,
                 depth_of(palette), PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(encoder->png, encoder->info, colours, n);
    for (int i = 0; i < n; i++)
        opacity[i] = i == palette->transparent ? 0 : 255;
    if (palette->transparent >= 0)
        png_set_tRNS(encoder->png, encoder->info, opacity, n, NULL);
    png_set_filter(encoder->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
}

/* What compresses best of what was measured (docs/internals/performance.md): grey images are
 * enlarged pixels, runs once they are filtered; drawings repeat whole patterns, which filters
 * hide. */
static void declare_channels(struct encoder *encoder, const struct adv_image *image)
{
    if (image->n_channels == 1)
        png_set_compression_strategy(encoder->png, Z_RLE);
    else
        png_set_filter(encoder->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_set_IHDR(encoder->png, encoder->info, (png_uint_32)image->width, (png_uint_32)image->height,
                 8, colour_type(image->n_channels), PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
}

/* libpng jumps back here on an error, with context.status set. */
static void write_image(struct encoder *encoder, const struct adv_image *image, int level)
{
    png_structp png = encoder->png;
    size_t row_bytes = (size_t)image->width * (size_t)image->n_channels;
    if (setjmp(png_jmpbuf(png)))
        return;
    png_set_write_fn(png, encoder, collect, flush);
    png_set_compression_level(png, level);
    png_set_compression_buffer_size(png, CHUNK_BYTES);
    if (encoder->palette)
        declare_palette(encoder, image);
    else
        declare_channels(encoder, image);
    png_write_info(png, encoder->info);
    if (encoder->palette)
        png_set_packing(png);
    for (int y = 0; y < image->height; y++) {
        if (!adv_pace_go_on()) {
            encoder->context.stopped = true;
            png_error(png, "stopped before the end");
        }
        png_write_row(png, image->pixels + (size_t)y * row_bytes);
    }
    png_write_end(png, NULL);
}

static enum adv_status encode(const struct adv_image *image, const struct adv_palette *palette,
                              int level, struct adv_bytes *png, struct adv_error *error)
{
    struct encoder encoder = {.context.error = error, .palette = palette};
    if (level < 0 || level > 9)
        return adv_fail(error, ADV_E_INVALID, "compression level %d; 0 to 9 are possible", level);
    encoder.png = adv_png_new_writer(&encoder.context);
    encoder.info = encoder.png ? png_create_info_struct(encoder.png) : NULL;
    if (encoder.info)
        write_image(&encoder, image, level);
    else
        encoder.context.status = adv_no_memory(error);
    png_destroy_write_struct(&encoder.png, &encoder.info);
    if (encoder.context.status == ADV_OK)
        *png = encoder.bytes;
    else
        adv_bytes_release(&encoder.bytes);
    return encoder.context.status;
}

enum adv_status adv_png_encode(const struct adv_image *image, int level, struct adv_bytes *png,
                               struct adv_error *error)
{
    return encode(image, NULL, level, png, error);
}

enum adv_status adv_png_encode_indexed(const struct adv_image *indices,
                                       const struct adv_palette *palette, int level,
                                       struct adv_bytes *png, struct adv_error *error)
{
    return encode(indices, palette, level, png, error);
}
