#include "playground/module/worker.h"

#include <advect/extra/json.h>
#include <stdlib.h>

struct adv_shelf *adv_local_shelf_new(void)
{
    return calloc(1, sizeof(struct adv_shelf));
}

struct adv_local_exchange *adv_local_begin(struct adv_shelf *shelf, const char *method,
                                           const char *target, const char *content_type,
                                           const char *accept, const void *sent, size_t n_sent)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_local_exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    *exchange = (struct adv_local_exchange){.shelf = shelf,
                                            .method = method,
                                            .content_type = *content_type ? content_type : NULL,
                                            .accept = accept,
                                            .sent = sent,
                                            .n_sent = n_sent};
    if (adv_target_parse(target, &exchange->target, &error) == ADV_OK)
        adv_local_route(exchange);
    else
        adv_local_refuse(exchange, &error);
    exchange->method = exchange->content_type = exchange->accept = NULL;
    exchange->sent = NULL;
    return exchange;
}

bool adv_local_advance(struct adv_local_exchange *exchange, double ms)
{
    if (!exchange->task)
        return false;
    if (exchange->task->advance(exchange, exchange->state, adv_local_now() + 1e-3 * ms)) {
        exchange->task->free(exchange->state);
        exchange->task = NULL;
    }
    return exchange->task != NULL;
}

unsigned adv_local_status(const struct adv_local_exchange *exchange)
{
    return exchange->status;
}

const char *adv_local_type(const struct adv_local_exchange *exchange)
{
    return exchange->media_type;
}

const char *adv_local_seed(const struct adv_local_exchange *exchange)
{
    return exchange->seed;
}

const char *adv_local_warning(const struct adv_local_exchange *exchange)
{
    return exchange->warning;
}

const uint8_t *adv_local_body(const struct adv_local_exchange *exchange)
{
    return exchange->body.data;
}

size_t adv_local_body_bytes(const struct adv_local_exchange *exchange)
{
    return exchange->body.n;
}

void adv_local_drop(struct adv_local_exchange *exchange)
{
    exchange->body.n = 0;
}

void adv_local_end(struct adv_local_exchange *exchange)
{
    if (exchange->task)
        exchange->task->free(exchange->state);
    adv_target_release(&exchange->target);
    adv_bytes_release(&exchange->body);
    free(exchange);
}
