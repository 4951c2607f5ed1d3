/* JSON bodies. Arrays of numbers, which may be megabytes, are read straight from the text (scan.h);
 * what is left of the object is short, and jansson's.
 *
 * The members of the object are gone through once. Their text is copied for jansson, but for
 * arrays: one that the table has a reader for is read on the spot and stands as null in the copy;
 * another, which no field takes, is left out too if it is long, so that what is said of it is said
 * without a tree of it. Where the text is not as it should be, the copy just goes on with it:
 * jansson comes to the same place and says what is wrong, and a place in the copy is turned into
 * one in the text. */
#include "core/base/mem.h"
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <advect/extra/bytes.h>
#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* jansson's tree takes up to 70 times its text. */
enum { REST_MAX_BYTES = 65536, LONG_BYTES = 4096, NAME_MAX_BYTES = 256 };

/* From here on the copy follows the text again. */
struct place {
    size_t in_copy, in_text;
};

struct body {
    struct adv_request *request;
    const char *text, *at, *end;
    struct adv_bytes copy;
    struct place *places;
    size_t n_places, capacity;
    unsigned arrays_read; /* bit i: of row i of the table */
    bool done;            /* the copy holds what jansson is to see */
    bool flawed;          /* what it sees is no JSON */
    const char *name;     /* of the body */
    struct adv_error *error;
};

_Static_assert(ADV_REQUEST_FIELDS_MAX <= sizeof(unsigned) * CHAR_BIT, "a bit for every row");

/* ---------------------------------------------------------------- the copy */

static enum adv_status refuse_rest(const struct body *body)
{
    return adv_fail(body->error, ADV_E_INVALID,
                    "%s has more than %d bytes beside its arrays of numbers; no request needs them",
                    body->name, REST_MAX_BYTES);
}

/* The text up to `to`. */
static enum adv_status copy(struct body *body, const char *to)
{
    size_t n = (size_t)(to - body->at);
    if (n > REST_MAX_BYTES - body->copy.n)
        return refuse_rest(body);
    enum adv_status status = adv_bytes_append(&body->copy, body->at, n, body->error);
    if (status == ADV_OK)
        body->at = to;
    return status;
}

/* Something else in place of the text up to `to`. */
static enum adv_status replace(struct body *body, const char *to, const char *by)
{
    size_t n = strlen(by);
    if (n > REST_MAX_BYTES - body->copy.n)
        return refuse_rest(body);
    enum adv_status status = adv_grow(&body->places, &body->capacity, body->n_places + 1,
                                      sizeof *body->places, body->error);
    if (status == ADV_OK)
        status = adv_bytes_append(&body->copy, by, n, body->error);
    if (status != ADV_OK)
        return status;
    body->at = to;
    body->places[body->n_places++] =
        (struct place){.in_copy = body->copy.n, .in_text = (size_t)(to - body->text)};
    return ADV_OK;
}

/* jansson's from here on: it finds a flaw before all of a long text is in need. */
static enum adv_status leave(struct body *body)
{
    size_t n = (size_t)(body->end - body->at), room = REST_MAX_BYTES - body->copy.n;
    body->done = true;
    return copy(body, body->at + (n < room ? n : room));
}

static enum adv_status copy_blanks(struct body *body)
{
    const char *after = adv_scan_blanks(body->at, body->end);
    return after - body->at > LONG_BYTES ? replace(body, after, " ") : copy(body, after);
}

/* ---------------------------------------------------------------- values */

/* The text is no JSON at scan->flaw: jansson sees as much of the array as it takes to say so, from
 * the item before on. */
static enum adv_status show_flaw(struct body *body, const struct adv_scan *scan)
{
    char before[8];
    const char *from = scan->latest ? scan->latest : scan->flaw;
    unsigned n_open = scan->depth + (scan->latest && *scan->latest == ']');
    snprintf(before, sizeof before, "%.*s%s", (int)n_open, "[[[[", /* as deep as arrays may be */
             !scan->first && !scan->latest ? "0," : "");
    body->flawed = true;
    enum adv_status status = replace(body, from, before);
    return status == ADV_OK ? leave(body) : status;
}

static enum adv_status scan_array(struct body *body, const struct adv_request_row *row)
{
    struct adv_scan scan = adv_scan_array(body->at, body->end);
    enum adv_status status = row->scan(body->request, row->field.name, &scan, body->error);
    if (scan.flaw)
        return show_flaw(body, &scan);
    return status == ADV_OK ? replace(body, scan.at, "null ") : status;
}

/* Any value but an array that is read: jansson looks at what is copied of it. */
static enum adv_status copy_value(struct body *body)
{
    const char *after = body->at;
    char first = after < body->end ? *after : '\0';
    if (first == '[' || first == '{' || first == '"')
        after = adv_scan_skip(body->at, body->end);
    else
        while (after < body->end && !strchr(",:]}[{\" \t\r\n", *after))
            after++;
    if (first != '[' || after - body->at <= LONG_BYTES)
        return copy(body, after);
    return replace(body, after, after[-1] == ']' ? "[]" : "[");
}

/* The index of the row whose arrays are read, of those that the kind of request has. */
static size_t find_row(const struct body *body, const char *name)
{
    for (size_t i = 0; i < adv_request_n_rows; i++) {
        const struct adv_request_row *row = &adv_request_rows[i];
        if (row->scan && row->in_json >> body->request->kind & 1 && !strcmp(row->field.name, name))
            return i;
    }
    return adv_request_n_rows;
}

/* A name, with its quotes, as jansson reads it; "" where that is none of ours. */
static void read_name(const char *text, const char *end, char name[NAME_MAX_BYTES])
{
    size_t n = (size_t)(end - text);
    *name = '\0';
    if (n < 2 || n >= NAME_MAX_BYTES)
        return;
    if (!memchr(text, '\\', n)) {
        memcpy(name, text + 1, n - 2);
        name[n - 2] = '\0';
        return;
    }
    json_t *json = json_loadb(text, n, JSON_DECODE_ANY, NULL);
    if (json_is_string(json))
        snprintf(name, NAME_MAX_BYTES, "%s", json_string_value(json));
    json_decref(json);
}

static enum adv_status take_value(struct body *body, const char *name)
{
    size_t i = find_row(body, name);
    bool is_array = body->at < body->end && *body->at == '[';
    if (i == adv_request_n_rows || !is_array)
        return copy_value(body);
    if (body->arrays_read >> i & 1)
        return leave(body); /* jansson stops at the name */
    body->arrays_read |= 1U << i;
    return scan_array(body, &adv_request_rows[i]);
}

/* ---------------------------------------------------------------- the object */

/* The next character, or NUL. */
static char next(const struct body *body)
{
    return body->at < body->end ? *body->at : '\0';
}

/* The comma behind a member, or the bracket behind the last. */
static enum adv_status end_member(struct body *body)
{
    if (next(body) == ',')
        return copy(body, body->at + 1);
    enum adv_status status = ADV_OK;
    if (next(body) == '}')
        status = copy(body, body->at + 1);
    if (status == ADV_OK)
        status = copy_blanks(body);
    return status == ADV_OK ? leave(body) : status;
}

/* A name, a colon, a value, and what is behind it. */
static enum adv_status take_member(struct body *body)
{
    char name[NAME_MAX_BYTES];
    if (next(body) != '"')
        return leave(body);
    const char *after = adv_scan_skip(body->at, body->end);
    read_name(body->at, after, name);
    enum adv_status status = copy(body, after);
    if (status == ADV_OK)
        status = copy_blanks(body);
    if (status != ADV_OK || next(body) != ':')
        return status == ADV_OK ? leave(body) : status;
    status = copy(body, body->at + 1);
    if (status == ADV_OK)
        status = copy_blanks(body);
    if (status == ADV_OK)
        status = take_value(body, name);
    if (status == ADV_OK && !body->done)
        status = copy_blanks(body);
    if (status != ADV_OK || body->done)
        return status;
    return end_member(body);
}

static enum adv_status take_members(struct body *body)
{
    enum adv_status status = copy_blanks(body);
    if (status != ADV_OK)
        return status;
    if (next(body) != '{') {
        status = copy_value(body);
        return status == ADV_OK ? leave(body) : status;
    }
    status = copy(body, body->at + 1);
    while (status == ADV_OK && !body->done) {
        status = copy_blanks(body);
        if (status == ADV_OK)
            status = take_member(body);
    }
    return status;
}

/* ---------------------------------------------------------------- jansson */

/* Where a place of the copy is in the text, counted as jansson counts. Without memory jansson says
 * nothing. */
static enum adv_status tell_flaw(const struct body *body, const json_error_t *flaw)
{
    size_t i = body->n_places, at = (size_t)flaw->position;
    if (!*flaw->text)
        return adv_no_memory(body->error);
    while (i > 0 && body->places[i - 1].in_copy > at)
        i--;
    if (i > 0)
        at += body->places[i - 1].in_text - body->places[i - 1].in_copy;
    size_t line = 1, column = 0;
    for (size_t k = 0; k < at && k < (size_t)(body->end - body->text); k++) {
        bool continues = (body->text[k] & 0xc0) == 0x80; /* a character of UTF-8 */
        column = body->text[k] == '\n' ? 0 : column + !continues;
        line += body->text[k] == '\n';
    }
    return adv_fail(body->error, ADV_E_FORMAT, "%s is not JSON: line %zu, column %zu: %s",
                    body->name, line, column, flaw->text);
}

static enum adv_status read_rest(struct body *body)
{
    json_error_t flaw = {.text = ""};
    const char *copied = body->copy.data ? (const char *)body->copy.data : "";
    json_t *rest =
        json_loadb(copied, body->copy.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &flaw);
    if (!rest)
        return tell_flaw(body, &flaw);
    enum adv_status status = ADV_OK;
    if (body->flawed)
        status = adv_fail(body->error, ADV_E_FORMAT, "%s is not JSON", body->name);
    else if (body->at < body->end)
        status = refuse_rest(body);
    else if (!json_is_object(rest))
        status = adv_fail(body->error, ADV_E_INVALID, "%s is %s; it must be a JSON object",
                          body->name, adv_json_kind(rest));
    else
        status = adv_request_read_object(body->request, NULL, rest, body->error);
    json_decref(rest);
    return status;
}

enum adv_status adv_request_parse_json(struct adv_request *request, const struct adv_model *model,
                                       const void *bytes, size_t n_bytes, const char *name,
                                       const struct adv_limits *limits, struct adv_error *error)
{
    const char *text = n_bytes > 0 ? bytes : "";
    struct body body = {.request = request,
                        .text = text,
                        .at = text,
                        .end = text + n_bytes,
                        .name = name,
                        .error = error};
    request->max_rows = limits->rows;
    request->max_times = limits->frames;
    request->model = model;
    enum adv_status status = take_members(&body);
    if (status == ADV_OK)
        status = read_rest(&body);
    request->model = NULL; /* the caller's */
    adv_bytes_release(&body.copy);
    free(body.places);
    return status;
}
