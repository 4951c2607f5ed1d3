#include "trainer/cli/describe.h"

#include <advect/extra/command_line.h>
#include <advect/extra/words.h>
#include <advect/version.h>
#include <stdio.h>

#define COMMANDS_MAX 32

/* The command's own description, by its flag --help=FORM. */
static void describe(const struct adv_command *command, const char *form)
{
    char name[32], flag[32];
    snprintf(name, sizeof name, "%s", command->name);
    snprintf(flag, sizeof flag, "--help=%s", form);
    command->run(2, (char *[]){name, flag, NULL});
}

int adv_describe_manual(const struct adv_command *const *commands, size_t n_commands)
{
    printf(".TH ADVECT 1 \"\" \"Advect %s\" \"Advect\"\n"
           ".SH NAME\n"
           "advect \\- train, sample, measure and inspect flow-matching models\n"
           ".SH SYNOPSIS\n"
           ".B advect\n"
           ".I COMMAND\n"
           "[\\fIflags\\fR] [\\fIfiles\\fR]\n"
           ".SH DESCRIPTION\n",
           adv_version());
    adv_manual_text("A flow-matching model is a velocity field that carries a Gaussian to the "
                    "distribution of the data. This program trains such models from recipes and "
                    "asks them for samples, trajectories and log-densities. Flags may stand before "
                    "and after files; - and _ are the same in their names.",
                    stdout);
    puts(".SH COMMANDS");
    for (size_t i = 0; i < n_commands; i++)
        describe(commands[i], "manual");
    puts(".SH ENVIRONMENT\n.TP\n.B ADVECT_PRECISION");
    puts("float32 (the default) or bfloat16: precision of the products of matrices. bfloat16 is "
         "faster, less\naccurate, and needs AVX512_BF16 or AMX.\n.TP\n.B ADVECT_ISA\n"
         "instruction set of the kernels: portable, avx2, avx512 or neon; the fastest if absent.");
    puts(".SH EXIT STATUS\n0 if all went well, 1 if the work failed, 2 if the command line is "
         "wrong.\n.SH SEE ALSO\n.BR advectd (8),\n.BR libadvect (3)");
    return ADV_EXIT_OK;
}

int adv_describe_completion(const char *shell, const struct adv_command *const *commands,
                            size_t n_commands)
{
    struct adv_error error = ADV_ERROR_INIT;
    const char *names[COMMANDS_MAX], *helps[COMMANDS_MAX];
    size_t index;
    if (adv_find_name("shell", shell, adv_shell_names, &index, &error) != ADV_OK) {
        fprintf(stderr, "advect --completion: %s\n", error.message);
        return ADV_EXIT_USAGE;
    }
    adv_completion_begin((enum adv_shell)index, "advect", stdout);
    for (size_t i = 0; i < n_commands && i < COMMANDS_MAX; i++) {
        describe(commands[i], shell);
        names[i] = commands[i]->name;
        helps[i] = commands[i]->help;
    }
    adv_completion_end((enum adv_shell)index, "advect", n_commands, names, helps, stdout);
    return ADV_EXIT_OK;
}
