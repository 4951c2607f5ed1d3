/* What a kind of transform step provides: one row of the table in transform.c.
 *
 * Every kind maps a point column by column, so a step is given any run of
 * columns of one point, as double: chains need no memory of a point's size, and
 * nothing is rounded between steps. */
#ifndef ADV_DATA_STEP_H
#define ADV_DATA_STEP_H

#include <advect/fields.h>
#include <advect/transform.h>

struct adv_step_kind {
    const struct adv_field *fields;
    size_t n_fields;
    size_t state_bytes; /* of the struct that the fields' offsets refer to */
    double lo, hi;      /* domain of encode, inclusive; may be infinite */
    bool needs_fit;     /* stands for a step that adv_transform_fit has yet to make */

    /* Derives the rest of the state from the options, or NULL. where: prefix of field names in
     * errors. release is called also after a prepare that failed. */
    enum adv_status (*prepare)(void *state, size_t dim, const char *where, struct adv_error *error);
    void (*release)(void *state);

    /* values [n]: columns first ... first + n - 1 of a point, mapped in place. */
    void (*encode)(const void *state, size_t first, size_t n, double *values);
    void (*decode)(const void *state, size_t first, size_t n, double *values);
    /* The sum of log dy/dx over these columns, at the encoded values y. */
    double (*log_det)(const void *state, size_t first, size_t n, const double *encoded);
    /* dx/dt of dy/dt in place; NULL where the map is not affine. */
    void (*decode_velocity)(const void *state, size_t first, size_t n, double *velocities);

    /* The options as JSON without "kind", or NULL without memory. NULL: as adv_fields_to_json. */
    json_t *(*to_json)(const void *state);
};

extern const struct adv_step_kind adv_step_identity;
extern const struct adv_step_kind adv_step_affine;
extern const struct adv_step_kind adv_step_standardise;
extern const struct adv_step_kind adv_step_logit;

/* Magnitudes of scales, and the largest shift, that an affine step takes. */
#define ADV_AFFINE_MIN 1e-30
#define ADV_AFFINE_MAX 1e30

/* A state of adv_step_affine with these shifts and scales [dim], which are copied. Freed as any
 * other: release, then free. NULL without memory. */
void *adv_step_affine_state(size_t dim, const double *shift, const double *scale);

#endif
