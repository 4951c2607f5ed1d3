/* Transforms from JSON text, and points of one dimension through them. */
#ifndef ADV_TESTS_TRANSFORMS_H
#define ADV_TESTS_TRANSFORMS_H

#include <advect/extra/transform.h>

/* Fail the test where the text is no JSON, or no transform. */
json_t *transforms_parse(const char *text);
struct adv_transform *transforms_make(const char *text, size_t dim);

/* Of a one-dimensional transform; log_det may be NULL. */
double transforms_encode(const struct adv_transform *transform, float x, double *log_det);
double transforms_decode(const struct adv_transform *transform, float y, double *log_det);

/* Fails the test unless the text is refused for 2 dimensions, for the field and with that
 * message. */
void transforms_assert_refused(const char *text, const char *field, const char *message);

/* Makes the transform of a document (json_t) for 2 dimensions, fits it and writes it back: what the
 * tests of failing allocations try. */
enum adv_status transforms_make_fit_and_write(void *document, struct adv_error *error);

#endif
