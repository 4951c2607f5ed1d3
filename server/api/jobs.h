/* Queries whose clients come back for the answer: POST /v1/jobs, or any POST route with "Prefer:
 * respond-async" (RFC 7240). Both end in adv_queries_submit, as do queries that are waited for, and
 * so are answered alike. */
#ifndef ADV_SERVER_JOBS_H
#define ADV_SERVER_JOBS_H

#include "server/net/exchange.h"

/* Stores a job (one reference, taken over), hands it to the scheduler, and replies with its id and
 * state (202), or with a refusal. */
void adv_jobs_submit(struct adv_exchange *exchange, struct adv_job *job);

/* The JSON Schema of the body of POST /v1/jobs (new reference). */
json_t *adv_jobs_schema(void);

#endif
