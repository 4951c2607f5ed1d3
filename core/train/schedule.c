#include "core/train/schedule.h"

#include <math.h>

double adv_schedule_rate(const struct adv_train_recipe *train, int64_t step)
{
    double top = train->learning_rate, bottom = train->min_learning_rate;
    int64_t cycle = train->cycle_steps > 0 ? train->cycle_steps : train->steps;
    step %= cycle;
    if (step < train->warmup_steps)
        return top * (double)(step + 1) / (double)train->warmup_steps;
    double span = (double)(cycle - train->warmup_steps);
    double share = (double)(step - train->warmup_steps) / span;
    return bottom + (top - bottom) * 0.5 * (1 + cos(acos(-1.0) * share));
}
