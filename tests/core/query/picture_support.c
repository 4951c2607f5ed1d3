#include "tests/core/query/picture_support.h"

#include <check.h>
#include <string.h>

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

struct adv_image picture_decode(struct adv_bytes *png, int n_channels)
{
    struct adv_image decoded = {0};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_uint_gt(png->n, 24);
    int width = (int)big_endian(png->data + 16), height = (int)big_endian(png->data + 20);
    ck_assert_msg(adv_png_decode(png->data, png->n, width, height, n_channels, &decoded, &error) ==
                      ADV_OK,
                  "%s", error.message);
    adv_bytes_release(png);
    return decoded;
}

struct adv_image picture_draw(const struct adv_model *model, const struct adv_query *query,
                              const struct adv_answer *answer, const struct adv_picture *picture)
{
    struct adv_bytes png = {0};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_render_png(model, query, answer, picture, &png, &error) == ADV_OK, "%s",
                  error.message);
    size_t shape[3];
    bool grey = adv_model_shape(model, shape) == 3 && shape[0] == 1;
    return picture_decode(&png, grey ? 1 : 3);
}

bool picture_is_accent(const uint8_t *rgb)
{
    return rgb[2] > rgb[0] + 100;
}

struct picture_spot picture_find(const struct adv_image *picture, int from, int to,
                                 bool (*is)(const uint8_t *rgb))
{
    struct picture_spot spot = {0};
    for (int y = 0; y < picture->height; y++) {
        for (int x = from; x < to; x++) {
            if (!is(picture->pixels + 3 * (y * picture->width + x)))
                continue;
            spot.x += x;
            spot.y += y;
            spot.n++;
        }
    }
    ck_assert_msg(spot.n > 0, "nothing is drawn");
    spot.x /= (double)spot.n;
    spot.y /= (double)spot.n;
    return spot;
}

size_t picture_count_chunks(const struct adv_bytes *png, const char *type)
{
    size_t n = 0;
    for (size_t at = 8; at + 12 <= png->n; at += 12 + big_endian(png->data + at))
        n += !memcmp(png->data + at + 4, type, 4);
    return n;
}
