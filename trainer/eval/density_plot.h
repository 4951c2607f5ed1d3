/* The picture of a density model's evaluation: its log-densities beside what they are measured
 * against, and the shares of modes. */
#ifndef ADV_TRAINER_DENSITY_PLOT_H
#define ADV_TRAINER_DENSITY_PLOT_H

#include "trainer/measure/results.h"

/* What results->plotted holds, which has log-densities, as PNG. Where the truth is known, panels of
 * the model's log-density less the truth's: their histogram, and against the truth's where that is
 * not the same everywhere. Beside baselines, the distribution functions of negative log-densities,
 * and the model's against the mixture's. Of neither, a histogram of log-densities. Where there are
 * modes, their shares of the samples. Each axis shows the middle 99 % of what is plotted. */
enum adv_status adv_density_plot(const struct adv_results *results, const char *title,
                                 const char *path, struct adv_error *error);

#endif
