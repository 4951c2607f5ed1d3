/* What surrounds the data: axes, ticks, texts, legend, colour bar. */
#ifndef ADV_PLOT_DECORATION_H
#define ADV_PLOT_DECORATION_H

#include "core/plot/layers/layer.h"
#include "core/plot/layout.h"

void adv_decoration_label(const struct adv_layout *layout, const struct adv_pen *pen);

/* The lines across the frame, below the data. */
void adv_decoration_grid(const struct adv_canvas *canvas);

/* Axes, ticks, swatches and colour bar, above the data. */
void adv_decoration_draw(const struct adv_canvas *canvas);

#endif
