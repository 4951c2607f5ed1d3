#include "core/data/spec.h"

#include "core/base/mem.h"

#include <stdlib.h>

enum adv_status adv_spec_kind(const json_t *spec, const char *const *names, size_t *index,
                              json_t **options, struct adv_error *error)
{
    struct adv_field kind_field = {
        .name = "kind", .kind = ADV_FIELD_CHOICE, .choices = names, .required = true};
    if (!json_is_object(spec))
        return adv_fail_field(error, ADV_E_INVALID, "kind",
                              "not a JSON object with a member \"kind\"");
    json_t *rest = json_copy((json_t *)spec);
    json_t *named = json_object();
    json_t *name = json_object_get(spec, "kind");
    enum adv_status status = ADV_OK;
    int64_t choice = 0;
    /* json_copy says nothing of members that it found no memory for. */
    if (!rest || json_object_size(rest) != json_object_size(spec) || !named ||
        (name && json_object_set(named, "kind", name)))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_fields_from_json(&kind_field, 1, named, NULL, &choice, error);
    json_decref(named);
    if (status != ADV_OK) {
        json_decref(rest);
        return status;
    }
    json_object_del(rest, "kind");
    *index = (size_t)choice;
    *options = rest;
    return ADV_OK;
}

enum adv_status adv_spec_new_state(const struct adv_field *fields, size_t n_fields,
                                   size_t state_bytes, const json_t *options, const char *kind,
                                   void **state, struct adv_error *error)
{
    void *fresh = adv_calloc(1, state_bytes);
    if (!fresh)
        return adv_no_memory(error);
    enum adv_status status = adv_fields_init(fields, n_fields, fresh, error);
    if (status == ADV_OK)
        status = adv_fields_from_json(fields, n_fields, options, kind, fresh, error);
    if (status != ADV_OK) {
        adv_spec_free_state(fields, n_fields, fresh);
        return status;
    }
    *state = fresh;
    return ADV_OK;
}

void adv_spec_free_state(const struct adv_field *fields, size_t n_fields, void *state)
{
    if (!state)
        return;
    adv_fields_release(fields, n_fields, state);
    free(state);
}

enum adv_status adv_spec_numbers(const struct adv_number_list *list, const json_t *json,
                                 double fallback, double *out, struct adv_error *error)
{
    if (json && !json_is_number(json) && !json_is_array(json))
        return adv_fail_field(error, ADV_E_INVALID, list->name,
                              "%s must be a number or an array of %zu numbers", list->name,
                              list->count);
    if (json_is_array(json) && json_array_size(json) != list->count)
        return adv_fail_field(error, ADV_E_INVALID, list->name,
                              "%s has %zu entries; it must have %zu", list->name,
                              json_array_size(json), list->count);
    /* Checked whole before any is written. */
    size_t n = json_is_array(json) ? list->count : json ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_is_array(json) ? json_array_get(json, i) : json;
        double value = json_number_value(entry);
        if (!json_is_number(entry))
            return adv_fail_field(error, ADV_E_INVALID, list->name,
                                  "entry %zu of %s is not a number", i, list->name);
        if (!(value >= list->min && value <= list->max))
            return adv_fail_field(error, ADV_E_INVALID, list->name,
                                  "%s is %.15g at entry %zu; it must be between %.15g and %.15g",
                                  list->name, value, i, list->min, list->max);
    }
    for (size_t i = 0; i < list->count; i++) {
        const json_t *entry = json_is_array(json) ? json_array_get(json, i) : json;
        out[i] = entry ? json_number_value(entry) : fallback;
    }
    return ADV_OK;
}
