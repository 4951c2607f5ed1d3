/* libpng turns every kind of PNG into rows of 8-bit RGBA; what a model cannot take (transparency,
 * colours where it wants grey) is then refused pixel by pixel, whatever encoding it came in.
 *
 * The input is not trusted: only the chunks that make up the pixels are looked at, so that no text
 * or colour profile is decompressed; each checksum must hold; and the size is compared with what
 * the caller expects before there is a buffer. */
#include "core/base/mem.h"
#include "core/io/png/common.h"

#include <advect/extra/png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

struct decoder {
    struct adv_png_context context;
    png_structp png;
    png_infop info;
    const uint8_t *at, *end;
    int width, height, n_channels; /* expected */
    uint8_t *rgba;                 /* [height, width, 4] */
    struct adv_image image;
};

static void take(png_structp png, png_bytep out, size_t n)
{
    struct decoder *decoder = png_get_io_ptr(png);
    if (n > (size_t)(decoder->end - decoder->at))
        png_error(png, "the file is cut short");
    memcpy(out, decoder->at, n);
    decoder->at += n;
}

static bool check_size(struct decoder *decoder)
{
    png_uint_32 width = png_get_image_width(decoder->png, decoder->info);
    png_uint_32 height = png_get_image_height(decoder->png, decoder->info);
    if (width == (png_uint_32)decoder->width && height == (png_uint_32)decoder->height)
        return true;
    decoder->context.status =
        adv_fail(decoder->context.error, ADV_E_INVALID,
                 "the picture has %u x %u pixels; %d x %d are wanted (width x height)", width,
                 height, decoder->width, decoder->height);
    return false;
}

static bool allocate_pixels(struct decoder *decoder)
{
    struct adv_png_context *context = &decoder->context;
    context->status = adv_image_init(&decoder->image, decoder->width, decoder->height,
                                     decoder->n_channels, context->error);
    if (context->status != ADV_OK)
        return false;
    decoder->rgba = adv_calloc((size_t)decoder->width * (size_t)decoder->height, 4);
    if (!decoder->rgba)
        context->status = adv_no_memory(context->error);
    return decoder->rgba != NULL;
}

static void configure(struct decoder *decoder)
{
    png_structp png = decoder->png;
    png_set_read_fn(png, decoder, take);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* check_size says it better */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(png, 0);
}

/* Every kind of picture becomes 8-bit RGBA. */
static int convert_to_rgba(struct decoder *decoder)
{
    png_structp png = decoder->png;
    png_set_expand(png); /* palette to RGB, depths below 8 to 8, a transparent colour to alpha */
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
    int n_passes = png_set_interlace_handling(png);
    png_read_update_info(png, decoder->info);
    if (png_get_rowbytes(png, decoder->info) != (size_t)decoder->width * 4)
        adv_bug("PNG rows of %zu bytes", png_get_rowbytes(png, decoder->info));
    return n_passes;
}

/* libpng jumps back here on an error, with context.status set. */
static void read_rgba(struct decoder *decoder)
{
    png_structp png = decoder->png;
    if (setjmp(png_jmpbuf(png)))
        return;
    configure(decoder);
    png_read_info(png, decoder->info);
    if (!check_size(decoder) || !allocate_pixels(decoder))
        return;
    for (int pass = convert_to_rgba(decoder); pass > 0; pass--)
        for (int y = 0; y < decoder->height; y++)
            png_read_row(png, decoder->rgba + (size_t)y * (size_t)decoder->width * 4, NULL);
    png_read_end(png, NULL);
}

/* Copies what the model can take into the image. */
static enum adv_status convert(struct decoder *decoder)
{
    struct adv_error *error = decoder->context.error;
    size_t width = (size_t)decoder->width, n_pixels = width * (size_t)decoder->height;
    size_t n_channels = (size_t)decoder->n_channels;
    for (size_t i = 0; i < n_pixels; i++) {
        const uint8_t *rgba = decoder->rgba + 4 * i;
        if (rgba[3] != 255)
            return adv_fail(error, ADV_E_INVALID,
                            "pixel (%zu, %zu) is transparent (alpha %d of 255); only opaque "
                            "pictures can be used",
                            i % width, i / width, rgba[3]);
        if (n_channels == 1 && (rgba[0] != rgba[1] || rgba[1] != rgba[2]))
            return adv_fail(error, ADV_E_INVALID,
                            "pixel (%zu, %zu) has the colour (%d, %d, %d); only grey is wanted",
                            i % width, i / width, rgba[0], rgba[1], rgba[2]);
        memcpy(decoder->image.pixels + i * n_channels, rgba, n_channels);
    }
    return ADV_OK;
}

static enum adv_status decode(struct decoder *decoder)
{
    decoder->png = adv_png_new_reader(&decoder->context);
    decoder->info = decoder->png ? png_create_info_struct(decoder->png) : NULL;
    if (!decoder->info)
        return adv_no_memory(decoder->context.error);
    read_rgba(decoder);
    return decoder->context.status == ADV_OK ? convert(decoder) : decoder->context.status;
}

enum adv_status adv_png_decode(const void *bytes, size_t n_bytes, int width, int height,
                               int n_channels, struct adv_image *image, struct adv_error *error)
{
    struct decoder decoder = {.context.error = error,
                              .at = bytes,
                              .width = width,
                              .height = height,
                              .n_channels = n_channels};
    if (n_channels != 1 && n_channels != 3)
        return adv_fail(error, ADV_E_INVALID, "a picture of %d channels; 1 or 3 are possible",
                        n_channels);
    if (n_bytes < 8 || png_sig_cmp(decoder.at, 0, 8) != 0)
        return adv_fail(error, ADV_E_FORMAT, "not a PNG file");
    decoder.end = decoder.at + n_bytes;
    enum adv_status status = decode(&decoder);
    if (status == ADV_OK)
        *image = decoder.image;
    else
        adv_image_release(&decoder.image);
    png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
    free(decoder.rgba);
    return status;
}
