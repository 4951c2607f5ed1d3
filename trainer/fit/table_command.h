/* The command line that `advect fit` and `advect new` share: one table, the flags that say how it
 * is read, --set, and each command's own flags. */
#ifndef ADV_TRAINER_TABLE_COMMAND_H
#define ADV_TRAINER_TABLE_COMMAND_H

#include "trainer/fit/table_input.h"

#define ADV_TABLE_OWN_FLAGS_MAX 4

struct adv_table_command {
    const char *name, *summary, *example;
    const struct adv_field *fields; /* its own flags, of values in struct adv_table_flags */
    size_t n_fields;                /* at most ADV_TABLE_OWN_FLAGS_MAX */
    /* What it does with the file `data`, or standard input ("-"). */
    enum adv_status (*work)(const struct adv_table_flags *flags,
                            const struct adv_overrides *overrides, const char *data,
                            struct adv_error *error);
};

/* Reads the command line and does the work; as the `run` of struct adv_command. */
int adv_table_command_run(const struct adv_table_command *command, int argc, char **argv);

#endif
