/* Command lines: flags described by tables of adv_field, and operands.
 *
 *     --name value, --name=value   a flag; '-' and '_' are the same in names
 *     --name                       a boolean flag
 *     -o value                     a flag by its letter
 *     --                           the end of the flags
 *     --help, -h                   print the help
 *
 * Flags and operands may be mixed. */
#ifndef ADV_TRAINER_OPTIONS_H
#define ADV_TRAINER_OPTIONS_H

#include "trainer/cli/command.h"

#include <advect/extra/fields.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define ADV_OPTIONS_GO (-1)

struct adv_option_letter {
    char letter; /* "-o FILE" stands for "--out FILE" */
    const char *name;
};

/* Flags whose values go elsewhere than into the command's own struct: the fields of a query. */
struct adv_more_options {
    const struct adv_field *fields;
    size_t n_fields;
    enum adv_status (*set)(void *context, const char *name, const char *text,
                           struct adv_error *error);
    /* After the last word, for what all of them say together; or NULL. */
    enum adv_status (*end)(void *context, struct adv_error *error);
    void *context;
};

struct adv_options {
    const char *command;  /* "train" */
    const char *operands; /* as the usage line shows them: "RECIPE.json" */
    size_t n_operands;    /* all of them needed */
    size_t n_more;        /* how many more may follow */
    const char *summary;  /* a sentence or a few */
    const char *example;
    const struct adv_field *fields;
    size_t n_fields;
    const struct adv_option_letter *letters; /* ends with letter 0; or NULL */
    const struct adv_more_options *more;     /* or NULL */
};

/* Fills values (defaults first) and operands [n_operands + n_more], which point into argv; NULL
 * stands for those that were not given. Returns ADV_OPTIONS_GO, or the exit code with which the
 * command is to return: help was printed, or the fault was. values are to be released
 * (adv_fields_release) only after ADV_OPTIONS_GO. */
int adv_options_read(const struct adv_options *options, int argc, char **argv, void *values,
                     const char **operands);

#endif
