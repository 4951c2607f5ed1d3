/* Texts in a picture: measured, shortened to their place, drawn.
 *
 * cairo, fontconfig and FreeType keep fonts and glyphs in caches that all threads share, and their
 * locking has had faults; one lock of ours, held while a pen is open, keeps texts of different
 * pictures apart. Shapes need none. */
#ifndef ADV_PLOT_TEXT_H
#define ADV_PLOT_TEXT_H

#include <advect/status.h>

#include <cairo.h>
#include <stddef.h>
#include <stdint.h>

#define ADV_TEXT_BYTES_MOST 240

/* Refuses what is not well-formed UTF-8, has control characters, or is too long. NULL passes. */
enum adv_status adv_text_check(const char *field, const char *text, struct adv_error *error);

struct adv_pen {
    cairo_t *cr;
};

/* Opens a pen on surface, and waits for those of other threads to be closed. */
void adv_pen_open(struct adv_pen *pen, cairo_surface_t *surface);

/* Closes it; returns how the drawing went. */
cairo_status_t adv_pen_close(struct adv_pen *pen);

struct adv_text {
    const char *text;     /* at most ADV_TEXT_BYTES_MOST; NULL: nothing is drawn */
    const char *tail;     /* after it, or NULL */
    const char *exponent; /* raised after that, or NULL */
    double size;
    uint32_t colour;
    double align;      /* of its width lies before the anchor: 0, 0.5 or 1 */
    double turn;       /* clockwise, in radians */
    double most_width; /* text is shortened for all to fit; 0: as wide as it is */
};

/* Advance width in pixels. */
double adv_text_width(const struct adv_pen *pen, const struct adv_text *text);

/* Draws with the base line through x, y (in a turned text: through it along the turned line). */
void adv_text_draw(const struct adv_pen *pen, const struct adv_text *text, double x, double y);

#endif
