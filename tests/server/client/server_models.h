/* Small models of random weights for the tests of the daemon. */
#ifndef ADV_TESTS_SERVER_MODELS_H
#define ADV_TESTS_SERVER_MODELS_H

#include <advect/model.h>
#include <stdbool.h>
#include <stdint.h>

/* Model files in a directory:
 *   plane    2-D
 *   classes  2-D with 3 classes (red, green, blue) and a null class
 *   image    1 x 8 x 8, 8-bit intensities in [0, 1]
 * and broken.safetensors, which is none. */
void server_models_write(const char *directory);

/* One of them, as the library makes it: the same weights as in the file. Released by
 * adv_model_unref. */
struct adv_model *server_model(const char *name);

/* Writes "dim1", "dim2", ...: points of 1 to 99 dimensions, of 3 classes where labelled. */
void server_model_write_points(const char *directory, size_t dim, bool labelled);

/* A plane model of another seed and name into FILE of the directory, replacing it at once. */
void server_model_write(const char *directory, const char *file, const char *name, uint64_t seed);
/* NAME.safetensors with the metadata, as members of a JSON object that end in a comma, and one
 * tensor of zeros, which is sparse: it takes no room, but time to read. */
void server_model_write_sparse(const char *directory, const char *name, const char *metadata,
                               size_t n_bytes);
/* slow.safetensors, which is read to its end, some tenths of a second, before it is refused. */
void server_model_write_slow(const char *directory);
/* "counts": points of the plane whose second number is whole. */
void server_model_write_counts(const char *directory);
/* A model "wide" of 784-D points, a row of which is 3e6 multiply-adds, into the directory. */
void server_model_write_wide(const char *directory);
/* A model "posterior" of points a, b given a context x1, x2, of mean 0, 1, deviation 1, 2 and reach
 * 3, into the directory; and as server_model has one. */
void server_model_write_posterior(const char *directory);
struct adv_model *server_model_posterior(void);

#endif
