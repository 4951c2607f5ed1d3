#include "trainer/cli/overrides.h"

#include <advect/extra/recipe.h>

/* What it is set to goes to overrides, so no member of a struct belongs to it. */
static const struct adv_field flag = {
    .name = "set",
    .kind = ADV_FIELD_STRING,
    .help = "member of the recipe to change, as in train.steps=500 or net.channels=128: a dotted "
            "path, and JSON or else a text; may be repeated"};

static enum adv_status add(void *context, const char *name, const char *text,
                           struct adv_error *error)
{
    struct adv_overrides *overrides = context;
    if (overrides->n == ADV_OVERRIDES_MAX)
        return adv_fail_field(error, ADV_E_INVALID, name, "--%s is given more than %d times", name,
                              ADV_OVERRIDES_MAX);
    overrides->assignments[overrides->n++] = text;
    return ADV_OK;
}

struct adv_more_options adv_overrides_flag(struct adv_overrides *overrides)
{
    return (struct adv_more_options){
        .fields = &flag, .n_fields = 1, .set = add, .context = overrides};
}

enum adv_status adv_overrides_apply(const struct adv_overrides *overrides, json_t *recipe,
                                    struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < overrides->n && status == ADV_OK; i++)
        status = adv_recipe_set(recipe, overrides->assignments[i], error);
    if (status != ADV_OK)
        adv_error_prefix(error, "--set: ");
    return status;
}
