#include "server/http/negotiate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* The end of an element that began at `at`: the comma after it, quoted ones aside, or the end. */
static const char *element_end(const char *at)
{
    bool quoted = false;
    for (; *at && (quoted || *at != ','); at++) {
        if (quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    return at;
}

/* A weight as RFC 9110 writes it: 0 to 1 with at most three decimals; or as old clients do, without
 * the 0 before its point. False if it is neither. */
static bool read_weight(const char *at, const char *end, double *weight)
{
    bool bare = end - at >= 2 && at[0] == '.' && isdigit((unsigned char)at[1]);
    if (at == end || (*at != '0' && *at != '1' && !bare))
        return false;
    double value = bare ? 0 : *at++ - '0', unit = 0.1;
    if (at < end && *at == '.') {
        for (at++; at < end && isdigit((unsigned char)*at) && unit > 1e-4; at++, unit /= 10)
            value += (*at - '0') * unit;
    }
    if (skip_blanks(at) < end || value > 1)
        return false;
    *weight = value;
    return true;
}

/* The q parameter among "; name=value" parameters in [at, end); 1 if there is none. */
static bool find_weight(const char *at, const char *end, double *weight)
{
    *weight = 1;
    while (at < end && *at == ';') {
        at = skip_blanks(at + 1);
        const char *next = at;
        while (next < end && *next != ';')
            next++;
        if (end - at >= 2 && tolower((unsigned char)at[0]) == 'q' && at[1] == '=')
            return read_weight(at + 2, next, weight);
        at = next;
    }
    return true;
}

/* How exactly the range [at, n) names the type: 3 itself, 2 its "type/" and *, 1 all, 0 not at all.
 * Old clients write * for all, and so do codings, which have no slash. */
static int specificity(const char *range, size_t n, const char *media_type)
{
    size_t n_type = strcspn(media_type, "/") + 1;
    if (n == strlen(media_type) && !strncasecmp(range, media_type, n))
        return 3;
    if (n == n_type + 1 && range[n_type] == '*' && !strncasecmp(range, media_type, n_type))
        return 2;
    return (n == 1 && *range == '*') || (n == 3 && !strncmp(range, "*/*", 3));
}

double adv_accept_quality(const char *accept, const char *media_type)
{
    if (!accept || !*skip_blanks(accept))
        return 1;
    int best = 0;
    double quality = 0;
    for (const char *at = skip_blanks(accept), *end; *at; at = skip_blanks(*end ? end + 1 : end)) {
        end = element_end(at);
        size_t n = 0;
        while (at + n < end && !strchr("; \t", at[n]))
            n++;
        int exactness = specificity(at, n, media_type);
        double weight;
        if (exactness > best && find_weight(skip_blanks(at + n), end, &weight)) {
            best = exactness;
            quality = weight;
        }
    }
    return quality;
}

int adv_negotiate(const char *accept, const char *const *media_types)
{
    int best = -1;
    double liked = 0;
    for (int i = 0; media_types[i]; i++) {
        double quality = adv_accept_quality(accept, media_types[i]);
        if (quality > liked) {
            liked = quality;
            best = i;
        }
    }
    return best;
}

bool adv_content_type_is(const char *content_type, const char *media_type)
{
    size_t n = strlen(media_type);
    if (!content_type || strncasecmp(content_type, media_type, n) != 0)
        return false;
    return !content_type[n] || strchr("; \t", content_type[n]);
}
