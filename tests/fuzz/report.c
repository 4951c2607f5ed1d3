#include "tests/fuzz/consume.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

void fuzz_check_report(enum adv_status status, const struct adv_error *error)
{
    bool empty = error->message[0] == '\0';
    if (status != error->status || (status == ADV_OK) != empty) {
        fprintf(stderr, "status %s, but report %s: '%s'\n", adv_status_name(status),
                adv_status_name(error->status), error->message);
        abort();
    }
}
