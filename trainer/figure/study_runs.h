/* The results of the scaling study (bench/study.py): trainings of checkerboards and what they
 * reached. */
#ifndef ADV_TRAINER_STUDY_RUNS_H
#define ADV_TRAINER_STUDY_RUNS_H

#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>

/* What a training costs. */
enum adv_study_cost {
    ADV_STUDY_STEPS,
    ADV_STUDY_SECONDS, /* of the processor */
    ADV_STUDY_MULTIPLY_ADDS,
    ADV_STUDY_COSTS
};

/* A training of `steps` steps of a board of cells^dim cells, half of which have mass. */
struct adv_study_run {
    char network[16];
    int cells, dim;
    long modes, seed, steps;
    double kl;                    /* of the truth from the model, nats */
    bool good;                    /* the stated quality is reached */
    double cost[ADV_STUDY_COSTS]; /* > 0 */
};

struct adv_study {
    struct adv_study_run *runs; /* [n], maybe none */
    size_t n;
    double kl_wanted; /* of the stated quality */
    long most_steps;  /* after which a board is given up */
    int n_seeds;      /* planned of each board */
};

/* Errors name the file and the member at fault. */
enum adv_status adv_study_read(const char *path, struct adv_study *study, struct adv_error *error);
void adv_study_release(struct adv_study *study);

/* A board's trainings by one network. */
struct adv_study_board {
    const char *network;
    int cells, dim;
};

/* One point of the board's curve: the mean over the seeds that were trained so long, and their
 * standard deviation (0 for one). false where there is none. */
bool adv_study_point(const struct adv_study *study, const struct adv_study_board *board, long steps,
                     double *mean, double *deviation);

/* Seeds of a board that are good, or have had the most steps. */
int adv_study_ended(const struct adv_study *study, const struct adv_study_board *board);

/* What is known of a board's way to the stated quality. */
struct adv_study_outcome {
    long most_steps;     /* that it has had */
    int n_seeds, n_good; /* seeds that had as many or were good sooner, and good ones among them */
    bool good;           /* all of them */
    double mean[ADV_STUDY_COSTS], deviation[ADV_STUDY_COSTS]; /* over the seeds: of the shortest
                            trainings that were good; unless the board is, of those of most_steps,
                            which were not enough */
};

/* false where the board has had no training. */
bool adv_study_outcome(const struct adv_study *study, const struct adv_study_board *board,
                       struct adv_study_outcome *outcome);

#endif
