/* What the program says of itself beside its help: the manual page and completions, made of what
 * the commands say. */
#ifndef ADV_TRAINER_DESCRIBE_H
#define ADV_TRAINER_DESCRIBE_H

#include "trainer/cli/command.h"

#include <stddef.h>

/* To stdout; the exit code. */
int adv_describe_manual(const struct adv_command *const *commands, size_t n_commands);
int adv_describe_completion(const char *shell, const struct adv_command *const *commands,
                            size_t n_commands);

#endif
