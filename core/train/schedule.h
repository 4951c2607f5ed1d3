/* The learning rate over time: a linear warm-up, then half a cosine down to its minimum; anew in
 * each cycle, if there are several (Loshchilov & Hutter 2017, "SGDR"). */
#ifndef ADV_CORE_SCHEDULE_H
#define ADV_CORE_SCHEDULE_H

#include <advect/extra/recipe.h>

/* Of step in [0, train->steps). */
double adv_schedule_rate(const struct adv_train_recipe *train, int64_t step);

#endif
