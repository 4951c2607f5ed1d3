/* Sub-commands that put one query to a model and write its answer. */
#ifndef ADV_TRAINER_ASK_H
#define ADV_TRAINER_ASK_H

#include "trainer/cli/command.h"

#include <advect/query.h>

struct adv_ask {
    const char *command; /* "sample" */
    enum adv_query_kind kind;
    const char *summary, *example;
};

/* Runs the sub-command; an exit code. */
int adv_ask_run(const struct adv_ask *ask, int argc, char **argv);

#endif
