#include <advect/status.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *adv_status_name(enum adv_status status)
{
    switch (status) {
    case ADV_OK:
        return "ok";
    case ADV_E_INVALID:
        return "invalid";
    case ADV_E_FORMAT:
        return "format";
    case ADV_E_IO:
        return "io";
    case ADV_E_MEMORY:
        return "memory";
    case ADV_E_UNSUPPORTED:
        return "unsupported";
    case ADV_E_NUMERIC:
        return "numeric";
    case ADV_E_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}

static void report(struct adv_error *error, enum adv_status status, const char *field,
                   const char *format, va_list args)
{
    if (!error || error->status != ADV_OK)
        return;
    error->status = status;
    snprintf(error->field, sizeof error->field, "%s", field ? field : "");
    vsnprintf(error->message, sizeof error->message, format, args);
}

enum adv_status adv_fail(struct adv_error *error, enum adv_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(error, status, NULL, format, args);
    va_end(args);
    return status;
}

enum adv_status adv_fail_field(struct adv_error *error, enum adv_status status, const char *field,
                               const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(error, status, field, format, args);
    va_end(args);
    return status;
}

enum adv_status adv_no_memory(struct adv_error *error)
{
    return adv_fail(error, ADV_E_MEMORY, "out of memory");
}

void adv_error_prefix(struct adv_error *error, const char *format, ...)
{
    if (!error || error->status == ADV_OK)
        return;
    char prefix[256];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    size_t n = strlen(prefix), size = sizeof error->message;
    memmove(error->message + n, error->message, size - n);
    memcpy(error->message, prefix, n);
    error->message[size - 1] = '\0';
}
