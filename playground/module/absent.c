/* What the module does without: pictures, which the page draws itself, and gzip, which browsers
 * undo. Each says so where it is asked for. */
#include "core/io/gzip.h"

#include <advect/array_file.h>
#include <advect/extra/png.h>
#include <advect/extra/render.h>
#include <stdint.h>
#include <string.h>

static enum adv_status no_pictures(struct adv_error *error)
{
    return adv_fail(error, ADV_E_UNSUPPORTED, "this build of Advect neither reads nor draws PNG");
}

enum adv_status adv_png_decode(const void *bytes, size_t n_bytes, int width, int height,
                               int channels, struct adv_image *image, struct adv_error *error)
{
    (void)bytes, (void)n_bytes, (void)width, (void)height, (void)channels, (void)image;
    return no_pictures(error);
}

void adv_image_release(struct adv_image *image)
{
    (void)image;
}

bool adv_render_has_picture(const struct adv_model *model, enum adv_query_kind kind)
{
    (void)model, (void)kind;
    return false;
}

enum adv_status adv_render_png(const struct adv_model *model, const struct adv_query *query,
                               const struct adv_answer *answer, const struct adv_picture *picture,
                               struct adv_bytes *out, struct adv_error *error)
{
    (void)model, (void)query, (void)answer, (void)picture, (void)out;
    return no_pictures(error);
}

enum adv_status adv_render_animation(const struct adv_model *model, const struct adv_query *query,
                                     const struct adv_answer *answer,
                                     const struct adv_picture *picture, struct adv_bytes *out,
                                     struct adv_error *error)
{
    (void)model, (void)query, (void)answer, (void)picture, (void)out;
    return no_pictures(error);
}

bool adv_is_gzip(const void *bytes, size_t n_bytes)
{
    return n_bytes >= 2 && !memcmp(bytes, "\x1f\x8b", 2);
}

enum adv_status adv_inflater_init(struct adv_inflater *inflater, const void *bytes, size_t n_bytes,
                                  struct adv_error *error)
{
    (void)bytes, (void)n_bytes;
    *inflater = (struct adv_inflater){.error = error};
    return adv_fail(error, ADV_E_UNSUPPORTED, "this build of Advect does not read gzip");
}

void adv_inflater_release(struct adv_inflater *inflater)
{
    (void)inflater;
}

enum adv_status adv_inflate_to(struct adv_inflater *inflater, size_t limit)
{
    (void)limit;
    return adv_fail(inflater->error, ADV_E_UNSUPPORTED, "this build of Advect does not read gzip");
}

enum adv_status adv_file_read_plain(const char *path, void **bytes, size_t *n_bytes,
                                    struct adv_error *error)
{
    return adv_file_read(path, SIZE_MAX, bytes, n_bytes, error);
}
