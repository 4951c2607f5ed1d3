/* What `advect import` makes models of. */
#ifndef ADV_TRAINER_IMPORT_H
#define ADV_TRAINER_IMPORT_H

#include <advect/model.h>

struct adv_import_options {
    char *config, *out, *name, *pixels, *labels;
    json_t *transform, *shape, *classes;
    double bandwidth;
    int64_t dtype;
};

/* Whether a file is a table of samples, by its extension: .npy, .csv. */
bool adv_holds_samples(const char *path);

/* A model of the exact velocity of a table's rows, in data units; options' transform (which may
 * standardise) leads to the network's. */
enum adv_status adv_import_samples(const char *path, const struct adv_import_options *options,
                                   const char *name, struct adv_model **model,
                                   struct adv_error *error);

/* The same of points [n, dim]. data: the data part of the configuration, without transform (or
 * NULL); spec: the transform (or NULL). */
enum adv_status adv_empirical_model(size_t n, size_t dim, const float *points, const json_t *data,
                                    const json_t *spec, double bandwidth, const char *name,
                                    struct adv_model **model, struct adv_error *error);

#endif
