/* What a kind of synthetic density provides: one row of the table in density.c.
 *
 * Samples draw their positions from ADV_STREAM_DATA and their jitter from
 * ADV_STREAM_DATA_NOISE, row = sample index, and from nothing else. */
#ifndef ADV_DATA_DENSITY_H
#define ADV_DATA_DENSITY_H

#include <advect/extra/density.h>
#include <advect/extra/fields.h>
#include <math.h>

struct adv_density_kind {
    const char *help; /* one line */
    const struct adv_field *fields;
    size_t n_fields;
    size_t state_bytes; /* of the struct that the fields' offsets refer to */

    /* Checks the options against each other and derives the rest of the state, or NULL. release is
     * called also after a prepare that failed; the options themselves are the caller's to free. */
    enum adv_status (*prepare)(void *state, struct adv_error *error);
    void (*release)(void *state);

    size_t (*dim)(const void *state); /* NULL: 2 */
    void (*sample)(const void *state, uint64_t seed, uint64_t first, size_t n, float *out);
    void (*log_density)(const void *state, size_t n, const float *points,
                        double *out);           /* or NULL */
    bool (*has_log_density)(const void *state); /* NULL: wherever there is a log_density */
    void (*box)(const void *state, double *lo, double *hi);

    /* All three or none. */
    size_t (*modes)(const void *state);
    long (*mode)(const void *state, const float *point);
    double (*mode_weight)(const void *state, size_t mode);
};

/* How many standard deviations from its centre the box of a Gaussian reaches: all but 6e-7 of its
 * mass. */
#define ADV_BOX_DEVIATIONS 5.0

/* log (e^a + e^b), also where one or both are -INFINITY. */
static inline double adv_log_add(double a, double b)
{
    double most = fmax(a, b), least = fmin(a, b);
    return isinf(least) ? most : most + log1p(exp(least - most));
}

extern const struct adv_density_kind adv_density_checkerboard;
extern const struct adv_density_kind adv_density_gaussian;
extern const struct adv_density_kind adv_density_gaussian_mixture;
extern const struct adv_density_kind adv_density_two_moons;
extern const struct adv_density_kind adv_density_eight_gaussians;
extern const struct adv_density_kind adv_density_pinwheel;
extern const struct adv_density_kind adv_density_rings;
extern const struct adv_density_kind adv_density_swiss_roll;

#endif
