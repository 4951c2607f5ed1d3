#include "tests/support/trials.h"

#include "core/base/mem.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* every condition, some of them twice */
static const int32_t row_map[TRIAL_ROWS] = {0, 2, 1, 1, 0, 2, 2};

static size_t rows_in(enum adv_domain domain, size_t rows)
{
    return domain == ADV_PER_ROW ? rows : TRIAL_CONDITIONS;
}

struct adv_signature signature_of(const struct example *example)
{
    struct adv_signature s = {
        .attr = example->attr, .n_inputs = example->op->n_inputs, .n_params = example->n_params};
    for (int i = 0; i < s.n_inputs; i++) {
        s.domain[i] = example->domain[i];
        s.in[i] = example->in[i];
    }
    memcpy(s.param, example->param, sizeof s.param);
    return s;
}

/* Operands stay 0.05 away from zero, where relu has its kink. */
static void fill_operand(struct trial *trial, struct guarded *operand, size_t n)
{
    guarded_init(operand, n);
    for (size_t i = 0; i < n; i++) {
        double magnitude = random_between(&trial->random, 0.05, 1);
        operand->data[i] = (adv_real)(random_below(&trial->random, 2) ? magnitude : -magnitude);
    }
}

static void fill_inputs(struct trial *trial, size_t rows)
{
    const struct adv_signature *s = &trial->signature;
    for (int i = 0; i < s->n_inputs; i++) {
        trial->n_in[i] = rows_in(s->domain[i], rows) * adv_shape_size(s->in[i]);
        fill_operand(trial, &trial->in[i], trial->n_in[i]);
        trial->call.in[i] = trial->in[i].data;
    }
    for (size_t k = 0; trial->example->labels && k < trial->n_in[0]; k++)
        trial->in[0].data[k] = (adv_real)random_below(&trial->random, s->param[0][0]);
}

static void packed_init(struct trial *trial)
{
    const struct adv_kernels *kernels = trial->call.kernels;
    size_t n = trial->op->packed_size
                   ? trial->op->packed_size(&trial->signature, kernels, ADV_TO_TRAIN)
                   : 0;
    if (n == 0)
        return;
    guarded_init(&trial->packed, n);
    trial->call.packed = trial->packed.data;
}

static void scratch_init(struct trial *trial)
{
    const struct adv_call *call = &trial->call;
    size_t most = 0;
    for (enum adv_sweep sweep = ADV_FORWARD; sweep <= ADV_BACKWARD; sweep++) {
        size_t n =
            trial->op->scratch_size
                ? trial->op->scratch_size(&trial->signature, call->kernels, call->rows, sweep)
                : 0;
        most = n > most ? n : most;
    }
    if (most == 0)
        return;
    guarded_init(&trial->scratch, most);
    trial->call.scratch = trial->scratch.data;
}

void trial_init(struct trial *trial, const struct example *example, size_t rows)
{
    *trial = (struct trial){.example = example, .op = example->op, .random = {rows}};
    struct adv_signature *s = &trial->signature;
    *s = signature_of(trial->example);
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(trial->op->infer(s, &error) == ADV_OK, "%s", error.message);
    trial->call = (struct adv_call){.signature = s,
                                    .kernels = adv_kernels_best(),
                                    .rows = rows_in(s->out_domain, rows),
                                    .row_map = row_map};
    fill_inputs(trial, rows);
    for (int i = 0; i < s->n_params; i++) {
        trial->n_param[i] = s->param[i][0] * s->param[i][1] * s->param[i][2] * s->param[i][3];
        fill_operand(trial, &trial->param[i], trial->n_param[i]);
        trial->call.param[i] = trial->param[i].data;
    }
    trial->n_out = trial->call.rows * adv_shape_size(s->out);
    guarded_init(&trial->out, trial->n_out);
    trial->call.out = trial->out.data;
    packed_init(trial);
    scratch_init(trial);
    trial_prepare(trial);
    trial->op->forward(&trial->call);
}

void trial_prepare(struct trial *trial)
{
    if (trial->call.packed)
        trial->op->pack(&trial->signature, trial->call.kernels, ADV_TO_TRAIN, trial->call.param,
                        trial->packed.data);
}

void release_checked(struct guarded *buffer)
{
    ck_assert_msg(!buffer->data || guarded_intact(buffer), "written outside of a buffer");
    if (buffer->data)
        guarded_release(buffer);
}

void trial_release(struct trial *trial)
{
    for (int i = 0; i < ADV_OP_MAX_INPUTS; i++)
        release_checked(&trial->in[i]);
    for (int i = 0; i < ADV_OP_MAX_PARAMS; i++)
        release_checked(&trial->param[i]);
    release_checked(&trial->out);
    release_checked(&trial->packed);
    release_checked(&trial->scratch);
}

void directions_init(struct directions *d, struct trial *trial, unsigned mask)
{
    *d = (struct directions){0};
    for (int i = 0; i < trial->op->n_inputs; i++) {
        if (!(mask & (1u << i)))
            continue;
        guarded_init(&d->in[i], trial->n_in[i]);
        random_fill(&trial->random, -1, 1, trial->n_in[i], d->in[i].data);
        d->d_in[i] = d->in[i].data;
    }
}

void directions_release(struct directions *d)
{
    for (int i = 0; i < ADV_OP_MAX_INPUTS; i++)
        release_checked(&d->in[i]);
}

void push_tangent(const struct adv_op *op, const struct adv_call *call, const adv_real *const *d_in,
                  adv_real *d_out)
{
    struct adv_tangents one = {.n = 1, .out = d_out};
    for (int i = 0; i < op->n_inputs; i++)
        one.in[i] = d_in[i];
    adv_op_push(op, call, &one);
}

int n_operands(const struct trial *trial)
{
    return trial->op->n_inputs + trial->signature.n_params;
}

static size_t operand_size(const struct trial *trial, int k)
{
    int n_inputs = trial->op->n_inputs;
    return k < n_inputs ? trial->n_in[k] : trial->n_param[k - n_inputs];
}

void adjoints_init(struct adjoints *g, const struct trial *trial, unsigned mask)
{
    *g = (struct adjoints){0};
    for (int k = 0; k < n_operands(trial); k++) {
        if (!(mask & (1u << k)))
            continue;
        guarded_init(&g->of[k], operand_size(trial, k));
        memset(g->of[k].data, 0, g->of[k].n * sizeof(adv_real));
        if (k < trial->op->n_inputs)
            g->g_in[k] = g->of[k].data;
        else
            g->g_param[k - trial->op->n_inputs] = g->of[k].data;
    }
}

void adjoints_release(struct adjoints *g)
{
    for (size_t k = 0; k < ADV_COUNT(g->of); k++)
        release_checked(&g->of[k]);
}

unsigned moving_inputs(const struct trial *trial)
{
    return trial->example->labels ? 0 : (1u << trial->op->n_inputs) - 1;
}

adv_real *random_weights(struct trial *trial)
{
    adv_real *w = malloc(trial->n_out * sizeof *w);
    ck_assert_ptr_nonnull(w);
    random_fill(&trial->random, -1, 1, trial->n_out, w);
    return w;
}
