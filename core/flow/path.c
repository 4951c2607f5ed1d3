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
