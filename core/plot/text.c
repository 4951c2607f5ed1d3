/* Glyphs are drawn as paths: placed to a fraction of a pixel, turned or not, and independent of the
 * hinting that a system is set to, so that pictures look alike everywhere.
 *
 * Characters that the font lacks would show as boxes: they are replaced first. Where no font is
 * installed, cairo has a plain one of its own, of ASCII only. */
#include "core/plot/text.h"

#include "core/base/mem.h"
#include "core/plot/paint.h"
#include "core/plot/style.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static pthread_mutex_t font_lock = PTHREAD_MUTEX_INITIALIZER;

#define ELLIPSIS "..."
#define BUFFER_BYTES (ADV_TEXT_BYTES_MOST + sizeof ELLIPSIS)

/* What stands in for a missing character; '?' for all others. */
static const struct {
    const char *character, *replacement;
} replacements[] = {
    {"\u2212", "-"}, /* minus */
    {"\u00d7", "x"}, /* times */
};

/* ---- UTF-8 ---- */

/* Bytes of the character that text starts with; 0 if it is malformed (RFC 3629). */
static size_t character_bytes(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t n = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
    if (c[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool surrogate = c[0] == 0xed && c[1] >= 0xa0;
    bool too_large = c[0] == 0xf4 && c[1] >= 0x90;
    return overlong || surrogate || too_large ? 0 : n;
}

/* C0, DEL and C1. */
static bool is_control(const char *character)
{
    const unsigned char *c = (const unsigned char *)character;
    return c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0);
}

enum adv_status adv_text_check(const char *field, const char *text, struct adv_error *error)
{
    if (!text)
        return ADV_OK;
    size_t n_bytes = strlen(text);
    if (n_bytes > ADV_TEXT_BYTES_MOST)
        return adv_fail_field(error, ADV_E_INVALID, field,
                              "%s has %zu bytes; at most %d are allowed", field, n_bytes,
                              ADV_TEXT_BYTES_MOST);
    for (size_t i = 0, n; i < n_bytes; i += n) {
        n = character_bytes(text + i);
        if (n == 0)
            return adv_fail_field(error, ADV_E_INVALID, field, "%s is not valid UTF-8 at byte %zu",
                                  field, i);
        if (is_control(text + i))
            return adv_fail_field(error, ADV_E_INVALID, field,
                                  "%s has a control character at byte %zu; none is allowed", field,
                                  i);
    }
    return ADV_OK;
}

/* ---- the pen ---- */

void adv_pen_open(struct adv_pen *pen, cairo_surface_t *surface)
{
    pthread_mutex_lock(&font_lock);
    pen->cr = cairo_create(surface);
    cairo_select_font_face(pen->cr, adv_style.font, CAIRO_FONT_SLANT_NORMAL,
                           CAIRO_FONT_WEIGHT_NORMAL);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(pen->cr, options);
    cairo_font_options_destroy(options);
}

cairo_status_t adv_pen_close(struct adv_pen *pen)
{
    cairo_status_t status = cairo_status(pen->cr);
    cairo_destroy(pen->cr);
    pen->cr = NULL;
    pthread_mutex_unlock(&font_lock);
    return status;
}

/* ---- glyphs ---- */

struct glyphs {
    cairo_glyph_t *at;
    int n; /* one per character */
};

/* The glyphs of text from the origin on, in the pen's font and size; none after an error. */
static struct glyphs glyphs_of(cairo_t *cr, const char *text)
{
    struct glyphs glyphs = {NULL, 0};
    cairo_status_t status = cairo_scaled_font_text_to_glyphs(
        cairo_get_scaled_font(cr), 0, 0, text, -1, &glyphs.at, &glyphs.n, NULL, NULL, NULL);
    return status == CAIRO_STATUS_SUCCESS ? glyphs : (struct glyphs){NULL, 0};
}

static const char *replacement_of(const char *character, size_t n_bytes)
{
    for (size_t i = 0; i < ADV_COUNT(replacements); i++) {
        if (strncmp(replacements[i].character, character, n_bytes) == 0)
            return replacements[i].replacement;
    }
    return "?";
}

/* Copies text, of at most ADV_TEXT_BYTES_MOST, with replacements for what the font lacks; the copy
 * is no longer. */
static void copy_drawable(cairo_t *cr, const char *text, char copy[BUFFER_BYTES])
{
    struct glyphs glyphs = glyphs_of(cr, text);
    size_t used = 0;
    for (int i = 0; i < glyphs.n && *text; i++) {
        size_t n = character_bytes(text);
        bool missing = glyphs.at[i].index == 0;
        const char *source = missing ? replacement_of(text, n) : text;
        size_t n_copied = missing ? 1 : n;
        memcpy(copy + used, source, n_copied);
        used += n_copied;
        text += n;
    }
    copy[used] = '\0';
    cairo_glyph_free(glyphs.at);
}

static double width_of(cairo_t *cr, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

/* Ends text in an ellipsis such that it is not wider than `most`. */
static void shorten(cairo_t *cr, char text[BUFFER_BYTES], double most)
{
    if (width_of(cr, text) <= most)
        return;
    double room = most - width_of(cr, ELLIPSIS);
    struct glyphs glyphs = glyphs_of(cr, text);
    size_t end = 0;
    for (int i = 0; text[end] && i + 1 < glyphs.n && glyphs.at[i + 1].x <= room; i++)
        end += character_bytes(text + end);
    while (end > 0 && text[end - 1] == ' ')
        end--;
    memcpy(text + end, ELLIPSIS, sizeof ELLIPSIS);
    cairo_glyph_free(glyphs.at);
}

/* The runs of a text, ready to be drawn. */
struct runs {
    char text[BUFFER_BYTES], tail[BUFFER_BYTES], exponent[BUFFER_BYTES];
    double width;
};

static void set_run_size(const struct adv_pen *pen, const struct adv_text *text, bool exponent)
{
    cairo_set_font_size(pen->cr, text->size * (exponent ? adv_style.exponent_size : 1));
}

static void prepare(const struct adv_pen *pen, const struct adv_text *text, struct runs *runs)
{
    set_run_size(pen, text, true);
    copy_drawable(pen->cr, text->exponent ? text->exponent : "", runs->exponent);
    double rest = width_of(pen->cr, runs->exponent);

    set_run_size(pen, text, false);
    copy_drawable(pen->cr, text->tail ? text->tail : "", runs->tail);
    rest += width_of(pen->cr, runs->tail);
    copy_drawable(pen->cr, text->text, runs->text);
    if (text->most_width > 0)
        shorten(pen->cr, runs->text, text->most_width - rest);
    runs->width = width_of(pen->cr, runs->text) + rest;
}

double adv_text_width(const struct adv_pen *pen, const struct adv_text *text)
{
    if (!text->text)
        return 0;
    struct runs runs;
    prepare(pen, text, &runs);
    return runs.width;
}

void adv_text_draw(const struct adv_pen *pen, const struct adv_text *text, double x, double y)
{
    if (!text->text)
        return;
    struct runs runs;
    prepare(pen, text, &runs);
    cairo_save(pen->cr);
    cairo_translate(pen->cr, x, y);
    cairo_rotate(pen->cr, text->turn);
    cairo_new_path(pen->cr);
    cairo_move_to(pen->cr, -text->align * runs.width, 0);
    cairo_text_path(pen->cr, runs.text);
    cairo_text_path(pen->cr, runs.tail);
    cairo_rel_move_to(pen->cr, 0, -text->size * adv_style.exponent_rise);
    set_run_size(pen, text, true);
    cairo_text_path(pen->cr, runs.exponent);
    adv_paint_with(pen->cr, text->colour, 1);
    cairo_fill(pen->cr);
    cairo_restore(pen->cr);
}
