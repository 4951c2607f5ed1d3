/* Who is taken, and who is next: the decisions of the scheduler, as functions of
 * what queries claim. They know neither jobs nor threads nor clocks, so that they
 * can be tried on any arrivals (docs/adr/0014-served-by-its-deadline.md).
 *
 * Next: of those that may go first, those of the highest priority; of these, those of the client
 * that the workers have served least; of these, the query with the largest response ratio, (waited
 * + left) / left (Brinch Hansen 1971, with what is left in place of the whole): short ones go
 * first, and whoever waits becomes more urgent. It may go first if all with earlier deadlines can
 * spare the time (slack stealing, Lehoczky & Ramos-Thuel 1992); the one with the earliest deadline
 * always may, so neither clients nor priorities make anybody late. Whoever cannot meet its deadline
 * even alone is left to idle workers, so that one estimate that was wrong takes nobody else along.
 *
 * Taken: whoever ends before its deadline behind all that have earlier ones, without making a later
 * one late; of one client, no more than its share of the time (server/clients/share.h).
 *
 * Patient claims come behind all others, whatever their deadlines: they get what these leave, and
 * neither make them late nor keep them out (docs/adr/0019-jobs-get-what-is-left.md). Among
 * themselves they are treated alike. */
#ifndef ADV_SERVER_CLAIMS_H
#define ADV_SERVER_CLAIMS_H

#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a query wants of the workers, and by when. Seconds, of one clock. */
struct adv_claim {
    double arrived, deadline;
    double left;   /* of one worker's time, as estimated now */
    size_t width;  /* workers that can share it at once, >= 1 */
    bool patient;  /* nobody waits for it on a connection */
    bool runnable; /* something of it waits for a worker */

    uint64_t client; /* whose it is; 0: nobody's in particular, whom no share binds */
    int priority;    /* -1 low, 0 normal, 1 high */

    size_t account; /* the client's; these two are the claims' own */
    bool may;
};

/* A client that has claims, and what the workers did for it. */
struct adv_account {
    uint64_t client;
    size_t n_claims; /* 0: the place is free */
    double seconds;  /* of workers, from a beginning that all share */
};

/* Those that were taken and have not ended, by their deadlines, patient ones last. Choosing takes
 * time in proportion to their number. */
struct adv_claims {
    size_t n, capacity, n_workers;
    struct adv_claim **items; /* borrowed */
    double client_share;      /* of time and places, for one client: in (0, 1]; 1 at first: all */
    struct adv_account *accounts; /* [capacity], of which some of the first n_accounts are taken */
    size_t n_accounts;
};

enum adv_status adv_claims_init(struct adv_claims *claims, size_t capacity, size_t n_workers,
                                struct adv_error *error);
void adv_claims_release(struct adv_claims *claims);

/* There must be room: n < capacity. */
void adv_claims_add(struct adv_claims *claims, struct adv_claim *claim);
void adv_claims_remove(struct adv_claims *claims, const struct adv_claim *claim);

/* Workers have spent so many seconds at the claim, which is among those that were taken. */
void adv_claims_charge(struct adv_claims *claims, const struct adv_claim *claim, double seconds);

/* The runnable claim that gets the next turn, or NULL. */
struct adv_claim *adv_claims_next(const struct adv_claims *claims, double now);

/* Seconds until a claim could be taken: 0 now. */
double adv_claims_wait(const struct adv_claims *claims, const struct adv_claim *claim, double now);

/* Seconds until the claim's client could have it taken, for all that it has already: 0 now. */
double adv_claims_share_wait(const struct adv_claims *claims, const struct adv_claim *claim,
                             double now);

/* Clients that have any claims. */
size_t adv_claims_clients(const struct adv_claims *claims);

/* Seconds until the workers are through with all that was taken and is not patient. */
double adv_claims_backlog(const struct adv_claims *claims, double now);

/* Whether a claim would end in time with all workers to itself. */
bool adv_claim_fits_alone(const struct adv_claim *claim, size_t n_workers, double now);

#endif
