/* The JSON header of a safetensors file. */
#ifndef ADV_IO_SAFETENSORS_HEADER_H
#define ADV_IO_SAFETENSORS_HEADER_H

#include <advect/extra/safetensors.h>

#define ADV_SAFETENSORS_METADATA "__metadata__"
#define ADV_SAFETENSORS_MAX_HEADER ((size_t)100000000)

struct adv_header_tensor {
    struct adv_tensor tensor; /* without bytes */
    size_t begin, end;        /* as stated: nothing is known of them but that they are integers */
};

struct adv_header_pair {
    const char *key, *value;
};

struct adv_safetensors_header {
    struct adv_header_tensor *tensors;
    size_t n_tensors, tensor_capacity;
    struct adv_header_pair *metadata;
    size_t n_metadata, metadata_capacity;
};

/* Parses text [n], which it overwrites: strings are unescaped where they stand and end in a NUL, so
 * that the header points into text and is valid as long. Checks the grammar, the dtypes, the number
 * of dimensions and that shapes can be counted; not yet the offsets or that names are unique.
 * header: zeroed; to be released also after a failure. */
enum adv_status adv_safetensors_header_parse(char *text, size_t n,
                                             struct adv_safetensors_header *header,
                                             struct adv_error *error);
void adv_safetensors_header_release(struct adv_safetensors_header *header);

#endif
