/* What a kind of transform step provides: one row of the table in transform.c.
 *
 * Every kind maps a point column by column, so a step is given any run of
 * columns of one point, as double: chains need no memory of a point's size, and
 * nothing is rounded between steps. */
#ifndef ADV_DATA_STEP_H
#define ADV_DATA_STEP_H

#include <advect/extra/fields.h>
#include <advect/extra/transform.h>

#define ADV_STEP_COLUMNS 256 /* of a point at a time */
#define ADV_STEP_WORDS 96    /* of what a value must be */

struct adv_step {
    const struct adv_step_kind *kind;
    void *state;
};

/* Data [n, dim] that a step is fitted to, seen as the steps before it hand them on. */
struct adv_step_rows {
    const struct adv_step *before;
    size_t n_before, n, dim;
    const float *data;
};

struct adv_step_kind {
    const char *help; /* one line */
    const struct adv_field *fields;
    size_t n_fields;
    size_t state_bytes; /* of the struct that the fields' offsets refer to */

    /* Of values [n], columns first ... of a point, the first one that encode does not take, and
     * what it must be ("between 0 and 1"); n if it takes all. NULL: every number. */
    size_t (*refused)(const void *state, size_t first, size_t n, const double *values,
                      char must_be[ADV_STEP_WORDS]);
    /* The name of a column, for errors, or NULL. NULL: no column has one. */
    const char *(*column_name)(const void *state, size_t column);
    /* Whether y of a column is an angle, on a circle; NULL: never. */
    bool (*is_periodic)(const void *state, size_t column);
    /* What the values of a column can be, in words; NULL: nothing is known. */
    void (*describe)(const void *state, size_t column, char *text, size_t size);

    /* Whether the step only stands for one that fit has yet to make; NULL: never. */
    bool (*needs_fit)(const void *state);
    /* The step to take its place, the caller's to release. */
    enum adv_status (*fit)(const void *state, const struct adv_step_rows *rows,
                           struct adv_step *fitted, struct adv_error *error);

    /* Derives the rest of the state from the options, or NULL. where: prefix of field names in
     * errors. release is called also after a prepare that failed. */
    enum adv_status (*prepare)(void *state, size_t dim, const char *where, struct adv_error *error);
    void (*release)(void *state);

    /* values [n]: columns first ... first + n - 1 of a point, mapped in place. */
    void (*encode)(const void *state, size_t first, size_t n, double *values);
    /* The same with noise of its own for each (seed, row), for training, of a kind that adds noise;
     * NULL: as encode. */
    void (*encode_drawn)(const void *state, uint64_t seed, uint64_t row, size_t first, size_t n,
                         double *values);
    /* The same at one of n_draws points of whole numbers' cells, over which a density is averaged;
     * NULL: as encode. n_whole: how many columns hold whole numbers; NULL: none. */
    void (*encode_draw)(const void *state, size_t draw, size_t n_draws, size_t first, size_t n,
                        double *values);
    size_t (*n_whole)(const void *state);
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
extern const struct adv_step_kind adv_step_gaussianise;
extern const struct adv_step_kind adv_step_columns;

/* Data are floats, so bounds such as 0.3 hold as they round to float. */
static inline bool adv_step_is_within(double value, double lo, double hi)
{
    return (float)value >= (float)lo && (float)value <= (float)hi;
}

/* refused of the kinds that map [0, 1]. */
size_t adv_step_refused_beyond_unit(const void *state, size_t first, size_t n, const double *values,
                                    char must_be[ADV_STEP_WORDS]);

/* Gives step, whose kind is set, the state that options (without "kind") describe. where: prefix of
 * field names in errors. On failure nothing is left to release. */
enum adv_status adv_step_new(struct adv_step *step, const json_t *options, size_t dim,
                             const char *where, struct adv_error *error);
void adv_step_release(struct adv_step *step);

/* Whether the step only stands for one that fit has yet to make. */
bool adv_step_needs_fit(const struct adv_step *step);

/* Columns first ... of a row, at most ADV_STEP_COLUMNS, into values. Returns how many. */
size_t adv_step_rows_read(const struct adv_step_rows *rows, size_t row, size_t first,
                          double *values);
/* One column of a row. */
double adv_step_rows_value(const struct adv_step_rows *rows, size_t row, size_t column);

#endif
