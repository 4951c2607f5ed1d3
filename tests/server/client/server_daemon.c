#include "tests/server/client/server_daemon.h"

#include "tests/server/client/server_models.h"

#include <advect/array_file.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGUMENTS 40
#define START_MS 60000 /* under valgrind on a busy machine */
#define STOP_MS 60000

static const char *program(void)
{
    static char path[512];
    const char *given = getenv("ADVECTD");
    if (given)
        return given;
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
    ck_assert_int_gt(n, 0);
    path[n] = '\0';
    strcpy(strrchr(path, '/'), "/../bin/advectd");
    return path;
}

/* Runs the program, in another folder than the tests', with these descriptors for its outputs. */
static pid_t spawn(const char *const *arguments, int output, int error)
{
    const char *args[MAX_ARGUMENTS + 2] = {program()};
    for (int i = 0; arguments[i]; i++) {
        ck_assert_int_lt(i, MAX_ARGUMENTS);
        args[i + 1] = arguments[i];
    }
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves no daemon behind */
    dup2(output, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    if (chdir("/") == 0)
        execv(args[0], (char *const *)args);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", args[0], strerror(errno));
    _exit(127);
}

/* The first line of the daemon's standard output: "listening on http://...". */
void server_daemon_await(struct server_daemon *daemon, int output)
{
    char line[200];
    size_t n = 0;
    while (n < sizeof line - 1 && !memchr(line, '\n', n)) {
        struct pollfd poll_output = {.fd = output, .events = POLLIN};
        ssize_t got =
            poll(&poll_output, 1, START_MS) > 0 ? read(output, line + n, sizeof line - 1 - n) : 0;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    line[n] = '\0';
    char *log = server_daemon_read_log(daemon);
    ck_assert_msg(sscanf(line, "listening on %127s", daemon->url) == 1, "printed \"%s\"; log:\n%s",
                  line, log);
    free(log);
    daemon->port = atoi(strrchr(daemon->url, ':') + 1);
}

void server_daemon_prepare(struct server_daemon *daemon)
{
    strcpy(daemon->directory, "/tmp/advect-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(daemon->directory));
    snprintf(daemon->models, sizeof daemon->models, "%s/models", daemon->directory);
    snprintf(daemon->log, sizeof daemon->log, "%s/log", daemon->directory);
    ck_assert_int_eq(mkdir(daemon->models, 0700), 0);
    server_models_write(daemon->models);
}

static int begin_on(struct server_daemon *daemon, const char *const *flags, int error)
{
    /* Tests that are not about it name the host as they like. */
    const char *arguments[MAX_ARGUMENTS + 1] = {"--listen", "127.0.0.1:0", "--models",
                                                daemon->models, "--allowed-hosts=*"};
    int pipe_ends[2], n = 5;
    for (int i = 0; flags && flags[i]; i++)
        arguments[n++] = flags[i];
    ck_assert_int_eq(pipe2(pipe_ends, O_CLOEXEC), 0);
    daemon->pid = spawn(arguments, pipe_ends[1], error);
    close(pipe_ends[1]);
    return pipe_ends[0];
}

int server_daemon_begin(struct server_daemon *daemon, const char *const *flags)
{
    int log = open(daemon->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ck_assert_int_ge(log, 0);
    int output = begin_on(daemon, flags, log);
    close(log);
    return output;
}

static void await_and_close(struct server_daemon *daemon, int output)
{
    server_daemon_await(daemon, output);
    close(output);
}

void server_daemon_start_on(struct server_daemon *daemon, const char *const *flags, int error)
{
    server_daemon_prepare(daemon);
    await_and_close(daemon, begin_on(daemon, flags, error));
}

void server_daemon_start(struct server_daemon *daemon, const char *const *flags)
{
    server_daemon_prepare(daemon);
    await_and_close(daemon, server_daemon_begin(daemon, flags));
}

char *server_daemon_read_log(const struct server_daemon *daemon)
{
    void *bytes;
    size_t n;
    if (adv_file_read(daemon->log, (size_t)1 << 28, &bytes, &n, NULL) != ADV_OK)
        return strdup("(no log)");
    return bytes;
}

static void remove_directory(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char file[512];
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(file);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

void server_daemon_remove(const struct server_daemon *daemon)
{
    remove_directory(daemon->models);
    remove_directory(daemon->directory);
}

/* The exit status of a child within the time, or -1: then it has been killed. */
static int wait_for(pid_t pid, int ms)
{
    int status;
    for (int waited = 0; waited < ms; waited += 5) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

char *server_daemon_wait_for(struct server_daemon *daemon, int wanted)
{
    int status = wait_for(daemon->pid, STOP_MS);
    char *log = server_daemon_read_log(daemon);
    server_daemon_remove(daemon);
    /* A sanitizer's report stands at the log's end. Fixtures that are not checked fail without a
     * word, so the word is printed here. */
    size_t n = strlen(log);
    if (status != wanted)
        fprintf(stderr, "%s\nthe daemon ended with %d; so ends its log\n",
                log + (n > 4000 ? n - 4000 : 0), status);
    ck_assert_int_eq(status, wanted);
    return log;
}

char *server_daemon_wait(struct server_daemon *daemon)
{
    return server_daemon_wait_for(daemon, 0);
}

void server_daemon_stop(struct server_daemon *daemon)
{
    kill(daemon->pid, SIGTERM);
    free(server_daemon_wait(daemon));
}

int server_daemon_run(const char *const *arguments, char *text, size_t size)
{
    int pipe_ends[2];
    size_t n = 0;
    ck_assert_int_eq(pipe2(pipe_ends, O_CLOEXEC), 0);
    pid_t pid = spawn(arguments, pipe_ends[1], pipe_ends[1]);
    close(pipe_ends[1]);
    for (ssize_t got = 1; got > 0 && n<size - 1; n += got> 0 ? (size_t)got : 0)
        got = read(pipe_ends[0], text + n, size - 1 - n);
    text[n] = '\0';
    close(pipe_ends[0]);
    return wait_for(pid, STOP_MS);
}

static bool has_open(const struct server_daemon *daemon, const char *name)
{
    char folder[64], path[400], target[512];
    bool found = false;
    snprintf(folder, sizeof folder, "/proc/%d/fd", (int)daemon->pid);
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        ssize_t n = readlink(path, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        const char *last = strrchr(target, '/');
        found = last && !strcmp(last + 1, name);
    }
    if (dir)
        closedir(dir);
    return found;
}

void server_daemon_wait_for_file(const struct server_daemon *daemon, const char *name)
{
    for (int waited = 0; !has_open(daemon, name); waited++) {
        ck_assert_msg(waited < 30000, "%s is not opened", name);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}
