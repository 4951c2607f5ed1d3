#include "core/dataset/simulations.h"

#include "core/base/mem.h"

#include <string.h>

static size_t width_of(const struct adv_simulator *simulator)
{
    return adv_simulator_parameters(simulator) + adv_simulator_data(simulator);
}

/* One block of pointers and names, as arrays have them; NULL without memory. */
static char **copy_names(const struct adv_simulator *simulator)
{
    size_t width = width_of(simulator), n_text = 0;
    for (size_t i = 0; i < width; i++)
        n_text += strlen(adv_simulator_column(simulator, i)) + 1;
    char **names = adv_calloc(width * sizeof *names + n_text, 1);
    if (!names)
        return NULL;
    char *to = (char *)(names + width);
    for (size_t i = 0; i < width; i++) {
        names[i] = to;
        to = stpcpy(to, adv_simulator_column(simulator, i)) + 1;
    }
    return names;
}

static enum adv_status simulate(size_t n, uint64_t seed, struct adv_source *source,
                                struct adv_error *error)
{
    struct adv_array *rows = &source->rows;
    size_t width = width_of(source->simulator), n_numbers;
    if (!adv_mul_size(n, width, &n_numbers) ||
        !(rows->data = adv_calloc(n_numbers, sizeof *rows->data)))
        return adv_fail_field(error, ADV_E_MEMORY, "data.source.n",
                              "out of memory for data.source.n of %zu simulations", n);
    adv_simulator_rows(source->simulator, seed, 0, n, rows->data);
    rows->n_dims = 2;
    rows->shape[0] = n;
    rows->shape[1] = width;
    rows->n_elements = n_numbers;
    return ADV_OK;
}

enum adv_status adv_simulations_open(size_t n, uint64_t seed, struct adv_source *source,
                                     struct adv_error *error)
{
    source->n_parameters = adv_simulator_parameters(source->simulator);
    source->n_context = adv_simulator_data(source->simulator);
    source->rows.columns = copy_names(source->simulator);
    if (!source->rows.columns)
        return adv_no_memory(error);
    return n > 0 ? simulate(n, seed, source, error) : ADV_OK;
}

bool adv_source_is_drawn(const struct adv_source *source)
{
    return source->density || (source->simulator && !source->rows.data);
}

size_t adv_source_drawn_dim(const struct adv_source *source)
{
    return source->density ? adv_density_dim(source->density) : source->n_parameters;
}

void adv_source_draw(const struct adv_source *source, uint64_t seed, uint64_t first, size_t n,
                     float *x, float *context)
{
    if (source->density)
        adv_density_sample(source->density, seed, first, n, x);
    else
        adv_simulator_draw(source->simulator, seed, first, n, x, context);
}
