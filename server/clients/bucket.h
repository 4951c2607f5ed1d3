/* A token bucket that may go into debt.
 *
 * It holds what may be spent at once, `capacity`, and fills at a steady rate. Something is let
 * through while anything is left, and pays its whole price, even below zero: so a price above the
 * capacity can be paid, and in the long run no more is spent than flows in. The wait is the time
 * until the debt is paid, exactly. Not thread-safe. */
#ifndef ADV_SERVER_BUCKET_H
#define ADV_SERVER_BUCKET_H

/* Prices in any one unit; times in seconds of one clock. */
struct adv_bucket {
    double capacity, per_second;
    double level, at; /* how full it was then */
};

struct adv_bucket adv_bucket_full(double capacity, double per_second, double now);

/* How full it is; below 0 in debt. */
double adv_bucket_level(struct adv_bucket *bucket, double now);
/* Seconds until something is let through; 0: now. */
double adv_bucket_wait(struct adv_bucket *bucket, double now);
/* Takes the price, whatever the level; a negative one is given back. */
void adv_bucket_take(struct adv_bucket *bucket, double price, double now);

#endif
