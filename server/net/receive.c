/* The table of watched descriptors is the one thing that recv can know of us: it is global, and
 * read without a lock. A descriptor's row is written before its connection is first read, and by
 * the thread that reads it. */
#include "server/net/receive.h"

#include "server/net/sockets.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { PAGE_ROWS = 1024, N_PAGES = 4096 }; /* more descriptors than max_connections may be */

struct page {
    _Atomic(struct adv_socket *) rows[PAGE_ROWS];
};

static _Atomic(struct page *) pages[N_PAGES];

static _Atomic(struct adv_socket *) *find_row(int fd)
{
    struct page *page =
        fd >= 0 && fd < PAGE_ROWS * N_PAGES ? atomic_load(&pages[fd / PAGE_ROWS]) : NULL;
    return page ? &page->rows[fd % PAGE_ROWS] : NULL;
}

bool adv_receive_watch(int fd, struct adv_socket *socket)
{
    if (fd < 0 || fd >= PAGE_ROWS * N_PAGES)
        return false;
    if (!find_row(fd)) {
        struct page *fresh = calloc(1, sizeof *fresh), *none = NULL;
        if (!fresh)
            return false;
        if (!atomic_compare_exchange_strong(&pages[fd / PAGE_ROWS], &none, fresh))
            free(fresh); /* another thread was first */
    }
    atomic_store(find_row(fd), socket);
    return true;
}

void adv_receive_forget(int fd)
{
    if (find_row(fd))
        atomic_store(find_row(fd), NULL);
}

/* Reads until fewer bytes come than were asked for: so libmicrohttpd knows that no more are there,
 * which it must not believe where only some were taken out. */
static ssize_t receive(struct adv_socket *socket, int fd, char *buffer, size_t size, int flags)
{
    size_t kept = 0, left, room;
    ssize_t n;
    do {
        room = size - kept;
        n = recvfrom(fd, buffer + kept, room, flags, NULL, NULL);
        left = n > 0 ? adv_sockets_receive(socket, buffer + kept, (size_t)n) : 0;
        kept += left;
    } while (n > 0 && (size_t)n == room && left < room && !adv_sockets_is_refused(socket));
    if (n <= 0 && kept == 0)
        return n;
    if (adv_sockets_is_cut(socket))
        return 0;
    errno = EAGAIN;
    return kept > 0 ? (ssize_t)kept : -1;
}

__attribute__((visibility("default"))) ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    _Atomic(struct adv_socket *) *row = find_row(fd);
    struct adv_socket *socket = row ? atomic_load(row) : NULL;
    return socket ? receive(socket, fd, buffer, size, flags)
                  : recvfrom(fd, buffer, size, flags, NULL, NULL);
}
