/* The parsers that take bytes from anywhere, for what is done to all of them: truncation, mutation,
 * failing allocations, fuzzing. A parser is a row here, a function in consume.h, and a folder of
 * seeds: the fuzzers are those of the folders in tests/fuzz/seeds. */
#ifndef TESTS_FUZZ_PARSERS_H
#define TESTS_FUZZ_PARSERS_H

#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_parser {
    const char *name; /* also of its folders in tests/fuzz/seeds and tests/fuzz/regressions */

    /* Parses bytes [n], reads all that a success gives, and releases it. */
    enum adv_status (*consume)(const uint8_t *bytes, size_t n, struct adv_error *error);

    /* Makes checksums right again after bytes were changed, or NULL. */
    void (*repair)(uint8_t *bytes, size_t n);

    bool whole; /* no proper prefix of a valid input is valid */

    /* Without memory it ends in ADV_E_MEMORY. jansson's parser takes some such for bad input. */
    bool tells_memory;

    int slowness; /* in units of a file's parser, by which its random mutants are fewer */
};

extern const struct fuzz_parser fuzz_parsers[];
extern const size_t n_fuzz_parsers;

const struct fuzz_parser *fuzz_parser_find(const char *name);

#endif
