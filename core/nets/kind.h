/* A kind of network: how its JSON options become a graph. */
#ifndef ADV_NETS_KIND_H
#define ADV_NETS_KIND_H

#include <advect/extra/fields.h>

#include "core/base/circles.h"
#include "core/graph/graph.h"

/* What every kind tells the rest of the library about itself. */
struct adv_net_traits {
    size_t dim;                 /* elements of x */
    size_t classes;             /* 0: unconditional */
    bool null_class;            /* accepts "no label": one more embedding row, the last */
    struct adv_circles circles; /* columns of x in which the velocity is periodic */
    size_t context;             /* numbers of a context; 0: none */
    bool null_context;          /* accepts "no context" */
    bool flow_map;              /* takes the span s - t too: average velocities from t to s */
};

struct adv_net_kind {
    const char *name;
    const char *help;
    const struct adv_field *fields;
    size_t n_fields;
    size_t options_bytes;
    const char *const *unseen; /* options that weights do not show, NULL-terminated, or NULL: who
                                  writes a configuration for others' weights must state them */
    /* Checks the options against each other and builds; the graph is empty on entry. */
    enum adv_status (*build)(const void *options, struct adv_graph *graph,
                             struct adv_net_traits *traits, struct adv_error *error);
};

extern const struct adv_net_kind adv_net_mlp, adv_net_transformer, adv_net_sequential, adv_net_unet,
    adv_net_empirical;

struct adv_net {
    const struct adv_net_kind *kind;
    void *options; /* options_bytes, owned */
    struct adv_net_traits traits;
    struct adv_graph graph;
};

/* What the graph's label input takes for a class, or (negative) for no label; 0 if the net has no
 * classes. A label that the net does not have is a bug: it would be read beyond the table. */
float adv_net_label_input(const struct adv_net *net, int32_t label);

/* What the graph's context input takes for a context, or (NULL) for none: so many numbers, 0 of a
 * net that takes no context. Of a net with a null context, the last says whether there is one. */
size_t adv_net_context_inputs(const struct adv_net *net);
void adv_net_context_input(const struct adv_net *net, const float *context, float *inputs);

/* Label and context of a row's half that has neither, as far as the net can do without. */
void adv_net_without_condition(const struct adv_net *net, int32_t *label, const float **context);

#endif
