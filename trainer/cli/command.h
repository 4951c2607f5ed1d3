/* Sub-commands of `advect`: each is one file and one row of the table in main.c. */
#ifndef ADV_TRAINER_COMMAND_H
#define ADV_TRAINER_COMMAND_H

#include <advect/status.h>

enum adv_exit { ADV_EXIT_OK = 0, ADV_EXIT_FAILURE = 1, ADV_EXIT_USAGE = 2 };

struct adv_command {
    const char *name;
    const char *help; /* one line */
    /* argv[0] is the sub-command's name. Returns an exit code. */
    int (*run)(int argc, char **argv);
};

extern const struct adv_command adv_command_fit;
extern const struct adv_command adv_command_new;
extern const struct adv_command adv_command_train;
extern const struct adv_command adv_command_distill;
extern const struct adv_command adv_command_eval;
extern const struct adv_command adv_command_simulate;
extern const struct adv_command adv_command_sample;
extern const struct adv_command adv_command_logp;
extern const struct adv_command adv_command_score;
extern const struct adv_command adv_command_trajectory;
extern const struct adv_command adv_command_reweight;
extern const struct adv_command adv_command_posterior;
extern const struct adv_command adv_command_figure;
extern const struct adv_command adv_command_inspect;
extern const struct adv_command adv_command_import;
extern const struct adv_command adv_command_serve;
extern const struct adv_command adv_command_bench;

/* Prints "advect NAME: message" to stderr and gives the exit code that belongs to the report. */
int adv_command_fail(const char *name, const struct adv_error *error);

#endif
