/* Synthetic target densities: samplers, and the true log-density where it exists.
 *
 * JSON: {"kind": "checkerboard", "dim": 2, "cells": 8}. Kinds are rows of one table; each has
 * its own few options, with defaults (but for the means of a mixture):
 *   checkerboard     dim 2..8, cells k 2..12: the cells of a k^dim grid on [-4,4]^dim whose
 *                    index sum is even, uniformly; log-density -log(volume of the support)
 *                    inside, -inf outside
 *   gaussian         dim, mean and deviation (each a number or an array)
 *   gaussian_mixture means [[...]], deviations (a number or one per component), weights
 *                    (likewise)
 *   eight_gaussians, rings, two_moons, pinwheel, swiss_roll
 *                    2-D classics in the shapes of the FFJORD toy sets, with a noise option in
 *                    data units; the first two have closed forms, and the density of
 *                    moons with noise is computed by quadrature */
#ifndef ADVECT_EXTRA_DENSITY_H
#define ADVECT_EXTRA_DENSITY_H

#include <advect/api.h>
#include <advect/extra/fields.h>
#include <advect/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

struct adv_density;

enum adv_status adv_density_new(const json_t *spec, struct adv_density **density,
                                struct adv_error *error);
void adv_density_free(struct adv_density *density);

/* NULL-terminated names of the kinds, and the help line of one. */
const char *const *adv_density_kinds(void);
const char *adv_density_help(const char *kind);
/* The i-th kind and its options; false beyond the last. */
bool adv_density_group(size_t i, struct adv_field_group *group);

size_t adv_density_dim(const struct adv_density *density);

/* Samples first ... first + n - 1 of the seed's stream into out [n, dim]; each a pure function of
 * (seed, index). */
void adv_density_sample(const struct adv_density *density, uint64_t seed, uint64_t first, size_t n,
                        float *out);

/* True log-density in nats of points [n, dim] into out [n] (-INFINITY off the support).
 * False, and out untouched, where it is not known. */
bool adv_density_log_density(const struct adv_density *density, size_t n, const float *points,
                             double *out);

/* Modes: cells of the checkerboard, components of mixtures, rings; 0 where the kind has none.
 * adv_density_mode: the mode a point [dim] belongs to (checkerboard: -1 outside the support;
 * others: the most probable component, -1 where the density vanishes, or without modes).
 * adv_density_mode_weight: its probability; mode < adv_density_modes. */
size_t adv_density_modes(const struct adv_density *density);
long adv_density_mode(const struct adv_density *density, const float *point);
double adv_density_mode_weight(const struct adv_density *density, size_t mode);

/* A box that holds (almost) all the mass: lo, hi [dim]; for plots and grids. */
void adv_density_box(const struct adv_density *density, double *lo, double *hi);

ADV_API_END
#endif
