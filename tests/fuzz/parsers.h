/* The parsers that take bytes from anywhere, for what is done to all of them: truncation, mutation,
 * failing allocations, fuzzing. */
#ifndef TESTS_IO_PARSERS_H
#define TESTS_IO_PARSERS_H

#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct io_parser {
    const char *name; /* also of its folders in tests/fuzz/seeds and tests/fuzz/regressions */

    /* Parses bytes [n], reads all that a success gives, and releases it. */
    enum adv_status (*consume)(const uint8_t *bytes, size_t n, struct adv_error *error);

    /* Makes checksums right again after bytes were changed, or NULL. */
    void (*repair)(uint8_t *bytes, size_t n);

    bool whole; /* no proper prefix of a valid input is valid */
};

extern const struct io_parser io_parsers[];
extern const size_t n_io_parsers;

const struct io_parser *io_parser_find(const char *name);

/* Aborts unless the status and its report fit together. */
void io_check_report(enum adv_status status, const struct adv_error *error);

/* An input file of a parser, in folder "seeds" or "regressions". */
struct io_input {
    char path[256];
    uint8_t *bytes;
    size_t n;
};

/* All inputs of a parser, in the order of their names; none where the folder is missing. */
struct io_input *io_inputs_load(const char *folder, const char *parser, size_t *count);
void io_inputs_free(struct io_input *inputs, size_t count);

#endif
