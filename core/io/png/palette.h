/* A few colours for many pictures, and the pictures as indices into them. */
#ifndef ADV_IO_PNG_PALETTE_H
#define ADV_IO_PNG_PALETTE_H

#include <advect/extra/png.h>

#define ADV_PALETTE_MOST 256

struct adv_palette {
    int n;                            /* colours */
    uint8_t rgb[ADV_PALETTE_MOST][3]; /* the first one is the most frequent, as it is */
    int transparent;                  /* index of a colour that no pixel has, or -1 */
};

/* At most n_most (2..256) colours for all images (1 or 3 channels); *indices receives n images of
 * one channel, [n], to be released with adv_palette_release.
 *
 * P. Heckbert's median cut ("Color image quantization for frame buffer display", 1982) over
 * the colours with 6 bits a channel, where the box to be cut is the one with the largest side
 * weighted by the square root of its pixels, so that a small mark keeps its colour. */
enum adv_status adv_palette_reduce(size_t n, const struct adv_image *images, int n_most,
                                   struct adv_palette *palette, struct adv_image **indices,
                                   struct adv_error *error);
void adv_palette_release(size_t n, struct adv_image *indices);

/* A still PNG of an image of indices. */
enum adv_status adv_png_encode_indexed(const struct adv_image *indices,
                                       const struct adv_palette *palette, int level,
                                       struct adv_bytes *png, struct adv_error *error);

#endif
