/* What help must be: phrases that stand alone, understood without the lines around them. */
#ifndef ADV_TESTS_PHRASES_H
#define ADV_TESTS_PHRASES_H

#include <stddef.h>

/* The test fails unless help, which is called `name` in `where`, is such a phrase: three words or
 * more, the first of them none that leans on a neighbour ("of", "as", "others", "its", "their"). */
void phrase_check(const char *where, const char *name, const char *help);

/* Checks what a program's --help prints: no line wider than 100 columns, and a phrase beside every
 * "  --flag", apart from its choices and default. Returns the number of flags. */
size_t phrases_check_help(const char *where, const char *text);

#endif
