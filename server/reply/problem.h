/* Refusals as problem documents (RFC 9457, application/problem+json). */
#ifndef ADV_SERVER_PROBLEM_H
#define ADV_SERVER_PROBLEM_H

#include "server/reply/problems.h"
#include "server/reply/reply.h"

#include <advect/status.h>

/* {"type": "urn:advect:queue-full", "title", "status", "detail", "field"?}. field: NULL or "" for
 * none. Adds Retry-After where trying again can help. */
void adv_problem_reply(struct adv_reply *reply, enum adv_problem problem, const char *field,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The core's report as a problem: what the client sent is its fault, memory and files are ours. */
void adv_problem_from_error(struct adv_reply *reply, const struct adv_error *error);

/* Adds the member "request_id" to a reply that is a problem document. */
void adv_problem_set_request(struct adv_reply *reply, const char *request_id);

#endif
