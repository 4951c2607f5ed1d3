/* Stopping on request: SIGINT and SIGTERM ask the work at hand to end cleanly. */
#ifndef ADV_TRAINER_STOP_H
#define ADV_TRAINER_STOP_H

#include <stdbool.h>

/* From now on the first SIGINT or SIGTERM only raises the flag; a second one ends the process as
 * usual. A write past the file-size limit fails instead of killing. */
void adv_stop_catch_signals(void);
/* The same for one signal more. */
void adv_stop_catch(int signal_number);

/* Whether it was raised: for whoever polls it, on any thread. */
bool adv_stop_requested(void *unused);

#endif
