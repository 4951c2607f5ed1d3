#include "tests/trainer/eval_state.h"

#include "tests/trainer/cli.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

json_t *eval_state_read(const char *name)
{
    json_t *state = json_load_file(cli_at(name), 0, NULL);
    ck_assert_msg(state != NULL, "no state %s", name);
    return state;
}

size_t eval_state_rows(const char *name)
{
    size_t n = 0, i;
    const json_t *value;
    json_t *state = eval_state_read(name);
    json_array_foreach(json_object_get(state, "log_density"), i, value) n += json_is_number(value);
    json_decref(state);
    return n;
}

static pid_t start(const char *arguments)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    int log = open(cli_at("log"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    char command[PATH_MAX + 512];
    snprintf(command, sizeof command, "cd %s && exec %s eval %s", cli_folder, cli_program,
             arguments);
    if (log >= 0 && dup2(log, STDERR_FILENO) >= 0 && dup2(log, STDOUT_FILENO) >= 0)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static void wait_for(pid_t child, const char *state_name)
{
    int status;
    for (int i = 0; i < 60000 && !cli_exists(state_name); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        ck_assert_msg(waitpid(child, &status, WNOHANG) == 0, "it ended before it was interrupted");
    }
}

void eval_interrupt(const char *arguments, const char *state_name, int signal)
{
    int status;
    pid_t child = start(arguments);
    wait_for(child, state_name);
    ck_assert_int_eq(kill(child, signal), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(signal == SIGKILL ? WIFSIGNALED(status)
                                : WIFEXITED(status) && WEXITSTATUS(status) == 1);
}
