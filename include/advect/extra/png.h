/* PNG and animated PNG in memory. */
#ifndef ADVECT_EXTRA_PNG_H
#define ADVECT_EXTRA_PNG_H

#include <advect/api.h>
#include <advect/extra/bytes.h>
#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

/* Pixels in row-major order, 8 bits a channel. */
struct adv_image {
    int width, height;
    int n_channels; /* 1 grey, 3 RGB, 4 RGBA */
    uint8_t *pixels;
};

/* Allocates zeroed pixels. Sides in [1, 32768]. */
enum adv_status adv_image_init(struct adv_image *image, int width, int height, int n_channels,
                               struct adv_error *error);
void adv_image_release(struct adv_image *image);

/* level: zlib compression level 0..9. png is initialised by the call. */
enum adv_status adv_png_encode(const struct adv_image *image, int level, struct adv_bytes *png,
                               struct adv_error *error);

/* Animated PNG (acTL, fcTL, fdAT): n_frames images of one size and channel count, shown
 * frame_ms each (0..65535; 0: as fast as the viewer can); the last one hold_ms. n_loops 0: for
 * ever. Viewers without animation show the last frame (written as the default image outside the
 * animation). png is initialised by the call. */
enum adv_status adv_png_encode_animation(size_t n_frames, const struct adv_image *frames,
                                         int frame_ms, int hold_ms, int n_loops, int level,
                                         struct adv_bytes *png, struct adv_error *error);

/* As adv_png_encode_animation, in at most n_colours (2..255) colours chosen for all frames (1 or 3
 * channels) together, and with only what changes from frame to frame: a fraction of the bytes,
 * for drawings, whose colours are few. The most frequent colour stays as it is. One frame gives a
 * still picture. */
enum adv_status adv_png_encode_palette(size_t n_frames, const struct adv_image *frames,
                                       int n_colours, int frame_ms, int hold_ms, int n_loops,
                                       int level, struct adv_bytes *png, struct adv_error *error);

/* Decodes a PNG of exactly width x height into n_channels (1 or 3) 8-bit channels, in data
 * pixels; image is initialised by the call. Converted where unambiguous: palette, 16 bit, bit
 * depths below 8, grey <-> RGB (RGB to grey only if every pixel is grey), opaque alpha dropped,
 * interlacing. Refused with a clear message: another size, real transparency, colours where grey is
 * wanted (ADV_E_INVALID); truncation, a broken checksum, not a PNG (ADV_E_FORMAT). The size is
 * checked before pixels are decompressed. Of an animation, the default image is taken. */
enum adv_status adv_png_decode(const void *bytes, size_t n_bytes, int width, int height,
                               int n_channels, struct adv_image *image, struct adv_error *error);

ADV_API_END
#endif
