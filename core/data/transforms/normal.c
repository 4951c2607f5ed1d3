#include "core/data/transforms/normal.h"

#include <math.h>

#define N_TERMS 8

/* A quotient of two polynomials, terms in ascending order. */
struct quotient {
    double over[N_TERMS], under[N_TERMS];
};

/* Of 0.180625 - (p - 1/2)^2 for |p - 1/2| <= 0.425. */
static const struct quotient middle = {
    {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3},
    {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3},
};

/* Of r - 1.6, r = sqrt(-log(tail)), for r <= 5. */
static const struct quotient tail = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9},
};

/* Of r - 5 for r > 5. */
static const struct quotient far_tail = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15},
};

static double polynomial(const double terms[N_TERMS], double x)
{
    double sum = terms[N_TERMS - 1];
    for (int i = N_TERMS - 1; i-- > 0;)
        sum = sum * x + terms[i];
    return sum;
}

static double evaluate(const struct quotient *quotient, double x)
{
    return polynomial(quotient->over, x) / polynomial(quotient->under, x);
}

double adv_normal_below(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

double adv_normal_quantile(double below, double above)
{
    double off = 0.5 * (below - above);
    if (fabs(off) <= 0.425)
        return off * evaluate(&middle, 0.180625 - off * off);
    double smaller = fmin(below, above);
    if (smaller <= 0.0)
        return copysign(INFINITY, off);
    double r = sqrt(-log(smaller));
    double z = r <= 5.0 ? evaluate(&tail, r - 1.6) : evaluate(&far_tail, r - 5.0);
    return copysign(z, off);
}

double adv_normal_log_density(double z)
{
    return -0.5 * z * z - 0.5 * log(2.0 * M_PI);
}

/* Beyond 30 the asymptotic series of Mills' ratio (Abramowitz and Stegun, 26.2.12) errs by less
 * than its next term, 105 / z^8. */
double adv_normal_log_above(double z)
{
    if (z < 0.0)
        return log1p(-adv_normal_below(z));
    if (z <= 30.0)
        return log(adv_normal_below(-z));
    double r = 1.0 / (z * z);
    return adv_normal_log_density(z) - log(z) + log1p(-r * (1.0 - r * (3.0 - r * 15.0)));
}

double adv_normal_at_log_above(double log_above)
{
    if (log_above > -700.0)
        return adv_normal_quantile(-expm1(log_above), exp(log_above));
    /* Newton's method from the leading terms; -(z + 1/z) is the slope up to 1 / z^3. */
    double z = sqrt(-2.0 * log_above - log(-4.0 * M_PI * log_above));
    for (int i = 0; i < 3; i++)
        z += (adv_normal_log_above(z) - log_above) / (z + 1.0 / z);
    return z;
}
