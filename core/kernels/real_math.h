/* exp and sincos of the network's number type: our own in float, written so that
 * loops over them vectorise; the C library's in double. */
#ifndef ADV_KERNELS_REAL_MATH_H
#define ADV_KERNELS_REAL_MATH_H

#include "core/base/real.h"
#include "core/base/vmath.h"

#include <math.h>

static inline adv_real adv_exp(adv_real x)
{
#ifdef ADV_REAL_DOUBLE
    return exp(x);
#else
    return adv_expf(x);
#endif
}

/* sin and cos of 2 pi turns */
static inline void adv_sin_cos_turns(adv_real turns, adv_real *sine, adv_real *cosine)
{
#ifdef ADV_REAL_DOUBLE
    *sine = sin(2 * M_PI * turns);
    *cosine = cos(2 * M_PI * turns);
#else
    adv_sin_cos_turnsf(turns, sine, cosine);
#endif
}

#endif
