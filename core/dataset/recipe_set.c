/* Single members of a recipe, by assignments as command lines have them. */
#include <advect/extra/recipe.h>

#include <string.h>

#define DEPTH_MAX 8

static enum adv_status fail(const char *assignment, const char *why, struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, "set",
                          "\"%.100s\" %s; an assignment is as in train.steps=500", assignment, why);
}

/* A new reference; NULL for what is neither JSON nor UTF-8, and without memory. */
static json_t *read_value(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    return value ? value : json_string(text);
}

/* The member of an object that is one, too; made where it is not there. Borrowed, or NULL. */
static json_t *descend(json_t *object, const char *key, size_t n_key)
{
    json_t *member = json_object_getn(object, key, n_key);
    if (!member && json_object_setn_new(object, key, n_key, json_object()) == 0)
        member = json_object_getn(object, key, n_key);
    return json_is_object(member) ? member : NULL;
}

enum adv_status adv_recipe_set(json_t *recipe, const char *assignment, struct adv_error *error)
{
    const char *equals = strchr(assignment, '='), *at = assignment;
    if (!json_is_object(recipe))
        return adv_fail(error, ADV_E_INVALID, "the recipe must be a JSON object");
    if (!equals)
        return fail(assignment, "has no =", error);
    json_t *object = recipe;
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        size_t n = strcspn(at, ".=");
        if (n == 0)
            return fail(assignment, "has an empty name in its path", error);
        if (at + n == equals) {
            json_t *value = read_value(equals + 1);
            return value && json_object_setn_new(object, at, n, value) == 0
                       ? ADV_OK
                       : fail(assignment, "is not UTF-8 text", error);
        }
        object = descend(object, at, n);
        if (!object)
            return fail(assignment, "goes through a member that is no object", error);
        at += n + 1;
    }
    return fail(assignment, "has too long a path", error);
}
