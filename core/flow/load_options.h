/* Which kernels options of loading lead to. */
#ifndef ADV_FLOW_LOAD_OPTIONS_H
#define ADV_FLOW_LOAD_OPTIONS_H

#include "core/kernels/table.h"

#include <advect/load_options.h>

/* Errors: those of adv_load_options_check. */
enum adv_status adv_kernels_for(const struct adv_load_options *options,
                                const struct adv_kernels **kernels, struct adv_error *error);

#endif
