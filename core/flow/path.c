#include "core/flow/path.h"

#include "core/base/mem.h"

#include <advect/extra/words.h>
#include <math.h>

static void condot(double t, double *alpha, double *sigma, double *d_alpha, double *d_sigma)
{
    *alpha = t;
    *sigma = 1 - t;
    *d_alpha = 1;
    *d_sigma = -1;
}

static void cosine(double t, double *alpha, double *sigma, double *d_alpha, double *d_sigma)
{
    *alpha = sin(M_PI_2 * t);
    *sigma = cos(M_PI_2 * t);
    *d_alpha = M_PI_2 * *sigma;
    *d_sigma = -M_PI_2 * *alpha;
}

static void variance_preserving(double t, double *alpha, double *sigma, double *d_alpha,
                                double *d_sigma)
{
    const double b = 0.1, B = 20;
    double s = 1 - t;
    *alpha = exp(-s * s * (B - b) / 4 - s * b / 2);
    *sigma = sqrt(1 - *alpha * *alpha);
    *d_alpha = *alpha * (s * (B - b) / 2 + b / 2);
    *d_sigma = -*alpha * *d_alpha / *sigma;
}

static const struct adv_path paths[] = {
    {"condot", 1, condot},
    {"cosine", 1, cosine},
    {"vp", 1 - 1e-4, variance_preserving},
};

static const char *const names[] = {"condot", "cosine", "vp", NULL};
_Static_assert(ADV_COUNT(names) == ADV_COUNT(paths) + 1, "a name for every path");

const char *const *adv_path_names(void)
{
    return names;
}

enum adv_status adv_path_find(const char *name, const struct adv_path **path,
                              struct adv_error *error)
{
    size_t index;
    enum adv_status status = adv_find_name("path", name, names, &index, error);
    if (status == ADV_OK)
        *path = &paths[index];
    return status;
}

const char *adv_path_name(const struct adv_path *path)
{
    return path->name;
}

double adv_path_clamp(const struct adv_path *path, double t)
{
    return fmin(t, path->t_end);
}

float adv_path_scale(const struct adv_path *path, float u)
{
    return (float)path->t_end * u;
}

/* What v and x are multiplied by, so that their sum is sigma times the score: -E[x_0 | x]. */
static void weigh(const struct adv_path *path, float t, double *sigma, double *of_v, double *of_x)
{
    double alpha, d_alpha, d_sigma;
    path->coefficients(adv_path_clamp(path, (double)t), &alpha, sigma, &d_alpha, &d_sigma);
    double w = d_alpha * *sigma - alpha * d_sigma;
    *of_v = alpha / w;
    *of_x = -d_alpha / w;
}

void adv_path_score(const struct adv_path *path, size_t n, size_t dim, const float *t,
                    const float *x, const float *v, float *score)
{
    for (size_t i = 0; i < n; i++) {
        double sigma, of_v, of_x;
        weigh(path, t[i], &sigma, &of_v, &of_x);
        for (size_t k = i * dim; k < (i + 1) * dim; k++)
            score[k] = (float)((of_v * (double)v[k] + of_x * (double)x[k]) / sigma);
    }
}

void adv_path_add_drift(const struct adv_path *path, double level, size_t n, size_t dim,
                        const float *t, const float *x, float *v)
{
    for (size_t i = 0; i < n; i++) {
        double sigma, of_v, of_x;
        weigh(path, t[i], &sigma, &of_v, &of_x);
        const double by = level * level / 2 * sigma;
        const float keep = (float)(1 + by * of_v), pull = (float)(by * of_x);
        for (size_t k = i * dim; k < (i + 1) * dim; k++)
            v[k] = keep * v[k] + pull * x[k];
    }
}

double adv_path_noise(const struct adv_path *path, double t, double h)
{
    double sum = 0;
    for (int i = 0; i <= 2; i++) {
        double alpha, sigma, d_alpha, d_sigma;
        path->coefficients(adv_path_clamp(path, t + h * i / 2), &alpha, &sigma, &d_alpha, &d_sigma);
        sum += (i == 1 ? 4 : 1) * sigma * sigma;
    }
    return sum * h / 6;
}

void adv_path_interpolate(const struct adv_path *path, size_t n, size_t dim, const float *t,
                          const float *x0, const float *x1, float *x_t, float *target)
{
    for (size_t i = 0; i < n; i++) {
        double alpha, sigma, d_alpha, d_sigma;
        path->coefficients(adv_path_clamp(path, (double)t[i]), &alpha, &sigma, &d_alpha, &d_sigma);
        const float a = (float)alpha, s = (float)sigma, da = (float)d_alpha, ds = (float)d_sigma;
        for (size_t k = i * dim; k < (i + 1) * dim; k++) {
            x_t[k] = a * x1[k] + s * x0[k];
            target[k] = da * x1[k] + ds * x0[k];
        }
    }
}
