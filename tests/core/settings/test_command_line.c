/* Manual pages and completions: what becomes of a table of flags. */
#include <advect/extra/command_line.h>

#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct options {
    int64_t steps, method;
    char *out;
    bool quiet;
};

static const char *const methods[] = {"euler", "rk4", NULL};

static const struct adv_field fields[] = {
    {"max_steps", ADV_FIELD_INT, offsetof(struct options, steps), .min = 1, .max = 9,
     .fallback = "3", .help = "most steps; 1-2 are few"},
    {"method", ADV_FIELD_CHOICE, offsetof(struct options, method), .choices = methods,
     .fallback = "rk4", .help = "solver's method [of two]"},
    {"out", ADV_FIELD_STRING, offsetof(struct options, out), .help = "file to write"},
    {"quiet", ADV_FIELD_BOOL, offsetof(struct options, quiet), .help = "say nothing"},
};
enum { N_FIELDS = sizeof fields / sizeof fields[0] };

static char *text;
static size_t n_bytes;

static FILE *begin(void)
{
    FILE *out = open_memstream(&text, &n_bytes);
    ck_assert_ptr_nonnull(out);
    return out;
}

static void expect(FILE *out, const char *expected)
{
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_msg(strstr(text, expected) != NULL, "%s\n  is not in:\n%s", expected, text);
    free(text);
}

START_TEST(text_is_escaped_for_man)
{
    FILE *out = begin();
    adv_manual_text(".dot and 'quote\n\n  an\\example -x\n", out);
    expect(out, "\\&.dot and 'quote\n.PP\n.nf\n  an\\eexample \\-x\n.fi\n");
}
END_TEST

START_TEST(flags_become_entries)
{
    FILE *out = begin();
    adv_manual_flags(fields, N_FIELDS, out);
    expect(out, ".TP\n.B \\-\\-max\\-steps N\nmost steps; 1\\-2 are few\n(default 3)\n"
                ".TP\n.B \\-\\-method NAME\nsolver's method [of two]: euler, rk4\n(default rk4)\n"
                ".TP\n.B \\-\\-out TEXT\nfile to write\n"
                ".TP\n.B \\-\\-quiet\nsay nothing\n");
}
END_TEST

static FILE *completion(enum adv_shell shell, const char *command)
{
    static const char *const names[] = {"draw", "weigh"};
    static const char *const helps[] = {"draw samples", "the user's points: their densities"};
    FILE *out = begin();
    adv_completion_begin(shell, "tool", out);
    adv_completion_flags(shell, "tool", command, fields, N_FIELDS, out);
    adv_completion_end(shell, "tool", command ? 2 : 0, names, helps, out);
    return out;
}

START_TEST(bash_knows_flags_choices_and_commands)
{
    expect(completion(ADV_SHELL_BASH, "draw"),
           "_tool_draw() {\n    case $prev in\n    --method) words='euler rk4' ;;\n"
           "    *) words='--max-steps --method --out --quiet' ;;\n    esac\n}\n");
    expect(completion(ADV_SHELL_BASH, "draw"), "words='draw weigh'");
    expect(completion(ADV_SHELL_BASH, NULL), "complete -o default -F _tool tool\n");
}
END_TEST

START_TEST(zsh_escapes_brackets_and_colons)
{
    expect(completion(ADV_SHELL_ZSH, "draw"),
           "'--method=[solver'\\''s method \\[of two\\]]:name:(euler rk4)'");
    expect(completion(ADV_SHELL_ZSH, "draw"), "'--quiet[say nothing]'");
    expect(completion(ADV_SHELL_ZSH, "draw"), "'weigh:the user'\\''s points\\: their densities'");
    expect(completion(ADV_SHELL_ZSH, NULL), "#compdef tool\n");
}
END_TEST

START_TEST(fish_has_a_line_for_each_flag)
{
    expect(completion(ADV_SHELL_FISH, "draw"),
           "complete -c tool -n '__fish_seen_subcommand_from draw' -l method -x -a 'euler rk4' -d "
           "'solver'\\''s method [of two]'\n");
    expect(completion(ADV_SHELL_FISH, "draw"),
           "complete -c tool -n __fish_use_subcommand -a draw -d 'draw samples'\n");
    expect(completion(ADV_SHELL_FISH, NULL), "complete -c tool -l out -r -d 'file to write'\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command line");
    TCase *tests = tcase_create("descriptions");
    tcase_add_test(tests, text_is_escaped_for_man);
    tcase_add_test(tests, flags_become_entries);
    tcase_add_test(tests, bash_knows_flags_choices_and_commands);
    tcase_add_test(tests, zsh_escapes_brackets_and_colons);
    tcase_add_test(tests, fish_has_a_line_for_each_flag);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
