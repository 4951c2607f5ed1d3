#include "server/jobs/claims.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The shares of its time within which a query must be estimated to end, so that it ends in time
 * though estimates err and neighbours take processors away. What takes next to nothing is taken
 * when what takes long no longer is, else a queue of long ones would shut it out; and so is what
 * has a higher priority. */
static const double shares_of_long[] = {0.5, 0.75, 0.85}; /* by priority */
#define SHARE_OF_SHORT 0.9
#define SHORT 0.05 /* of its time: from here on a query is long */

#define LONG 20.0 /* times as much left: what a short query need not wait for, if there is time */

#define SPARE 0.01 /* of its time: what each can always spare for a shorter one */

/* Clients served alike but for so many seconds are served alike: else a short query of one would
 * wait for the other's turns to add up. */
#define EVEN_S 0.05
/* Whoever asked for little is owed so much at most, however long it asked for little. */
#define CREDIT_S 1.0

enum adv_status adv_claims_init(struct adv_claims *claims, size_t capacity, size_t n_workers,
                                struct adv_error *error)
{
    *claims = (struct adv_claims){.capacity = capacity, .n_workers = n_workers, .client_share = 1};
    claims->items = calloc(capacity, sizeof(struct adv_claim *));
    claims->accounts = calloc(capacity, sizeof *claims->accounts);
    if (claims->items && claims->accounts)
        return ADV_OK;
    adv_claims_release(claims);
    return adv_no_memory(error);
}

void adv_claims_release(struct adv_claims *claims)
{
    free(claims->items);
    free(claims->accounts);
    claims->items = NULL;
    claims->accounts = NULL;
}

/* ---------------------------------------------------------------- clients */

/* The account of a client, or n_accounts. */
static size_t find_account(const struct adv_claims *claims, uint64_t client)
{
    size_t i = 0;
    while (i < claims->n_accounts &&
           (claims->accounts[i].n_claims == 0 || claims->accounts[i].client != client))
        i++;
    return i;
}

/* The seconds of whoever was served least; and most. */
static void find_bounds(const struct adv_claims *claims, double *least, double *most)
{
    *least = INFINITY;
    *most = 0;
    for (size_t i = 0; i < claims->n_accounts; i++) {
        const struct adv_account *account = &claims->accounts[i];
        *least = account->n_claims ? fmin(*least, account->seconds) : *least;
        *most = account->n_claims ? fmax(*most, account->seconds) : *most;
    }
}

/* Whoever comes begins where the least served of the others is. */
static size_t open_account(struct adv_claims *claims, uint64_t client)
{
    double least, most;
    size_t i = 0;
    find_bounds(claims, &least, &most);
    while (claims->accounts[i].n_claims > 0)
        i++;
    claims->accounts[i] =
        (struct adv_account){.client = client, .seconds = isfinite(least) ? least : 0};
    claims->n_accounts = i < claims->n_accounts ? claims->n_accounts : i + 1;
    return i;
}

static size_t account_of(struct adv_claims *claims, uint64_t client)
{
    size_t i = find_account(claims, client);
    return i < claims->n_accounts ? i : open_account(claims, client);
}

void adv_claims_charge(struct adv_claims *claims, const struct adv_claim *claim, double seconds)
{
    struct adv_account *account = &claims->accounts[claim->account];
    double least, most;
    find_bounds(claims, &least, &most);
    account->seconds = fmax(account->seconds, most - CREDIT_S) + seconds;
}

size_t adv_claims_clients(const struct adv_claims *claims)
{
    size_t n = 0;
    for (size_t i = 0; i < claims->n_accounts; i++)
        n += claims->accounts[i].n_claims > 0;
    return n;
}

/* ---------------------------------------------------------------- the list */

static bool goes_behind(const struct adv_claim *a, const struct adv_claim *b)
{
    return a->patient != b->patient ? a->patient : a->deadline > b->deadline;
}

void adv_claims_add(struct adv_claims *claims, struct adv_claim *claim)
{
    claim->account = account_of(claims, claim->client);
    claims->accounts[claim->account].n_claims++;
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
    claims->accounts[claim->account].n_claims--;
    memmove(claims->items + i, claims->items + i + 1, (claims->n - i) * sizeof(struct adv_claim *));
}

/* ---------------------------------------------------------------- who is next */

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

/* Notes which claims may go first, patient ones only where no other may, and gives the first that
 * cannot be in time any more. */
static struct adv_claim *find_those_that_may(const struct adv_claims *claims, double now)
{
    struct adv_claim *late = NULL, *first = NULL;
    double ahead = 0, spare = INFINITY;
    for (size_t i = 0; i < claims->n; i++) {
        struct adv_claim *claim = claims->items[i];
        claim->may = false;
        if (!adv_claim_fits_alone(claim, claims->n_workers, now)) {
            late = !late && claim->runnable ? claim : late;
            continue;
        }
        bool in_time = claim->left / (double)claims->n_workers <= spare;
        claim->may = claim->runnable && (!first || (claim->patient == first->patient && in_time));
        first = !first && claim->may ? claim : first;
        spare = fmin(spare, spare_of(claims, claim, ahead, now));
        ahead += claim->left;
    }
    return late;
}

static double seconds_served(const struct adv_claims *claims, const struct adv_claim *claim)
{
    return claims->accounts[claim->account].seconds;
}

/* The highest priority among those that may go first, and the seconds of the client that was served
 * least among these. */
static int find_class(const struct adv_claims *claims, double *least)
{
    int priority = INT_MIN;
    for (size_t i = 0; i < claims->n; i++) {
        const struct adv_claim *claim = claims->items[i];
        if (!claim->may || claim->priority < priority)
            continue;
        double seconds = seconds_served(claims, claim);
        *least = claim->priority > priority ? seconds : fmin(*least, seconds);
        priority = claim->priority;
    }
    return priority;
}

struct adv_claim *adv_claims_next(const struct adv_claims *claims, double now)
{
    struct adv_claim *best = NULL, *late = find_those_that_may(claims, now);
    double least = 0, highest = 0;
    int priority = find_class(claims, &least);
    for (size_t i = 0; i < claims->n; i++) {
        struct adv_claim *claim = claims->items[i];
        if (!claim->may || claim->priority != priority ||
            seconds_served(claims, claim) > least + EVEN_S)
            continue;
        double ratio = response_ratio(claim, now);
        if (!best || ratio > highest) {
            best = claim;
            highest = ratio;
        }
    }
    bool yields = best && best->patient && late && !late->patient;
    return best && !yields ? best : late;
}

/* ---------------------------------------------------------------- who is taken */

/* 1 for what takes nothing of its time, down to 0 for what is long. */
static double shortness_of(const struct adv_claim *claim, size_t n_workers, double now)
{
    double part = seconds_alone(claim, n_workers) / (claim->deadline - now);
    return fmax(0, 1 - part / SHORT);
}

/* The share of its time within which a claim must end. */
static double share_of(const struct adv_claim *claim, size_t n_workers, double now)
{
    double of_long = shares_of_long[claim->priority + 1];
    return of_long + (SHARE_OF_SHORT - of_long) * shortness_of(claim, n_workers, now);
}

/* The workers' time that is left to all that can be in time, and is as patient as the claim. */
static double total_left(const struct adv_claims *claims, const struct adv_claim *claim, double now)
{
    double sum = 0;
    for (size_t i = 0; i < claims->n; i++) {
        const struct adv_claim *other = claims->items[i];
        if (other->patient == claim->patient && adv_claim_fits_alone(other, claims->n_workers, now))
            sum += other->left;
    }
    return sum;
}

/* Whether an earlier claim, a long one, need not be waited for: it is in time also as the last of
 * all, the new one included, and who is short goes before it while it is. */
static bool can_go_last(const struct adv_claims *claims, const struct adv_claim *earlier,
                        const struct adv_claim *claim, double total, double now)
{
    return earlier->patient == claim->patient && earlier->left > LONG * claim->left &&
           slack_of(claims, earlier, total - earlier->left + claim->left, now) >= 0;
}

double adv_claims_wait(const struct adv_claims *claims, const struct adv_claim *claim, double now)
{
    double ahead = 0, before = 0, late = 0, total = total_left(claims, claim, now);
    bool passed = false; /* the claim's own place in the order of deadlines */
    for (size_t i = 0; i <= claims->n; i++) {
        const struct adv_claim *other = i < claims->n ? claims->items[i] : NULL;
        if (!passed && (!other || goes_behind(other, claim))) {
            double margin = (1 - share_of(claim, claims->n_workers, now)) * (claim->deadline - now);
            late = fmin(before / (double)claims->n_workers,
                        margin - slack_of(claims, claim, before, now));
            late = fmax(late, 0);
            ahead += claim->left;
            passed = true;
        }
        if (!other || !adv_claim_fits_alone(other, claims->n_workers, now))
            continue;
        if (passed && other->patient == claim->patient)
            late = fmax(late, -slack_of(claims, other, ahead, now));
        if (!passed && !can_go_last(claims, other, claim, total, now))
            before += other->left;
        ahead += other->left;
    }
    return late;
}

/* Of what goes before the claim: all that has an earlier deadline. What takes next to nothing is
 * not counted against its client, whose own long ones would shut it out otherwise. The wait is that
 * of a client which gets as much of the workers as any other. */
double adv_claims_share_wait(const struct adv_claims *claims, const struct adv_claim *claim,
                             double now)
{
    double own = 0, others = 0, n_workers = (double)claims->n_workers;
    double total = total_left(claims, claim, now);
    for (size_t i = 0; i < claims->n && !goes_behind(claims->items[i], claim); i++) {
        const struct adv_claim *other = claims->items[i];
        if (adv_claim_fits_alone(other, claims->n_workers, now) &&
            !can_go_last(claims, other, claim, total, now))
            *(other->client == claim->client ? &own : &others) += other->left;
    }
    if (claim->client == 0 || own == 0 || claims->client_share >= 1)
        return 0;
    double time = share_of(claim, claims->n_workers, now) * (claim->deadline - now) * n_workers;
    double rest = (1 - claims->client_share) * shortness_of(claim, claims->n_workers, now);
    double over = own + claim->left - (claims->client_share + rest) * fmax(0, time - others);
    return fmax(0, fmin(over, own)) / n_workers * (double)adv_claims_clients(claims);
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
