/* One op applied to one example, in guarded buffers: what the properties of ops are tried on. */
#ifndef ADV_TESTS_TRIALS_H
#define ADV_TESTS_TRIALS_H

#include "core/ops/ops.h"
#include "tests/support/numbers.h"

#define TRIAL_ROWS 7
#define TRIAL_CONDITIONS 3

/* An application of an op; param and labels as its shapes demand. */
struct example {
    const struct adv_op *op;
    const void *attr;
    int n_params;
    enum adv_domain domain[ADV_OP_MAX_INPUTS];
    struct adv_shape in[ADV_OP_MAX_INPUTS];
    size_t param[ADV_OP_MAX_PARAMS][ADV_PARAM_MAX_DIMS];
    bool labels; /* in[0] holds whole numbers below param[0][0], which do not move */
};

struct trial {
    const struct example *example;
    const struct adv_op *op;
    struct adv_signature signature;
    struct adv_call call;
    size_t n_in[ADV_OP_MAX_INPUTS], n_param[ADV_OP_MAX_PARAMS], n_out;
    struct guarded in[ADV_OP_MAX_INPUTS], param[ADV_OP_MAX_PARAMS], out, packed, scratch;
    struct random random;
};

struct adv_signature signature_of(const struct example *example);

/* Random operands, packed to train; forward has run. rows <= TRIAL_ROWS. */
void trial_init(struct trial *trial, const struct example *example, size_t rows);
void trial_release(struct trial *trial);

/* Prepares anew what moved parameters change. */
void trial_prepare(struct trial *trial);

/* Releases a buffer, or none, after a look at its guards. */
void release_checked(struct guarded *buffer);

int n_operands(const struct trial *trial);         /* inputs and parameters */
unsigned moving_inputs(const struct trial *trial); /* a mask: all but labels */
adv_real *random_weights(struct trial *trial);     /* [n_out], to be freed */

/* Directions along the inputs named by mask; NULL elsewhere. */
struct directions {
    struct guarded in[ADV_OP_MAX_INPUTS];
    const adv_real *d_in[ADV_OP_MAX_INPUTS];
};

void directions_init(struct directions *d, struct trial *trial, unsigned mask);
void directions_release(struct directions *d);

/* One tangent through an op. */
void push_tangent(const struct adv_op *op, const struct adv_call *call, const adv_real *const *d_in,
                  adv_real *d_out);

/* Adjoints of inputs (first) and parameters (after them), wanted where mask says so. */
struct adjoints {
    struct guarded of[ADV_OP_MAX_INPUTS + ADV_OP_MAX_PARAMS];
    adv_real *g_in[ADV_OP_MAX_INPUTS], *g_param[ADV_OP_MAX_PARAMS];
};

/* All zero. */
void adjoints_init(struct adjoints *g, const struct trial *trial, unsigned mask);
void adjoints_release(struct adjoints *g);

#endif
