/* Safetensors files for readers that have more to say about a tensor than that its numbers are bad,
 * or want to know what a file says of itself before they read it. */
#ifndef ADV_IO_SAFETENSORS_VALUES_H
#define ADV_IO_SAFETENSORS_VALUES_H

#include <advect/extra/safetensors.h>

/* As adv_safetensors_open, but tensors may hold any numbers. */
enum adv_status adv_safetensors_open_any(const char *path, struct adv_safetensors **file,
                                         struct adv_error *error);

/* The header alone, with all that can be checked of it: tensors have no bytes, and the digest is
 * empty. */
enum adv_status adv_safetensors_open_header(const char *path, struct adv_safetensors **file,
                                            struct adv_error *error);

/* Index of the first element that is no finite float32, with its *value; or n_elements. */
size_t adv_tensor_find_not_finite(const struct adv_tensor *tensor, float *value);

#endif
