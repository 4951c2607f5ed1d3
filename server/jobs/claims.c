#include "server/jobs/claims.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The shares of its time within which a query must be estimated to end, so that it ends in time
 * though estimates err and neighbours take processors away. What takes next to nothing is taken
 * when what takes long no longer is, else a queue of long ones would shut it out. */
#define SHARE_OF_LONG 0.75
#define SHARE_OF_SHORT 0.9
#define SHORT 0.05 /* of its time: from here on a query is long */

#define SPARE 0.01 /* of its time: what each can always spare for a shorter one */

enum adv_status adv_claims_init(struct adv_claims *claims, size_t capacity, size_t n_workers,
                                struct adv_error *error)
{
    *claims = (struct adv_claims){.capacity = capacity, .n_workers = n_workers};
    claims->items = calloc(capacity, sizeof(struct adv_claim *));
    return claims->items ? ADV_OK : adv_no_memory(error);
}

void adv_claims_release(struct adv_claims *claims)
{
    free(claims->items);
    claims->items = NULL;
}

static bool goes_behind(const struct adv_claim *claim, const struct adv_claim *other)
{
    if (claim->patient != other->patient)
        return claim->patient;
    return claim->deadline > other->deadline;
}

void adv_claims_add(struct adv_claims *claims, struct adv_claim *claim)
{
    size_t i = claims->n++;
    for (; i > 0 && goes_behind(claims->items[i - 1], claim); i--)
        claims->items[i] = claims->items[i - 1];
    claims->items[i] = claim;
}

void adv_claims_remove(struct adv_claims *claims, const struct adv_claim *claim)
{
    size_t i = 0;
    while (i < claims->n && claims->items[i] != claim)
        i++;
    if (i == claims->n)
        return;
    claims->n--;
    memmove(claims->items + i, claims->items + i + 1, (claims->n - i) * sizeof(struct adv_claim *));
}

static double seconds_alone(const struct adv_claim *claim, size_t n_workers)
{
    return claim->left / (double)(claim->width < n_workers ? claim->width : n_workers);
}

bool adv_claim_fits_alone(const struct adv_claim *claim, size_t n_workers, double now)
{
    return now + seconds_alone(claim, n_workers) <= claim->deadline;
}

/* How much later a claim may end, if `ahead` seconds of one worker go first: at most that much of
 * it waits, spread over all workers (Graham 1969). */
static double slack_of(const struct adv_claims *claims, const struct adv_claim *claim, double ahead,
                       double now)
{
    double end = now + ahead / (double)claims->n_workers + seconds_alone(claim, claims->n_workers);
    return claim->deadline - end;
}

/* What it can spare for one that is to go first: its slack; or next to nothing of its time, where
 * the workers have become slower than they were when it was taken, since otherwise nothing short
 * would go first until all that is late has ended. */
static double spare_of(const struct adv_claims *claims, const struct adv_claim *claim, double ahead,
                       double now)
{
    return fmax(slack_of(claims, claim, ahead, now), SPARE * (claim->deadline - now));
}

static double response_ratio(const struct adv_claim *claim, double now)
{
    return (now - claim->arrived + claim->left) / fmax(claim->left, 1e-6);
}

struct adv_claim *adv_claims_next(const struct adv_claims *claims, double now)
{
    struct adv_claim *best = NULL, *late = NULL;
    double ahead = 0, spare = INFINITY, highest = 0;
    for (size_t i = 0; i < claims->n; i++) {
        struct adv_claim *claim = claims->items[i];
        if (!adv_claim_fits_alone(claim, claims->n_workers, now)) {
            late = !late && claim->runnable ? claim : late;
            continue;
        }
        double ratio = response_ratio(claim, now);
        bool may = !best || (claim->patient == best->patient &&
                             claim->left / (double)claims->n_workers <= spare);
        if (claim->runnable && may && (!best || ratio > highest)) {
            best = claim;
            highest = ratio;
        }
        spare = fmin(spare, spare_of(claims, claim, ahead, now));
        ahead += claim->left;
    }
    bool yields = best && best->patient && late && !late->patient;
    return best && !yields ? best : late;
}

/* The share of its time within which a claim must end. */
static double share_of(const struct adv_claim *claim, size_t n_workers, double now)
{
    double part = seconds_alone(claim, n_workers) / (claim->deadline - now);
    return SHARE_OF_LONG + (SHARE_OF_SHORT - SHARE_OF_LONG) * fmax(0, 1 - part / SHORT);
}

double adv_claims_wait(const struct adv_claims *claims, const struct adv_claim *claim, double now)
{
    double ahead = 0, late = 0;
    bool passed = false; /* the claim's own place in the order of deadlines */
    for (size_t i = 0; i <= claims->n; i++) {
        const struct adv_claim *other = i < claims->n ? claims->items[i] : NULL;
        if (!passed && (!other || goes_behind(other, claim))) {
            double margin = (1 - share_of(claim, claims->n_workers, now)) * (claim->deadline - now);
            late = fmin(ahead / (double)claims->n_workers,
                        margin - slack_of(claims, claim, ahead, now));
            late = fmax(late, 0);
            ahead += claim->left;
            passed = true;
        }
        if (!other || !adv_claim_fits_alone(other, claims->n_workers, now))
            continue;
        if (passed && other->patient == claim->patient)
            late = fmax(late, -slack_of(claims, other, ahead, now));
        ahead += other->left;
    }
    return late;
}

double adv_claims_backlog(const struct adv_claims *claims, double now)
{
    double seconds = 0;
    for (size_t i = 0; i < claims->n; i++) {
        const struct adv_claim *claim = claims->items[i];
        if (!claim->patient && adv_claim_fits_alone(claim, claims->n_workers, now))
            seconds += claim->left;
    }
    return seconds / (double)claims->n_workers;
}
