/* Transforms from JSON text, and points of one dimension through them. */
#ifndef ADV_TESTS_TRANSFORMS_H
#define ADV_TESTS_TRANSFORMS_H

#include <advect/transform.h>

/* Fail the test where the text is no JSON, or no transform. */
json_t *transforms_parse(const char *text);
struct adv_transform *transforms_make(const char *text, size_t dim);

/* Of a one-dimensional transform; log_det may be NULL. */
double transforms_encode(const struct adv_transform *transform, float x, double *log_det);
double transforms_decode(const struct adv_transform *transform, float y, double *log_det);

#endif
