#include "core/base/words.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- messages */

void adv_append(char *text, size_t size, const char *format, ...)
{
    size_t n = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + n, size - n, format, args);
    va_end(args);
}

enum adv_status adv_note(struct adv_bytes *notes, struct adv_error *error, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    size_t n = strlen(line);
    line[n++] = '\n';
    enum adv_status status = adv_bytes_reserve(notes, n + 1, error);
    if (status != ADV_OK)
        return status;
    memcpy(notes->data + notes->n, line, n);
    notes->n += n;
    notes->data[notes->n] = '\0';
    return ADV_OK;
}

void adv_make_printable(char *text)
{
    for (; *text; text++)
        *text = *text >= ' ' && *text < 0x7f ? *text : '?';
}

/* Characters that change what stands around them, or that nobody sees: directions, joiners, marks
 * of byte order, line and paragraph separators. */
static bool is_invisible(uint32_t character)
{
    return character < 0xa0 || (character >= 0x200b && character <= 0x200f) ||
           (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2060 && character <= 0x206f) || character == 0xfeff;
}

/* Bytes of the character at text [n] if it may be printed as it is, or 0. */
static size_t printable_bytes(const char *text, size_t n)
{
    unsigned char first = (unsigned char)*text;
    if (first < 0x80)
        return first >= ' ' && first <= '~';
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (length > n || !adv_is_utf8(text, length))
        return 0;
    uint32_t character = first & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++)
        character = character << 6 | ((unsigned char)text[i] & 0x3f);
    return is_invisible(character) ? 0 : length;
}

/* As much of text [n] as fits into out [room], without a NUL: printable characters as they are,
 * other bytes as '?'. Returns its bytes; *taken: those of text. */
static size_t copy_printable(const char *text, size_t n, char *out, size_t room, size_t *taken)
{
    size_t from = 0, to = 0;
    while (from < n) {
        size_t length = printable_bytes(text + from, n - from);
        if (to + (length ? length : 1) > room)
            break;
        if (length)
            memcpy(out + to, text + from, length);
        else
            out[to] = '?';
        to += length ? length : 1;
        from += length ? length : 1;
    }
    *taken = from;
    return to;
}

struct adv_quoted adv_quote(const char *text)
{
    struct adv_quoted quoted = {"\""};
    size_t n = strlen(text), taken;
    size_t at =
        1 + copy_printable(text, n, quoted.text + 1, sizeof quoted.text - sizeof "\"\"...", &taken);
    snprintf(quoted.text + at, sizeof quoted.text - at, "%s\"", taken < n ? "..." : "");
    return quoted;
}

const char *adv_printable(const char *text, size_t n, char out[ADV_PRINTABLE_MAX])
{
    size_t taken, at = copy_printable(text, n, out, ADV_PRINTABLE_MAX - sizeof "...", &taken);
    snprintf(out + at, ADV_PRINTABLE_MAX - at, "%s", taken < n ? "..." : "");
    return out;
}

/* ---------------------------------------------------------------- names */

#define NAME_MAX_BYTES 64 /* longer names are no slip of the pen */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap neighbours) that turn a into b, each letter edited at most
 * once: the restricted Damerau-Levenshtein distance. Lengths at most NAME_MAX_BYTES. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t n_a = strlen(a), n_b = strlen(b);
    size_t rows[3][NAME_MAX_BYTES + 1]; /* of prefixes of a, the last three; columns: of b */
    for (size_t i = 0; i <= n_a; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            if (i == 0) {
                row[j] = j;
                continue;
            }
            size_t replace = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(replace, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[n_a % 3][n_b];
}

const char *adv_nearest_name(const char *name, const char *const *names)
{
    size_t length = strlen(name);
    if (length > NAME_MAX_BYTES)
        return NULL;
    /* Fewer edits than letters, or any name would do for a short one. */
    size_t bound = least(length / 3 > 2 ? length / 3 : 2, length ? length - 1 : 0);
    const char *nearest = NULL;
    for (size_t i = 0; names[i]; i++) {
        if (strlen(names[i]) > NAME_MAX_BYTES)
            continue;
        size_t distance = edit_distance(name, names[i]);
        if (distance <= bound && (distance < bound || !nearest)) {
            bound = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

enum adv_status adv_find_name(const char *field, const char *name, const char *const *names,
                              size_t *index, struct adv_error *error)
{
    char known[1024] = "";
    for (size_t i = 0; names[i]; i++) {
        if (name && !strcmp(names[i], name)) {
            *index = i;
            return ADV_OK;
        }
        adv_append(known, sizeof known, "%s%s", i ? ", " : "", names[i]);
    }
    const char *nearest = name ? adv_nearest_name(name, names) : NULL;
    return adv_fail_field(error, ADV_E_INVALID, field, "%s is %s; it must be one of %s%s%s%s",
                          field, name ? adv_quote(name).text : "missing", known,
                          nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                          nearest ? "\"?" : "");
}

/* ---------------------------------------------------------------- characters */

bool adv_is_utf8(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned char lead = (unsigned char)text[i++];
        int n_following = lead < 0x80   ? 0
                          : lead < 0xc2 ? -1
                          : lead < 0xe0 ? 1
                          : lead < 0xf0 ? 2
                                        : 3;
        if (n_following < 0 || lead > 0xf4 || n - i < (size_t)n_following)
            return false;
        unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        for (; n_following > 0; n_following--) {
            unsigned char next = (unsigned char)text[i++];
            if (next < lowest || next > highest)
                return false;
            lowest = 0x80;
            highest = 0xbf;
        }
    }
    return true;
}
