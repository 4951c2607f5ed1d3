/* Sources of examples: synthetic densities, simulators and files. A kind is one row of a table.
 *
 *   {"kind": "density", "density": {"kind": "checkerboard", ...}}   see <advect/extra/density.h>
 *   {"kind": "simulator", "name": "two_moons"}                      see <advect/extra/simulator.h>
 *   {"kind": "simulator", "name": "two_moons", "n": 10000, "seed": 1}
 *   {"kind": "idx", "images": FILE, "labels": FILE}                 images
 *   {"kind": "csv", "file": FILE, "columns": [..], "context": [..], "label_column": NAME or INDEX,
 *    "missing": .., "header": .., "separator": ..}                see <advect/extra/table.h>
 *   {"kind": "npy", "file": FILE, "labels": FILE, "context": FILE}
 *
 * Simulations are drawn afresh at every step or, with "n", are the first n of a seed. Files may be
 * gzipped. A member "test_X" (test_images, test_labels, test_file) names what takes
 * the place of X where a model is measured on data that are not for training; it is read then
 * only. */
#ifndef ADVECT_EXTRA_SOURCE_H
#define ADVECT_EXTRA_SOURCE_H

#include <advect/api.h>
#include <advect/array_file.h>
#include <advect/extra/density.h>
#include <advect/extra/fields.h>
#include <advect/extra/simulator.h>
#include <advect/extra/table.h>
#include <advect/status.h>
#include <jansson.h>

ADV_API_BEGIN

/* Either a density, or a simulator whose simulations are drawn afresh, or rows that are there: read
 * from files, or simulated once. */
struct adv_source {
    struct adv_density *density;
    const struct adv_simulator *simulator; /* of both kinds of simulations; borrowed for good */
    size_t n_parameters; /* of a simulator: so many columns, the first, are its parameters; the
                            others, its data, are the context. 0 of other sources */
    /* [n, ...], as stored; columns: the names of a CSV file's header, or a simulator's. Of what is
     * drawn afresh data is NULL. */
    struct adv_array rows;
    struct adv_array labels; /* [n], or data NULL */
    size_t n_context;        /* so many columns of rows, the last, are numbers of a context */
    struct adv_table
        table; /* of a CSV file: its labels, until they are classes, and notes; its rows are above */
};

/* place: the folder where relative file names start, or a file to take in place of the one that a
 * csv or npy source names. names: of the columns to take from a CSV file with a header, whatever
 * spec says of them (an array), or NULL. Errors name the field or the file. */
enum adv_status adv_source_open(const json_t *spec, const char *place, const json_t *names,
                                struct adv_source *source, struct adv_error *error);
/* The i-th kind and its options; false beyond the last. */
bool adv_source_group(size_t i, struct adv_field_group *group);
void adv_source_release(struct adv_source *source);

/* Whether examples are drawn afresh, of a density or a simulator. */
bool adv_source_is_drawn(const struct adv_source *source);
/* Numbers of an example that is drawn. */
size_t adv_source_drawn_dim(const struct adv_source *source);
/* Examples first ... first + n - 1 of the seed's stream into x [n, dim], where they are drawn, and of
 * simulations their data into context [n, n_context], or NULL: each a pure function of (seed,
 * index). */
void adv_source_draw(const struct adv_source *source, uint64_t seed, uint64_t first, size_t n,
                     float *x, float *context);

/* The source of the test files that spec names: a new reference. ADV_E_INVALID where it names
 * none. */
enum adv_status adv_source_test(const json_t *spec, json_t **test, struct adv_error *error);

ADV_API_END
#endif
