/* The number type of the network: float, or double in the build that the
 * derivative tests use (in float a 0.05 % derivative error hides). */
#ifndef ADV_BASE_REAL_H
#define ADV_BASE_REAL_H

#ifdef ADV_REAL_DOUBLE
typedef double adv_real;
#define ADV_REAL_BYTES 8
#else
typedef float adv_real;
#define ADV_REAL_BYTES 4
#endif

#endif
