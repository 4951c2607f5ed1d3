/* A libFuzzer target for the parser FUZZ_PARSER (a string), one of the table. */
#include "tests/fuzz/consume.h"
#include "tests/fuzz/parsers.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t max);

static const struct fuzz_parser *parser(void)
{
    const struct fuzz_parser *found = fuzz_parser_find(FUZZ_PARSER);
    if (!found)
        abort();
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct adv_error error = ADV_ERROR_INIT;
    fuzz_check_report(parser()->consume(bytes, n, &error), &error);
    return 0;
}

/* Three mutants of four get checksums that are right: the others test the checksums. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t max, unsigned seed)
{
    n = LLVMFuzzerMutate(bytes, n, max);
    if (parser()->repair && seed % 4 != 0)
        parser()->repair(bytes, n);
    return n;
}
