#include "core/io/png/common.h"

#include "core/base/mem.h"
#include "core/base/words.h"

#include <stdlib.h>
#include <string.h>

static void fail(png_structp png, png_const_charp message)
{
    struct adv_png_context *context = png_get_error_ptr(png);
    char shown[ADV_PRINTABLE_MAX];
    if (context->no_memory)
        context->status = adv_no_memory(context->error);
    else if (context->stopped)
        context->status = adv_fail(context->error, ADV_E_CANCELLED, "%s", message);
    else
        context->status = adv_fail(context->error, ADV_E_FORMAT, "PNG: %s",
                                   adv_printable(message, strlen(message), shown));
    png_longjmp(png, 1);
}

/* What libpng only warns of is harmless. */
static void warn(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static png_voidp allocate(png_structp png, png_alloc_size_t n)
{
    struct adv_png_context *context = png_get_mem_ptr(png);
    void *block = malloc(n);
    context->no_memory = context->no_memory || !block;
    return block;
}

static void release(png_structp png, png_voidp block)
{
    (void)png;
    free(block);
}

png_structp adv_png_new_reader(struct adv_png_context *context)
{
    return png_create_read_struct_2(PNG_LIBPNG_VER_STRING, context, fail, warn, context, allocate,
                                    release);
}

png_structp adv_png_new_writer(struct adv_png_context *context)
{
    return png_create_write_struct_2(PNG_LIBPNG_VER_STRING, context, fail, warn, context, allocate,
                                     release);
}
