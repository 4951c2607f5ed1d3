#include "server/os/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

/* A line in the making; what does not fit is cut. */
struct line {
    char text[LINE_MAX_BYTES];
    size_t n;
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...)
{
    size_t room = sizeof line->text - 1 - line->n; /* one byte is kept for the line's end */
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line->text + line->n, room, format, args);
    va_end(args);
    if (n > 0)
        line->n += (size_t)n < room ? (size_t)n : room - 1;
}

/* A quoted value: quotes and backslashes escaped, everything that is not printable ASCII as \xHH,
 * at most max bytes of it. */
static void add_quoted(struct line *line, const char *name, const char *text, size_t max)
{
    add(line, " %s=\"", name);
    for (size_t i = 0; text[i] && i < max; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            add(line, "\\%c", c);
        else if (c < 0x20 || c > 0x7e)
            add(line, "\\x%02x", c);
        else
            add(line, "%c", c);
    }
    add(line, "\"");
}

static void begin(struct line *line)
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    line->n = strftime(line->text, sizeof line->text, "time=%Y-%m-%dT%H:%M:%S", &parts);
    add(line, ".%03ldZ", now.tv_nsec / 1000000);
}

static void end(struct line *line)
{
    line->text[line->n++] = '\n';
    ssize_t written = write(STDERR_FILENO, line->text, line->n);
    (void)written; /* a log that cannot be written has nowhere to say so */
}

void adv_log_access(const struct adv_access *access)
{
    struct line line;
    begin(&line);
    add_quoted(&line, "method", access->method, 16);
    add_quoted(&line, "path", access->target, 200);
    add(&line, " status=%u bytes=%zu ms=%.3f", access->status, access->bytes, access->ms);
    add_quoted(&line, "request_id", access->request_id, 64);
    if (access->n >= 0)
        add(&line, " n=%lld", (long long)access->n);
    if (access->nfe >= 0)
        add(&line, " nfe=%lld", (long long)access->nfe);
    add(&line, " client=%s", access->client);
    end(&line);
}

static void log_message(const char *level, const char *format, va_list args)
{
    char text[700];
    vsnprintf(text, sizeof text, format, args);
    struct line line;
    begin(&line);
    add(&line, " level=%s", level);
    add_quoted(&line, "msg", text, sizeof text);
    end(&line);
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
