/* What `advect import` makes models of. */
#ifndef ADV_TRAINER_IMPORT_H
#define ADV_TRAINER_IMPORT_H

#include <advect/model.h>
#include <jansson.h>

struct adv_import_options {
    char *config, *out, *name, *pixels, *labels;
    char *columns; /* of a CSV file: "height,bill*,!id", or NULL for all */
    json_t *transform, *shape, *classes;
    double bandwidth;
    int64_t dtype, missing; /* missing: enum adv_table_missing */
};

/* A model of the exact velocity of a table's rows, in data units; options' transform (which may
 * standardise) leads to the network's. */
enum adv_status adv_import_samples(const char *path, const struct adv_import_options *options,
                                   const char *name, struct adv_model **model,
                                   struct adv_error *error);

/* Samples of a file, a row each. */
struct adv_samples {
    size_t n, dim;
    float *points;   /* [n, dim]; whoever reads them frees it */
    bool are_uint8;  /* what they mean, the transform says (<advect/extra/levels.h>) */
    json_t *columns; /* their names, where the file has a header; whoever reads them releases it */
};

/* NPY or CSV; further dimensions are flattened, images' channels first. columns and missing: of a
 * table, as flags have them. */
enum adv_status adv_samples_read(const char *path, const char *columns, int64_t missing,
                                 struct adv_samples *samples, struct adv_error *error);

/* The same of samples. data: the data part of the configuration, without transform (or NULL); spec:
 * the transform (or NULL). */
enum adv_status adv_empirical_model(const struct adv_samples *samples, const json_t *data,
                                    const json_t *spec, double bandwidth, const char *name,
                                    struct adv_model **model, struct adv_error *error);

#endif
