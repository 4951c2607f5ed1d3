/* Data transforms: invertible maps between data units (the user's) and flow
 * units (the network's), with their log-determinants, so that a density is
 * always reported in data units:
 *
 *     log p_data(x) = log p_flow(T(x)) + log |det dT/dx|.
 *
 * JSON (in recipes and model files): an object or an array of objects applied
 * in order by encode.
 *   {"kind": "identity"}
 *   {"kind": "affine", "shift": s, "scale": c}   y = (x - s) / c; numbers or arrays [dim]; c > 0
 *   {"kind": "standardise"}                      affine with the data's mean and deviation: only
 *                                                in recipes; fitting turns it into affine
 *   {"kind": "logit", "margin": m}               y = log(u / (1-u)), u = m + (1 - 2m) x for x in
 *                                                [0,1]; m in [1e-6, 0.49], 1e-6 by default
 *   {"kind": "gaussianise", "groups": [...]}     for x in [0,1] dequantised from n levels, whose
 *                                                pooled marginal becomes a row of Gaussians:
 *                                                y = mean + deviation Phi^-1(a + b u), u the share
 *                                                of the group's data below x
 *   {"kind": "columns", "columns": [...]}        each column by a support of its own, see below
 * A text stands for a kind without options: "standardise".
 *
 * columns. One object per column, {"kind": ..., "name": of the column, "integer": false}. z is
 * Phi^-1(F(x)) with a distribution of reference F, and y = (z - shift) / scale:
 *   real                     any number: z = x
 *   interval, "lo", "hi"     F uniform
 *   above, "lo"              F exponential, of mean width, from lo upwards
 *   below, "hi"              its mirror image
 *   heavy                    F Student's t of 2 degrees of freedom, (x - centre) / width
 *   periodic, "lo", "period" y = 2 pi (x - lo) / period - pi: an angle, on a circle
 * "centre", "width", "shift" and "scale" are made by fitting. "integer": true: k is mapped as
 * k + u, where u in [0, 1) follows from k and the column; decoding rounds down. Decoded values are
 * always in the support. Values on a bound are moved inwards to where F is 1e-9 or 1 - 1e-9.
 *
 * gaussianise. A group is {"levels": how many, "mean": m, "deviation": s}; groups follow one
 * another upwards from level 0 and together have all n levels, at most 65,536. A mean is at least
 * both deviations above the one before it. Groups meet where y is as many deviations from the one
 * mean as from the other, and a and b cut each Gaussian there: the map is continuous, rises
 * throughout, and takes [0,1] to the whole line. "counts": [n], how often the data take each level,
 * is only in fitted ones; every level is counted once more than that.
 *
 * A member "range": [lo, hi] on the first object states that data lie in [lo, hi] (images: [0, 1]);
 * "levels": 256 that they were dequantised from so many, (k + u)/levels of the range, which is then
 * [0, 1] unless one is stated (advect/extra/levels.h). */
#ifndef ADVECT_EXTRA_TRANSFORM_H
#define ADVECT_EXTRA_TRANSFORM_H

#include <advect/api.h>
#include <advect/extra/fields.h>
#include <advect/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

struct adv_transform;

/* spec: NULL means identity. "standardise", "gaussianise" without counts, and "columns" without
 * widths are accepted and need adv_transform_fit before use. */
enum adv_status adv_transform_new(const json_t *spec, size_t dim, struct adv_transform **transform,
                                  struct adv_error *error);
void adv_transform_free(struct adv_transform *transform);

/* Replaces each "standardise" by the affine map that gives data [n, dim] (n >= 2) zero mean and
 * unit deviation (over n, not n - 1) per column, likewise the columns of "columns", and counts the
 * levels of all columns for each "gaussianise". Errors name a column without spread, or outside
 * [0,1]. No-op when there is nothing to fit. */
enum adv_status adv_transform_fit(struct adv_transform *transform, size_t n, const float *data,
                                  struct adv_error *error);

/* Whether nothing is left to fit. Points go only through fitted transforms (a bug otherwise). */
bool adv_transform_is_fitted(const struct adv_transform *transform);

/* The i-th kind of transform and its options, the first being what any may state, or of what a
 * column of "columns" can hold; false beyond the last. */
bool adv_transform_group(size_t i, struct adv_field_group *group);
bool adv_support_group(size_t i, struct adv_field_group *group);

/* The JSON of the (fitted) transform, a new reference, or NULL without memory. */
json_t *adv_transform_to_json(const struct adv_transform *transform);

/* Affine in every step: states at any t and velocities can be mapped to data units. */
bool adv_transform_is_affine(const struct adv_transform *transform);

/* Whether a column's flow value is an angle in [-pi, pi), on a circle: its base is uniform, and the
 * velocity has to be periodic in it. */
bool adv_transform_is_periodic(const struct adv_transform *transform, size_t column);

/* Of a transform by columns: what a column's values can be, in words ("at least 0, whole numbers"),
 * into text [size], and its name, or NULL. Else false and NULL. */
bool adv_transform_describe(const struct adv_transform *transform, size_t column, char *text,
                            size_t size);
const char *adv_transform_column_name(const struct adv_transform *transform, size_t column);

/* The stated range, or false. */
bool adv_transform_range(const struct adv_transform *transform, double *lo, double *hi);
/* The stated number of levels of quantised data (256), or 0. */
int adv_transform_levels(const struct adv_transform *transform);
/* States that the data are 8-bit values, for the model's file to say what they mean
 * (<advect/extra/levels.h>): range [0, 1] unless one is stated, and levels 256 if they are
 * dequantised. ADV_E_INVALID where another number of levels is stated. */
enum adv_status adv_transform_state_8_bit(struct adv_transform *transform, bool dequantised,
                                          struct adv_error *error);

/* Whether a data point [dim] may be encoded: finite, in the stated range, and in the domain of
 * every step (the logit's [0,1]) when it gets there. On failure ADV_E_INVALID with a message naming
 * the column, its value, the range. */
enum adv_status adv_transform_check(const struct adv_transform *transform, const float *point,
                                    struct adv_error *error);

/* The part of that which needs no fitting: finite, in the stated range, and in the domain of the
 * first step. */
enum adv_status adv_transform_check_domain(const struct adv_transform *transform,
                                           const float *point, struct adv_error *error);

/* One data point [dim] of finite numbers -> flow [dim] (may be the same buffer), checked on the way
 * as adv_transform_check does; after a failure flow is not to be used. log_det: receives
 * log |det dT/dx| in nats. flow and log_det may be NULL. */
enum adv_status adv_transform_encode_checked(const struct adv_transform *transform,
                                             const float *point, float *flow, double *log_det,
                                             struct adv_error *error);

/* Columns of whole numbers have probabilities, which are integrals: P(k) of that of the density
 * over [k, k + 1). So many points of each row's cell stand for it: 4 for each such column, at most
 * 16, and 1 where there are none. P is the mean of their densities. */
size_t adv_transform_draws(const struct adv_transform *transform);
/* As adv_transform_encode_checked, at the point `draw` < adv_transform_draws of the cell: u there
 * follows from draw, k and column, midpoints of equal parts of [0, 1), in each column each once. */
enum adv_status adv_transform_encode_draw(const struct adv_transform *transform, size_t draw,
                                          const float *point, float *flow, double *log_det,
                                          struct adv_error *error);

/* data [n, dim] -> flow [n, dim] (may be the same buffer). log_det [n]: receives
 * log |det dT/dx| in nats, or NULL. */
void adv_transform_encode(const struct adv_transform *transform, size_t n, const float *data,
                          float *flow, double *log_det);
/* The same, for training: where columns are dequantised, by u ~ U[0,1) of (seed,
 * ADV_STREAM_DEQUANTISE, first_row + i). */
void adv_transform_encode_drawn(const struct adv_transform *transform, uint64_t seed,
                                uint64_t first_row, size_t n, const float *data, float *flow);
/* The true inverse: where a logit's flow value is large, the result may miss [0, 1] by up to
 * m / (1 - 2m). log_det [n]: receives the log-determinant of the *encoding* at the result, or
 * NULL. */
void adv_transform_decode(const struct adv_transform *transform, size_t n, const float *flow,
                          float *data, double *log_det);
/* How far flow values [n] are from 0, the mean of what the transform was fitted to: the largest by
 * absolute value. Of standardised data these are standard deviations. */
double adv_largest_deviation(size_t n, const float *flow);
/* Velocities dx/dt in flow units -> data units; affine transforms only (a bug otherwise). */
void adv_transform_decode_velocity(const struct adv_transform *transform, size_t n,
                                   const float *flow_velocity, float *data_velocity);
/* A number of a score, d/dy log p_flow of a column at its encoded value y = T(x), as that of the
 * density of the data:
 *
 *     d/dx log p_data(x) = dT/dx (d/dy log p_flow(y) + d/dy log dT/dx).
 *
 * The last term, 0 of affine transforms, is a central difference in double precision. Of columns of
 * whole numbers it is the density over their cells that is meant, not the probabilities. */
double adv_transform_decode_score(const struct adv_transform *transform, size_t column,
                                  double encoded, double score);

ADV_API_END
#endif
