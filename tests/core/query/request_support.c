#include "tests/core/query/request_support.h"

#include "tests/support/models.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct adv_model *model, *plain_model;

void set_up_models(void)
{
    model = model_of("{\"name\": \"labelled\", \"net\": {\"kind\": \"mlp\", \"dim\": 2,"
                     " \"channels\": 8, \"layers\": 1, \"num_classes\": 4, \"null_class\": true}}");
    plain_model = model_of("{\"name\": \"plain\", \"net\": {\"kind\": \"mlp\", \"dim\": 2,"
                           " \"channels\": 8, \"layers\": 1}}");
}

void tear_down_models(void)
{
    adv_model_unref(model);
    adv_model_unref(plain_model);
}

struct asked start(enum adv_query_kind kind)
{
    struct asked asked = {.error = ADV_ERROR_INIT};
    ck_assert_int_eq(adv_request_new(kind, &asked.request, NULL), ADV_OK);
    return asked;
}

void finish(struct asked *asked, const struct adv_limits *limits)
{
    if (asked->status == ADV_OK)
        asked->status = adv_request_query(asked->request, model, limits, RANDOM_SEED, &asked->query,
                                          &asked->error);
}

struct asked ask_within(enum adv_query_kind kind, const struct adv_limits *limits, const char *text)
{
    struct asked asked = start(kind);
    asked.status = adv_request_parse_json(asked.request, NULL, text, strlen(text), "the body",
                                          limits, &asked.error);
    finish(&asked, limits);
    return asked;
}

struct asked ask(enum adv_query_kind kind, const char *text)
{
    struct adv_limits limits = adv_limits_default();
    return ask_within(kind, &limits, text);
}

void set_point(struct adv_request *request)
{
    float *points = calloc(2, sizeof *points);
    points[0] = 1;
    points[1] = 2;
    ck_assert_int_eq(adv_request_set_points(request, 1, 2, points, NULL), ADV_OK);
}

struct asked ask_in_text(enum adv_query_kind kind, const char *text)
{
    struct adv_limits limits = adv_limits_default();
    struct asked asked = start(kind);
    char copy[256], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *pair; asked.status == ADV_OK && (pair = strtok_r(rest, " ", &rest));) {
        char *value = strchr(pair, '=');
        ck_assert_ptr_nonnull(value);
        *value++ = '\0';
        asked.status = adv_request_set_text(asked.request, pair, value, &asked.error);
    }
    if (asked.status == ADV_OK && kind > ADV_QUERY_TRAJECTORIES)
        set_point(asked.request);
    finish(&asked, &limits);
    return asked;
}

void check_ok(const struct asked *asked, const char *what)
{
    ck_assert_msg(asked->status == ADV_OK, "%s: %s", what, asked->error.message);
}

void done(struct asked *asked)
{
    adv_request_free(asked->request);
}
