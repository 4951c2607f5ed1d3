#include "trainer/cli/overwriting.h"

#include <advect/extra/memory.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Flags of any command whose value is a file to write. */
static const char *const outputs[] = {"out",  "curve",     "samples", "nearest", "calibration_plot",
                                      "plot", "paths_file"};

static bool is_output(const struct adv_word *word)
{
    for (size_t i = 0; word->name && i < ADV_COUNT(outputs); i++) {
        if (!strcmp(word->name, outputs[i]))
            return true;
    }
    return false;
}

/* Of two outputs the file need not be there yet. */
static bool is_same_file(const struct adv_word *output, const struct adv_word *other)
{
    struct stat a, b;
    if (is_output(other) && !strcmp(output->value, other->value))
        return strcmp(output->value, "-") != 0;
    return stat(output->value, &a) == 0 && S_ISREG(a.st_mode) && stat(other->value, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A flag that is given twice has its last value. */
static bool is_replaced(const struct adv_word *words, size_t n, size_t i)
{
    for (size_t k = i + 1; words[i].name && k < n; k++) {
        if (words[k].name && !strcmp(words[k].name, words[i].name))
            return true;
    }
    return false;
}

/* As it is typed: with dashes. */
static void name_flag(const struct adv_word *word, char name[32])
{
    snprintf(name, 32, "--%s", word->name);
    for (char *at = strchr(name, '_'); at; at = strchr(at, '_'))
        *at = '-';
}

static enum adv_status refuse(const struct adv_word *output, const struct adv_word *other,
                              struct adv_error *error)
{
    char flag[32], also[32] = "the file that is read";
    name_flag(output, flag);
    if (other->name)
        name_flag(other, also);
    return adv_fail_field(error, ADV_E_INVALID, output->name,
                          "%s is %s, which is %s, too, and would be overwritten; name another file",
                          flag, output->value, also);
}

enum adv_status adv_check_overwriting(const struct adv_word *words, size_t n,
                                      struct adv_error *error)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_output(&words[i]) || is_replaced(words, n, i))
            continue;
        for (size_t k = 0; k < n; k++) {
            if (k != i && !is_replaced(words, n, k) && is_same_file(&words[i], &words[k]))
                return refuse(&words[i], &words[k], error);
        }
    }
    return ADV_OK;
}
