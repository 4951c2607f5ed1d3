/* Animated PNG: https://wiki.mozilla.org/APNG_Specification
 *
 *   IHDR acTL IDAT... { fcTL fdAT... } per frame IEND
 *
 * A frame's fdAT chunks are the IDAT chunks of the frame's own PNG, each behind a sequence number
 * that fcTL and fdAT share. The IDAT here, which no fcTL precedes, is the picture for viewers
 * without animation.
 *
 * With a palette, a frame is only the box in which it differs from the one before; what did not
 * change in it may be transparent. */
#include "core/io/png/palette.h"

#include <advect/extra/bytes.h>
#include <advect/extra/png.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

enum { SIGNATURE_BYTES = 8, CHUNK_OVERHEAD = 12 };

struct animation {
    int level;
    const struct adv_palette *palette; /* of frames of indices, or NULL */
    uint32_t sequence;                 /* of the next fcTL or fdAT */
    struct adv_bytes png;
    struct adv_error *error;
};

static void store_u32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void store_u16(uint8_t *to, int value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static uint32_t load_u32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* Appends a chunk of data [n]; numbered: behind the next sequence number. */
static enum adv_status put_chunk(struct animation *animation, const char *type, bool numbered,
                                 const uint8_t *data, uint32_t n)
{
    struct adv_bytes *png = &animation->png;
    uint8_t head[12], checksum[4];
    size_t start = png->n, n_head = numbered ? 12 : 8;
    store_u32(head, numbered ? n + 4 : n);
    memcpy(head + 4, type, 4);
    if (numbered)
        store_u32(head + 8, animation->sequence++);
    enum adv_status status = adv_bytes_append(png, head, n_head, animation->error);
    if (status == ADV_OK)
        status = adv_bytes_append(png, data, n, animation->error);
    if (status != ADV_OK)
        return status;
    uLong crc = crc32_z(0, png->data + start + 4, png->n - start - 4);
    store_u32(checksum, (uint32_t)crc);
    return adv_bytes_append(png, checksum, sizeof checksum, animation->error);
}

/* Appends the IDAT chunks of a frame's PNG: as the default picture, or as part of the animation. */
static enum adv_status put_pixels(struct animation *animation, const struct adv_bytes *frame,
                                  bool animated)
{
    size_t at = SIGNATURE_BYTES;
    enum adv_status status = ADV_OK;
    while (at < frame->n && status == ADV_OK) {
        uint32_t n = load_u32(frame->data + at);
        const uint8_t *type = frame->data + at + 4, *data = type + 4;
        if (memcmp(type, "IDAT", 4) == 0)
            status = put_chunk(animation, animated ? "fdAT" : "IDAT", animated, data, n);
        at += CHUNK_OVERHEAD + n;
    }
    return status;
}

/* Where a frame goes, and whether it is laid over the one before (or replaces it). */
struct place {
    int left, top;
    bool over;
};

static enum adv_status put_control(struct animation *animation, const struct adv_image *frame,
                                   struct place place, int delay_ms)
{
    uint8_t control[22] = {0}; /* dispose none */
    store_u32(control, (uint32_t)frame->width);
    store_u32(control + 4, (uint32_t)frame->height);
    store_u32(control + 8, (uint32_t)place.left);
    store_u32(control + 12, (uint32_t)place.top);
    control[21] = place.over;
    store_u16(control + 16, delay_ms);
    store_u16(control + 18, 1000);
    return put_chunk(animation, "fcTL", true, control, sizeof control);
}

static enum adv_status encode(const struct animation *animation, const struct adv_image *image,
                              struct adv_bytes *png)
{
    if (animation->palette)
        return adv_png_encode_indexed(image, animation->palette, animation->level, png,
                                      animation->error);
    return adv_png_encode(image, animation->level, png, animation->error);
}

/* frame: the image's own PNG. */
static enum adv_status put_encoded(struct animation *animation, const struct adv_image *image,
                                   const struct adv_bytes *frame, struct place place, int delay_ms)
{
    enum adv_status status = put_control(animation, image, place, delay_ms);
    return status == ADV_OK ? put_pixels(animation, frame, true) : status;
}

static enum adv_status put_frame(struct animation *animation, const struct adv_image *image,
                                 int delay_ms)
{
    struct adv_bytes frame;
    enum adv_status status = encode(animation, image, &frame);
    if (status != ADV_OK)
        return status;
    status = put_encoded(animation, image, &frame, (struct place){0}, delay_ms);
    adv_bytes_release(&frame);
    return status;
}

/* Everything before the first IDAT chunk: signature, IHDR, and the palette if there is one. */
static size_t header_bytes(const struct adv_bytes *png)
{
    size_t at = SIGNATURE_BYTES;
    while (memcmp(png->data + at + 4, "IDAT", 4) != 0)
        at += CHUNK_OVERHEAD + load_u32(png->data + at);
    return at;
}

/* Signature, header, animation control, and the picture for other viewers. */
static enum adv_status put_start(struct animation *animation, const struct adv_image *picture,
                                 size_t n_frames, int n_loops)
{
    struct adv_bytes whole;
    uint8_t control[8];
    enum adv_status status = encode(animation, picture, &whole);
    if (status != ADV_OK)
        return status;
    store_u32(control, (uint32_t)n_frames);
    store_u32(control + 4, (uint32_t)n_loops);
    status = adv_bytes_append(&animation->png, whole.data, header_bytes(&whole), animation->error);
    if (status == ADV_OK)
        status = put_chunk(animation, "acTL", false, control, sizeof control);
    if (status == ADV_OK)
        status = put_pixels(animation, &whole, false);
    adv_bytes_release(&whole);
    return status;
}

static enum adv_status check(size_t n_frames, const struct adv_image *frames, int frame_ms,
                             int hold_ms, int n_loops, struct adv_error *error)
{
    if (n_frames < 1 || n_frames > INT32_MAX)
        return adv_fail(error, ADV_E_INVALID, "an animation of %zu frames; at least 1 is needed",
                        n_frames);
    if (frame_ms < 0 || frame_ms > UINT16_MAX || hold_ms < 0 || hold_ms > UINT16_MAX)
        return adv_fail(error, ADV_E_INVALID, "frames shown for %d and %d ms; 0 to %d are possible",
                        frame_ms, hold_ms, UINT16_MAX);
    if (n_loops < 0)
        return adv_fail(error, ADV_E_INVALID, "%d loops; 0 means for ever", n_loops);
    for (size_t i = 1; i < n_frames; i++)
        if (frames[i].width != frames[0].width || frames[i].height != frames[0].height ||
            frames[i].n_channels != frames[0].n_channels)
            return adv_fail(error, ADV_E_INVALID,
                            "frame %zu differs from the first in size or channels", i);
    return ADV_OK;
}

/* ---- frames of indices ---- */

struct span {
    int left, right, top, bottom; /* right and bottom: beyond the last; empty: right is 0 */
};

static struct span changed_box(const struct adv_image *before, const struct adv_image *now)
{
    struct span box = {.left = now->width, .top = now->height};
    const uint8_t *a = before->pixels, *b = now->pixels;
    for (int y = 0; y < now->height; y++) {
        for (int x = 0; x < now->width; x++, a++, b++) {
            if (*a == *b)
                continue;
            box.left = x < box.left ? x : box.left;
            box.right = x >= box.right ? x + 1 : box.right;
            box.top = y < box.top ? y : box.top;
            box.bottom = y + 1;
        }
    }
    return box.right ? box : (struct span){0, 1, 0, 1};
}

/* What of `now` lies in the box; where it is as `before` (if given), of the transparent index. */
static enum adv_status cut_out(const struct adv_image *before, const struct adv_image *now,
                               const struct span *box, int transparent, struct adv_image *out,
                               struct adv_error *error)
{
    enum adv_status status =
        adv_image_init(out, box->right - box->left, box->bottom - box->top, 1, error);
    if (status != ADV_OK)
        return status;
    uint8_t *to = out->pixels;
    for (int y = box->top; y < box->bottom; y++) {
        for (int x = box->left; x < box->right; x++) {
            size_t i = (size_t)y * (size_t)now->width + (size_t)x;
            bool same = before && before->pixels[i] == now->pixels[i];
            *to++ = same ? (uint8_t)transparent : now->pixels[i];
        }
    }
    return ADV_OK;
}

/* A box of a frame and its PNG. */
struct change {
    struct adv_image image;
    struct adv_bytes png;
};

static enum adv_status make_change(const struct animation *animation,
                                   const struct adv_image *before, const struct adv_image *now,
                                   const struct span *box, struct change *change)
{
    enum adv_status status = cut_out(before, now, box, animation->palette->transparent,
                                     &change->image, animation->error);
    return status == ADV_OK ? encode(animation, &change->image, &change->png) : status;
}

/* What stands still is best left transparent; what moves everywhere is best drawn anew, as its
 * traces need not be wiped out one by one: the smaller of both. */
static enum adv_status put_change(struct animation *animation, const struct adv_image *before,
                                  const struct adv_image *now, int delay_ms)
{
    struct span box = changed_box(before, now);
    struct change over = {0}, anew = {0};
    enum adv_status status = make_change(animation, before, now, &box, &over);
    if (status == ADV_OK)
        status = make_change(animation, NULL, now, &box, &anew);
    if (status == ADV_OK) {
        bool is_over = over.png.n < anew.png.n;
        const struct change *best = is_over ? &over : &anew;
        status = put_encoded(animation, &best->image, &best->png,
                             (struct place){box.left, box.top, is_over}, delay_ms);
    }
    adv_bytes_release(&over.png);
    adv_bytes_release(&anew.png);
    adv_image_release(&over.image);
    adv_image_release(&anew.image);
    return status;
}

/* ---- whole animations ---- */

static enum adv_status put_all(struct animation *animation, size_t n_frames,
                               const struct adv_image *frames, int frame_ms, int hold_ms,
                               int n_loops)
{
    static const uint8_t nothing[1];
    enum adv_status status = put_start(animation, &frames[n_frames - 1], n_frames, n_loops);
    for (size_t i = 0; i < n_frames && status == ADV_OK; i++) {
        int delay_ms = i + 1 < n_frames ? frame_ms : hold_ms;
        if (animation->palette && i > 0)
            status = put_change(animation, &frames[i - 1], &frames[i], delay_ms);
        else
            status = put_frame(animation, &frames[i], delay_ms);
    }
    if (status == ADV_OK)
        status = put_chunk(animation, "IEND", false, nothing, 0);
    return status;
}

enum adv_status adv_png_encode_animation(size_t n_frames, const struct adv_image *frames,
                                         int frame_ms, int hold_ms, int n_loops, int level,
                                         struct adv_bytes *png, struct adv_error *error)
{
    struct animation animation = {.level = level, .error = error};
    enum adv_status status = check(n_frames, frames, frame_ms, hold_ms, n_loops, error);
    if (status == ADV_OK)
        status = put_all(&animation, n_frames, frames, frame_ms, hold_ms, n_loops);
    if (status == ADV_OK)
        *png = animation.png;
    else
        adv_bytes_release(&animation.png);
    return status;
}

static enum adv_status check_reducible(const struct adv_image *frames, int n_colours,
                                       struct adv_error *error)
{
    if (n_colours < 2 || n_colours >= ADV_PALETTE_MOST)
        return adv_fail(error, ADV_E_INVALID, "a palette of %d colours; 2 to %d are possible",
                        n_colours, ADV_PALETTE_MOST - 1);
    if (frames[0].n_channels != 1 && frames[0].n_channels != 3)
        return adv_fail(error, ADV_E_INVALID,
                        "frames of %d channels; a palette takes grey (1) or RGB (3)",
                        frames[0].n_channels);
    return ADV_OK;
}

enum adv_status adv_png_encode_palette(size_t n_frames, const struct adv_image *frames,
                                       int n_colours, int frame_ms, int hold_ms, int n_loops,
                                       int level, struct adv_bytes *png, struct adv_error *error)
{
    struct adv_palette palette;
    struct adv_image *indices = NULL;
    struct animation animation = {.level = level, .palette = &palette, .error = error};
    enum adv_status status = check(n_frames, frames, frame_ms, hold_ms, n_loops, error);
    if (status == ADV_OK)
        status = check_reducible(frames, n_colours, error);
    if (status == ADV_OK)
        status = adv_palette_reduce(n_frames, frames, n_colours, &palette, &indices, error);
    if (status == ADV_OK && n_frames == 1) {
        status = encode(&animation, &indices[0], &animation.png);
    } else if (status == ADV_OK) {
        palette.transparent = palette.n;
        status = put_all(&animation, n_frames, indices, frame_ms, hold_ms, n_loops);
    }
    adv_palette_release(n_frames, indices);
    if (status == ADV_OK)
        *png = animation.png;
    else
        adv_bytes_release(&animation.png);
    return status;
}
