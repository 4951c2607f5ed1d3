/* Ranks that talk by MPI. All calls come from the thread that trains. */
#include "trainer/training/ranks.h"

#include "trainer/cli/stop.h"

#include <mpi.h>
#include <signal.h>
#include <stdlib.h>

/* One process is one rank: MPI itself is global. */
static struct {
    struct adv_ranks ranks;
    MPI_Request *requests; /* of what was sent since the last settle */
    int n_requests, capacity;
} world;

static enum adv_status fail_with(int code, const char *verb, int other, struct adv_error *error)
{
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length;
    MPI_Error_string(code, text, &length);
    return adv_fail(error, ADV_E_IO, "cannot %s rank %d: %s", verb, other, text);
}

static enum adv_status send_bytes(void *context, int to, const void *bytes, size_t n,
                                  struct adv_error *error)
{
    (void)context;
    if (world.n_requests == world.capacity) {
        int capacity = world.capacity ? 2 * world.capacity : 64;
        MPI_Request *more = realloc(world.requests, (size_t)capacity * sizeof *more);
        if (!more)
            return adv_no_memory(error);
        world.requests = more;
        world.capacity = capacity;
    }
    int code = MPI_Isend(bytes, (int)n, MPI_BYTE, to, 0, MPI_COMM_WORLD,
                         &world.requests[world.n_requests]);
    if (code != MPI_SUCCESS)
        return fail_with(code, "send to", to, error);
    world.n_requests++;
    return ADV_OK;
}

static enum adv_status receive_bytes(void *context, int from, void *bytes, size_t n,
                                     struct adv_error *error)
{
    (void)context;
    int code = MPI_Recv(bytes, (int)n, MPI_BYTE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return code == MPI_SUCCESS ? ADV_OK : fail_with(code, "receive from", from, error);
}

static enum adv_status settle(void *context, struct adv_error *error)
{
    (void)context;
    int code = MPI_Waitall(world.n_requests, world.requests, MPI_STATUSES_IGNORE);
    world.n_requests = 0;
    return code == MPI_SUCCESS ? ADV_OK : fail_with(code, "send from", world.ranks.rank, error);
}

enum adv_status adv_ranks_open(const struct adv_ranks **ranks, struct adv_error *error)
{
    *ranks = NULL;
    if (adv_ranks_launched() == 1)
        return ADV_OK;
    int level;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS)
        return adv_fail(error, ADV_E_IO, "MPI cannot be started");
    adv_stop_catch(SIGUSR1); /* handed on by mpirun, which after SIGTERM waits a second */
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    world.ranks =
        (struct adv_ranks){.send = send_bytes, .receive = receive_bytes, .settle = settle};
    MPI_Comm_rank(MPI_COMM_WORLD, &world.ranks.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &world.ranks.n_ranks);
    *ranks = &world.ranks;
    return ADV_OK;
}

void adv_ranks_close(const struct adv_ranks *ranks)
{
    if (ranks)
        MPI_Finalize();
    free(world.requests);
    world.requests = NULL;
    world.capacity = 0;
}

void adv_ranks_abort(const struct adv_ranks *ranks)
{
    if (ranks)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}
