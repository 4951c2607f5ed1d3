#include <advect/extra/optimiser.h>

#include <math.h>

void adv_adamw_update(const struct adv_adamw *adamw, size_t n, const float *restrict g,
                      float *restrict w, float *restrict m, float *restrict v)
{
    double correct_m = 1 - pow(adamw->beta1, (double)adamw->step);
    double correct_v = 1 - pow(adamw->beta2, (double)adamw->step);
    float scale = (float)adamw->gradient_scale;
    float beta1 = (float)adamw->beta1, rest1 = (float)(1 - adamw->beta1);
    float beta2 = (float)adamw->beta2, rest2 = (float)(1 - adamw->beta2);
    float rate = (float)(adamw->learning_rate / correct_m);
    float inverse_root = (float)(1 / sqrt(correct_v));
    float epsilon = (float)adamw->epsilon;
    float keep = (float)(1 - adamw->learning_rate * adamw->weight_decay);
    for (size_t i = 0; i < n; i++) {
        float gradient = scale * g[i];
        m[i] = beta1 * m[i] + rest1 * gradient;
        v[i] = beta2 * v[i] + rest2 * gradient * gradient;
        w[i] = keep * w[i] - rate * m[i] / (sqrtf(v[i]) * inverse_root + epsilon);
    }
}

double adv_ema_decay(double decay, int64_t updates)
{
    return fmin(decay, (1.0 + (double)updates) / (10.0 + (double)updates));
}

void adv_ema_update(double decay, size_t n, const float *restrict w, float *restrict average)
{
    float rest = (float)(1 - decay);
    for (size_t i = 0; i < n; i++)
        average[i] += rest * (w[i] - average[i]);
}

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
