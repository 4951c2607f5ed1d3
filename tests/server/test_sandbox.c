/* The sandbox by itself: a process that has entered it tries what a daemon never does, and what it
 * does all the time. What the daemon as a whole still does is in test_server_service.c. */
#include "server/service/landlock.h"
#include "server/service/syscalls.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ABSENT = 77 }; /* a child's status: the kernel or the build has none of it */

/* Runs it in a process of its own, which must end with 0, unless there is no such sandbox. */
static void run_child(int (*child)(void))
{
    int status;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(child());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == ABSENT)
        printf("not in this kernel, emulator or build: this is skipped\n");
    else
        ck_assert_int_eq(WEXITSTATUS(status), 0);
}

/* In the child: says what went wrong. */
static int expect(const char *what, bool as_it_should)
{
    if (!as_it_should)
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return !as_it_should;
}

/* ---------------------------------------------------------------- files */

static char folder[] = "/tmp/advect-sandbox-XXXXXX", inside[64], outside[64];
static int listener;

static void write_file(const char *path)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("text", file);
    fclose(file);
}

static void make_files(void)
{
    char path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/in", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(inside, sizeof inside, "%s/in/file", folder);
    snprintf(outside, sizeof outside, "%s/file", folder);
    write_file(inside);
    write_file(outside);
}

static void remove_files(void)
{
    unlink(inside);
    unlink(outside);
    *strrchr(inside, '/') = '\0';
    rmdir(inside);
    rmdir(folder);
}

static bool opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool is_denied(bool done)
{
    return !done && errno == EACCES;
}

static bool connects(void)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    getsockname(listener, (struct sockaddr *)&address, &length);
    bool connected = connect(fd, (struct sockaddr *)&address, length) == 0;
    int reason = errno;
    close(fd);
    errno = reason;
    return connected;
}

static int try_files(void)
{
    char made[80], folder_inside[64];
    snprintf(made, sizeof made, "%s-made", inside);
    snprintf(folder_inside, sizeof folder_inside, "%s/in", folder);
    const char *const readable[] = {folder_inside, "/nowhere"};
    int failed = expect("connect before", connects());
    int version = adv_landlock_restrict(readable, 2);
    if (!version)
        return ABSENT;
    failed += expect("read inside", opens(inside, O_RDONLY));
    failed += expect("list inside", opens(folder_inside, O_RDONLY | O_DIRECTORY));
    failed += expect("look outside", access(outside, F_OK) == 0);
    failed += expect("read outside", is_denied(opens(outside, O_RDONLY)));
    failed += expect("read /etc/passwd", is_denied(opens("/etc/passwd", O_RDONLY)));
    failed += expect("list /", is_denied(opens("/", O_RDONLY | O_DIRECTORY)));
    failed += expect("write inside", is_denied(opens(inside, O_WRONLY)));
    failed += expect("make inside", is_denied(opens(made, O_WRONLY | O_CREAT)));
    failed += expect("remove inside", is_denied(unlink(inside) == 0));
    failed += expect("rename inside", is_denied(rename(inside, made) == 0));
    failed += expect("make a folder", is_denied(mkdir(made, 0700) == 0));
    failed += expect("execute", is_denied(execl("/bin/true", "true", (char *)NULL) == 0));
    if (version >= 3)
        failed += expect("truncate", is_denied(truncate(inside, 0) == 0));
    if (version >= 4)
        failed += expect("connect", is_denied(connects()));
    return failed;
}

START_TEST(files_are_read_where_it_is_allowed_and_nothing_else)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&any, sizeof any), 0);
    ck_assert_int_eq(listen(listener, 5), 0);
    make_files();
    run_child(try_files);
    remove_files();
    close(listener);
}
END_TEST

/* ---------------------------------------------------------------- system calls */

static long try_to_write(void)
{
    return open("/tmp/advect-never", O_WRONLY | O_CREAT, 0600);
}

static long try_to_append(void)
{
    return open("/dev/null", O_RDWR);
}

static long try_to_remove(void)
{
    return unlink("/tmp/advect-never");
}

static long try_to_make_a_folder(void)
{
    return mkdir("/tmp/advect-never", 0700);
}

static long try_to_execute(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static long try_to_fork(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid;
}

static long try_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_to_connect(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect(listener, (struct sockaddr *)&any, sizeof any);
}

static long try_to_bind(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return bind(listener, (struct sockaddr *)&any, sizeof any);
}

static long try_to_trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long try_to_signal(void)
{
    return kill(getppid(), 0);
}

static long try_to_map_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? -1
               : 0;
}

static long try_to_make_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long try_to_mount(void)
{
    return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static long try_another_user(void)
{
    return setuid(getuid());
}

static long try_a_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}

static long try_io_uring(void)
{
    return syscall(425, 1, NULL);
}

static long try_clone3(void)
{
    return syscall(435, NULL, 0);
}

static long try_to_be_dumped(void)
{
    return prctl(PR_SET_DUMPABLE, 1);
}

static const struct {
    const char *name;
    long (*attempt)(void);
} attempts[] = {
    {"write a file", try_to_write},
    {"open a file for both", try_to_append},
    {"remove a file", try_to_remove},
    {"make a folder", try_to_make_a_folder},
    {"execute", try_to_execute},
    {"fork", try_to_fork},
    {"make a socket", try_a_socket},
    {"connect", try_to_connect},
    {"bind", try_to_bind},
    {"trace", try_to_trace},
    {"signal another process", try_to_signal},
    {"map code", try_to_map_code},
    {"make memory code", try_to_make_code},
    {"mount", try_to_mount},
    {"become another user", try_another_user},
    {"make a namespace", try_a_namespace},
    {"set up an io_uring", try_io_uring},
    {"clone3", try_clone3},
    {"set dumpable", try_to_be_dumped},
};

static int try_all(void)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        errno = 0;
        failed += expect(attempts[i].name, attempts[i].attempt() == -1 && errno == ENOSYS);
    }
    return failed;
}

static pthread_barrier_t restricted;

static void *try_after_it(void *nothing)
{
    (void)nothing;
    pthread_barrier_wait(&restricted);
    return (void *)(intptr_t)try_all();
}

static void *try_at_once(void *nothing)
{
    (void)nothing;
    return (void *)(intptr_t)try_all();
}

static int count_failed(pthread_t thread)
{
    void *failed;
    pthread_join(thread, &failed);
    return (int)(intptr_t)failed;
}

static int try_what_serving_needs(void)
{
    int pair[2] = {-1, -1}, failed = 0;
    char *large = malloc(1 << 24);
    failed += expect("memory", large != NULL);
    free(large);
    failed += expect("read a file", opens("/proc/self/statm", O_RDONLY));
    failed += expect("raise", raise(SIGURG) == 0);
    failed += expect("pipes are none of it", pipe(pair) == -1);
    return failed;
}

/* A thread that was there before, one that is started afterwards, and this one. */
static int try_calls(void)
{
    pthread_t before, after;
    pthread_barrier_init(&restricted, NULL, 2);
    pthread_create(&before, NULL, try_after_it, NULL);
    if (!adv_syscalls_restrict())
        return ABSENT;
    pthread_barrier_wait(&restricted);
    int failed = count_failed(before) + try_all() + try_what_serving_needs();
    failed += expect("start a thread", pthread_create(&after, NULL, try_at_once, NULL) == 0);
    return failed + count_failed(after);
}

START_TEST(system_calls_are_those_of_serving_on_every_thread)
{
    listener = socket(AF_INET, SOCK_STREAM, 0);
    run_child(try_calls);
    close(listener);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *tests = tcase_create("sandbox");
    tcase_add_test(tests, files_are_read_where_it_is_allowed_and_nothing_else);
    tcase_add_test(tests, system_calls_are_those_of_serving_on_every_thread);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
