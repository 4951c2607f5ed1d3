/* Animated PNGs as a viewer shows them: every frame laid over those before it. Reads chunks by
 * itself and pixels with libpng's simplified reader, of which the library uses nothing. */
#ifndef ADV_TESTS_APNG_H
#define ADV_TESTS_APNG_H

#include <advect/extra/png.h>

#include <stddef.h>
#include <stdint.h>

struct apng {
    int width, height, n_loops; /* n_loops -1: a still picture */
    size_t n_frames;            /* 1 of a still picture */
    struct adv_image *frames;   /* RGB */
    struct adv_image picture;   /* what viewers without animation show */
    int *delays_ms;             /* [n_frames] */
};

/* Fails the test at the first fault: a chunk, a checksum, a sequence number, a frame outside the
 * picture. */
void apng_read(struct apng *apng, const void *bytes, size_t n_bytes);
void apng_read_file(struct apng *apng, const char *path);
void apng_release(struct apng *apng);

#endif
