/* Two halves: lines are appended to one while the thread writes the other, whole, and then they
 * change places. So the mutex is never held while something is written, and lines stay whole.
 *
 * Standard error is the process's, and so is its buffer: it is global, and what a handler of fatal
 * signals finds of it may be torn, which is better than nothing. */
#include "server/os/log_buffer.h"

#include <advect/extra/memory.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    HALF_BYTES = 131072, /* some 600 lines of requests */
    CRASH_CHUNK = 4096   /* what a pipe takes at once if poll says that it takes something */
};

struct half {
    size_t n, n_written;
    char bytes[HALF_BYTES];
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* on the monotonic clock */
    pthread_t thread;
    bool running, stopping, ended;
    struct half halves[2], *filling, *writing;
    uint64_t n_untold; /* lost lines of which no line tells yet */
    adv_log_tell_lost *tell_lost;
} buffer = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static atomic_ullong n_lost;

/* ---------------------------------------------------------------- the thread */

static bool wait_for_room(void)
{
    struct pollfd output = {.fd = STDERR_FILENO, .events = POLLOUT};
    return (errno == EAGAIN && poll(&output, 1, -1) >= 0) || errno == EINTR;
}

/* A log that cannot be written has nowhere to say so. */
static void write_all(struct half *half)
{
    while (half->n_written < half->n) {
        ssize_t n = write(STDERR_FILENO, half->bytes + half->n_written, half->n - half->n_written);
        if (n < 0 && !wait_for_room())
            return;
        half->n_written += n > 0 ? (size_t)n : 0;
    }
}

/* With the mutex: the full half is to be written, an empty one to be filled. */
static void change_places(void)
{
    struct half *full = buffer.filling;
    if (buffer.n_untold) { /* there is room: less than a line was left when the first was lost */
        char line[ADV_LOG_LINE_MAX_BYTES];
        size_t n = buffer.tell_lost(buffer.n_untold, line);
        if (n <= sizeof full->bytes - full->n) {
            memcpy(full->bytes + full->n, line, n);
            full->n += n;
            buffer.n_untold = 0;
        }
    }
    buffer.filling = buffer.writing;
    buffer.writing = full;
    buffer.filling->n = buffer.filling->n_written = 0;
}

static void *write_lines(void *nothing)
{
    (void)nothing;
    pthread_mutex_lock(&buffer.mutex);
    for (;;) {
        while (!buffer.filling->n && !buffer.stopping)
            pthread_cond_wait(&buffer.changed, &buffer.mutex);
        if (!buffer.filling->n && !buffer.n_untold)
            break;
        change_places();
        pthread_mutex_unlock(&buffer.mutex);
        write_all(buffer.writing);
        pthread_mutex_lock(&buffer.mutex);
    }
    buffer.ended = true;
    pthread_cond_broadcast(&buffer.changed);
    pthread_mutex_unlock(&buffer.mutex);
    return NULL;
}

/* ---------------------------------------------------------------- the end by a fault */

static void write_what_is_taken(const struct half *half)
{
    for (size_t at = half->n_written; at < half->n;) {
        struct pollfd output = {.fd = STDERR_FILENO, .events = POLLOUT};
        size_t room = half->n - at < CRASH_CHUNK ? half->n - at : CRASH_CHUNK;
        if (poll(&output, 1, 0) <= 0 || !(output.revents & POLLOUT))
            return;
        ssize_t n = write(STDERR_FILENO, half->bytes + at, room);
        if (n <= 0)
            return;
        at += (size_t)n;
    }
}

/* The default action follows. */
static void on_fault(int number)
{
    write_what_is_taken(buffer.writing);
    write_what_is_taken(buffer.filling);
    signal(number, SIG_DFL);
    raise(number);
}

/* A sanitizer's own handlers stay. */
static void catch_faults(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    struct sigaction action = {.sa_handler = on_fault}, former;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ADV_COUNT(faults); i++) {
        if (sigaction(faults[i], NULL, &former) == 0 && !(former.sa_flags & SA_SIGINFO) &&
            former.sa_handler == SIG_DFL)
            sigaction(faults[i], &action, NULL);
    }
}

/* ---------------------------------------------------------------- */

enum adv_status adv_log_buffer_start(adv_log_tell_lost *tell_lost, struct adv_error *error)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&buffer.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    buffer.filling = &buffer.halves[0];
    buffer.writing = &buffer.halves[1];
    buffer.tell_lost = tell_lost;
    if (pthread_create(&buffer.thread, NULL, write_lines, NULL) != 0)
        return adv_fail(error, ADV_E_MEMORY, "cannot start the thread that writes the log");
    buffer.running = true;
    catch_faults();
    return ADV_OK;
}

void adv_log_buffer_stop(int wait_ms)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += wait_ms / 1000;
    end.tv_nsec += wait_ms % 1000 * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000L;
    end.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&buffer.mutex);
    bool running = buffer.running;
    buffer.stopping = true;
    pthread_cond_broadcast(&buffer.changed);
    while (running && !buffer.ended &&
           pthread_cond_timedwait(&buffer.changed, &buffer.mutex, &end) == 0)
        ;
    bool ended = buffer.ended;
    pthread_mutex_unlock(&buffer.mutex);
    if (ended)
        pthread_join(buffer.thread, NULL); /* else it ends with the process */
}

void adv_log_buffer_put(const char *line, size_t n)
{
    pthread_mutex_lock(&buffer.mutex);
    struct half *half = buffer.filling;
    if (!buffer.running) {
        (void)!write(STDERR_FILENO, line, n);
    } else if (buffer.stopping || buffer.n_untold ||
               n + ADV_LOG_LINE_MAX_BYTES > sizeof half->bytes - half->n) {
        buffer.n_untold++;
        atomic_fetch_add(&n_lost, 1);
    } else {
        memcpy(half->bytes + half->n, line, n);
        half->n += n;
        pthread_cond_signal(&buffer.changed);
    }
    pthread_mutex_unlock(&buffer.mutex);
}

size_t adv_log_buffer_bytes(void)
{
    return sizeof buffer.halves;
}

uint64_t adv_log_buffer_lost(void)
{
    return atomic_load(&n_lost);
}
