#include "server/reply/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void adv_problem_reply(struct adv_reply *reply, enum adv_problem problem, const char *field,
                       const char *format, ...)
{
    char detail[2048], type[64];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    snprintf(type, sizeof type, "urn:advect:%s", adv_problem_slug(problem));
    json_t *json =
        json_pack("{s:s, s:s, s:i, s:o}", "type", type, "title", adv_problem_title(problem),
                  "status", (int)adv_problem_status(problem), "detail", adv_json_text(detail));
    if (json && field && *field)
        json_object_set_new(json, "field", adv_json_text(field));
    adv_reply_json(reply, adv_problem_status(problem), ADV_PROBLEM_TYPE, json);
    reply->status = adv_problem_status(problem); /* also where memory for the text was lacking */
    if (adv_problem_retry_after_s(problem))
        adv_reply_header(reply, MHD_HTTP_HEADER_RETRY_AFTER, "%u",
                         adv_problem_retry_after_s(problem));
}

void adv_problem_set_request(struct adv_reply *reply, const char *request_id)
{
    bool is_problem = reply->media_type && !strcmp(reply->media_type, ADV_PROBLEM_TYPE);
    json_t *json =
        is_problem ? json_loadb((const char *)reply->body.data, reply->body.n, 0, NULL) : NULL;
    if (!json)
        return;
    json_object_set_new(json, "request_id", adv_json_text(request_id));
    adv_reply_json(reply, reply->status, ADV_PROBLEM_TYPE, json);
}

void adv_problem_from_error(struct adv_reply *reply, const struct adv_error *error)
{
    adv_problem_reply(reply, adv_problem_of(error->status), error->field, "%s", error->message);
}
