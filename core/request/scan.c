#include "core/request/scan.h"

#include <string.h>

const char *adv_scan_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\' && at + 1 < end)
            at++;
    }
    return at < end ? at + 1 : end;
}

/* Behind the bracket that closes what is open, counting the commas outside of further brackets; at
 * the end of the text where there is none. */
static const char *skip_open(const char *at, const char *end, size_t *n_commas)
{
    size_t depth = 1;
    while (at < end && depth > 0) {
        switch (*at) {
        case '"':
            at = skip_string(at, end);
            continue;
        case '[':
        case '{':
            depth++;
            break;
        case ']':
        case '}':
            depth--;
            break;
        case ',':
            *n_commas += depth == 1;
            break;
        default:
            break;
        }
        at++;
    }
    return at;
}

const char *adv_scan_skip(const char *text, const char *end)
{
    size_t n_commas = 0;
    return text < end && *text == '"' ? skip_string(text, end)
                                      : skip_open(text + 1, end, &n_commas);
}

struct adv_scan adv_scan_array(const char *text, const char *end)
{
    return (struct adv_scan){.at = text, .end = end, .first = true};
}

static struct adv_item flaw(struct adv_scan *scan)
{
    scan->flaw = scan->at;
    return (struct adv_item){.kind = ADV_ITEM_FLAW};
}

static struct adv_item take_string(struct adv_scan *scan)
{
    const char *after = skip_string(scan->at, scan->end);
    if (after == scan->at + 1 || after[-1] != '"')
        return flaw(scan);
    struct adv_item item = {.kind = ADV_ITEM_STRING, .quoted = scan->at, .what = "a string"};
    scan->latest = scan->at;
    scan->at = after;
    scan->first = false;
    return item;
}

/* Values of no further kind: nothing here takes one, so what it is called is enough. */
static const char *kind_of_other(const struct adv_scan *scan)
{
    static const struct {
        const char *begin, *kind;
    } kinds[] = {
        {"{", "an object"}, {"true", "a boolean"}, {"false", "a boolean"}, {"null", "null"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strlen(kinds[i].begin);
        if ((size_t)(scan->end - scan->at) >= n && !memcmp(scan->at, kinds[i].begin, n))
            return kinds[i].kind;
    }
    return NULL;
}

static struct adv_item take_other(struct adv_scan *scan)
{
    const char *what = kind_of_other(scan);
    return what ? (struct adv_item){.kind = ADV_ITEM_OTHER, .what = what} : flaw(scan);
}

static struct adv_item take_bracket(struct adv_scan *scan)
{
    bool opens = *scan->at == '[';
    scan->latest = opens ? NULL : scan->at;
    scan->at++;
    scan->depth += opens ? 1 : -1U;
    scan->first = opens;
    return (struct adv_item){.kind = opens ? ADV_ITEM_ARRAY : ADV_ITEM_END, .what = "an array"};
}

struct adv_item adv_scan_next(struct adv_scan *scan)
{
    struct adv_item item = {.kind = ADV_ITEM_NUMBER};
    scan->at = adv_scan_blanks(scan->at, scan->end);
    if (scan->at < scan->end && *scan->at == ']' && scan->depth > 0)
        return take_bracket(scan);
    if (!scan->first) {
        if (scan->at == scan->end || *scan->at != ',')
            return flaw(scan);
        scan->latest = NULL;
        scan->at = adv_scan_blanks(scan->at + 1, scan->end);
    }
    if (scan->at < scan->end && *scan->at == '[')
        return take_bracket(scan);
    if (scan->at < scan->end && *scan->at == '"')
        return take_string(scan);
    const char *after = adv_decimal_read(scan->at, scan->end, &item.number);
    if (!after)
        return take_other(scan);
    scan->latest = scan->at;
    scan->at = after;
    scan->first = false;
    item.what = item.number.is_integer ? "an integer" : "a real number";
    return item;
}

size_t adv_scan_count_rest(const struct adv_scan *scan)
{
    size_t n_commas = 0;
    const char *at = scan->at;
    if (scan->first) { /* the latest item is an array that was just opened */
        size_t inner = 0;
        at = skip_open(at, scan->end, &inner);
    }
    skip_open(at, scan->end, &n_commas);
    return n_commas;
}
