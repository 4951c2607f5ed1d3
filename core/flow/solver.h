/* The tableau of a solver. */
#ifndef ADV_FLOW_SOLVER_H
#define ADV_FLOW_SOLVER_H

#include <advect/solver.h>

#define ADV_MAX_STAGES 7

/* k_i = v(x + h sum_j a[i][j] k_j, t + c[i] h), x += h sum_i b[i] k_i. */
struct adv_solver {
    const char *name;
    int stages;
    int order;
    bool stochastic; /* every step adds noise, once, to its later stages and its end */
    bool adaptive;   /* has error weights e = b - b*, and its last stage is the next step's first */
    bool map;        /* a step asks for the average velocity from its beginning to its end */
    double c[ADV_MAX_STAGES];
    double a[ADV_MAX_STAGES][ADV_MAX_STAGES];
    double b[ADV_MAX_STAGES];
    double e[ADV_MAX_STAGES];
};

#endif
