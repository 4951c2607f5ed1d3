/* Outputs that would take the place of what the same command reads, or of another output. */
#ifndef ADV_TRAINER_OVERWRITING_H
#define ADV_TRAINER_OVERWRITING_H

#include <advect/status.h>
#include <stddef.h>

/* What a command line says: a flag's value, or an operand, whose name is NULL. */
struct adv_word {
    const char *name, *value;
};

/* ADV_E_INVALID, with the flag in the field, where a flag for an output names a file that another
 * word names, too. */
enum adv_status adv_check_overwriting(const struct adv_word *words, size_t n,
                                      struct adv_error *error);

#endif
