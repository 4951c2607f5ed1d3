/* The kinds of refusals, as data: what a problem document (RFC 9457) says of each. */
#ifndef ADV_SERVER_PROBLEMS_H
#define ADV_SERVER_PROBLEMS_H

#include <advect/status.h>

enum adv_problem {
    ADV_PROBLEM_MALFORMED,
    ADV_PROBLEM_NO_KEY,
    ADV_PROBLEM_FORBIDDEN,
    ADV_PROBLEM_NO_ROUTE,
    ADV_PROBLEM_NO_MODEL,
    ADV_PROBLEM_NO_PICTURE,
    ADV_PROBLEM_NO_JOB,
    ADV_PROBLEM_METHOD,
    ADV_PROBLEM_NOT_ACCEPTABLE,
    ADV_PROBLEM_BODY_TIMEOUT,
    ADV_PROBLEM_JOB_NOT_ENDED,
    ADV_PROBLEM_LENGTH_REQUIRED,
    ADV_PROBLEM_BODY_TOO_LARGE,
    ADV_PROBLEM_TARGET_TOO_LONG,
    ADV_PROBLEM_MEDIA_TYPE,
    ADV_PROBLEM_CODING,
    ADV_PROBLEM_HOST,
    ADV_PROBLEM_INVALID,
    ADV_PROBLEM_TOO_MANY,
    ADV_PROBLEM_HEAD_TOO_LARGE,
    ADV_PROBLEM_INTERNAL,
    ADV_PROBLEM_QUEUE_FULL,
    ADV_PROBLEM_TIMEOUT,
    ADV_PROBLEM_DRAINING,
    ADV_PROBLEM_NO_MEMORY,
    ADV_PROBLEM_NOT_READY,
    ADV_PROBLEM_VERSION,
    ADV_PROBLEMS /* how many there are */
};

#define ADV_PROBLEM_TYPE "application/problem+json"

/* What a report of the core is: what the client sent is its fault, memory and files are ours. */
enum adv_problem adv_problem_of(enum adv_status status);

unsigned adv_problem_status(enum adv_problem problem);
unsigned adv_problem_retry_after_s(enum adv_problem problem); /* 0: there is no Retry-After */
const char *adv_problem_slug(enum adv_problem problem);       /* "queue-full" */
const char *adv_problem_title(enum adv_problem problem);

#endif
