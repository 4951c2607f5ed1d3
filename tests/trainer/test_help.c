/* The words of the program's help, command by command. */
#include <advect/extra/all.h>

#include "tests/support/phrases.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMANDS_MAX 32

struct command {
    char name[32], help[128];
};

/* What `advect --help` lists: "  name   help" a line, after the usage. */
static size_t read_commands(struct command commands[COMMANDS_MAX])
{
    size_t n = 0;
    CLI_SUCCEEDS("--help");
    for (char *line = strtok(cli_output, "\n"); line && n < COMMANDS_MAX;
         line = strtok(NULL, "\n")) {
        ck_assert_msg(strlen(line) <= 100, "%s", line);
        if (sscanf(line, "  %31s %127[^\n]", commands[n].name, commands[n].help) == 2 &&
            line[0] == ' ')
            n++;
    }
    return n;
}

START_TEST(every_flag_of_every_command_is_explained)
{
    struct command commands[COMMANDS_MAX];
    size_t n = read_commands(commands), n_flags = 0;
    ck_assert_uint_ge(n, 9);
    for (size_t i = 0; i < n; i++) {
        phrase_check("advect", commands[i].name, commands[i].help);
        CLI_SUCCEEDS("%s --help", commands[i].name);
        size_t of_command = phrases_check_help(commands[i].name, cli_output);
        ck_assert_msg(of_command > 0, "advect %s --help lists no flags", commands[i].name);
        n_flags += of_command;
    }
    ck_assert_uint_gt(n_flags, 100);
}
END_TEST

/* "name   * help": the star marks figures of a target. */
START_TEST(every_figure_is_explained)
{
    size_t n = 0;
    CLI_SUCCEEDS("figure --list");
    for (char *line = strtok(cli_output, "\n"); line; line = strtok(NULL, "\n"), n++) {
        size_t name = strcspn(line, " ");
        ck_assert_uint_le(strlen(line), 100);
        line[name] = '\0';
        phrase_check("figure --list", line, line + name + 1 + strspn(line + name + 1, " *"));
    }
    ck_assert_uint_ge(n, 19);
}
END_TEST

START_TEST(every_text_field_of_a_request_is_explained)
{
    static const enum adv_query_kind kinds[] = {ADV_QUERY_SAMPLES, ADV_QUERY_TRAJECTORIES,
                                                ADV_QUERY_LOG_DENSITY, ADV_QUERY_LATENTS,
                                                ADV_QUERY_VELOCITY};
    struct adv_field fields[ADV_REQUEST_FIELDS_MAX];
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n = adv_request_text_fields(kinds[k], fields);
        ck_assert_uint_gt(n, 3);
        for (size_t i = 0; i < n; i++)
            phrase_check("request", fields[i].name, fields[i].help);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("help");
    TCase *texts = tcase_create("texts");
    tcase_add_unchecked_fixture(texts, cli_make_folder, cli_remove_folder);
    tcase_add_test(texts, every_flag_of_every_command_is_explained);
    tcase_add_test(texts, every_figure_is_explained);
    tcase_add_test(texts, every_text_field_of_a_request_is_explained);
    suite_add_tcase(suite, texts);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
