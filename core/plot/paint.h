/* From the style's 0xRRGGBB to cairo. */
#ifndef ADV_PLOT_PAINT_H
#define ADV_PLOT_PAINT_H

#include <cairo.h>
#include <stdint.h>

/* Sets what the next fill or stroke paints with. */
static inline void adv_paint_with(cairo_t *cr, uint32_t rgb, double opacity)
{
    cairo_set_source_rgba(cr, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0,
                          (rgb & 0xff) / 255.0, opacity);
}

#endif
