/* Progress of long work on stderr: a bar that redraws itself on a terminal, now and then a plain
 * line elsewhere, nothing when quiet. */
#ifndef ADV_TRAINER_PROGRESS_H
#define ADV_TRAINER_PROGRESS_H

#include <stdbool.h>

struct adv_progress {
    bool quiet, on_terminal, bar_drawn;
    double started, shown; /* seconds of the monotonic clock; shown: when last */
    double share_at_start;
};

/* share_at_start: of the work that was done before, e.g. by a resumed training. */
void adv_progress_init(struct adv_progress *progress, bool quiet, double share_at_start);

/* Whether it is time to show something: cheap, for callers that would have to compute it. */
bool adv_progress_is_due(const struct adv_progress *progress);

/* share in [0, 1]; text: a few words beside it. */
void adv_progress_show(struct adv_progress *progress, double share, const char *text);

/* Ends the bar's line, so that other output may follow. */
void adv_progress_end(struct adv_progress *progress);

/* Seconds of the monotonic clock. */
double adv_seconds_now(void);

#endif
