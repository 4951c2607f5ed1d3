#include "tests/support/phrases.h"

#include <advect/extra/memory.h>
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 100
#define FLAG_MAX 96
#define HELP_MAX 2048

/* Moves *at past spaces; the length of the word there, 0 at the end. */
static size_t next_word(const char **at)
{
    *at += strspn(*at, " ");
    return strcspn(*at, " ");
}

void phrase_check(const char *where, const char *name, const char *help)
{
    static const char *const leaning[] = {"of", "as", "others", "its", "their"};
    ck_assert_msg(help != NULL, "%s: %s has no help", where, name);
    const char *at = help;
    size_t n_words = 0;
    for (size_t n; (n = next_word(&at)) > 0; at += n, n_words++) {
        for (size_t i = 0; n_words == 0 && i < ADV_COUNT(leaning); i++)
            ck_assert_msg(n != strlen(leaning[i]) || memcmp(at, leaning[i], n) != 0,
                          "%s: the help of %s does not stand alone: %s", where, name, help);
    }
    ck_assert_msg(n_words >= 3, "%s: the help of %s is no phrase: %s", where, name, help);
}

/* Takes " (default 3)", and of a flag with choices ": one, other" before it, off the end. */
static void cut_facts(char *help, bool has_choices)
{
    size_t n = strlen(help);
    char *open = strrchr(help, '(');
    if (n > 0 && help[n - 1] == ')' && open)
        *open = '\0';
    char *colon = has_choices ? strrchr(help, ':') : NULL;
    if (colon)
        *colon = '\0';
}

/* "  --flag TEXT   help" into its parts. */
static void read_entry(const char *line, int length, char flag[FLAG_MAX], char help[HELP_MAX])
{
    int start = 2;
    while (start < length && strncmp(line + start, "   ", 3) != 0)
        start++;
    snprintf(flag, FLAG_MAX, "%.*s", start - 2, line + 2);
    while (start < length && line[start] == ' ')
        start++;
    snprintf(help, HELP_MAX, "%.*s", length - start, line + start);
}

static void check_entry(const char *where, const char *flag, char *help)
{
    if (!*flag)
        return;
    cut_facts(help, strstr(flag, " NAME") != NULL);
    phrase_check(where, flag, help);
}

size_t phrases_check_help(const char *where, const char *text)
{
    char flag[FLAG_MAX] = "", help[HELP_MAX] = "";
    size_t n_flags = 0;
    for (const char *line = text; *line;) {
        int length = (int)strcspn(line, "\n");
        ck_assert_msg(length <= COLUMNS, "%s: a line of %d columns: %.*s", where, length, length,
                      line);
        if (!strncmp(line, "       ", 7)) { /* goes on with the help above */
            size_t n = strlen(help);
            snprintf(help + n, sizeof help - n, " %.*s", length, line);
        } else {
            check_entry(where, flag, help);
            flag[0] = '\0';
            if (!strncmp(line, "  --", 4)) {
                read_entry(line, length, flag, help);
                n_flags++;
            }
        }
        line += length + (line[length] == '\n');
    }
    check_entry(where, flag, help);
    return n_flags;
}
