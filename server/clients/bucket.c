#include "server/clients/bucket.h"

#include <math.h>

struct adv_bucket adv_bucket_full(double capacity, double per_second, double now)
{
    return (struct adv_bucket){
        .capacity = capacity, .per_second = per_second, .level = capacity, .at = now};
}

double adv_bucket_level(struct adv_bucket *bucket, double now)
{
    double gained = fmax(0, now - bucket->at) * bucket->per_second;
    bucket->level = fmin(bucket->capacity, bucket->level + gained);
    bucket->at = fmax(bucket->at, now);
    return bucket->level;
}

double adv_bucket_wait(struct adv_bucket *bucket, double now)
{
    double level = adv_bucket_level(bucket, now);
    return level > 0 ? 0 : fmax(-level / bucket->per_second, 1e-3);
}

void adv_bucket_take(struct adv_bucket *bucket, double price, double now)
{
    bucket->level = fmin(bucket->capacity, adv_bucket_level(bucket, now) - price);
}
