/* Arrays of JSON, read item by item where they lie in a text.
 *
 * A tree of a body's numbers takes some 70 times the body's bytes, and is built whole before the
 * first of them is looked at. Here nothing is built: who reads an array takes one item after the
 * other, and stops at the first that is wrong. Inside core/request only. */
#ifndef ADV_REQUEST_SCAN_H
#define ADV_REQUEST_SCAN_H

#include "core/base/decimal.h"

#include <stddef.h>

struct adv_scan {
    const char *at, *end; /* what is left of the text */
    unsigned depth;       /* arrays that are open */
    bool first;           /* nothing has come yet of the innermost of them */
    const char *latest;   /* number, or bracket that closed an array; NULL: a comma came since */
    const char *flaw;     /* where the text is no JSON, or a number beyond 64 bits; NULL: nowhere */
};

enum adv_item_kind {
    ADV_ITEM_ARRAY, /* opens: its items follow */
    ADV_ITEM_END,   /* of the innermost array */
    ADV_ITEM_NUMBER,
    ADV_ITEM_STRING, /* from its opening quote up to scan.at, behind the closing one */
    ADV_ITEM_OTHER, /* any other value, whose end was not looked for: nothing can be read after it */
    ADV_ITEM_FLAW   /* see scan.flaw: nothing can be read after it */
};

struct adv_item {
    enum adv_item_kind kind;
    struct adv_decimal number;
    const char *quoted; /* a string's text, not decoded */
    const char *what;   /* "an array", "a string", "an integer", ... */
};

/* A scan of an array that begins at text. */
struct adv_scan adv_scan_array(const char *text, const char *end);

/* The next item; the first is the array itself. */
struct adv_item adv_scan_next(struct adv_scan *scan);

/* How many items of the innermost array are still to come after the latest, whose own end is looked
 * for too where it is an array that was just opened. Counted by commas and brackets, right for what
 * is JSON; nothing can be read after it. */
size_t adv_scan_count_rest(const struct adv_scan *scan);

/* Where the array, object or string that begins at text ends: behind it; end, where it does not. */
const char *adv_scan_skip(const char *text, const char *end);

/* Past blanks. */
const char *adv_scan_blanks(const char *at, const char *end);

#endif
