#include "server/http/framing.h"

#include "server/http/host.h"

#include <advect/extra/memory.h>
#include <string.h>
#include <strings.h>

#define CR '\r'
#define LF '\n'
#define MAX_PAIRS 256 /* more than a target may have (target.h), and fewer than fill the memory */
#define CHUNK_EXTENSION_MAX_BYTES 4096

enum state {
    START,
    METHOD,
    TARGET,
    VERSION,
    FIELD_START,
    FIELD_NAME,
    FIELD_VALUE,
    LINE_FEED,
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_END,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    N_STEPS, /* those above read byte by byte */
    BODY,
    CHUNK_DATA,
    CLOSED /* after the last request of the connection: what comes is never read as one */
};

/* Whole heads and requests end with their last line feed. */
enum after { AFTER_HEAD = CLOSED + 1, AFTER_BODY };

enum field { HOST, LENGTH, CODING, CONNECTION, COOKIE, N_FIELDS, OTHER = N_FIELDS };

static void refuse_as(struct adv_framing *f, enum adv_problem problem, const char *why)
{
    if (f->refusal)
        return;
    f->problem = problem;
    f->refusal = why;
}

static void refuse(struct adv_framing *f, const char *why)
{
    refuse_as(f, ADV_PROBLEM_MALFORMED, why);
}

/* ---------------------------------------------------------------- characters */

static bool is_token(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Neither a control character nor a blank. */
static bool is_visible(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f;
}

static bool is_text(char c)
{
    return is_visible(c) || c == ' ' || c == '\t';
}

/* The carriage return of a line's end has come. */
static void end_line(struct adv_framing *f, int after)
{
    f->state = LINE_FEED;
    f->after_lf = after;
}

/* ---------------------------------------------------------------- heads and bodies end */

static void end_request(struct adv_framing *f)
{
    f->n_whole++;
    f->state = f->last ? CLOSED : START;
    f->begun = f->skipped_empty_line = f->chunked = f->keep_alive = false;
    f->n_lines = f->n_pairs = 0;
    f->n_head_bytes = f->n_method = f->n_target = f->n_version = 0;
    f->length = 0;
    memset(f->counts, 0, sizeof f->counts);
}

static void end_head(struct adv_framing *f)
{
    bool old = f->version[7] == '0';
    if (f->counts[HOST] != 1 && !old)
        refuse(f, "the request has no Host");
    if (f->counts[LENGTH] && f->counts[CODING])
        refuse(f, "the request has both Content-Length and Transfer-Encoding");
    if (f->counts[CODING] && old)
        refuse(f, "HTTP/1.0 has no Transfer-Encoding");
    if (f->refusal)
        return;
    f->n_heads++;
    f->last = f->close || (old && !f->keep_alive);
    f->n_left = f->length;
    f->n_size_digits = 0;
    if (f->chunked)
        f->state = CHUNK_SIZE;
    else if (f->n_left)
        f->state = BODY;
    else
        end_request(f);
}

/* ---------------------------------------------------------------- fields that matter */

/* Decimal digits alone; what no body could have is too large, not malformed. */
static void read_length(struct adv_framing *f)
{
    if (!f->n_value || strspn(f->value, "0123456789") != f->n_value) {
        refuse(f, "Content-Length is not a number of bytes");
        return;
    }
    for (const char *at = f->value; *at; at++) {
        if (__builtin_mul_overflow(f->length, 10, &f->length) ||
            __builtin_add_overflow(f->length, (uint64_t)(*at - '0'), &f->length) ||
            f->length > INT64_MAX)
            refuse_as(f, ADV_PROBLEM_BODY_TOO_LARGE, "Content-Length exceeds every limit");
    }
}

static void read_coding(struct adv_framing *f)
{
    f->chunked = !strcasecmp(f->value, "chunked");
    if (!f->chunked)
        refuse(f, "Transfer-Encoding must be chunked, alone");
}

static void read_connection(struct adv_framing *f)
{
    for (char *rest = f->value, *word; (word = strsep(&rest, ", \t"));) {
        f->close = f->close || !strcasecmp(word, "close");
        f->keep_alive = f->keep_alive || !strcasecmp(word, "keep-alive");
    }
}

static void read_host(struct adv_framing *f)
{
    if (!adv_host_is_valid(f->value))
        refuse(f, "Host is not HOST or HOST:PORT");
}

static const struct {
    const char *name;
    void (*read)(struct adv_framing *f);
    const char *repeated; /* why there may not be two; NULL: there may */
} fields[N_FIELDS] = {
    [HOST] = {"Host", read_host, "the request has more than one Host"},
    [LENGTH] = {"Content-Length", read_length, "the request has more than one Content-Length"},
    [CODING] = {"Transfer-Encoding", read_coding,
                "the request has more than one Transfer-Encoding"},
    [CONNECTION] = {"Connection", read_connection, NULL},
    [COOKIE] = {"Cookie", NULL, NULL},
};

static void end_field(struct adv_framing *f)
{
    if (f->field == OTHER || !fields[f->field].read)
        return;
    while (f->n_value && strchr(" \t", f->value[f->n_value - 1]))
        f->n_value--;
    f->value[f->n_value] = '\0';
    if (f->counts[f->field]++ && fields[f->field].repeated)
        refuse(f, fields[f->field].repeated);
    else
        fields[f->field].read(f);
}

/* ---------------------------------------------------------------- the request line */

static void step_method(struct adv_framing *f, char c)
{
    if (c == ' ' && f->n_method)
        f->state = TARGET;
    else if (!is_token(c))
        refuse(f, "the request line does not begin with a method and one blank");
    else if (f->n_method < sizeof f->method - 1)
        f->method[f->n_method++] = c;
    f->method[f->n_method] = f->target[0] = '\0';
}

/* One empty line before a request is passed over (RFC 9112, 2.2). */
static void step_start(struct adv_framing *f, char c)
{
    f->method[0] = f->target[0] = '\0';
    if (c == CR && !f->skipped_empty_line) {
        f->skipped_empty_line = true;
        end_line(f, START);
    } else {
        f->state = METHOD;
        step_method(f, c);
    }
}

static void step_target(struct adv_framing *f, char c)
{
    if (c == ' ' && f->n_target) {
        f->state = VERSION;
        return;
    }
    if (!is_visible(c))
        refuse(f, "the request line is not METHOD TARGET VERSION with single blanks");
    if (f->n_target < sizeof f->target - 1) {
        f->target[f->n_target] = c;
        f->target[f->n_target + 1] = '\0';
    }
    f->n_target++;
    if (c == '&' && ++f->n_pairs > MAX_PAIRS)
        refuse(f, "the target's query has too many fields");
}

static void step_version(struct adv_framing *f, char c)
{
    if (c != CR || f->n_version != sizeof f->version) {
        if (f->n_version == sizeof f->version || !is_visible(c))
            refuse(f, "the request line does not end in HTTP/1.1 or HTTP/1.0");
        else
            f->version[f->n_version++] = c;
        return;
    }
    bool digits = f->version[5] >= '0' && f->version[5] <= '9' && f->version[7] >= '0' &&
                  f->version[7] <= '9';
    if (memcmp(f->version, "HTTP/", 5) != 0 || f->version[6] != '.' || !digits)
        refuse(f, "the request line does not end in HTTP/1.1 or HTTP/1.0");
    else if (f->version[5] != '1')
        refuse_as(f, ADV_PROBLEM_VERSION, "HTTP/1.1 and HTTP/1.0 are spoken here");
    end_line(f, FIELD_START);
}

/* ---------------------------------------------------------------- field lines */

static void begin_field(struct adv_framing *f, char c, int name, int end)
{
    if (c == CR) {
        end_line(f, end);
    } else if (c == ' ' || c == '\t') {
        refuse(f, "a header line begins with a blank");
    } else if (!is_token(c)) {
        refuse(f, "a header line does not begin with a name");
    } else {
        f->name[0] = c;
        f->n_name = 1;
        f->state = name;
        if (++f->n_lines > ADV_HEAD_MAX_LINES)
            refuse_as(f, ADV_PROBLEM_HEAD_TOO_LARGE, "the request has more than 256 header lines");
    }
}

static void name_field(struct adv_framing *f, char c, int value)
{
    if (c == ':') {
        f->field = HOST;
        while (f->field < N_FIELDS && (strlen(fields[f->field].name) != f->n_name ||
                                       strncasecmp(f->name, fields[f->field].name, f->n_name) != 0))
            f->field++;
        f->n_value = 0;
        f->state = value;
    } else if (!is_token(c)) {
        refuse(f, c == ' ' || c == '\t' ? "a header's name has a blank before its colon"
                                        : "a header's name is not one");
    } else if (f->n_name < sizeof f->name) {
        f->name[f->n_name++] = c; /* one that is cut is as long as none that matters */
    }
}

static void step_field_start(struct adv_framing *f, char c)
{
    begin_field(f, c, FIELD_NAME, AFTER_HEAD);
}

static void step_field_name(struct adv_framing *f, char c)
{
    name_field(f, c, FIELD_VALUE);
}

static void step_field_value(struct adv_framing *f, char c)
{
    if (c == CR) {
        end_field(f);
        end_line(f, FIELD_START);
    } else if (!is_text(c)) {
        refuse(f, "a header's value has a control character");
    } else if (f->field < COOKIE && (f->n_value || is_visible(c))) {
        if (f->n_value == sizeof f->value - 1)
            refuse(f, "a header is longer than any sense it could have");
        else
            f->value[f->n_value++] = c;
    }
}

static void step_trailer_start(struct adv_framing *f, char c)
{
    begin_field(f, c, TRAILER_NAME, AFTER_BODY);
}

static void step_trailer_name(struct adv_framing *f, char c)
{
    name_field(f, c, TRAILER_VALUE);
}

/* Trailers say nothing about where a request ends, and nothing else is made of them. */
static void step_trailer_value(struct adv_framing *f, char c)
{
    if (c == CR)
        end_line(f, TRAILER_START);
    else if (!is_text(c))
        refuse(f, "a trailer's value has a control character");
}

static void step_line_feed(struct adv_framing *f, char c)
{
    if (c != LF)
        refuse(f, "a carriage return ends no line");
    else if (f->after_lf == AFTER_HEAD)
        end_head(f);
    else if (f->after_lf == AFTER_BODY)
        end_request(f);
    else
        f->state = f->after_lf;
}

/* ---------------------------------------------------------------- chunks */

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return !at ? -1 : at - digits < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
}

/* The size has come, and with CR its line. */
static void end_size(struct adv_framing *f, char c)
{
    if (!f->n_size_digits)
        refuse(f, "a chunk does not begin with its size in hexadecimal digits");
    else if (c == CR)
        end_line(f, f->n_left ? CHUNK_DATA : TRAILER_START);
    else
        f->state = CHUNK_EXTENSION;
    f->n_size_digits = 0;
}

static void step_chunk_size(struct adv_framing *f, char c)
{
    int digit = hex_digit(c);
    if (c == CR || c == ';')
        end_size(f, c);
    else if (digit < 0)
        refuse(f, "a chunk does not begin with its size in hexadecimal digits");
    else if (++f->n_size_digits > 15)
        refuse(f, "a chunk's size has too many digits");
    else
        f->n_left = 16 * f->n_left + (uint64_t)digit;
}

static void step_chunk_extension(struct adv_framing *f, char c)
{
    if (c == CR)
        end_line(f, f->n_left ? CHUNK_DATA : TRAILER_START);
    else if (!is_text(c) || ++f->n_size_digits > CHUNK_EXTENSION_MAX_BYTES)
        refuse(f, "a chunk's extension is malformed");
}

static void step_chunk_end(struct adv_framing *f, char c)
{
    if (c == CR)
        end_line(f, CHUNK_SIZE);
    else
        refuse(f, "a chunk is longer than its size");
    f->n_size_digits = 0;
}

static void end_data(struct adv_framing *f)
{
    if (f->state == CHUNK_DATA)
        f->state = CHUNK_END;
    else
        end_request(f);
}

/* ---------------------------------------------------------------- */

static void (*const steps[N_STEPS])(struct adv_framing *f, char c) = {
    [START] = step_start,
    [METHOD] = step_method,
    [TARGET] = step_target,
    [VERSION] = step_version,
    [FIELD_START] = step_field_start,
    [FIELD_NAME] = step_field_name,
    [FIELD_VALUE] = step_field_value,
    [LINE_FEED] = step_line_feed,
    [CHUNK_SIZE] = step_chunk_size,
    [CHUNK_EXTENSION] = step_chunk_extension,
    [CHUNK_END] = step_chunk_end,
    [TRAILER_START] = step_trailer_start,
    [TRAILER_NAME] = step_trailer_name,
    [TRAILER_VALUE] = step_trailer_value,
};

/* Trailers count with the head: both are kept while the request is read. */
static void count_head(struct adv_framing *f)
{
    bool in_head = f->begun && f->n_heads == f->n_whole;
    bool in_trailer = f->state >= TRAILER_START && f->state <= TRAILER_VALUE;
    if ((!in_head && !in_trailer) || ++f->n_head_bytes <= ADV_HEAD_MAX_BYTES)
        return;
    if (f->state == TARGET)
        refuse_as(f, ADV_PROBLEM_TARGET_TOO_LONG, "the target is longer than any that is taken");
    else
        refuse_as(f, ADV_PROBLEM_HEAD_TOO_LARGE, "the request's head has more than 32768 bytes");
}

/* Passes over what it can of [n] bytes of a body or a chunk. */
static size_t skip_data(struct adv_framing *f, size_t n)
{
    size_t skipped = f->n_left < n ? (size_t)f->n_left : n;
    f->n_left -= skipped;
    if (!f->n_left)
        end_data(f);
    return skipped;
}

/* What libmicrohttpd is better without. */
static bool is_idle(const struct adv_framing *f, char c)
{
    if (f->state == FIELD_VALUE)
        return c != CR && (f->field == COOKIE || (!is_visible(c) && f->n_value > 0 &&
                                                  (f->field == LENGTH || f->field == CODING)));
    return (f->state == CHUNK_SIZE && c == ';') || (f->state == CHUNK_EXTENSION && c != CR);
}

size_t adv_framing_take(struct adv_framing *f, char *data, size_t n)
{
    size_t begin = 0, kept = 0; /* begin: of a request that begins in data, among those kept */
    for (size_t i = 0; i < n && !f->refusal;) {
        size_t n_taken = 1;
        bool idle = is_idle(f, data[i]);
        if (f->state == CLOSED) {
            n_taken = n - i;
        } else if (f->state == BODY || f->state == CHUNK_DATA) {
            n_taken = skip_data(f, n - i);
        } else {
            begin = f->begun ? begin : kept;
            f->begun = true;
            steps[f->state](f, data[i]);
            count_head(f);
        }
        if (kept < i && !idle)
            memmove(data + kept, data + i, n_taken);
        kept += idle ? 0 : n_taken;
        i += n_taken;
    }
    return f->refusal ? begin : kept;
}

bool adv_framing_is_last(const struct adv_framing *f)
{
    return f->last;
}
