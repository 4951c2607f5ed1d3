/* Functions of each element. */
/* NaN passes through: a broken network must not look like a quiet one. */
static void relu(size_t count, const adv_real *x, adv_real *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
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

static void sin_cos_turns(size_t count, const adv_real *u, adv_real *s, adv_real *c)
{
    for (size_t i = 0; i < count; i++)
        adv_sin_cos_turns(u[i], &s[i], &c[i]);
}
