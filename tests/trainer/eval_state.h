/* An eval that is interrupted, and the state that it leaves, in the folder of cli.h. */
#ifndef TESTS_EVAL_STATE_H
#define TESTS_EVAL_STATE_H

#include <jansson.h>
#include <stddef.h>

/* The state file; to be freed. */
json_t *eval_state_read(const char *name);

/* Rows that it holds. */
size_t eval_state_rows(const char *name);

/* Starts `advect eval ARGUMENTS`, and ends it by the signal once it has written the state file: by
 * SIGKILL, or by another one that it must answer with exit code 1. */
void eval_interrupt(const char *arguments, const char *state_name, int signal);

#endif
