/* Interrupting what a thread computes in one piece: a large picture, a long text.
 *
 * Whoever sets a pace on its thread is called every millisecond or so by what takes longer. There
 * it may wait, do something else, or say that the result is not wanted any more. */
#ifndef ADVECT_EXTRA_PACE_H
#define ADVECT_EXTRA_PACE_H

#include <advect/api.h>
#include <stdbool.h>

ADV_API_BEGIN

struct adv_pace {
    bool (*go_on)(void *context); /* false from some time on: stop */
    void *context;
};

/* The pace of the calling thread, borrowed until another is set; NULL: none, as at first. */
void adv_pace_set(const struct adv_pace *pace);

/* For what takes long, between two pieces, with no lock held: whether to go on. Where it stops, it
 * fails with ADV_E_CANCELLED. */
bool adv_pace_go_on(void);

ADV_API_END
#endif
