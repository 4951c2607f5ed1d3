#include "tests/trainer/cli.h"

#include "tests/core/io/io_support.h"
#include "tests/support/folder.h"

#include <check.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

char cli_folder[64], cli_program[PATH_MAX];
char cli_output[1 << 20];

/* ../bin/advect from the test's own directory. */
static void find_program(void)
{
    ssize_t n = readlink("/proc/self/exe", cli_program, sizeof cli_program - 32);
    ck_assert_int_gt(n, 0);
    cli_program[n] = '\0';
    *strrchr(cli_program, '/') = '\0';
    strcat(cli_program, "/../bin/advect");
}

void cli_make_folder(void)
{
    find_program();
    folder_make(cli_folder);
}

void cli_remove_folder(void)
{
    folder_remove(cli_folder);
}

const char *cli_at(const char *name)
{
    static char paths[8][160];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", cli_folder, name);
    return path;
}

int cli_run(const char *format, ...)
{
    char arguments[2048], command[8192];
    va_list list;
    va_start(list, format);
    vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    snprintf(command, sizeof command, "cd %s && %s %s 2>&1", cli_folder, cli_program, arguments);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t n = fread(cli_output, 1, sizeof cli_output - 1, pipe);
    cli_output[n] = '\0';
    int status = pclose(pipe);
    ck_assert_msg(WIFEXITED(status), "%s: killed by a signal", command);
    return WEXITSTATUS(status);
}

void cli_fails(int code, const char *arguments, const char *expected)
{
    int got = cli_run("%s", arguments);
    ck_assert_msg(got == code, "advect %s: exit %d, not %d: %s", arguments, got, code, cli_output);
    ck_assert_msg(strstr(cli_output, expected) != NULL, "advect %s\n  says: %s\n  not: %s",
                  arguments, cli_output, expected);
}

void cli_write(const char *name, const char *text)
{
    FILE *file = fopen(cli_at(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

bool cli_exists(const char *name)
{
    return access(cli_at(name), F_OK) == 0;
}

/* From the header, which follows the signature. */
int cli_png_width(const char *name)
{
    uint8_t start[24] = {0};
    FILE *in = fopen(cli_at(name), "rb");
    ck_assert_msg(in != NULL, "no %s", name);
    size_t n = fread(start, 1, sizeof start, in);
    fclose(in);
    ck_assert_uint_eq(n, sizeof start);
    ck_assert_mem_eq(start + 12, "IHDR", 4);
    return start[18] << 8 | start[19];
}

bool cli_shared(const char *name, char path[PATH_MAX])
{
    char relative[128];
    snprintf(relative, sizeof relative, "../shared/%s", name);
    return io_shared_exists(relative) && realpath(relative, path) != NULL;
}
