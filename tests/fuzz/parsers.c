#include "tests/fuzz/parsers.h"

#include "tests/fuzz/consume.h"

#include <string.h>

const struct fuzz_parser fuzz_parsers[] = {
    {"safetensors", fuzz_consume_safetensors, NULL, true, true, 1},
    {"npy", fuzz_consume_npy, NULL, true, true, 1},
    {"csv", fuzz_consume_csv, NULL, false, true, 1},
    {"table", fuzz_consume_table, NULL, false, false, 2},
    {"idx", fuzz_consume_idx, NULL, true, true, 1},
    {"png", fuzz_consume_png, fuzz_repair_png, true, true, 1},
    {"request", fuzz_consume_request, NULL, true, false, 5},
    {"target", fuzz_consume_target, NULL, false, false, 5},
    {"head", fuzz_consume_head, NULL, true, true, 1},
    {"recipe", fuzz_consume_recipe, NULL, true, false, 5},
};
const size_t n_fuzz_parsers = sizeof fuzz_parsers / sizeof fuzz_parsers[0];

const struct fuzz_parser *fuzz_parser_find(const char *name)
{
    for (size_t i = 0; i < n_fuzz_parsers; i++)
        if (strcmp(fuzz_parsers[i].name, name) == 0)
            return &fuzz_parsers[i];
    return NULL;
}
