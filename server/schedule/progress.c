/* How far jobs have come, for those who ask. */
#include "server/schedule/scheduler_parts.h"

struct adv_progress adv_scheduler_progress(struct adv_scheduler *scheduler,
                                           const struct adv_job *job)
{
    const struct adv_ticket *ticket = &job->ticket;
    pthread_mutex_lock(&scheduler->mutex);
    size_t n_workers = (size_t)scheduler->n_workers;
    size_t width = ticket->claim.width < n_workers ? ticket->claim.width : n_workers;
    struct adv_progress progress = {
        .begun = ticket->begun > 0,
        .share = adv_estimate_share(&ticket->estimate),
        .seconds_left = adv_estimate_left(&ticket->estimate) / (double)(width ? width : 1),
    };
    pthread_mutex_unlock(&scheduler->mutex);
    return progress;
}
