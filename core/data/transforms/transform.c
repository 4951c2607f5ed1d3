/* A transform as JSON, read and written: a chain of steps, each of a kind from
 * one table. What points become on their way through it is in map.c. */
#include "core/data/transforms/transform.h"
#include "core/base/mem.h"
#include "core/data/spec.h"

#include <advect/extra/levels.h>
#include <stdlib.h>
#include <string.h>

/* The one list of kinds: names and descriptors both come from it. */
#define KINDS(ROW)                                                                                 \
    ROW(identity) ROW(affine) ROW(standardise) ROW(logit) ROW(gaussianise) ROW(columns)
#define NAME(kind) #kind,
#define DESCRIPTOR(kind) &adv_step_##kind,

static const char *const names[] = {KINDS(NAME) NULL};
static const struct adv_step_kind *const kinds[] = {KINDS(DESCRIPTOR)};

/* Points over which a density of whole numbers is averaged: of one column, 4 are within 0.001 nats
 * of many (bench/supports.py's counts). */
#define DRAWS_PER_COLUMN ((size_t)4)
#define DRAWS_MAX ((size_t)16)

/* What the first object says about the data beside its own options. */
struct statements {
    json_t *range;
    int64_t levels;
};

static const struct adv_field statement_fields[] = {
    {.name = "range",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct statements, range),
     .help = "range [lo, hi] of the data"},
    {.name = "levels",
     .kind = ADV_FIELD_INT,
     .offset = offsetof(struct statements, levels),
     .min = 2,
     .max = 65536,
     .help = "number of quantisation levels that the data were dequantised from"},
};

enum adv_status adv_step_new(struct adv_step *step, const json_t *options, size_t dim,
                             const char *where, struct adv_error *error)
{
    const struct adv_step_kind *kind = step->kind;
    enum adv_status status = adv_spec_new_state(kind->fields, kind->n_fields, kind->state_bytes,
                                                options, where, &step->state, error);
    if (status == ADV_OK && kind->prepare)
        status = kind->prepare(step->state, dim, where, error);
    if (status != ADV_OK)
        adv_step_release(step);
    return status;
}

void adv_step_release(struct adv_step *step)
{
    if (step->state && step->kind->release)
        step->kind->release(step->state);
    adv_spec_free_state(step->kind->fields, step->kind->n_fields, step->state);
    step->state = NULL;
}

/* ---------------------------------------------------------------- reading a specification */

/* Moves the statements out of options into an object of their own, a new reference. */
static json_t *take_statements(json_t *options)
{
    json_t *stated = json_object();
    for (size_t i = 0; stated && i < ADV_COUNT(statement_fields); i++) {
        const char *name = statement_fields[i].name;
        json_t *value = json_object_get(options, name);
        if (value && json_object_set(stated, name, value)) {
            json_decref(stated);
            stated = NULL;
        } else if (value) {
            json_object_del(options, name);
        }
    }
    return stated;
}

static enum adv_status read_range(struct adv_transform *transform, const json_t *range,
                                  const char *where, struct adv_error *error)
{
    char name[40];
    double ends[2];
    snprintf(name, sizeof name, "%s.range", where);
    const struct adv_number_list list = {name, 2, -1e30, 1e30};
    if (!json_is_array(range))
        return adv_fail_field(error, ADV_E_INVALID, name, "%s must be [lo, hi] with lo < hi", name);
    enum adv_status status = adv_spec_numbers(&list, range, 0.0, ends, error);
    if (status != ADV_OK)
        return status;
    if (!(ends[0] < ends[1]))
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s is [%.9g, %.9g]; it must be [lo, hi] with lo < hi", name, ends[0],
                              ends[1]);
    transform->has_range = true;
    transform->lo = ends[0];
    transform->hi = ends[1];
    return ADV_OK;
}

/* Data of levels lie in [0, 1] unless another range is stated. */
static void state_unit_range(struct adv_transform *transform)
{
    if (transform->has_range)
        return;
    transform->has_range = true;
    transform->lo = 0;
    transform->hi = 1;
}

static enum adv_status read_statements(struct adv_transform *transform, json_t *options,
                                       const char *where, struct adv_error *error)
{
    const size_t n_fields = ADV_COUNT(statement_fields);
    struct statements statements = {0};
    json_t *stated = take_statements(options);
    enum adv_status status = stated ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status =
            adv_fields_from_json(statement_fields, n_fields, stated, where, &statements, error);
    if (status == ADV_OK && statements.range)
        status = read_range(transform, statements.range, where, error);
    if (status == ADV_OK) {
        transform->levels = (int)statements.levels;
        if (transform->levels)
            state_unit_range(transform);
    }
    adv_fields_release(statement_fields, n_fields, &statements);
    json_decref(stated);
    return status;
}

/* The kind and the options of a step; text stands for a kind without options. */
static enum adv_status read_kind(const json_t *spec, const char *where, size_t *index,
                                 json_t **options, struct adv_error *error)
{
    if (!json_is_string(spec) && !json_is_object(spec))
        return adv_fail_field(error, ADV_E_INVALID, where,
                              "%s must be an object with a member \"kind\", or a kind's name",
                              where);
    if (json_is_object(spec))
        return adv_spec_kind(spec, names, index, options, error);
    json_t *named = json_pack("{s:O}", "kind", spec);
    enum adv_status status =
        named ? adv_spec_kind(named, names, index, options, error) : adv_no_memory(error);
    json_decref(named);
    return status;
}

static enum adv_status read_step(struct adv_transform *transform, const json_t *spec,
                                 const char *where, struct adv_error *error)
{
    size_t index;
    json_t *options;
    enum adv_status status = read_kind(spec, where, &index, &options, error);
    if (status != ADV_OK)
        return status;
    struct adv_step *step = &transform->steps[transform->n_steps];
    step->kind = kinds[index];
    if (transform->n_steps == 0)
        status = read_statements(transform, options, where, error);
    transform->n_steps++;
    if (status == ADV_OK)
        status = adv_step_new(step, options, transform->dim, where, error);
    json_decref(options);
    return status;
}

enum adv_status adv_transform_new(const json_t *spec, size_t dim, struct adv_transform **transform,
                                  struct adv_error *error)
{
    bool is_chain = json_is_array(spec);
    size_t n_steps = is_chain ? json_array_size(spec) : spec ? 1 : 0;
    if (n_steps > ADV_TRANSFORM_STEPS_MAX)
        return adv_fail_field(error, ADV_E_INVALID, "transform",
                              "transform has %zu steps; at most %d are allowed", n_steps,
                              ADV_TRANSFORM_STEPS_MAX);
    struct adv_transform *fresh = adv_calloc(1, sizeof *fresh);
    if (!fresh)
        return adv_no_memory(error);
    fresh->dim = dim;
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < n_steps && status == ADV_OK; i++) {
        char where[32] = "transform";
        if (is_chain)
            snprintf(where, sizeof where, "transform[%zu]", i);
        status = read_step(fresh, is_chain ? json_array_get(spec, i) : spec, where, error);
    }
    if (status == ADV_OK)
        *transform = fresh;
    else
        adv_transform_free(fresh);
    return status;
}

void adv_transform_free(struct adv_transform *transform)
{
    for (size_t s = 0; transform && s < transform->n_steps; s++)
        adv_step_release(&transform->steps[s]);
    free(transform);
}

/* ---------------------------------------------------------------- writing it back */

static json_t *step_to_json(const struct adv_step *step)
{
    const struct adv_step_kind *kind = step->kind;
    const char *name = NULL;
    for (size_t i = 0; names[i]; i++)
        name = kinds[i] == kind ? names[i] : name;
    json_t *json = kind->to_json ? kind->to_json(step->state)
                                 : adv_fields_to_json(kind->fields, kind->n_fields, step->state);
    if (json && json_object_set_new(json, "kind", json_string(name))) {
        json_decref(json);
        json = NULL;
    }
    return json;
}

static bool set_statements(const struct adv_transform *transform, json_t *first)
{
    if (transform->has_range &&
        json_object_set_new(first, "range", json_pack("[f, f]", transform->lo, transform->hi)))
        return false;
    return !transform->levels ||
           !json_object_set_new(first, "levels", json_integer(transform->levels));
}

json_t *adv_transform_to_json(const struct adv_transform *transform)
{
    json_t *chain = json_array();
    for (size_t s = 0; chain && s < transform->n_steps; s++) {
        json_t *json = step_to_json(&transform->steps[s]);
        if (json && s == 0 && !set_statements(transform, json)) {
            json_decref(json);
            json = NULL;
        }
        if (json_array_append_new(chain, json)) { /* fails for NULL, and frees what it refuses */
            json_decref(chain);
            chain = NULL;
        }
    }
    if (!chain || transform->n_steps > 1)
        return chain;
    json_t *only = json_incref(json_array_get(chain, 0));
    json_decref(chain);
    if (transform->n_steps == 1)
        return only;
    json_t *identity = json_pack("{s:s}", "kind", "identity");
    if (identity && set_statements(transform, identity))
        return identity;
    json_decref(identity);
    return NULL;
}

/* ---------------------------------------------------------------- facts */

bool adv_transform_is_fitted(const struct adv_transform *transform)
{
    for (size_t s = 0; s < transform->n_steps; s++) {
        if (adv_step_needs_fit(&transform->steps[s]))
            return false;
    }
    return true;
}

bool adv_transform_is_affine(const struct adv_transform *transform)
{
    for (size_t s = 0; s < transform->n_steps; s++) {
        if (!transform->steps[s].kind->decode_velocity)
            return false;
    }
    return true;
}

bool adv_transform_range(const struct adv_transform *transform, double *lo, double *hi)
{
    if (!transform->has_range)
        return false;
    *lo = transform->lo;
    *hi = transform->hi;
    return true;
}

int adv_transform_levels(const struct adv_transform *transform)
{
    return transform->levels;
}

bool adv_transform_is_periodic(const struct adv_transform *transform, size_t column)
{
    for (size_t s = 0; s < transform->n_steps; s++) {
        const struct adv_step *step = &transform->steps[s];
        if (step->kind->is_periodic && step->kind->is_periodic(step->state, column))
            return true;
    }
    return false;
}

bool adv_transform_group(size_t i, struct adv_field_group *group)
{
    static const struct adv_field_group of_the_first = {
        "all kinds", "statements about the data, on the first transform of all", statement_fields,
        ADV_COUNT(statement_fields)};
    if (i > ADV_COUNT(kinds))
        return false;
    *group = i == 0 ? of_the_first
                    : (struct adv_field_group){names[i - 1], kinds[i - 1]->help,
                                               kinds[i - 1]->fields, kinds[i - 1]->n_fields};
    return true;
}

size_t adv_transform_draws(const struct adv_transform *transform)
{
    size_t n_whole = 0;
    for (size_t s = 0; s < transform->n_steps; s++) {
        const struct adv_step *step = &transform->steps[s];
        n_whole += step->kind->n_whole ? step->kind->n_whole(step->state) : 0;
    }
    size_t n = n_whole * DRAWS_PER_COLUMN;
    return n == 0 ? 1 : n < DRAWS_MAX ? n : DRAWS_MAX;
}

size_t adv_transform_circles(const struct adv_transform *transform, struct adv_circles *circles)
{
    size_t n = 0;
    *circles = (struct adv_circles){0};
    for (size_t column = 0; column < transform->dim; column++) {
        if (!adv_transform_is_periodic(transform, column))
            continue;
        if (n < ADV_CIRCLES_MAX)
            circles->columns[circles->n++] = (uint16_t)column;
        n++;
    }
    return n;
}

bool adv_transform_describe(const struct adv_transform *transform, size_t column, char *text,
                            size_t size)
{
    const struct adv_step *step = transform->steps;
    if (transform->n_steps == 0 || !step->kind->describe)
        return false;
    step->kind->describe(step->state, column, text, size);
    return true;
}

const char *adv_transform_column_name(const struct adv_transform *transform, size_t column)
{
    const char *name = NULL;
    for (size_t s = 0; s < transform->n_steps && !name; s++) {
        const struct adv_step *step = &transform->steps[s];
        name = step->kind->column_name ? step->kind->column_name(step->state, column) : NULL;
    }
    return name;
}

enum adv_status adv_transform_state_8_bit(struct adv_transform *transform, bool dequantised,
                                          struct adv_error *error)
{
    if (dequantised && transform->levels && transform->levels != ADV_LEVELS)
        return adv_fail_field(error, ADV_E_INVALID, "transform.levels",
                              "the transform states %d levels; dequantised 8-bit data have %d",
                              transform->levels, ADV_LEVELS);
    if (dequantised)
        transform->levels = ADV_LEVELS;
    state_unit_range(transform);
    return ADV_OK;
}
