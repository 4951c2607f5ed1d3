/* A judge of samples: a program that is not ours and says how good they are.
 *
 * It is run as `PROGRAM SAMPLES.npy LABELS.npy`, the labels being what each sample was asked to be,
 * and prints lines "name: number". */
#ifndef ADV_TRAINER_JUDGE_H
#define ADV_TRAINER_JUDGE_H

#include <advect/query.h>

struct adv_verdict {
    double accuracy; /* share of samples read as what they were asked to be */
    double frechet;  /* distance from real examples, in the judge's own features */
};

/* What the program says of samples [answer->n, answer->dim]; NaN for what it does not say. */
enum adv_status adv_judge(const char *program, const struct adv_answer *answer,
                          struct adv_verdict *verdict, struct adv_error *error);

#endif
