#include <advect/extra/tails.h>

#include <math.h>
#include <stdbool.h>

#define HALVINGS 200 /* of an interval: more than a double has bits */
#define TERMS_MAX 100000

/* P(|T| < t). */
static double student_central(double t, size_t degrees)
{
    double theta = atan2(t, sqrt((double)degrees)), cosine = cos(theta);
    bool odd = degrees % 2 == 1;
    double term = odd ? cosine : 1, sum = 0;
    for (size_t k = odd ? 1 : 0; k + 2 <= degrees; k += 2) {
        sum += term;
        term *= cosine * cosine * (double)(k + 1) / (double)(k + 2);
    }
    return odd ? M_2_PI * (theta + sin(theta) * sum) : sin(theta) * sum;
}

/* Where `rises`, a rising function less what is sought, changes its sign. */
static double bisect(double (*rises)(double x, double p, size_t degrees), double p, size_t degrees)
{
    double lo = 0, hi = 1;
    while (rises(hi, p, degrees) < 0)
        hi *= 2;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = lo + (hi - lo) / 2;
        if (rises(middle, p, degrees) < 0)
            lo = middle;
        else
            hi = middle;
    }
    return hi;
}

static double student_excess(double t, double p, size_t degrees)
{
    return student_central(t, degrees) - (2 * p - 1);
}

double adv_student_quantile(double p, size_t degrees)
{
    return bisect(student_excess, p, degrees);
}

static double log_front(double a, double x)
{
    int sign;
    return a * log(x) - x - lgamma_r(a, &sign);
}

static double lower_series(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int k = 1; k < TERMS_MAX && term > sum * 1e-17; k++) {
        term *= x / (a + k);
        sum += term;
    }
    return exp(log_front(a, x)) * sum;
}

/* By Lentz's method. */
static double upper_fraction(double a, double x)
{
    const double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int k = 1; k < TERMS_MAX; k++) {
        double an = -k * (k - a);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = b + an / c;
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-15)
            break;
    }
    return exp(log_front(a, x)) * h;
}

double adv_chi_square_tail(double x, size_t degrees)
{
    double a = (double)degrees / 2, half = x / 2;
    if (!(half > 0))
        return 1;
    return half < a + 1 ? 1 - lower_series(a, half) : upper_fraction(a, half);
}

static double chi_square_shortage(double x, double tail, size_t degrees)
{
    return tail - adv_chi_square_tail(x, degrees);
}

double adv_chi_square_quantile(double tail, size_t degrees)
{
    return bisect(chi_square_shortage, tail, degrees);
}
