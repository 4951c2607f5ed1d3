/* The inputs in files that parsers are tried with. */
#ifndef TESTS_FUZZ_INPUTS_H
#define TESTS_FUZZ_INPUTS_H

#include <stddef.h>
#include <stdint.h>

/* An input file of a parser, in folder "seeds" or "regressions". */
struct fuzz_input {
    char path[256];
    uint8_t *bytes;
    size_t n;
};

/* All inputs of a parser, in the order of their names; none where the folder is missing. */
struct fuzz_input *fuzz_inputs_load(const char *folder, const char *parser, size_t *count);
void fuzz_inputs_free(struct fuzz_input *inputs, size_t count);

#endif
