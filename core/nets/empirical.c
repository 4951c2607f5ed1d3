/* Kind "empirical": nothing learned, but the exact marginal velocity of a finite set of samples on
 * the path condot, each sample a Gaussian of a small bandwidth: what a network trained on these
 * samples for ever would become. The samples are its one parameter, in flow units. */
#include "core/nets/kind.h"
#include "core/ops/ops.h"

#include <advect/extra/memory.h>

struct empirical_options {
    int64_t dim, samples;
    double bandwidth;
};

#define AT(member) offsetof(struct empirical_options, member)
static const struct adv_field fields[] = {
    {"dim", ADV_FIELD_INT, AT(dim), .min = 1, .max = 65536, .required = true,
     .help = "dimension of a point"},
    {"samples", ADV_FIELD_INT, AT(samples), .min = 1, .max = 1 << 20, .required = true,
     .help = "number of samples"},
    {"bandwidth", ADV_FIELD_REAL, AT(bandwidth), .min = 1e-3, .max = 1e3, .fallback = "0.05",
     .help = "standard deviation of the Gaussian around each sample, in flow units"},
};

static enum adv_status build(const void *options, struct adv_graph *g,
                             struct adv_net_traits *traits, struct adv_error *error)
{
    const struct empirical_options *o = options;
    size_t dim = (size_t)o->dim;
    struct adv_marginal_attr attr = {o->bandwidth};
    adv_graph_init(g, adv_shape_flat(dim), false, 0);
    int samples =
        adv_graph_param(g, "samples", 2, (size_t[]){(size_t)o->samples, dim}, ADV_INIT_NORMAL, dim);
    int v = adv_graph_apply(g, &adv_op_marginal, &attr, (int[]){g->x, g->t},
                            (int[]){samples, ADV_NONE});
    *traits = (struct adv_net_traits){.dim = dim};
    return adv_graph_finish(g, v, error);
}

const struct adv_net_kind adv_net_empirical = {
    .name = "empirical",
    .help = "exact velocity of a finite set of samples, on the path condot",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .options_bytes = sizeof(struct empirical_options),
    .build = build,
};
