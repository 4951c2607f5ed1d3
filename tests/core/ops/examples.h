/* What the properties of ops are tried on: at least one example per op, and what infer refuses. */
#ifndef ADV_TESTS_EXAMPLES_H
#define ADV_TESTS_EXAMPLES_H

#include "tests/support/trials.h"

extern const struct example op_examples[];
extern const int n_op_examples;

struct refusal {
    struct example example;
    const char *message; /* the beginning of what infer says */
};

extern const struct refusal op_refusals[];
extern const int n_op_refusals;

#endif
