/* Lines on standard error, logfmt or JSON. Nobody waits for a reader of them: they go through a
 * bounded buffer to a thread that writes (log_buffer.h), and are lost, and counted, where it is
 * full. */
#ifndef ADV_SERVER_LOG_H
#define ADV_SERVER_LOG_H

#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

enum adv_log_format { ADV_LOG_TEXT, ADV_LOG_JSON };
extern const char *const adv_log_format_names[]; /* in its order; ends with NULL */

/* From here on lines are of this format and written by a thread; before, and if it cannot be had,
 * the caller writes them. Once, for the process. */
enum adv_status adv_log_start(enum adv_log_format format, struct adv_error *error);

/* Writes what is left, for at most a second, and takes no more lines. */
void adv_log_stop(void);

/* How many lines were lost. */
uint64_t adv_log_lost(void);

/* One answered request. Numbers below 0 are left out. */
struct adv_access {
    const char *method, *target, *client, *request_id;
    const char *key; /* the name of the client's, or NULL */
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
