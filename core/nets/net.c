#include <advect/extra/net.h>
#include <advect/extra/rng.h>
#include <advect/extra/words.h>
#include <advect/label.h>

#include "core/base/mem.h"
#include "core/nets/kind.h"
#include "core/ops/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATRIX_LEAST 16 /* rows and columns */

static const struct adv_net_kind *const kinds[] = {
    &adv_net_mlp, &adv_net_transformer, &adv_net_sequential, &adv_net_unet, &adv_net_empirical};

static enum adv_status find_kind(const char *name, const struct adv_net_kind **kind,
                                 struct adv_error *error)
{
    const char *names[ADV_COUNT(kinds) + 1] = {NULL};
    for (size_t i = 0; i < ADV_COUNT(kinds); i++)
        names[i] = kinds[i]->name;
    size_t index;
    enum adv_status status = adv_find_name("net.kind", name, names, &index, error);
    if (status == ADV_OK)
        *kind = kinds[index];
    return status;
}

/* Reads the options of `config`, all but its "kind". */
static enum adv_status read_options(struct adv_net *net, const json_t *config,
                                    struct adv_error *error)
{
    const struct adv_net_kind *kind = net->kind;
    json_t *rest = json_object(); /* json_copy() would lose members silently without memory */
    enum adv_status status = ADV_OK;
    if (!rest || json_object_update(rest, (json_t *)config) != 0)
        status = adv_no_memory(error);
    else
        json_object_del(rest, "kind");
    if (status == ADV_OK)
        status = adv_fields_init(kind->fields, kind->n_fields, net->options, error);
    if (status == ADV_OK)
        status =
            adv_fields_from_json(kind->fields, kind->n_fields, rest, "net", net->options, error);
    json_decref(rest);
    return status;
}

enum adv_status adv_net_new(const json_t *config, struct adv_net **out, struct adv_error *error)
{
    if (!json_is_object(config))
        return adv_fail_field(error, ADV_E_INVALID, "net", "net must be an object");
    const json_t *name = json_object_get(config, "kind");
    if (!json_is_string(name))
        return adv_fail_field(error, ADV_E_INVALID, "net.kind",
                              "net.kind %s; it must name a kind of network, e.g. \"mlp\"",
                              name ? "is not a string" : "is missing");
    const struct adv_net_kind *kind = NULL;
    enum adv_status status = find_kind(json_string_value(name), &kind, error);
    if (status != ADV_OK)
        return status;
    struct adv_net *net = adv_calloc(1, sizeof *net);
    if (!net)
        return adv_no_memory(error);
    net->kind = kind;
    net->options = adv_calloc(1, kind->options_bytes);
    status = net->options ? read_options(net, config, error) : adv_no_memory(error);
    if (status == ADV_OK)
        status = kind->build(net->options, &net->graph, &net->traits, error);
    if (status == ADV_OK)
        *out = net;
    else
        adv_net_free(net);
    return status;
}

enum adv_status adv_net_check_stated(const json_t *config, struct adv_error *error)
{
    const char *name = json_string_value(json_object_get(config, "kind"));
    const struct adv_net_kind *kind = NULL;
    if (!name || find_kind(name, &kind, NULL) != ADV_OK)
        return ADV_OK;
    for (const char *const *option = kind->unseen; option && *option; option++) {
        if (json_object_get(config, *option))
            continue;
        const struct adv_field *field = adv_fields_find(kind->fields, kind->n_fields, *option);
        char label[64];
        snprintf(label, sizeof label, "net.%s", *option);
        return adv_fail_field(
            error, ADV_E_INVALID, label,
            "%s is missing; weights do not show it, so the config must state what "
            "the network was built with (%s if that was not chosen)",
            label, field->fallback);
    }
    return ADV_OK;
}

void adv_net_free(struct adv_net *net)
{
    if (!net)
        return;
    adv_graph_release(&net->graph);
    if (net->options)
        adv_fields_release(net->kind->fields, net->kind->n_fields, net->options);
    free(net->options);
    free(net);
}

size_t adv_net_dim(const struct adv_net *net)
{
    return net->traits.dim;
}

size_t adv_net_classes(const struct adv_net *net)
{
    return net->traits.classes;
}

bool adv_net_has_null_class(const struct adv_net *net)
{
    return net->traits.null_class;
}

size_t adv_net_context(const struct adv_net *net)
{
    return net->traits.context;
}

bool adv_net_has_null_context(const struct adv_net *net)
{
    return net->traits.null_context;
}

bool adv_net_has_kinks(const struct adv_net *net)
{
    const struct adv_graph *graph = &net->graph;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const struct adv_node *node = &graph->nodes[i];
        if (node->op->has_kinks && graph->values[node->out].has_tangent)
            return true;
    }
    return false;
}

bool adv_net_is_flow_map(const struct adv_net *net)
{
    return net->traits.flow_map;
}

float adv_net_label_input(const struct adv_net *net, int32_t label)
{
    size_t classes = net->traits.classes;
    if (classes == 0)
        return 0;
    if (label < 0 ? !net->traits.null_class : (size_t)label >= classes)
        adv_bug("label %d for a net of %zu classes and %s null class", (int)label, classes,
                net->traits.null_class ? "a" : "no");
    return label < 0 ? (float)classes : (float)label;
}

size_t adv_net_context_inputs(const struct adv_net *net)
{
    return net->traits.context + net->traits.null_context;
}

void adv_net_context_input(const struct adv_net *net, const float *context, float *inputs)
{
    size_t n = net->traits.context;
    if (n > 0 && !context && !net->traits.null_context)
        adv_bug("no context for a net that cannot do without");
    if (n > 0 && context)
        memcpy(inputs, context, n * sizeof *inputs);
    else
        memset(inputs, 0, n * sizeof *inputs);
    if (net->traits.null_context)
        inputs[n] = context != NULL;
}

void adv_net_without_condition(const struct adv_net *net, int32_t *label, const float **context)
{
    if (!net->traits.null_class && !net->traits.null_context)
        adv_bug("guidance for a net without a null class or context");
    if (net->traits.null_class)
        *label = ADV_NO_LABEL;
    if (net->traits.null_context)
        *context = NULL;
}

json_t *adv_net_config(const struct adv_net *net)
{
    json_t *config = adv_fields_to_json(net->kind->fields, net->kind->n_fields, net->options);
    if (config && json_object_set_new(config, "kind", json_string(net->kind->name)) == 0)
        return config;
    json_decref(config);
    return NULL;
}

size_t adv_net_weights(const struct adv_net *net)
{
    return net->graph.n_weights;
}

size_t adv_net_learned_weights(const struct adv_net *net)
{
    return net->graph.n_learned;
}

size_t adv_net_parameters(const struct adv_net *net)
{
    return net->graph.n_params;
}

struct adv_parameter adv_net_parameter(const struct adv_net *net, size_t i)
{
    const struct adv_param *param = &net->graph.params[i];
    struct adv_parameter parameter = {.name = param->name,
                                      .n_dims = param->n_dims,
                                      .n_elements = param->n_elements,
                                      .offset = param->offset};
    memcpy(parameter.shape, param->shape, sizeof parameter.shape);
    return parameter;
}

bool adv_net_parameter_is_matrix(const struct adv_net *net, size_t i)
{
    const struct adv_param *param = &net->graph.params[i];
    size_t rows = param->shape[0], columns = param->n_elements / rows;
    bool multiplies = false;
    for (size_t k = 0; k < net->graph.n_nodes; k++) {
        const struct adv_node *node = &net->graph.nodes[k];
        multiplies |=
            node->param[0] == (int)i && (node->op == &adv_op_linear || node->op == &adv_op_conv2d);
    }
    return multiplies && rows >= MATRIX_LEAST && columns >= MATRIX_LEAST;
}

void adv_net_init_weights(const struct adv_net *net, uint64_t seed, float *weights)
{
    for (size_t i = 0; i < net->graph.n_params; i++) {
        const struct adv_param *param = &net->graph.params[i];
        float *w = weights + param->offset;
        switch (param->init) {
        case ADV_INIT_ZERO:
        case ADV_INIT_FITTED:
            memset(w, 0, param->n_elements * sizeof *w);
            break;
        case ADV_INIT_ONE:
            for (size_t k = 0; k < param->n_elements; k++)
                w[k] = 1;
            break;
        case ADV_INIT_NORMAL:
            adv_rng_normal(seed, ADV_STREAM_INIT, i, 1, param->n_elements, w);
            break;
        case ADV_INIT_FAN_IN:
            adv_rng_uniform(seed, ADV_STREAM_INIT, i, 1, param->n_elements, w);
            float bound = (float)(1 / sqrt((double)param->fan_in));
            for (size_t k = 0; k < param->n_elements; k++)
                w[k] = bound * (2 * w[k] - 1);
            break;
        }
    }
}

void adv_net_multiply_adds(const struct adv_net *net, size_t *per_row, size_t *per_condition)
{
    adv_graph_multiply_adds(&net->graph, per_row, per_condition);
}

void adv_net_print(const struct adv_net *net, FILE *out)
{
    adv_graph_print(&net->graph, out);
}

bool adv_net_group(size_t i, struct adv_field_group *group)
{
    if (i >= ADV_COUNT(kinds))
        return false;
    *group = (struct adv_field_group){kinds[i]->name, kinds[i]->help, kinds[i]->fields,
                                      kinds[i]->n_fields};
    return true;
}

void adv_net_help(FILE *out)
{
    for (size_t i = 0; i < ADV_COUNT(kinds); i++) {
        fprintf(out, "%s: %s\n", kinds[i]->name, kinds[i]->help);
        adv_fields_help(kinds[i]->fields, kinds[i]->n_fields, out);
    }
}
