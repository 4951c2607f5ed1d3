/* Sub-commands that put one query to a model and write its answer. */
#ifndef ADV_TRAINER_QUERY_COMMAND_H
#define ADV_TRAINER_QUERY_COMMAND_H

#include "trainer/cli/command.h"

#include <advect/query.h>

struct adv_query_command {
    const char *name; /* "sample" */
    enum adv_query_kind kind;
    const char *summary, *example;
};

/* Runs the sub-command; an exit code. */
int adv_query_command_run(const struct adv_query_command *command, int argc, char **argv);

#endif
