/* Pictures of answers, decoded again, for the tests of what they show. */
#ifndef ADV_TESTS_PICTURE_SUPPORT_H
#define ADV_TESTS_PICTURE_SUPPORT_H

#include <advect/extra/all.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes the bytes of a PNG; the image is the caller's. Fails the test where it cannot. */
struct adv_image picture_decode(struct adv_bytes *png, int n_channels);

/* An answer's PNG, decoded. */
struct adv_image picture_draw(const struct adv_model *model, const struct adv_query *query,
                              const struct adv_answer *answer, const struct adv_picture *picture);

struct picture_spot {
    double x, y; /* mean position in pixels */
    size_t n;
};

/* Pixels much bluer than red, as the accent colour is and nothing else of a plot. */
bool picture_is_accent(const uint8_t *rgb);

/* The pixels of columns [from, to) that `is` says yes to; fails the test without any. */
struct picture_spot picture_find(const struct adv_image *picture, int from, int to,
                                 bool (*is)(const uint8_t *rgb));

/* How many chunks of a type a PNG has. */
size_t picture_count_chunks(const struct adv_bytes *png, const char *type);

#endif
