#include "server/jobs/ticket.h"

#include <stdlib.h>

enum adv_status adv_ticket_fill(struct adv_ticket *ticket, size_t n_shards, struct adv_error *error)
{
    size_t *shards = calloc(n_shards + 1, sizeof *shards);
    if (!shards)
        return adv_no_memory(error);
    for (size_t i = 0; i < n_shards; i++)
        shards[i] = i;
    ticket->shards = shards;
    ticket->n_shards = ticket->n_waiting = ticket->n_unended = n_shards;
    return ADV_OK;
}

void adv_ticket_release(struct adv_ticket *ticket)
{
    free(ticket->shards);
    ticket->shards = NULL;
}

size_t adv_ticket_take(struct adv_ticket *ticket)
{
    size_t shard = ticket->shards[ticket->first];
    ticket->first = (ticket->first + 1) % ticket->n_shards;
    ticket->n_waiting--;
    ticket->n_taken++;
    return shard;
}

void adv_ticket_end_shard(struct adv_ticket *ticket)
{
    ticket->n_taken--;
    ticket->n_unended--;
}

void adv_ticket_put_last(struct adv_ticket *ticket, size_t shard)
{
    ticket->n_taken--;
    ticket->shards[(ticket->first + ticket->n_waiting++) % ticket->n_shards] = shard;
}

void adv_ticket_put_first(struct adv_ticket *ticket, size_t shard)
{
    ticket->n_taken--;
    ticket->first = (ticket->first + ticket->n_shards - 1) % ticket->n_shards;
    ticket->shards[ticket->first] = shard;
    ticket->n_waiting++;
}
