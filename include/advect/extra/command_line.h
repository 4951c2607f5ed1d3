/* Manual pages and shell completions, generated from the tables of flags, as the help is. */
#ifndef ADVECT_EXTRA_COMMAND_LINE_H
#define ADVECT_EXTRA_COMMAND_LINE_H

#include <advect/api.h>
#include <advect/extra/fields.h>
#include <advect/status.h>
#include <stddef.h>
#include <stdio.h>

ADV_API_BEGIN

/* Text as man(7) wants it: backslashes, hyphens and leading dots escaped. An empty line begins a
 * paragraph; lines that begin with a blank are kept as they are. */
void adv_manual_text(const char *text, FILE *out);

/* The fields as entries: ".TP", the flag, its help. */
void adv_manual_flags(const struct adv_field *fields, size_t n_fields, FILE *out);

enum adv_shell { ADV_SHELL_BASH, ADV_SHELL_ZSH, ADV_SHELL_FISH };
extern const char *const adv_shell_names[]; /* NULL-terminated, in the order of enum adv_shell */

/* A completion script: its beginning, a part for the flags of the program or of each of its
 * commands, and its end. */
void adv_completion_begin(enum adv_shell shell, const char *program, FILE *out);

/* The part that is for the flags of `program`, or of one of its commands. */
void adv_completion_flags(enum adv_shell shell, const char *program, const char *command,
                          const struct adv_field *fields, size_t n_fields, FILE *out);

/* For a program with commands (names and help [n_commands]), or for one
 * without (n_commands 0). */
void adv_completion_end(enum adv_shell shell, const char *program, size_t n_commands,
                        const char *const *names, const char *const *helps, FILE *out);

ADV_API_END
#endif
