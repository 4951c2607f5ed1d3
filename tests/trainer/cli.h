/* The program `advect` as tests run it: in the shell, in a folder of their own. */
#ifndef TESTS_CLI_H
#define TESTS_CLI_H

#include <limits.h>
#include <stdbool.h>

/* Checked fixtures: a new folder; its removal with all in it. */
void cli_make_folder(void);
void cli_remove_folder(void);
extern char cli_folder[64];
extern char cli_program[PATH_MAX]; /* the one that was built with this test */

/* The path of a file in the folder, valid until seven others were asked for. */
const char *cli_at(const char *name);

/* Runs `advect ARGUMENTS` in the folder; its exit code, what it wrote to both streams in
 * cli_output. */
int cli_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern char cli_output[1 << 20];

#define CLI_SUCCEEDS(...) ck_assert_msg(cli_run(__VA_ARGS__) == 0, "%s", cli_output)

/* The program must exit with this code and say what is expected. */
void cli_fails(int code, const char *arguments, const char *expected);

void cli_write(const char *name, const char *text);
bool cli_exists(const char *name);
int cli_png_width(const char *name);

/* The absolute path of what lies in the shared folder, as the program runs elsewhere; false: it is
 * not there, which is said. */
bool cli_shared(const char *name, char path[PATH_MAX]);

#endif
