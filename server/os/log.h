/* Lines on standard error: logfmt, each written whole by one call. */
#ifndef ADV_SERVER_LOG_H
#define ADV_SERVER_LOG_H

#include <stddef.h>
#include <stdint.h>

/* One answered request. Numbers below 0 are left out. */
struct adv_access {
    const char *method, *target, *client, *request_id;
    unsigned status;
    size_t bytes; /* of the body */
    double ms;
    int64_t n, nfe; /* rows; velocity evaluations of the row that took most */
};

void adv_log_access(const struct adv_access *access);

/* What happens to the daemon itself: level=info msg="...". */
void adv_log_event(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A fault of the daemon's own that it survives: level=error msg="...". */
void adv_log_fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
