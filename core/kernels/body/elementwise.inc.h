/* Functions of each element. */
/* NaN passes through: a broken network must not look like a quiet one. */
static void relu(size_t count, const adv_real *x, adv_real *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

INLINE vector where_positive(vector gate, vector x)
{
    const vector zero = {0};
    return (vector)((vector_mask)(gate > zero) & (vector_mask)x);
}

static void gate(size_t count, const adv_real *gate, const adv_real *x, adv_real *y)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        vector passed = where_positive(load(gate + i), load(x + i));
        memcpy(y + i, &passed, sizeof passed);
    }
    for (; i < count; i++)
        y[i] = gate[i] > 0 ? x[i] : 0;
}

static void gate_add(size_t count, const adv_real *gate, const adv_real *x, adv_real *y)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        vector sum = load(y + i) + where_positive(load(gate + i), load(x + i));
        memcpy(y + i, &sum, sizeof sum);
    }
    for (; i < count; i++)
        y[i] += gate[i] > 0 ? x[i] : 0;
}

static void silu(size_t count, const adv_real *x, adv_real *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] / (1 + adv_exp(-x[i]));
}

static void silu_slope(size_t count, const adv_real *x, adv_real *y)
{
    for (size_t i = 0; i < count; i++) {
        adv_real e = adv_exp(-x[i]), sigmoid = 1 / (1 + e);
        y[i] = sigmoid * (1 + x[i] * (e * sigmoid)); /* e sigmoid = 1 - sigmoid, uncancelled */
    }
}

static void selu(size_t count, const adv_real *x, adv_real *y)
{
    for (size_t i = 0; i < count; i++) {
        adv_real below = ADV_SELU_ALPHA * (adv_exp(x[i]) - 1);
        y[i] = ADV_SELU_SCALE * (x[i] > 0 ? x[i] : below);
    }
}

static void sin_cos_turns(size_t count, const adv_real *u, adv_real *s, adv_real *c)
{
    for (size_t i = 0; i < count; i++)
        adv_sin_cos_turns(u[i], &s[i], &c[i]);
}
