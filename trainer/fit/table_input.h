/* The table that `advect fit` and `advect new` are about: the flags that both have, the file, and
 * the recipe that is proposed for it. */
#ifndef ADV_TRAINER_TABLE_INPUT_H
#define ADV_TRAINER_TABLE_INPUT_H

#include "trainer/cli/files.h"
#include "trainer/cli/overrides.h"

#include <advect/extra/fields.h>
#include <advect/extra/propose.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Values of the flags; the commands' own are behind the common ones. */
struct adv_table_flags {
    char *name, *columns, *context, *label_column;
    json_t *support;
    int64_t missing, header, separator, net, steps, seed;
    char *out;
    int64_t threads;
    bool quiet, no_report;
};

#define ADV_TABLE_FLAGS 11
/* The common flags [ADV_TABLE_FLAGS], for values in struct adv_table_flags. */
const struct adv_field *adv_table_flags(void);

/* A file, of standard input ("-") a copy, which is removed again. */
struct adv_table_input {
    char path[ADV_PATH_BYTES];
    bool is_copy;
    struct stat state; /* when it was opened */
};
enum adv_status adv_table_input_open(const char *data, struct adv_table_input *input,
                                     struct adv_error *error);
void adv_table_input_close(struct adv_table_input *input);

/* It is read several times, and each time must give the same rows: ADV_E_IO where it was written to
 * since it was opened. To be asked after each reading. */
enum adv_status adv_table_input_check(const struct adv_table_input *input, struct adv_error *error);

/* The recipe proposed for it, and what --set says put into it. recorded: what the recipe calls the
 * file. */
enum adv_status adv_table_input_propose(const struct adv_table_input *input, const char *recorded,
                                        const struct adv_table_flags *flags,
                                        const struct adv_overrides *overrides,
                                        struct adv_proposal *proposal, struct adv_error *error);

/* What was found in it and what is made of it, for people, to stdout. */
void adv_table_input_print(const struct adv_proposal *proposal);

#endif
