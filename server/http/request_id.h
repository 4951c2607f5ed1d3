/* What a request is called in its answer, in the log and in the logs of others. */
#ifndef ADV_SERVER_REQUEST_ID_H
#define ADV_SERVER_REQUEST_ID_H

#define ADV_REQUEST_ID_HEADER "X-Request-Id"
#define ADV_REQUEST_ID_SIZE 65 /* with its NUL */

/* 16 hexadecimal digits that nobody can foretell. */
void adv_request_id_make(char id[ADV_REQUEST_ID_SIZE]);

/* The client's own, where it gave a good one: X-Request-Id (1 to 64 visible ASCII characters), else
 * the trace id of traceparent (W3C Trace Context). Headers that are absent are NULL; without a good
 * one the id stays what it is. */
void adv_request_id_take(const char *request_id, const char *traceparent,
                         char id[ADV_REQUEST_ID_SIZE]);

#endif
