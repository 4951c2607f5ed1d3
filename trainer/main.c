/* advect: trains, samples, measures and inspects flow-matching models offline. */
#include "trainer/cli/command.h"
#include "trainer/cli/describe.h"
#include "trainer/cli/environment.h"
#include "trainer/cli/stop.h"

#include <advect/extra/all.h>
#include <advect/extra/memory.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct adv_command *const commands[] = {
    &adv_command_fit,      &adv_command_new,        &adv_command_train,    &adv_command_distill,
    &adv_command_simulate, &adv_command_eval,       &adv_command_sample,   &adv_command_logp,
    &adv_command_score,    &adv_command_trajectory, &adv_command_reweight, &adv_command_posterior,
    &adv_command_figure,   &adv_command_inspect,    &adv_command_import,   &adv_command_serve,
    &adv_command_bench,
};

#define N_COMMANDS ADV_COUNT(commands)

static void print_help(FILE *out)
{
    fputs("usage: advect COMMAND ...\n\n", out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->help);
    fputs(
        "\n`advect COMMAND --help` or `advect help COMMAND` explains a command, with an example;\n"
        "`advect --manual` writes the manual page, `advect --completion bash` (or zsh, fish) the\n"
        "completion of the shell, `advect --recipe-reference` every field of recipes, and\n"
        "`advect --version` the version.\n\n"
        "With ADVECT_PRECISION=bfloat16 in the environment, networks are evaluated with matrix\n"
        "products in bfloat16: faster, less accurate, on processors with AVX512_BF16 or AMX.\n",
        out);
}

static const struct adv_command *find_command(const char *name, struct adv_error *error)
{
    const char *names[N_COMMANDS + 1] = {NULL};
    size_t index;
    for (size_t i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i]->name;
    return adv_find_name("command", name, names, &index, error) == ADV_OK ? commands[index] : NULL;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return ADV_EXIT_USAGE;
    }
    bool helps = !strcmp(argv[1], "help");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || (helps && argc == 2)) {
        print_help(stdout);
        return ADV_EXIT_OK;
    }
    if (!strcmp(argv[1], "--manual"))
        return adv_describe_manual(commands, N_COMMANDS);
    if (!strcmp(argv[1], "--completion"))
        return adv_describe_completion(argc > 2 ? argv[2] : NULL, commands, N_COMMANDS);
    if (!strcmp(argv[1], "--recipe-reference")) {
        adv_recipe_reference(stdout);
        return ADV_EXIT_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("advect %s\n", adv_version());
        return ADV_EXIT_OK;
    }
    struct adv_error error = ADV_ERROR_INIT;
    if (adv_environment_read(&error) != ADV_OK) {
        fprintf(stderr, "advect: %s\n", error.message);
        return ADV_EXIT_USAGE;
    }
    adv_stop_catch_signals();
    const struct adv_command *command = find_command(argv[helps ? 2 : 1], &error);
    if (command && helps && argc > 3) {
        fprintf(stderr, "advect: \"%s\" is one argument too many; usage: advect help COMMAND\n",
                argv[3]);
        return ADV_EXIT_USAGE;
    }
    if (command && helps)
        return command->run(2, (char *[]){argv[2], "--help", NULL});
    if (command)
        return command->run(argc - 1, argv + 1);
    fprintf(stderr, "advect: %s (`advect --help` says what they do)\n", error.message);
    return ADV_EXIT_USAGE;
}

/* What was printed may be the result of hours: where it was not taken, that is a failure. */
int main(int argc, char **argv)
{
    int code = run(argc, argv);
    if (code != ADV_EXIT_OK || (fflush(stdout) == 0 && !ferror(stdout)))
        return code;
    fprintf(stderr, "advect: cannot write to standard output: %s\n", strerror(errno));
    return ADV_EXIT_FAILURE;
}
