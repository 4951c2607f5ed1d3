/* What the worker calls, from its one thread. Texts are UTF-8. An exchange is begun, advanced until it
 * has ended, its answer taken as it comes, and ended. */
#ifndef ADV_PLAYGROUND_WORKER_H
#define ADV_PLAYGROUND_WORKER_H

#include "playground/module/exchange.h"

/* NULL without memory. */
struct adv_shelf *adv_local_shelf_new(void);

/* What is given is read before it returns; of content_type and accept "" is none. NULL without
 * memory. */
struct adv_local_exchange *adv_local_begin(struct adv_shelf *shelf, const char *method,
                                           const char *target, const char *content_type,
                                           const char *accept, const void *sent, size_t n_sent);

/* Works for some milliseconds; whether there is more to do. */
bool adv_local_advance(struct adv_local_exchange *exchange, double ms);

/* 0: not known yet. */
unsigned adv_local_status(const struct adv_local_exchange *exchange);
const char *adv_local_type(const struct adv_local_exchange *exchange); /* or NULL */
/* Of the header Advect-Seed, or "". */
const char *adv_local_seed(const struct adv_local_exchange *exchange);
/* Of the header Advect-Warning, or "". */
const char *adv_local_warning(const struct adv_local_exchange *exchange);

/* The answer as far as it is there; adv_local_drop forgets it once it was copied. */
const uint8_t *adv_local_body(const struct adv_local_exchange *exchange);
size_t adv_local_body_bytes(const struct adv_local_exchange *exchange);
void adv_local_drop(struct adv_local_exchange *exchange);

/* Also of one that has more to do. */
void adv_local_end(struct adv_local_exchange *exchange);

#endif
