/* Sharing one node's work among threads. The parts of a result are computed as they would be by one
 * thread, so how many there are does not show in it. */
#include "core/ops/op.h"

/* Of each part: some microseconds, against the one that handing over and joining takes. */
#define PART_MULTIPLY_ADDS ((size_t)150000)

size_t adv_call_threads(const struct adv_call *call, size_t multiply_adds)
{
    size_t threads = call->team ? (size_t)adv_pool_threads(call->team->pool) : 1;
    size_t parts = multiply_adds / PART_MULTIPLY_ADDS;
    return parts < 1 ? 1 : parts < threads ? parts : threads;
}

void adv_call_share(const struct adv_call *call, size_t n_parts,
                    void (*task)(void *context, size_t part, int worker), void *context)
{
    adv_pool_run(call->team ? call->team->pool : NULL, n_parts, task, context);
}

adv_real *adv_call_scratch(const struct adv_call *call, int worker)
{
    if (worker == 0)
        return call->scratch;
    return call->team->scratch + (size_t)(worker - 1) * call->team->scratch_stride;
}

struct adv_range adv_part(size_t count, size_t unit, size_t i, size_t n)
{
    size_t units = (count + unit - 1) / unit;
    size_t begin = units * i / n * unit, end = units * (i + 1) / n * unit;
    return (struct adv_range){begin, end < count ? end : count};
}
