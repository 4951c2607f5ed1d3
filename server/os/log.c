#include "server/os/log.h"

#include "server/os/log_buffer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LAST_WORDS_MS 1000    /* for what is left at the end */
#define NUMBERS_MAX_BYTES 400 /* of a line, which no text takes */

const char *const adv_log_format_names[] = {[ADV_LOG_TEXT] = "text", [ADV_LOG_JSON] = "json", NULL};

static enum adv_log_format chosen = ADV_LOG_TEXT;

/* A line in the making; of texts, what does not fit is cut. */
struct line {
    char text[ADV_LOG_LINE_MAX_BYTES];
    size_t n;
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...)
{
    size_t room = sizeof line->text - line->n;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line->text + line->n, room, format, args);
    va_end(args);
    if (n > 0)
        line->n += (size_t)n < room ? (size_t)n : room - 1;
}

static void add_name(struct line *line, const char *name)
{
    add(line, chosen == ADV_LOG_JSON ? ",\"%s\":" : " %s=", name);
}

/* Quotes and backslashes escaped, everything that is not printable ASCII by its code. */
static void add_escaped(struct line *line, const char *text, size_t max)
{
    const char *code = chosen == ADV_LOG_JSON ? "\\u%04x" : "\\x%02x";
    for (size_t i = 0; text[i] && i < max && line->n < sizeof line->text - NUMBERS_MAX_BYTES; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c > 0x7e)
            add(line, code, c);
        else
            add(line, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
}

/* At most max bytes of the text. */
static void add_quoted(struct line *line, const char *name, const char *text, size_t max)
{
    add_name(line, name);
    add(line, "\"");
    add_escaped(line, text, max);
    add(line, "\"");
}

/* A text of our own, which needs no quotes where the format wants none. */
static void add_word(struct line *line, const char *name, const char *word)
{
    add_name(line, name);
    add(line, chosen == ADV_LOG_JSON ? "\"%s\"" : "%s", word);
}

static void add_integer(struct line *line, const char *name, int64_t value)
{
    add_name(line, name);
    add(line, "%" PRId64, value);
}

static void begin(struct line *line)
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    line->n = 0;
    line->n = strftime(line->text, sizeof line->text,
                       chosen == ADV_LOG_JSON ? "{\"time\":\"%Y-%m-%dT%H:%M:%S"
                                              : "time=%Y-%m-%dT%H:%M:%S",
                       &parts);
    add(line, ".%03ldZ", now.tv_nsec / 1000000);
    add(line, "%s", chosen == ADV_LOG_JSON ? "\"" : "");
}

static void end(struct line *line)
{
    add(line, "%s\n", chosen == ADV_LOG_JSON ? "}" : "");
}

void adv_log_access(const struct adv_access *access)
{
    struct line line;
    begin(&line);
    add_quoted(&line, "method", access->method, 16);
    add_quoted(&line, "path", access->target, 200);
    add_integer(&line, "status", access->status);
    add_integer(&line, "bytes", (int64_t)access->bytes);
    add_name(&line, "ms");
    add(&line, "%.3f", access->ms);
    add_quoted(&line, "request_id", access->request_id, 64);
    if (access->n >= 0)
        add_integer(&line, "n", access->n);
    if (access->nfe >= 0)
        add_integer(&line, "nfe", access->nfe);
    add_word(&line, "client", access->client);
    if (access->key)
        add_word(&line, "key", access->key);
    end(&line);
    adv_log_buffer_put(line.text, line.n);
}

static void make_message(struct line *line, const char *level, const char *text)
{
    begin(line);
    add_word(line, "level", level);
    add_quoted(line, "msg", text, 700);
    end(line);
}

static void log_message(const char *level, const char *format, va_list args)
{
    char text[701];
    struct line line;
    vsnprintf(text, sizeof text, format, args);
    make_message(&line, level, text);
    adv_log_buffer_put(line.text, line.n);
}

void adv_log_event(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_message("info", format, args);
    va_end(args);
}

void adv_log_fault(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_message("error", format, args);
    va_end(args);
}

/* ---------------------------------------------------------------- start and stop */

static size_t tell_lost(uint64_t n, char *text)
{
    char message[120];
    struct line line;
    snprintf(message, sizeof message,
             "%" PRIu64 " lines of this log were lost here: they were not read in time", n);
    make_message(&line, "warning", message);
    memcpy(text, line.text, line.n);
    return line.n;
}

enum adv_status adv_log_start(enum adv_log_format format, struct adv_error *error)
{
    chosen = format;
    return adv_log_buffer_start(tell_lost, error);
}

void adv_log_stop(void)
{
    adv_log_buffer_stop(LAST_WORDS_MS);
}

uint64_t adv_log_lost(void)
{
    return adv_log_buffer_lost();
}
