#include "tests/transforms.h"

#include <check.h>

json_t *transforms_parse(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    ck_assert_msg(json != NULL, "the test's own JSON is wrong: %s", text);
    return json;
}

struct adv_transform *transforms_make(const char *text, size_t dim)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_transform *transform = NULL;
    json_t *spec = transforms_parse(text);
    enum adv_status status = adv_transform_new(spec, dim, &transform, &error);
    ck_assert_msg(status == ADV_OK, "%s: %s", text, error.message);
    json_decref(spec);
    return transform;
}

double transforms_encode(const struct adv_transform *transform, float x, double *log_det)
{
    float y;
    adv_transform_encode(transform, 1, &x, &y, log_det);
    return (double)y;
}

double transforms_decode(const struct adv_transform *transform, float y, double *log_det)
{
    float x;
    adv_transform_decode(transform, 1, &y, &x, log_det);
    return (double)x;
}
