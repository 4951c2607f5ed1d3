/* The dtypes of safetensors. */
#ifndef ADV_IO_DTYPE_H
#define ADV_IO_DTYPE_H

#include "core/io/arrays/number.h"

#include <advect/extra/safetensors.h>

/* The dtype of that name; false if there is none. */
bool adv_dtype_parse(const char *name, enum adv_dtype *dtype);

struct adv_number_type adv_dtype_number(enum adv_dtype dtype);

#endif
