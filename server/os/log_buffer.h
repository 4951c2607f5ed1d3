/* Between those who log and standard error: a bounded buffer, and a thread that empties it. */
#ifndef ADV_SERVER_LOG_BUFFER_H
#define ADV_SERVER_LOG_BUFFER_H

#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

#define ADV_LOG_LINE_MAX_BYTES 4096

/* Writes a line, with its line feed, into text [ADV_LOG_LINE_MAX_BYTES] that tells how many lines
 * were lost before it; the result is its length. */
typedef size_t adv_log_tell_lost(uint64_t n, char *text);

/* Starts the thread, and writes what is left also where the process dies of a fault. */
enum adv_status adv_log_buffer_start(adv_log_tell_lost *tell_lost, struct adv_error *error);
void adv_log_buffer_stop(int wait_ms);

/* A whole line; lost if there is no room, or after the stop. Before the start it is written at
 * once. */
void adv_log_buffer_put(const char *line, size_t n);
uint64_t adv_log_buffer_lost(void);
size_t adv_log_buffer_bytes(void); /* its size, however full it is */

#endif
