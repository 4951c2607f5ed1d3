/* What the values of one column of a table can be, and the map from them to flow
 * units that this asks for. A kind of support is one file and one row of the
 * table in support.c.
 *
 * Every kind but periodic has a distribution of reference with a closed form,
 * F: uniform between two bounds, exponential beyond one, Student's t with two
 * degrees of freedom for heavy tails. The map is
 *
 *     z = Phi^-1(F(x)),   y = (z - shift) / scale,
 *
 * so that a column of the reference's distribution is exactly Gaussian, the
 * flow's base, and one whose density is finite at a bound, or whose tail is of
 * the reference's kind, has the tails of a Gaussian: what a network has seen no
 * data of, it then extrapolates well. Decoding cannot leave the support.
 *
 * Integers k are dequantised, to k + u with u in [0, 1), before they are mapped,
 * and a decoded value is rounded down. */
#ifndef ADV_DATA_SUPPORT_H
#define ADV_DATA_SUPPORT_H

#include "core/base/mem.h"

#include <advect/extra/fields.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values on a bound are moved inwards to where this much of the reference's mass is beyond them,
 * which is six deviations out. */
#define ADV_SUPPORT_NUDGE 1e-9

struct adv_support {
    int64_t index; /* of the kind, in adv_support_names */
    const struct adv_support_kind *kind;
    char *name; /* of the column, owned, or NULL */
    bool integer;
    double lo, hi, period; /* as stated; the kind says which count */
    double centre, width;  /* of the reference; width 0: not fitted yet */
    double shift, scale;

    /* Derived when read: */
    double from, to;   /* what is mapped: of integers up to hi + 1; infinite where unbounded */
    double log_scale;  /* of y's scale */
    float least, most; /* that a decoded value can be */
};

struct adv_support_kind {
    const char *name, *help;
    const struct adv_field *fields; /* of struct adv_support, beside those of every kind */
    size_t n_fields;
    bool has_lo, has_hi; /* which bounds limit the values */
    bool periodic;       /* y is an angle in [-pi, pi), on a circle, and not standardised */
    /* Sets centre and width from n ascending values; NULL: they are 0 and 1. */
    void (*fit)(struct adv_support *support, size_t n, const double *ascending);
    double (*encode)(const struct adv_support *support, double x); /* z */
    double (*decode)(const struct adv_support *support, double z);
    double (*log_slope)(const struct adv_support *support, double z); /* log dz/dx */
};

extern const struct adv_support_kind adv_support_real;
extern const struct adv_support_kind adv_support_interval;
extern const struct adv_support_kind adv_support_above;
extern const struct adv_support_kind adv_support_below;
extern const struct adv_support_kind adv_support_periodic;
extern const struct adv_support_kind adv_support_heavy;

/* The members of every kind, for adv_support_read. */
#define ADV_SUPPORT_LO                                                                             \
    {                                                                                              \
        "lo", ADV_FIELD_REAL, offsetof(struct adv_support, lo),                                    \
            .min = -1e30, .max = 1e30, .required = true, .help = "least value of the column"       \
    }
#define ADV_SUPPORT_HI                                                                             \
    {                                                                                              \
        "hi", ADV_FIELD_REAL, offsetof(struct adv_support, hi),                                    \
            .min = -1e30, .max = 1e30, .required = true, .help = "largest value of the column"     \
    }

/* Reads one column's object. where: its field name in errors. The result is the caller's to
 * release, also after a failure. */
enum adv_status adv_support_read(struct adv_support *support, const json_t *json, const char *where,
                                 struct adv_error *error);
void adv_support_release(struct adv_support *support);
/* A new reference, or NULL without memory. */
json_t *adv_support_to_json(const struct adv_support *support);

bool adv_support_is_fitted(const struct adv_support *support);
/* Fits to n >= 2 ascending values, integers dequantised. column: for errors. */
enum adv_status adv_support_fit(struct adv_support *support, size_t column, size_t n,
                                const double *ascending, struct adv_error *error);

/* Whether the column can have this value; else what it must be, as a step's `refused` says it. */
bool adv_support_takes(const struct adv_support *support, double value, char *must_be, size_t size);

/* u in [0, 1): of an integer; others do without. */
double adv_support_encode(const struct adv_support *support, double value, double u);
double adv_support_decode(const struct adv_support *support, double y);
double adv_support_log_slope(const struct adv_support *support, double y); /* log dy/dx */

/* In words, for people: "at least 0, whole numbers". */
void adv_support_describe(const struct adv_support *support, char *text, size_t size);

#endif
