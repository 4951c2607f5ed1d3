#include "core/data/supports/support.h"

#include "core/base/mem.h"

#include <advect/extra/transform.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The one list of kinds: names and descriptors both come from it. */
#define KINDS(ROW) ROW(real) ROW(interval) ROW(above) ROW(below) ROW(periodic) ROW(heavy)
#define NAME(kind) #kind,
#define DESCRIPTOR(kind) &adv_support_##kind,

static const char *const names[] = {KINDS(NAME) NULL};
static const struct adv_support_kind *const kinds[] = {KINDS(DESCRIPTOR)};

#define SCALE_MIN 1e-30
#define SCALE_MAX 1e30
#define INTEGER_MAX 16777216.0 /* 2^24: beyond it floats are not all integers */
#define N_OWN_FIELDS_MAX 2

#define AT(member) offsetof(struct adv_support, member)
static const struct adv_field shared[] = {
    {"kind", ADV_FIELD_CHOICE, AT(index), .choices = names, .required = true,
     .help = "kind of support"},
    {"name", ADV_FIELD_STRING, AT(name), .max = 256, .help = "name of the column"},
    {"integer", ADV_FIELD_BOOL, AT(integer), .fallback = "false",
     .help = "whether the values are whole numbers"},
    {"centre", ADV_FIELD_REAL, AT(centre), .min = -SCALE_MAX, .max = SCALE_MAX, .fallback = "0",
     .help = "centre of the distribution of reference, as fitted"},
    {"width", ADV_FIELD_REAL, AT(width), .min = 0, .max = SCALE_MAX, .fallback = "0",
     .help = "width of the distribution of reference, as fitted; 0 before"},
    {"shift", ADV_FIELD_REAL, AT(shift), .min = -SCALE_MAX, .max = SCALE_MAX, .fallback = "0",
     .help = "mean of the mapped column, as fitted"},
    {"scale", ADV_FIELD_REAL, AT(scale), .min = SCALE_MIN, .max = SCALE_MAX, .fallback = "1",
     .help = "standard deviation of the mapped column, as fitted"},
};
#define N_SHARED ADV_COUNT(shared)

/* The fields of a kind, into all. Returns how many. */
static size_t fields_of(const struct adv_support_kind *kind,
                        struct adv_field all[N_SHARED + N_OWN_FIELDS_MAX])
{
    memcpy(all, shared, sizeof shared);
    if (kind->n_fields)
        memcpy(all + N_SHARED, kind->fields, kind->n_fields * sizeof *kind->fields);
    return N_SHARED + kind->n_fields;
}

/* ---------------------------------------------------------------- reading and writing */

static enum adv_status fail_value(const char *where, const char *field, double value,
                                  const char *must_be, struct adv_error *error)
{
    char name[120];
    snprintf(name, sizeof name, "%s.%s", where, field);
    return adv_fail_field(error, ADV_E_INVALID, name, "%s is %.9g; it must be %s", name, value,
                          must_be);
}

static bool is_whole(double value)
{
    return value == floor(value) && fabs(value) <= INTEGER_MAX;
}

static enum adv_status check_bounds(const struct adv_support *s, const char *where,
                                    struct adv_error *error)
{
    static const char whole[] = "a whole number up to 2^24 for a column of whole numbers";
    const struct adv_support_kind *kind = s->kind;
    if (kind->has_lo && kind->has_hi && !(s->integer ? s->lo <= s->hi : s->lo < s->hi))
        return fail_value(where, "hi", s->hi, "above lo", error);
    if (s->integer && (kind->has_lo || kind->periodic) && !is_whole(s->lo))
        return fail_value(where, "lo", s->lo, whole, error);
    if (s->integer && kind->has_hi && !is_whole(s->hi))
        return fail_value(where, "hi", s->hi, whole, error);
    if (s->integer && kind->periodic && !is_whole(s->period))
        return fail_value(where, "period", s->period, whole, error);
    return ADV_OK;
}

static float float_at_least(double bound)
{
    float f = (float)bound;
    return (double)f < bound ? nextafterf(f, INFINITY) : f;
}

static float float_at_most(double bound)
{
    float f = (float)bound;
    return (double)f > bound ? nextafterf(f, -INFINITY) : f;
}

/* What the options imply. Decoded values are clamped between least and most, since rounding to
 * float may otherwise lift them over a bound that is no float itself. */
static void derive(struct adv_support *s)
{
    bool lower = s->kind->has_lo || s->kind->periodic, upper = s->kind->has_hi;
    s->from = lower ? s->lo : -INFINITY;
    s->to = upper ? s->hi + s->integer : INFINITY;
    s->least = lower ? float_at_least(s->lo) : -FLT_MAX;
    s->most = upper ? float_at_most(s->hi) : FLT_MAX;
    if (s->kind->periodic) {
        double end = s->lo + s->period;
        s->to = end;
        s->most = s->integer ? (float)(end - 1.0) : float_at_most(end);
        if ((double)s->most >= end)
            s->most = nextafterf(s->most, -INFINITY);
    }
    s->log_scale = log(s->scale);
}

enum adv_status adv_support_read(struct adv_support *support, const json_t *json, const char *where,
                                 struct adv_error *error)
{
    struct adv_field all[N_SHARED + N_OWN_FIELDS_MAX];
    int64_t index = 0;
    struct adv_field kind_field = shared[0];
    kind_field.offset = 0;
    if (!json_is_object(json))
        return adv_fail_field(error, ADV_E_INVALID, where, "%s must be an object with a \"kind\"",
                              where);
    json_t *only = json_object();
    json_t *kind = json_object_get(json, "kind");
    enum adv_status status = ADV_OK;
    if (!only || (kind && json_object_set(only, "kind", kind)))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_fields_from_json(&kind_field, 1, only, where, &index, error);
    json_decref(only);
    if (status != ADV_OK)
        return status;
    support->kind = kinds[index];
    size_t n = fields_of(support->kind, all);
    status = adv_fields_init(all, n, support, error);
    if (status == ADV_OK)
        status = adv_fields_from_json(all, n, json, where, support, error);
    if (status == ADV_OK)
        status = check_bounds(support, where, error);
    if (status == ADV_OK)
        derive(support);
    return status;
}

void adv_support_release(struct adv_support *support)
{
    free(support->name);
    support->name = NULL;
}

json_t *adv_support_to_json(const struct adv_support *support)
{
    struct adv_field all[N_SHARED + N_OWN_FIELDS_MAX];
    size_t n = fields_of(support->kind, all);
    return adv_fields_to_json(all, n, support);
}

/* ---------------------------------------------------------------- fitting */

bool adv_support_group(size_t i, struct adv_field_group *group)
{
    static const struct adv_field_group of_all = {"all kinds", "what every column may have", shared,
                                                  N_SHARED};
    if (i > ADV_COUNT(kinds))
        return false;
    *group = i == 0 ? of_all
                    : (struct adv_field_group){kinds[i - 1]->name, kinds[i - 1]->help,
                                               kinds[i - 1]->fields, kinds[i - 1]->n_fields};
    return true;
}

bool adv_support_is_fitted(const struct adv_support *support)
{
    return support->width > 0.0;
}

/* Mean and standard deviation of the mapped values. */
static void find_moments(const struct adv_support *s, size_t n, const double *values, double *mean,
                         double *deviation)
{
    double squares = 0.0;
    *mean = 0.0;
    for (size_t i = 0; i < n; i++) {
        double z = s->kind->encode(s, values[i]), off = z - *mean;
        *mean += off / (double)(i + 1);
        squares += off * (z - *mean);
    }
    *deviation = sqrt(squares / (double)n);
}

enum adv_status adv_support_fit(struct adv_support *s, size_t column, size_t n,
                                const double *ascending, struct adv_error *error)
{
    const char *name = s->name ? s->name : "", *open = s->name ? " (" : "",
               *close = s->name ? ")" : "";
    s->centre = 0.0;
    s->width = 1.0;
    s->shift = 0.0;
    s->scale = 1.0;
    s->log_scale = 0.0;
    if (!s->integer && ascending[0] == ascending[n - 1])
        return adv_fail_field(error, ADV_E_INVALID, "transform",
                              "column %zu%s%.60s%s of the data is %.9g throughout: it has no "
                              "spread to standardise",
                              column, open, name, close, ascending[0]);
    if (s->kind->fit)
        s->kind->fit(s, n, ascending);
    double mean, deviation;
    find_moments(s, n, ascending, &mean, &deviation);
    if (!(fabs(mean) <= SCALE_MAX && deviation >= SCALE_MIN && deviation <= SCALE_MAX &&
          s->width <= SCALE_MAX))
        return adv_fail_field(error, ADV_E_INVALID, "transform",
                              "column %zu%s%.60s%s of the data has mean %.9g and standard "
                              "deviation %.9g once mapped; it cannot be standardised",
                              column, open, name, close, mean, deviation);
    if (!s->kind->periodic) {
        s->shift = mean;
        s->scale = deviation;
        s->log_scale = log(deviation);
    }
    return ADV_OK;
}

/* ---------------------------------------------------------------- values */

/* Data are floats, so bounds such as 0.3 hold as they round to float. */
static bool is_within(double value, double lo, double hi)
{
    return (float)value >= (float)lo && (float)value <= (float)hi;
}

bool adv_support_takes(const struct adv_support *s, double value, char *must_be, size_t size)
{
    const struct adv_support_kind *kind = s->kind;
    if (s->integer && !is_whole(value)) {
        snprintf(must_be, size, "a whole number of at most 2^24");
        return false;
    }
    if (is_within(value, kind->has_lo ? s->lo : -INFINITY, kind->has_hi ? s->hi : INFINITY))
        return true;
    if (kind->has_lo && kind->has_hi)
        snprintf(must_be, size, "between %.9g and %.9g", s->lo, s->hi);
    else
        snprintf(must_be, size, "at %s %.9g", kind->has_lo ? "least" : "most",
                 kind->has_lo ? s->lo : s->hi);
    return false;
}

double adv_support_encode(const struct adv_support *s, double value, double u)
{
    double x = s->integer ? nearbyint(value) + u : value;
    return (s->kind->encode(s, x) - s->shift) / s->scale;
}

double adv_support_decode(const struct adv_support *s, double y)
{
    double x = s->kind->decode(s, y * s->scale + s->shift);
    if (s->integer)
        x = floor(x);
    return fmin(fmax(x, (double)s->least), (double)s->most);
}

double adv_support_log_slope(const struct adv_support *s, double y)
{
    return s->kind->log_slope(s, y * s->scale + s->shift) - s->log_scale;
}

void adv_support_describe(const struct adv_support *s, char *text, size_t size)
{
    const char *whole = s->integer ? ", whole numbers" : "";
    if (s->kind->periodic)
        snprintf(text, size, "periodic, %.9g to %.9g%s", s->lo, s->lo + s->period, whole);
    else if (s->kind->has_lo && s->kind->has_hi)
        snprintf(text, size, "between %.9g and %.9g%s", s->lo, s->hi, whole);
    else if (s->kind->has_lo || s->kind->has_hi)
        snprintf(text, size, "at %s %.9g%s", s->kind->has_lo ? "least" : "most",
                 s->kind->has_lo ? s->lo : s->hi, whole);
    else
        snprintf(text, size, "%s%s", s->kind->help, whole);
}
