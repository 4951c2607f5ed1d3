/* y = T(x), elementwise: the marginal of quantised intensities made a row of
 * Gaussians (marginal Gaussianisation: Chen and Gopinath, 2000).
 *
 * x in [0, 1] lies in one of n cells of width 1/n, a level each. F is the
 * distribution function of levels counted over all columns of the data, each
 * count one more than was seen, spread evenly over the cells. The levels are cut
 * into groups; group g has the interval between edges e_g and e_(g+1), the
 * points as many deviations from the one mean as from the other, the first edge
 * at -infinity and the last at +infinity, and maps its share of the data to the
 * Gaussian of its mean and deviation cut to the interval:
 *
 *     u = (F(x) - F_g) / (F_(g+1) - F_g),   y = mean + deviation z,
 *     Phi(z) = Phi(z_lo) + u (Phi(z_hi) - Phi(z_lo))
 *
 * so that a value which the data take often, as black, is no narrow cell that
 * the flow has to hit, but a Gaussian of its own, hardly cut. With c levels
 * counted in the cell and C in the group, whatever the rest,
 *
 *     dy/dx = n (c / C) deviation (Phi(z_hi) - Phi(z_lo)) / phi(z).
 *
 * T is continuous and rises throughout. Tails are kept from both ends, so that
 * nothing cancels. Only x = 0 and 1 themselves have no image: z stops at REACH,
 * beyond what (k + u) / n reaches as a float. */
#include "core/base/mem.h"
#include "core/data/spec.h"
#include "core/data/transforms/normal.h"
#include "core/data/transforms/step.h"

#include <math.h>
#include <stdlib.h>

#define REACH 6.0
#define GROUPS_MAX 16
#define LEVELS_MAX 65536
#define COUNT_MAX 1e12 /* sums of LEVELS_MAX of them are still exact */

struct group {
    int64_t n_levels;
    double mean, deviation;
    size_t first, end;           /* its levels are first ... end - 1 */
    double edge;                 /* the upper one */
    double below, above, inside; /* shares of the whole Gaussian */
};

struct gaussianise {
    json_t *groups_option, *counts_option;
    size_t n_groups, n_levels;
    struct group *groups;
    double *rank; /* [n_levels + 1]: how many data lie below each level; NULL until fitted */
};

#define AT(member) offsetof(struct gaussianise, member)
static const struct adv_field fields[] = {
    {.name = "groups",
     .kind = ADV_FIELD_JSON,
     .offset = AT(groups_option),
     .required = true,
     .help = "groups of levels in ascending order, each {levels, mean, deviation}"},
    {.name = "counts",
     .kind = ADV_FIELD_JSON,
     .offset = AT(counts_option),
     .help = "number of occurrences of each level in the data; counted when fitted"},
};

#define OF_GROUP(member) offsetof(struct group, member)
static const struct adv_field group_fields[] = {
    {.name = "levels",
     .kind = ADV_FIELD_INT,
     .offset = OF_GROUP(n_levels),
     .min = 1,
     .max = LEVELS_MAX,
     .required = true,
     .help = "number of levels in the group"},
    {.name = "mean",
     .kind = ADV_FIELD_REAL,
     .offset = OF_GROUP(mean),
     .min = -1e6,
     .max = 1e6,
     .required = true,
     .help = "mean of the group's Gaussian"},
    {.name = "deviation",
     .kind = ADV_FIELD_REAL,
     .offset = OF_GROUP(deviation),
     .min = 1e-6,
     .max = 1e6,
     .required = true,
     .help = "standard deviation of the group's Gaussian"},
};

/* ---------------------------------------------------------------- reading */

static enum adv_status read_group(struct gaussianise *state, size_t index, const char *where,
                                  struct adv_error *error)
{
    char name[64];
    snprintf(name, sizeof name, "%s.groups[%zu]", where, index);
    struct group *group = &state->groups[index];
    const json_t *json = json_array_get(state->groups_option, index);
    enum adv_status status = adv_fields_init(group_fields, ADV_COUNT(group_fields), group, error);
    if (status == ADV_OK)
        status =
            adv_fields_from_json(group_fields, ADV_COUNT(group_fields), json, name, group, error);
    if (status != ADV_OK)
        return status;
    group->first = state->n_levels;
    group->end = state->n_levels += (size_t)group->n_levels;
    if (group->end > LEVELS_MAX)
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s brings the levels of all groups to %zu; at most %d are allowed",
                              name, group->end, LEVELS_MAX);
    return ADV_OK;
}

/* Gaussians that are less than their deviations apart would be cut near their means. */
static enum adv_status check_gap(const struct group *group, const char *where, size_t index,
                                 struct adv_error *error)
{
    char name[64];
    double least = group[-1].mean + group[-1].deviation + group->deviation;
    if (group->mean >= least)
        return ADV_OK;
    snprintf(name, sizeof name, "%s.groups[%zu].mean", where, index);
    return adv_fail_field(error, ADV_E_INVALID, name,
                          "%s is %.9g; it must be at least %.9g, the mean before it and both "
                          "deviations",
                          name, group->mean, least);
}

static void place_edges(struct gaussianise *state)
{
    double lower = -INFINITY;
    for (size_t i = 0; i < state->n_groups; i++) {
        struct group *group = &state->groups[i], *next = group + 1;
        bool last = i + 1 == state->n_groups;
        group->edge = last ? INFINITY
                           : (group->mean * next->deviation + next->mean * group->deviation) /
                                 (group->deviation + next->deviation);
        group->below = adv_normal_below((lower - group->mean) / group->deviation);
        group->above = adv_normal_below((group->mean - group->edge) / group->deviation);
        group->inside = 1.0 - group->below - group->above;
        lower = group->edge;
    }
}

static enum adv_status read_groups(struct gaussianise *state, const char *where,
                                   struct adv_error *error)
{
    char name[40];
    snprintf(name, sizeof name, "%s.groups", where);
    size_t n = json_array_size(state->groups_option);
    if (n < 1 || n > GROUPS_MAX)
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s must be an array of 1 to %d groups of levels", name, GROUPS_MAX);
    state->groups = adv_calloc(n, sizeof *state->groups);
    if (!state->groups)
        return adv_no_memory(error);
    state->n_groups = n;
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < n && status == ADV_OK; i++) {
        status = read_group(state, i, where, error);
        if (status == ADV_OK && i > 0)
            status = check_gap(&state->groups[i], where, i, error);
    }
    if (status == ADV_OK)
        place_edges(state);
    return status;
}

static enum adv_status read_counts(struct gaussianise *state, const char *where,
                                   struct adv_error *error)
{
    char name[40];
    snprintf(name, sizeof name, "%s.counts", where);
    const struct adv_number_list list = {name, state->n_levels, 0.0, COUNT_MAX};
    if (!json_is_array(state->counts_option))
        return adv_fail_field(error, ADV_E_INVALID, name, "%s must be an array of %zu numbers",
                              name, state->n_levels);
    state->rank = adv_calloc(state->n_levels + 1, sizeof *state->rank);
    if (!state->rank)
        return adv_no_memory(error);
    enum adv_status status =
        adv_spec_numbers(&list, state->counts_option, 0.0, state->rank + 1, error);
    for (size_t k = 0; k < state->n_levels; k++)
        state->rank[k + 1] += state->rank[k] + 1.0;
    return status;
}

static enum adv_status prepare(void *opaque, size_t dim, const char *where, struct adv_error *error)
{
    (void)dim;
    struct gaussianise *state = opaque;
    enum adv_status status = read_groups(state, where, error);
    if (status == ADV_OK && state->counts_option)
        status = read_counts(state, where, error);
    return status;
}

static void release(void *opaque)
{
    struct gaussianise *state = opaque;
    free(state->groups);
    free(state->rank);
}

/* ---------------------------------------------------------------- fitting */

static bool needs_fit(const void *state)
{
    return !((const struct gaussianise *)state)->rank;
}

static const struct gaussianise *fitted(const void *state)
{
    if (needs_fit(state))
        adv_bug("a transform that gaussianises is used before it is fitted");
    return state;
}

static size_t level_of(const struct gaussianise *state, double x)
{
    size_t level = (size_t)(x * (double)state->n_levels);
    return level < state->n_levels ? level : state->n_levels - 1;
}

/* How often rows take each level, into counts [n_levels]. */
static enum adv_status count(const struct gaussianise *state, const struct adv_step_rows *rows,
                             uint64_t *counts, struct adv_error *error)
{
    double values[ADV_STEP_COLUMNS];
    for (size_t row = 0; row < rows->n; row++) {
        for (size_t first = 0, n; first < rows->dim; first += n) {
            n = adv_step_rows_read(rows, row, first, values);
            for (size_t i = 0; i < n; i++) {
                if (!(values[i] >= 0.0 && values[i] <= 1.0))
                    return adv_fail_field(error, ADV_E_INVALID, "transform",
                                          "column %zu of the data is %.9g in row %zu; to be "
                                          "gaussianised it must be between 0 and 1",
                                          first + i, values[i], row);
                counts[level_of(state, values[i])]++;
            }
        }
    }
    return ADV_OK;
}

/* This step's options with the counts: a new reference, or NULL without memory. */
static json_t *with_counts(const struct gaussianise *state, const uint64_t *counts)
{
    json_t *array = json_array();
    for (size_t k = 0; array && k < state->n_levels; k++) {
        if (json_array_append_new(array, json_integer((json_int_t)counts[k]))) {
            json_decref(array);
            array = NULL;
        }
    }
    return array ? json_pack("{s:O, s:o}", "groups", state->groups_option, "counts", array) : NULL;
}

static enum adv_status fit(const void *opaque, const struct adv_step_rows *rows,
                           struct adv_step *out, struct adv_error *error)
{
    const struct gaussianise *state = opaque;
    struct adv_step step = {&adv_step_gaussianise, NULL};
    json_t *options = NULL;
    uint64_t *counts = adv_calloc(state->n_levels, sizeof *counts);
    enum adv_status status = counts ? count(state, rows, counts, error) : adv_no_memory(error);
    if (status == ADV_OK && !(options = with_counts(state, counts)))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_step_new(&step, options, rows->dim, "transform", error);
    if (status == ADV_OK)
        *out = step;
    json_decref(options);
    free(counts);
    return status;
}

/* ---------------------------------------------------------------- the map */

static double encode_value(const struct gaussianise *state, double x)
{
    size_t level = level_of(state, x);
    double part = x * (double)state->n_levels - (double)level;
    const struct group *group = state->groups;
    while (level >= group->end)
        group++;
    const double *rank = state->rank;
    double each = group->inside / (rank[group->end] - rank[group->first]);
    double count = rank[level + 1] - rank[level];
    double below = group->below + (rank[level] - rank[group->first] + part * count) * each;
    double above =
        group->above + (rank[group->end] - rank[level + 1] + (1.0 - part) * count) * each;
    double z = adv_normal_quantile(below, above);
    return group->mean + group->deviation * fmin(fmax(z, -REACH), REACH);
}

/* Where y lies: its group, its deviations from the group's mean, and how many of the data are
 * below. */
struct place {
    const struct group *group;
    double z, rank;
    size_t level;
};

static size_t level_of_rank(const double *rank, size_t first, size_t end, double sought)
{
    while (end - first > 1) {
        size_t middle = first + (end - first) / 2;
        if (rank[middle] <= sought)
            first = middle;
        else
            end = middle;
    }
    return first;
}

static struct place find_place(const struct gaussianise *state, double y)
{
    const struct group *group = state->groups, *last = group + state->n_groups - 1;
    while (group < last && y >= group->edge)
        group++;
    double lo = state->rank[group->first], hi = state->rank[group->end];
    double z = (y - group->mean) / group->deviation;
    double share = (adv_normal_below(z) - group->below) / group->inside;
    double rank = lo + (hi - lo) * fmin(fmax(share, 0.0), 1.0);
    return (struct place){group, z, rank,
                          level_of_rank(state->rank, group->first, group->end, rank)};
}

static void encode(const void *opaque, size_t first, size_t n, double *values)
{
    (void)first;
    const struct gaussianise *state = fitted(opaque);
    for (size_t i = 0; i < n; i++)
        values[i] = encode_value(state, values[i]);
}

static void decode(const void *opaque, size_t first, size_t n, double *values)
{
    (void)first;
    const struct gaussianise *state = fitted(opaque);
    for (size_t i = 0; i < n; i++) {
        struct place place = find_place(state, values[i]);
        double lo = state->rank[place.level], hi = state->rank[place.level + 1];
        double part = (place.rank - lo) / (hi - lo);
        values[i] = ((double)place.level + part) / (double)state->n_levels;
    }
}

static double log_det(const void *opaque, size_t first, size_t n, const double *encoded)
{
    (void)first;
    const struct gaussianise *state = fitted(opaque);
    const double *rank = state->rank;
    double sum = (double)n * log(sqrt(2.0 * M_PI) * (double)state->n_levels);
    for (size_t i = 0; i < n; i++) {
        struct place place = find_place(state, encoded[i]);
        const struct group *group = place.group;
        double share =
            (rank[place.level + 1] - rank[place.level]) / (rank[group->end] - rank[group->first]);
        sum += log(share * group->deviation * group->inside) + 0.5 * place.z * place.z;
    }
    return sum;
}

const struct adv_step_kind adv_step_gaussianise = {
    .help = "intensities dequantised from a few levels, each group of levels a Gaussian",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .state_bytes = sizeof(struct gaussianise),
    .refused = adv_step_refused_beyond_unit,
    .needs_fit = needs_fit,
    .fit = fit,
    .prepare = prepare,
    .release = release,
    .encode = encode,
    .decode = decode,
    .log_det = log_det,
};
