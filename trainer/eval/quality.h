/* Speed against quality: how good samples are for how many velocities. */
#ifndef ADV_TRAINER_QUALITY_H
#define ADV_TRAINER_QUALITY_H

#include "trainer/measure/measure.h"

#include <advect/solver.h>
#include <jansson.h>

/* A way to integrate that is compared with others. */
struct adv_contender {
    char name[40]; /* as the list has it: "midpoint:15", "dopri5:1e-3", "midpoint:10^1.5" */
    struct adv_solver_spec solver;
    double power; /* of the grid of times 1 - (1 - i / steps)^power; 1: equal steps */
};

/* Reads METHOD:STEPS, METHOD:STEPS^POWER or METHOD:TOLERANCE, separated by commas; the caller frees
 * *contenders. Errors name the part at fault. */
enum adv_status adv_contenders_read(const char *list, struct adv_contender **contenders, size_t *n,
                                    struct adv_error *error);

/* One METHOD:STEPS or METHOD:TOLERANCE; field: where it stands, for errors. */
enum adv_status adv_solver_read(const char *field, const char *text, struct adv_solver_spec *solver,
                                struct adv_error *error);

/* The list that is measured by default. */
extern const char adv_contenders_default[];

struct adv_quality {
    const struct adv_measure *measure; /* its n_samples of each contender, labels in turn */
    const char *contenders;            /* the list */
    const char *judge;                 /* see judge.h, or NULL */
};

/* A row per contender: solver (its name), method, power, nfe (of the sample that took most),
 * deviation (root mean square, in data units, from the samples of dopri5 at 1e-6 from the same
 * starts), accuracy and frechet (null without a judge), bits_per_dim of the measure's n_points
 * (null without its data, or with a power). *rows: a new reference. */
enum adv_status adv_measure_quality(const struct adv_quality *quality, json_t **rows,
                                    struct adv_error *error);
void adv_quality_print(const json_t *rows);

/* A panel per measured column against the number of velocities, as PNG. */
enum adv_status adv_quality_draw(const json_t *rows, const char *title, const char *path,
                                 struct adv_error *error);

#endif
