#include "core/flow/load_options.h"

#include "core/base/sized.h"

ADV_ENDS_WITH(struct adv_load_options, isa);

const char *adv_precision_name(enum adv_precision precision)
{
    return precision == ADV_PRECISION_BFLOAT16 ? "bfloat16" : "float32";
}

enum adv_status adv_kernels_for(const struct adv_load_options *options,
                                const struct adv_kernels **kernels, struct adv_error *error)
{
    struct adv_load_options taken = {0};
    enum adv_status status =
        adv_copy_sized(&taken, sizeof taken, options, "adv_load_options", error);
    if (status != ADV_OK)
        return status;
    if (taken.precision > ADV_PRECISION_BFLOAT16)
        return adv_fail_field(error, ADV_E_INVALID, "precision",
                              "precision is %d; it must be ADV_PRECISION_FLOAT32 or "
                              "ADV_PRECISION_BFLOAT16",
                              (int)taken.precision);
    bool bfloat16 = taken.precision == ADV_PRECISION_BFLOAT16;
    *kernels = adv_kernels_pick(bfloat16, taken.isa);
    if (*kernels)
        return ADV_OK;
    if (bfloat16 && !adv_kernels_bfloat16())
        return adv_fail_field(error, ADV_E_INVALID, "precision",
                              "precision is bfloat16, which this processor has no "
                              "instructions for (AVX512_BF16 or AMX); float32 works everywhere");
    return adv_fail_field(error, ADV_E_INVALID, "isa",
                          "isa is \"%.40s\", of which there are no kernels in %s that this "
                          "processor runs; its fastest are %s",
                          taken.isa, adv_precision_name(taken.precision),
                          adv_kernels_pick(bfloat16, NULL)->name);
}

enum adv_status adv_load_options_check(const struct adv_load_options *options,
                                       struct adv_error *error)
{
    const struct adv_kernels *kernels;
    return adv_kernels_for(options, &kernels, error);
}

const char *adv_load_options_kernels(const struct adv_load_options *options)
{
    const struct adv_kernels *kernels = NULL;
    return adv_kernels_for(options, &kernels, NULL) == ADV_OK ? kernels->name : "none";
}
