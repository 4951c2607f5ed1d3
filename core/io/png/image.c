#include "core/base/mem.h"

#include <advect/extra/png.h>
#include <stdlib.h>

enum { SIDE_MAX = 32768 }; /* so that a product of two sides fits any size_t */

enum adv_status adv_image_init(struct adv_image *image, int width, int height, int n_channels,
                               struct adv_error *error)
{
    if (width < 1 || width > SIDE_MAX || height < 1 || height > SIDE_MAX)
        return adv_fail(error, ADV_E_INVALID, "an image of %d x %d pixels; sides are 1 to %d",
                        width, height, SIDE_MAX);
    if (n_channels != 1 && n_channels != 3 && n_channels != 4)
        return adv_fail(error, ADV_E_INVALID, "an image of %d channels; 1, 3 or 4 are possible",
                        n_channels);
    uint8_t *pixels = adv_calloc((size_t)width * (size_t)height, (size_t)n_channels);
    if (!pixels)
        return adv_no_memory(error);
    *image = (struct adv_image){width, height, n_channels, pixels};
    return ADV_OK;
}

void adv_image_release(struct adv_image *image)
{
    free(image->pixels);
    *image = (struct adv_image){0};
}
