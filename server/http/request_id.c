#include "server/http/request_id.h"

#include "server/os/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define HEX "0123456789abcdef"

void adv_request_id_make(char id[ADV_REQUEST_ID_SIZE])
{
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = (uint64_t)adv_now_us(); /* no kernel of today does that */
    snprintf(id, ADV_REQUEST_ID_SIZE, "%016llx", (unsigned long long)number);
}

static bool is_good(const char *id)
{
    size_t n = id ? strlen(id) : 0;
    if (n == 0 || n >= ADV_REQUEST_ID_SIZE)
        return false;
    while (n > 0 && id[n - 1] > ' ' && id[n - 1] < 0x7f)
        n--;
    return n == 0;
}

/* VERSION-TRACE-PARENT-FLAGS in lower-case hexadecimal digits: 2, 32, 16 and 2 of them; versions
 * above 00 may add to it. */
static bool has_trace(const char *traceparent)
{
    static const size_t n_digits[] = {2, 32, 16, 2};
    const char *at = traceparent;
    if (!at || !strncmp(at, "ff", 2))
        return false;
    for (size_t i = 0; i < 4; i++) {
        if (strspn(at, HEX) != n_digits[i])
            return false;
        at += n_digits[i];
        if (i < 3 && *at++ != '-')
            return false;
    }
    if (strspn(traceparent + 3, "0") >= 32) /* no trace */
        return false;
    return !*at || (*at == '-' && strncmp(traceparent, "00", 2) != 0);
}

void adv_request_id_take(const char *request_id, const char *traceparent,
                         char id[ADV_REQUEST_ID_SIZE])
{
    if (is_good(request_id))
        snprintf(id, ADV_REQUEST_ID_SIZE, "%s", request_id);
    else if (has_trace(traceparent))
        snprintf(id, ADV_REQUEST_ID_SIZE, "%.32s", traceparent + 3);
}
