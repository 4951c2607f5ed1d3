#include "server/reply/problems.h"

static const struct {
    unsigned status;
    unsigned retry_after_s; /* 0: trying the same again is of no use */
    const char *slug, *title;
} problems[ADV_PROBLEMS] = {
    [ADV_PROBLEM_MALFORMED] = {400, 0, "malformed", "The request is malformed"},
    [ADV_PROBLEM_NO_KEY] = {401, 0, "no-key", "An API key is needed"},
    [ADV_PROBLEM_FORBIDDEN] = {403, 0, "forbidden", "The client may not do this"},
    [ADV_PROBLEM_NO_ROUTE] = {404, 0, "no-such-route", "There is nothing at this path"},
    [ADV_PROBLEM_NO_MODEL] = {404, 0, "no-such-model", "There is no such model"},
    [ADV_PROBLEM_NO_PICTURE] = {404, 0, "no-picture", "This model has no such picture"},
    [ADV_PROBLEM_NO_JOB] = {404, 0, "no-such-job", "There is no such job"},
    [ADV_PROBLEM_METHOD] = {405, 0, "method-not-allowed", "The method is not allowed here"},
    [ADV_PROBLEM_NOT_ACCEPTABLE] = {406, 0, "not-acceptable", "No acceptable media type"},
    [ADV_PROBLEM_BODY_TIMEOUT] = {408, 0, "body-timeout", "The body did not arrive in time"},
    [ADV_PROBLEM_JOB_NOT_ENDED] = {409, 1, "job-not-ended", "The job has not ended"},
    [ADV_PROBLEM_LENGTH_REQUIRED] = {411, 0, "length-required", "The body's length is missing"},
    [ADV_PROBLEM_BODY_TOO_LARGE] = {413, 0, "body-too-large", "The body is too large"},
    [ADV_PROBLEM_TARGET_TOO_LONG] = {414, 0, "target-too-long", "The request target is too long"},
    [ADV_PROBLEM_MEDIA_TYPE] = {415, 0, "media-type", "The body's media type is not taken here"},
    [ADV_PROBLEM_CODING] = {415, 0, "content-coding", "The body's content coding is not taken"},
    [ADV_PROBLEM_HOST] = {421, 0, "misdirected", "The server does not answer for this host"},
    [ADV_PROBLEM_INVALID] = {422, 0, "invalid-field", "A field is not valid"},
    [ADV_PROBLEM_TOO_MANY] = {429, 1, "too-many", "One client asks for too much"},
    [ADV_PROBLEM_HEAD_TOO_LARGE] = {431, 0, "head-too-large", "The request's head is too large"},
    [ADV_PROBLEM_INTERNAL] = {500, 0, "internal", "The server failed"},
    [ADV_PROBLEM_QUEUE_FULL] = {503, 1, "queue-full", "The server is busy"},
    [ADV_PROBLEM_TIMEOUT] = {503, 1, "timeout", "The request took too long"},
    [ADV_PROBLEM_DRAINING] = {503, 5, "draining", "The server is stopping"},
    [ADV_PROBLEM_NO_MEMORY] = {503, 1, "no-memory", "The server is out of memory"},
    [ADV_PROBLEM_NOT_READY] = {503, 1, "not-ready", "The server is not ready"},
    [ADV_PROBLEM_VERSION] = {505, 0, "http-version", "The version of HTTP is not spoken here"},
};

unsigned adv_problem_status(enum adv_problem problem)
{
    return problems[problem].status;
}

unsigned adv_problem_retry_after_s(enum adv_problem problem)
{
    return problems[problem].retry_after_s;
}

const char *adv_problem_slug(enum adv_problem problem)
{
    return problems[problem].slug;
}

const char *adv_problem_title(enum adv_problem problem)
{
    return problems[problem].title;
}

enum adv_problem adv_problem_of(enum adv_status status)
{
    switch (status) {
    case ADV_E_INVALID:
    case ADV_E_UNSUPPORTED:
    case ADV_E_NUMERIC:
        return ADV_PROBLEM_INVALID;
    case ADV_E_FORMAT:
        return ADV_PROBLEM_MALFORMED;
    case ADV_E_MEMORY:
        return ADV_PROBLEM_NO_MEMORY;
    case ADV_E_CANCELLED:
        return ADV_PROBLEM_DRAINING;
    case ADV_OK:
    case ADV_E_IO:
        break;
    }
    return ADV_PROBLEM_INTERNAL;
}
