/* How long a query will take: its cost in multiply-adds is known before, and the speed of workers
 * is measured. */
#ifndef ADV_SERVER_ESTIMATE_H
#define ADV_SERVER_ESTIMATE_H

#include "server/jobs/speed.h"
#include "server/jobs/work.h"

struct adv_estimate {
    double cost, done; /* multiply-adds: of the whole, as estimated; so far, as counted */
    double rendering;  /* seconds of one worker for writing the answer down */
    size_t class;      /* of speeds */
    struct adv_speeds *speeds;
};

/* The query of work is there; speeds are borrowed. */
void adv_estimate_init(struct adv_estimate *estimate, const struct adv_work *work,
                       struct adv_speeds *speeds);

/* A turn of a shard has computed so much in so long. */
void adv_estimate_note(struct adv_estimate *estimate, double multiply_adds, double seconds);

/* Likewise a turn that several workers shared, which says nothing of the speed of one. */
void adv_estimate_note_shared(struct adv_estimate *estimate, double multiply_adds, double seconds);
/* Whether the next turn should be shared, if that can be. */
bool adv_estimate_is_better_shared(struct adv_estimate *estimate);

/* So long was spent at writing the answer down. */
void adv_estimate_note_rendering(struct adv_estimate *estimate, double seconds);

/* How much of the computing is done, in [0, 1]. */
double adv_estimate_share(const struct adv_estimate *estimate);

/* Seconds of one worker from here to the end, at the speed of late; and from the beginning, at the
 * best that was ever measured. */
double adv_estimate_left(const struct adv_estimate *estimate);
double adv_estimate_least(const struct adv_estimate *estimate);

#endif
