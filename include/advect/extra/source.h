/* Sources of examples: synthetic densities and files. A kind is one row of a table.
 *
 *   {"kind": "density", "density": {"kind": "checkerboard", ...}}   see <advect/extra/density.h>
 *   {"kind": "idx", "images": FILE, "labels": FILE}                 images
 *   {"kind": "csv", "file": FILE, "columns": [..], "label_column": NAME or INDEX,
 *    "missing": .., "header": .., "separator": ..}                see <advect/extra/table.h>
 *   {"kind": "npy", "file": FILE, "labels": FILE}
 *
 * Files may be gzipped. A member "test_X" (test_images, test_labels, test_file) names what takes
 * the place of X where a model is measured on data that are not for training; it is read then
 * only. */
#ifndef ADVECT_EXTRA_SOURCE_H
#define ADVECT_EXTRA_SOURCE_H

#include <advect/api.h>
#include <advect/array_file.h>
#include <advect/extra/density.h>
#include <advect/extra/fields.h>
#include <advect/extra/table.h>
#include <advect/status.h>
#include <jansson.h>

ADV_API_BEGIN

/* Either a density, or rows read from files. */
struct adv_source {
    struct adv_density *density;
    struct adv_array rows;   /* [n, ...], as stored; columns: the names of a CSV file's header */
    struct adv_array labels; /* [n], or data NULL */
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

/* The source of the test files that spec names: a new reference. ADV_E_INVALID where it names
 * none. */
enum adv_status adv_source_test(const json_t *spec, json_t **test, struct adv_error *error);

ADV_API_END
#endif
