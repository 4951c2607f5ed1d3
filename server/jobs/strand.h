/* Work in one piece, done in turns: on a thread of its own, which goes on only while some other
 * thread waits for it, and pauses when its turn is over (<advect/extra/pace.h>). */
#ifndef ADV_SERVER_STRAND_H
#define ADV_SERVER_STRAND_H

#include <advect/status.h>
#include <stdbool.h>
#include <stdint.h>

struct adv_strand;

/* work(context) begins with the first turn. ADV_E_MEMORY. */
enum adv_status adv_strand_new(void (*work)(void *context), void *context,
                               struct adv_strand **strand, struct adv_error *error);

/* Lets it work for so long; true once it has ended. One thread at a time. */
bool adv_strand_turn(struct adv_strand *strand, int64_t us);

/* Tells it to stop where it has not ended, which it does at once, and frees it. */
void adv_strand_free(struct adv_strand *strand);

#endif
