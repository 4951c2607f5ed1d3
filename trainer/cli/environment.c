#include "trainer/cli/environment.h"

#include <stdlib.h>
#include <string.h>

static struct adv_load_options options = {.size = sizeof options};

static const char *value_of(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value ? value : NULL;
}

static enum adv_status read_precision(const char *name, struct adv_error *error)
{
    for (int i = 0; adv_precision_names[i]; i++) {
        if (!strcmp(name, adv_precision_names[i])) {
            options.precision = (enum adv_precision)i;
            return ADV_OK;
        }
    }
    return adv_fail_field(error, ADV_E_INVALID, "precision",
                          "precision is \"%.40s\"; it must be %s or %s", name,
                          adv_precision_names[0], adv_precision_names[1]);
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
