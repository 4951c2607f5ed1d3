/* From a safetensors file's tensors to a net's weights. */
#ifndef ADV_MODEL_WEIGHTS_H
#define ADV_MODEL_WEIGHTS_H

#include <advect/extra/net.h>
#include <advect/extra/safetensors.h>

/* Allocates *weights [adv_net_weights(net)] (free) and fills them from the file. Every parameter
 * must have its tensor, F32, F16 or BF16, of its shape and of finite numbers, and no tensor may be
 * left over: the error (ADV_E_FORMAT) names each that is at fault, the first 20 in full. */
enum adv_status adv_weights_from_file(const struct adv_net *net, const struct adv_safetensors *file,
                                      float **weights, struct adv_error *error);

#endif
