/* Networks: a velocity v(x, t, label, context) as a program with parameters.
 *
 * JSON, with the kind's own options beside "kind":
 *   {"kind": "mlp", "dim": 2, "channels": 512, "layers": 5, ...}
 * A kind is one file and one row of a table (core/nets/). */
#ifndef ADVECT_EXTRA_NET_H
#define ADVECT_EXTRA_NET_H

#include <advect/api.h>
#include <advect/extra/fields.h>
#include <advect/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

ADV_API_BEGIN

#define ADV_PARAMETER_MAX_DIMS 4
#define ADV_NET_CONTEXT_MAX 4096 /* numbers of a context that nets of every kind take */

struct adv_net;

struct adv_parameter {
    const char *name; /* as in a PyTorch state_dict; owned by the net */
    int n_dims;
    size_t shape[ADV_PARAMETER_MAX_DIMS];
    size_t n_elements;
    size_t offset; /* in the flat vector of weights, in elements */
};

/* Builds a network from its configuration. Errors name the option. */
enum adv_status adv_net_new(const json_t *config, struct adv_net **net, struct adv_error *error);
void adv_net_free(struct adv_net *net);

/* Some options leave no trace in the weights, such as the number of heads: left to their defaults
 * by mistake, they give other velocities from weights that fit. ADV_E_INVALID if a configuration
 * for weights from elsewhere does not state one of them; what else is wrong with it, adv_net_new
 * says. */
enum adv_status adv_net_check_stated(const json_t *config, struct adv_error *error);

size_t adv_net_dim(const struct adv_net *net);            /* elements of x */
size_t adv_net_classes(const struct adv_net *net);        /* 0: unconditional */
bool adv_net_has_null_class(const struct adv_net *net);   /* takes "no label" too */
size_t adv_net_context(const struct adv_net *net);        /* numbers of a context; 0: none */
bool adv_net_has_null_context(const struct adv_net *net); /* takes "no context" too */
/* Whether it takes a second time s too, and gives average velocities from t to s. */
bool adv_net_is_flow_map(const struct adv_net *net);
/* Whether derivatives of the velocity by x jump, as those of relu and selu do: integrals of the
 * divergence then converge slowly, whatever the solver's order. */
bool adv_net_has_kinks(const struct adv_net *net);
json_t *adv_net_config(const struct adv_net *net); /* every option spelled out; new reference */

/* The flat vector of weights: float32, parameter after parameter. */
size_t adv_net_weights(const struct adv_net *net); /* its length */
/* How many of these are learned, the first; the others are fitted to the data before training. */
size_t adv_net_learned_weights(const struct adv_net *net);
size_t adv_net_parameters(const struct adv_net *net);
struct adv_parameter adv_net_parameter(const struct adv_net *net, size_t i);
/* Whether parameter i is a matrix for Muon (advect/extra/optimiser.h): the weights of a linear
 * layer or of a convolution (outputs by inputs times kernel), of 16 rows and columns at least. */
bool adv_net_parameter_is_matrix(const struct adv_net *net, size_t i);

/* Initial weights [adv_net_weights]; the same for the same seed. */
void adv_net_init_weights(const struct adv_net *net, uint64_t seed, float *weights);

/* Multiply-adds of one velocity: per row, and per distinct condition (t, label). */
void adv_net_multiply_adds(const struct adv_net *net, size_t *per_row, size_t *per_condition);

/* The program in words, a line per op. */
void adv_net_print(const struct adv_net *net, FILE *out);

/* The i-th kind and its options; false beyond the last. */
bool adv_net_group(size_t i, struct adv_field_group *group);

/* The kinds and their options, for help texts. */
void adv_net_help(FILE *out);

ADV_API_END
#endif
