/* What the daemon can still do once it has started, if somebody takes it over from outside: read
 * its models, its keys and fonts, and answer. In two steps, each of which says in the log what came
 * of it: the first before there are threads, the second when everything is set up. */
#ifndef ADV_SERVER_SANDBOX_H
#define ADV_SERVER_SANDBOX_H

#include "server/os/config.h"

/* Files (landlock.h): the directories of the models and of the keys, as they are now, those that
 * links to models among them lead to, and those of fonts. said: for the log, which may not be there
 * yet. */
#define ADV_SANDBOX_SAID_SIZE 200
void adv_sandbox_files(const struct adv_config *config, char said[ADV_SANDBOX_SAID_SIZE]);

/* System calls (syscalls.h). */
void adv_sandbox_calls(const struct adv_config *config, char said[ADV_SANDBOX_SAID_SIZE]);

#endif
