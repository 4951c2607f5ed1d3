#include "core/data/densities/density.h"

#include "core/base/mem.h"
#include "core/data/spec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The one list of kinds: names and descriptors both come from it. */
#define KINDS(ROW)                                                                                 \
    ROW(checkerboard)                                                                              \
    ROW(gaussian)                                                                                  \
    ROW(gaussian_mixture)                                                                          \
    ROW(two_moons)                                                                                 \
    ROW(eight_gaussians)                                                                           \
    ROW(pinwheel)                                                                                  \
    ROW(rings)                                                                                     \
    ROW(swiss_roll)

#define NAME(kind) #kind,
#define DESCRIPTOR(kind) &adv_density_##kind,

static const char *const names[] = {KINDS(NAME) NULL};
static const struct adv_density_kind *const kinds[] = {KINDS(DESCRIPTOR)};

struct adv_density {
    const struct adv_density_kind *kind;
    size_t dim;
    void *state;
};

enum adv_status adv_density_new(const json_t *spec, struct adv_density **density,
                                struct adv_error *error)
{
    size_t index;
    json_t *options;
    enum adv_status status = adv_spec_kind(spec, names, &index, &options, error);
    if (status != ADV_OK)
        return status;
    struct adv_density *fresh = adv_calloc(1, sizeof *fresh);
    if (!fresh) {
        status = adv_no_memory(error);
        goto out;
    }
    const struct adv_density_kind *kind = fresh->kind = kinds[index];
    status = adv_spec_new_state(kind->fields, kind->n_fields, kind->state_bytes, options,
                                names[index], &fresh->state, error);
    if (status == ADV_OK && kind->prepare)
        status = kind->prepare(fresh->state, error);
    if (status != ADV_OK)
        goto out;
    fresh->dim = kind->dim ? kind->dim(fresh->state) : 2;
    *density = fresh;
    fresh = NULL;
out:
    adv_density_free(fresh);
    json_decref(options);
    return status;
}

void adv_density_free(struct adv_density *density)
{
    if (!density)
        return;
    if (density->state && density->kind->release)
        density->kind->release(density->state);
    adv_spec_free_state(density->kind->fields, density->kind->n_fields, density->state);
    free(density);
}

const char *const *adv_density_kinds(void)
{
    return names;
}

const char *adv_density_help(const char *kind)
{
    for (size_t i = 0; names[i]; i++) {
        if (!strcmp(names[i], kind))
            return kinds[i]->help;
    }
    return NULL;
}

bool adv_density_group(size_t i, struct adv_field_group *group)
{
    if (i >= ADV_COUNT(kinds))
        return false;
    *group =
        (struct adv_field_group){names[i], kinds[i]->help, kinds[i]->fields, kinds[i]->n_fields};
    return true;
}

size_t adv_density_dim(const struct adv_density *density)
{
    return density->dim;
}

void adv_density_sample(const struct adv_density *density, uint64_t seed, uint64_t first, size_t n,
                        float *out)
{
    density->kind->sample(density->state, seed, first, n, out);
}

bool adv_density_log_density(const struct adv_density *density, size_t n, const float *points,
                             double *out)
{
    const struct adv_density_kind *kind = density->kind;
    if (!kind->log_density || (kind->has_log_density && !kind->has_log_density(density->state)))
        return false;
    kind->log_density(density->state, n, points, out);
    return true;
}

size_t adv_density_modes(const struct adv_density *density)
{
    return density->kind->modes ? density->kind->modes(density->state) : 0;
}

long adv_density_mode(const struct adv_density *density, const float *point)
{
    return density->kind->mode ? density->kind->mode(density->state, point) : -1;
}

double adv_density_mode_weight(const struct adv_density *density, size_t mode)
{
    if (mode >= adv_density_modes(density))
        adv_bug("mode %zu of %zu", mode, adv_density_modes(density));
    return density->kind->mode_weight(density->state, mode);
}

void adv_density_box(const struct adv_density *density, double *lo, double *hi)
{
    density->kind->box(density->state, lo, hi);
}
