#include "server/net/lingering.h"

#include "server/os/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 256
#define SHARE 32      /* of the descriptors that the process may have, one in so many may linger */
#define QUIET_MS 2000 /* after which nothing more is thought to come */
#define READS 16      /* of one connection at a time */

struct adv_lingering {
    int64_t longest_ms;
    size_t most;
    int wake; /* eventfd, non-blocking: somebody came, or the thread shall end */
    atomic_bool stopping;
    pthread_t thread;

    pthread_mutex_t mutex; /* of those that came since the thread looked */
    int arrived[MOST];
    size_t n_arrived;

    /* The thread's alone, in the order in which they came. */
    struct pollfd polls[1 + MOST]; /* the first is of wake */
    struct patience {
        int64_t end_ms;   /* when it ends, whatever comes */
        int64_t quiet_ms; /* when it ends unless more comes */
    } patience[MOST];
    size_t n;
};

/* ---------------------------------------------------------------- the thread */

/* False where no more will come. */
static bool swallow(int fd)
{
    char bytes[65536];
    for (int i = 0; i < READS; i++) {
        ssize_t n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, NULL, NULL);
        if (n <= 0)
            return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
    return true;
}

static void drop(struct adv_lingering *l, size_t i)
{
    close(l->polls[1 + i].fd);
    l->n--;
    memmove(&l->polls[1 + i], &l->polls[2 + i], (l->n - i) * sizeof *l->polls);
    memmove(&l->patience[i], &l->patience[i + 1], (l->n - i) * sizeof *l->patience);
}

static void adopt(struct adv_lingering *l, int64_t now_ms)
{
    uint64_t count;
    (void)!read(l->wake, &count, sizeof count);
    pthread_mutex_lock(&l->mutex);
    for (size_t i = 0; i < l->n_arrived; i++) {
        if (l->n == l->most)
            drop(l, 0);
        l->polls[1 + l->n] = (struct pollfd){.fd = l->arrived[i], .events = POLLIN};
        l->patience[l->n++] = (struct patience){now_ms + l->longest_ms, now_ms + QUIET_MS};
    }
    l->n_arrived = 0;
    pthread_mutex_unlock(&l->mutex);
}

static int64_t end_of(const struct patience *patience)
{
    return patience->end_ms < patience->quiet_ms ? patience->end_ms : patience->quiet_ms;
}

static void read_all(struct adv_lingering *l, int64_t now_ms)
{
    for (size_t i = l->n; i-- > 0;) {
        bool came = l->polls[1 + i].revents, more = !came || swallow(l->polls[1 + i].fd);
        if (came)
            l->patience[i].quiet_ms = now_ms + QUIET_MS;
        if (!more || now_ms >= end_of(&l->patience[i]))
            drop(l, i);
    }
}

/* Until patience with the first of them ends; -1 where there is none. */
static int time_left(const struct adv_lingering *l, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < l->n; i++)
        next_ms = end_of(&l->patience[i]) < next_ms ? end_of(&l->patience[i]) : next_ms;
    return l->n == 0 ? -1 : next_ms <= now_ms ? 0 : (int)(next_ms - now_ms);
}

static void *linger(void *argument)
{
    struct adv_lingering *l = argument;
    while (!atomic_load(&l->stopping)) {
        if (poll(l->polls, 1 + l->n, time_left(l, adv_now_ms())) < 0) {
            if (errno != EINTR)
                poll(NULL, 0, 50); /* no memory: later */
            continue;
        }
        int64_t now_ms = adv_now_ms();
        read_all(l, now_ms);
        adopt(l, now_ms);
    }
    adopt(l, 0);
    while (l->n > 0)
        drop(l, l->n - 1);
    return NULL;
}

/* ---------------------------------------------------------------- */

static void wake(struct adv_lingering *l)
{
    uint64_t one = 1;
    (void)!write(l->wake, &one, sizeof one);
}

static size_t most_of_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur / SHARE >= MOST)
        return MOST;
    return limit.rlim_cur < SHARE ? 1 : (size_t)limit.rlim_cur / SHARE;
}

enum adv_status adv_lingering_start(int64_t longest_ms, struct adv_lingering **out,
                                    struct adv_error *error)
{
    struct adv_lingering *l = calloc(1, sizeof *l);
    if (!l)
        return adv_no_memory(error);
    l->longest_ms = longest_ms;
    l->most = most_of_limit();
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->polls[0] = (struct pollfd){.fd = l->wake, .events = POLLIN};
    pthread_mutex_init(&l->mutex, NULL);
    if (l->wake < 0 || pthread_create(&l->thread, NULL, linger, l) != 0) {
        if (l->wake >= 0)
            close(l->wake);
        pthread_mutex_destroy(&l->mutex);
        free(l);
        return adv_fail(error, ADV_E_MEMORY, "cannot start the thread that closes connections");
    }
    *out = l;
    return ADV_OK;
}

void adv_lingering_stop(struct adv_lingering *l)
{
    if (!l)
        return;
    atomic_store(&l->stopping, true);
    wake(l);
    pthread_join(l->thread, NULL);
    close(l->wake);
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

void adv_lingering_take(struct adv_lingering *l, int fd)
{
    shutdown(fd, SHUT_WR);
    pthread_mutex_lock(&l->mutex);
    bool has_room = l->n_arrived < l->most;
    if (has_room)
        l->arrived[l->n_arrived++] = fd;
    pthread_mutex_unlock(&l->mutex);
    if (has_room)
        wake(l);
    else
        close(fd);
}
