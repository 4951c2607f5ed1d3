/* A scorer of samples: a program that says how good they are.
 *
 * It is run as `PROGRAM SAMPLES.npy LABELS.npy`, the labels being what each sample was asked to be,
 * and prints lines "name: number". */
#ifndef ADV_TRAINER_SCORER_H
#define ADV_TRAINER_SCORER_H

#include <advect/query.h>

struct adv_scores {
    double accuracy; /* share of samples read as what they were asked to be */
    double frechet;  /* distance from real examples, in the scorer's own features */
};

/* What the program says of samples [answer->n, answer->dim]; NaN for what it does not say. */
enum adv_status adv_score(const char *program, const struct adv_answer *answer,
                          struct adv_scores *scores, struct adv_error *error);

#endif
