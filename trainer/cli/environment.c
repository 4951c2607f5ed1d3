#include "trainer/cli/environment.h"

#include <advect/extra/words.h>

#include <stdlib.h>

static struct adv_load_options options = {.size = sizeof options};

static const char *value_of(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value ? value : NULL;
}

static enum adv_status read_precision(const char *name, struct adv_error *error)
{
    static const char *const names[] = {"float32", "bfloat16", NULL}; /* enum adv_precision */
    size_t index;
    enum adv_status status = adv_find_name("precision", name, names, &index, error);
    if (status == ADV_OK)
        options.precision = (enum adv_precision)index;
    return status;
}

enum adv_status adv_environment_read(struct adv_error *error)
{
    const char *precision = value_of("ADVECT_PRECISION");
    options = (struct adv_load_options){.size = sizeof options, .isa = value_of("ADVECT_ISA")};
    enum adv_status status = precision ? read_precision(precision, error) : ADV_OK;
    if (status == ADV_OK)
        status = adv_load_options_check(&options, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "in the environment (ADVECT_PRECISION, ADVECT_ISA): ");
    return status;
}

const struct adv_load_options *adv_environment(void)
{
    return &options;
}
