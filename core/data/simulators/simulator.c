#include "core/data/simulators/simulator.h"

#include "core/base/mem.h"

#include <advect/extra/rng.h>

#include <string.h>

#define CHUNK 32 /* simulations whose random numbers are drawn together */

/* The one list of simulators: names and descriptors both come from it. */
#define SIMULATORS(ROW)                                                                            \
    ROW(two_moons)                                                                                 \
    ROW(gaussian_mixture)                                                                          \
    ROW(gaussian_linear)                                                                           \
    ROW(gaussian_linear_uniform)                                                                   \
    ROW(slcp)                                                                                      \
    ROW(bernoulli_glm)                                                                             \
    ROW(sir)                                                                                       \
    ROW(lotka_volterra)

#define NAME(simulator) #simulator,
#define DESCRIPTOR(simulator) &adv_simulator_##simulator,

const char *const adv_simulator_names[] = {SIMULATORS(NAME) NULL};
static const struct adv_simulator *const simulators[] = {SIMULATORS(DESCRIPTOR)};

/* Names of columns that have none of their own. */
static const char *const theta_names[ADV_SIMULATOR_PARAMETERS_MAX] = {
    "theta1", "theta2", "theta3", "theta4", "theta5",
    "theta6", "theta7", "theta8", "theta9", "theta10",
};
static const char *const x_names[ADV_SIMULATOR_DATA_MAX] = {
    "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
    "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20",
};

/* ---------------------------------------------------------------- what there is */

const struct adv_simulator *adv_simulator_find(const char *name)
{
    for (size_t i = 0; i < ADV_COUNT(simulators); i++) {
        if (!strcmp(adv_simulator_names[i], name))
            return simulators[i];
    }
    return NULL;
}

const char *adv_simulator_name(const struct adv_simulator *s)
{
    return s->name;
}

const char *adv_simulator_help(const struct adv_simulator *s)
{
    return s->help;
}

const char *adv_simulator_prior(const struct adv_simulator *s)
{
    return s->prior.help;
}

size_t adv_simulator_parameters(const struct adv_simulator *s)
{
    return s->n_parameters;
}

size_t adv_simulator_data(const struct adv_simulator *s)
{
    return s->n_data;
}

const char *adv_simulator_column(const struct adv_simulator *s, size_t column)
{
    if (column >= s->n_parameters + s->n_data)
        adv_bug("column %zu of %zu", column, s->n_parameters + s->n_data);
    if (column < s->n_parameters)
        return (s->parameters ? s->parameters : theta_names)[column];
    return (s->data ? s->data : x_names)[column - s->n_parameters];
}

void adv_simulator_support(const struct adv_simulator *s, size_t parameter, double *lo, double *hi)
{
    if (parameter >= s->n_parameters)
        adv_bug("parameter %zu of %zu", parameter, s->n_parameters);
    bool own = s->prior.lo < s->prior.hi;
    *lo = own ? s->prior.lo : s->prior.family->lo;
    *hi = own ? s->prior.hi : s->prior.family->hi;
}

bool adv_simulator_allows(const struct adv_simulator *s, size_t parameter, double value)
{
    double lo, hi;
    adv_simulator_support(s, parameter, &lo, &hi);
    return isfinite(lo) && isfinite(hi) ? value >= lo && value <= hi : value > lo && value < hi;
}

/* ---------------------------------------------------------------- draws */

/* Rows of numbers that need not follow one another at once. */
struct rows {
    float *at;
    size_t stride;
};

static void widen(size_t n, const float *from, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

static void narrow(size_t n, const double *from, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)from[i];
}

static size_t chunk_of(size_t n, size_t start)
{
    return n - start < CHUNK ? n - start : CHUNK;
}

static void draw_parameters(const struct adv_simulator *s, uint64_t seed, uint64_t first, size_t n,
                            struct rows theta)
{
    const struct adv_prior_family *family = s->prior.family;
    const size_t k = s->n_parameters;
    float noise[CHUNK * ADV_SIMULATOR_PARAMETERS_MAX];
    double wide[ADV_SIMULATOR_PARAMETERS_MAX], parameters[ADV_SIMULATOR_PARAMETERS_MAX];
    for (size_t start = 0; start < n; start += CHUNK) {
        size_t count = chunk_of(n, start);
        if (family->from_uniforms)
            adv_rng_uniform(seed, ADV_STREAM_PRIOR, first + start, count, k, noise);
        else
            adv_rng_normal(seed, ADV_STREAM_PRIOR, first + start, count, k, noise);
        for (size_t i = 0; i < count; i++) {
            widen(k, noise + i * k, wide);
            family->place(&s->prior, k, wide, parameters);
            narrow(k, parameters, theta.at + (start + i) * theta.stride);
        }
    }
}

static void simulate_one(const struct adv_simulator *s, const float *theta, const float *u,
                         const float *z, float *x)
{
    double wide_u[ADV_SIMULATOR_UNIFORMS_MAX], wide_z[ADV_SIMULATOR_NORMALS_MAX];
    double parameters[ADV_SIMULATOR_PARAMETERS_MAX], data[ADV_SIMULATOR_DATA_MAX];
    widen(s->n_uniforms, u, wide_u);
    widen(s->n_normals, z, wide_z);
    widen(s->n_parameters, theta, parameters);
    s->simulate(parameters, &(struct adv_simulator_noise){wide_u, wide_z}, data);
    narrow(s->n_data, data, x);
}

/* theta is only read; x may be the same rows farther on. */
static void draw_data(const struct adv_simulator *s, uint64_t seed, uint64_t first, size_t n,
                      const float *theta, size_t theta_stride, struct rows x)
{
    float u[CHUNK * ADV_SIMULATOR_UNIFORMS_MAX], z[CHUNK * ADV_SIMULATOR_NORMALS_MAX];
    for (size_t start = 0; start < n; start += CHUNK) {
        size_t count = chunk_of(n, start);
        adv_rng_uniform(seed, ADV_STREAM_SIMULATION, first + start, count, s->n_uniforms, u);
        adv_rng_normal(seed, ADV_STREAM_SIMULATION_NOISE, first + start, count, s->n_normals, z);
        for (size_t i = 0; i < count; i++)
            simulate_one(s, theta + (start + i) * theta_stride, u + i * s->n_uniforms,
                         z + i * s->n_normals, x.at + (start + i) * x.stride);
    }
}

void adv_simulator_draw(const struct adv_simulator *s, uint64_t seed, uint64_t first, size_t n,
                        float *theta, float *x)
{
    draw_parameters(s, seed, first, n, (struct rows){theta, s->n_parameters});
    if (x)
        adv_simulator_simulate(s, seed, first, n, theta, x);
}

void adv_simulator_rows(const struct adv_simulator *s, uint64_t seed, uint64_t first, size_t n,
                        float *rows)
{
    size_t width = s->n_parameters + s->n_data;
    draw_parameters(s, seed, first, n, (struct rows){rows, width});
    draw_data(s, seed, first, n, rows, width, (struct rows){rows + s->n_parameters, width});
}

void adv_simulator_simulate(const struct adv_simulator *s, uint64_t seed, uint64_t first, size_t n,
                            const float *theta, float *x)
{
    draw_data(s, seed, first, n, theta, s->n_parameters, (struct rows){x, s->n_data});
}

/* ---------------------------------------------------------------- densities */

static bool is_supported(const struct adv_simulator *s, const double *theta)
{
    bool inside = true;
    for (size_t i = 0; i < s->n_parameters; i++)
        inside = inside && adv_simulator_allows(s, i, theta[i]);
    return inside;
}

void adv_simulator_log_prior(const struct adv_simulator *s, size_t n, const float *theta,
                             double *out)
{
    double parameters[ADV_SIMULATOR_PARAMETERS_MAX];
    for (size_t i = 0; i < n; i++) {
        widen(s->n_parameters, theta + i * s->n_parameters, parameters);
        out[i] = is_supported(s, parameters)
                     ? s->prior.family->log_density(&s->prior, s->n_parameters, parameters)
                     : -INFINITY;
    }
}

void adv_simulator_log_likelihood(const struct adv_simulator *s, size_t n, const float *theta,
                                  const float *x, double *out)
{
    double parameters[ADV_SIMULATOR_PARAMETERS_MAX], data[ADV_SIMULATOR_DATA_MAX];
    for (size_t i = 0; i < n; i++) {
        widen(s->n_parameters, theta + i * s->n_parameters, parameters);
        widen(s->n_data, x + i * s->n_data, data);
        out[i] = s->log_likelihood(parameters, data);
    }
}
