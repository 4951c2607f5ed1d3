/* What clients send before anything is made of it: the bytes of a connection, and the headers that
 * are read by rules of their own. */
#include "server/http/framing.h"
#include "server/http/host.h"
#include "server/http/negotiate.h"
#include "server/http/request_id.h"
#include "tests/fuzz/consume.h"

#include <stdlib.h>
#include <string.h>

static void insist(bool holds)
{
    if (!holds)
        abort();
}

/* Reads a copy [n], a step at a time; what is kept of it stays in the copy. */
static size_t read_in_steps(struct adv_framing *framing, char *copy, size_t n, size_t step)
{
    size_t kept = 0;
    for (size_t at = 0; at < n; at += step) {
        size_t n_step = n - at < step ? n - at : step;
        memmove(copy + kept, copy + at, n_step);
        size_t left = adv_framing_take(framing, copy + kept, n_step);
        insist(left <= n_step);
        kept += left;
    }
    return kept;
}

static void insist_on_the_same(const struct adv_framing *a, const struct adv_framing *b)
{
    insist(a->n_heads == b->n_heads && a->n_whole == b->n_whole);
    insist(a->refusal == b->refusal && (!a->refusal || a->problem == b->problem));
    insist(!strcmp(a->method, b->method) && !strcmp(a->target, b->target));
}

/* However the bytes arrive, they are the same requests; and what is kept of them is so, too. */
static enum adv_status check_framing(const uint8_t *bytes, size_t n, struct adv_framing *framing,
                                     struct adv_error *error)
{
    struct adv_framing in_bytes = {0}, again = {0};
    char *whole = malloc(n + 1), *single = malloc(n + 1);
    enum adv_status status =
        whole && single ? ADV_OK : adv_fail(error, ADV_E_MEMORY, "no memory for copies");
    if (status == ADV_OK) {
        memcpy(whole, bytes, n);
        memcpy(single, bytes, n);
        size_t n_whole = read_in_steps(framing, whole, n, n ? n : 1);
        size_t n_single = read_in_steps(&in_bytes, single, n, 1);
        insist_on_the_same(framing, &in_bytes);
        insist(n_whole <= n_single && !memcmp(whole, single, n_whole));
        insist(framing->refusal || n_whole == n_single);
        insist(read_in_steps(&again, whole, n_whole, n_whole ? n_whole : 1) == n_whole);
        insist(!again.refusal && again.n_whole == framing->n_whole);
    }
    free(whole);
    free(single);
    return status;
}

static void check_headers(const char *text)
{
    char id[ADV_REQUEST_ID_SIZE] = "none";
    double quality = adv_accept_quality(text, "image/png");
    insist(quality >= 0 && quality <= 1);
    if (adv_host_is_valid(text)) {
        insist(adv_host_is_allowed(text, text, "127.0.0.1:80") || strchr(text, ':') ||
               strpbrk(text, "[,") || text[strlen(text) - 1] == '.');
        insist(adv_host_is_allowed(text, "*", "127.0.0.1:80"));
    }
    adv_request_id_take(text, text, id);
    size_t n = strlen(id);
    insist(n > 0 && n < sizeof id);
    for (size_t i = 0; i < n; i++)
        insist(id[i] > ' ' && id[i] < 0x7f);
}

enum adv_status fuzz_consume_head(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_framing framing = {0};
    char *text = strndup((const char *)bytes, n);
    if (!text)
        return adv_fail(error, ADV_E_MEMORY, "no memory for the text");
    check_headers(text);
    free(text);
    enum adv_status status = check_framing(bytes, n, &framing, error);
    if (status != ADV_OK)
        return status;
    if (framing.refusal)
        return adv_fail(error, ADV_E_FORMAT, "%s", framing.refusal);
    return framing.n_whole > 0 ? ADV_OK : adv_fail(error, ADV_E_FORMAT, "no whole request");
}
