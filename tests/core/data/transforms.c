#include "tests/core/data/transforms.h"

#include <check.h>
#include <string.h>

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

void transforms_assert_refused(const char *text, const char *field, const char *message)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_transform *transform = NULL;
    json_t *spec = transforms_parse(text);
    ck_assert_int_eq(adv_transform_new(spec, 2, &transform, &error), ADV_E_INVALID);
    ck_assert_ptr_null(transform);
    ck_assert_msg(strstr(error.message, message) != NULL, "\"%s\"", error.message);
    ck_assert_str_eq(error.field, field);
    json_decref(spec);
}

enum adv_status transforms_make_fit_and_write(void *document, struct adv_error *error)
{
    static const float data[] = {0.25f, 0.5f, 0.75f, 0.125f};
    struct adv_transform *transform = NULL;
    json_t *json = NULL;
    enum adv_status status = adv_transform_new(document, 2, &transform, error);
    if (status == ADV_OK)
        status = adv_transform_fit(transform, 2, data, error);
    if (status == ADV_OK && !(json = adv_transform_to_json(transform)))
        status = adv_no_memory(error);
    json_decref(json);
    adv_transform_free(transform);
    return status;
}
