/* How libpng is used here: errors go into a report instead of stderr, memory comes from the
 * library's allocator, and libpng's long jumps end in the one function that called setjmp. Such a
 * function keeps everything that must be released in its context, and its callers release it. */
#ifndef ADV_IO_PNG_COMMON_H
#define ADV_IO_PNG_COMMON_H

#include <advect/status.h>
#include <png.h>
#include <stdbool.h>

struct adv_png_context {
    enum adv_status status; /* ADV_OK until libpng fails */
    bool no_memory;         /* an allocation has failed: what libpng reports next is due to it */
    bool stopped;           /* likewise, where the thread's pace says so */
    struct adv_error *error;
};

/* libpng structs that report to context; NULL without memory. */
png_structp adv_png_new_reader(struct adv_png_context *context);
png_structp adv_png_new_writer(struct adv_png_context *context);

#endif
