/* Distillation: a student, whose network is a flow map, learns from a teacher's paths. */
#ifndef ADV_TRAIN_DISTILL_DISTILL_H
#define ADV_TRAIN_DISTILL_DISTILL_H

#include "core/train/distill/paths.h"

struct adv_distillation {
    struct adv_model *teacher;
    struct adv_teacher_paths paths;
    size_t n_train; /* paths; the others are held out */
};

/* Opens the recipe's teacher and holds it against data and net. The net is there, the weights not
 * yet. Errors: ADV_E_INVALID, with the field, where teacher and student do not fit. */
enum adv_status adv_distillation_new(const struct adv_training *training, const char *folder,
                                     struct adv_distillation **distillation,
                                     struct adv_error *error);
void adv_distillation_free(struct adv_distillation *distillation);

/* Has the teacher compute its paths, unless they are there: needed before examples are drawn and
 * the held-out loss is measured. Errors of adv_teacher_paths_make. */
enum adv_status adv_distillation_prepare(struct adv_training *training, struct adv_error *error);

/* Fills the worker's examples: rows first_row ... + n - 1 of a step's batch. */
void adv_distillation_draw(const struct adv_training *training, struct adv_training_worker *worker,
                           size_t first_row, size_t n);

/* The mean squared error of average velocities on held-out paths. */
enum adv_status adv_distillation_held_out(const struct adv_training *training,
                                          const struct adv_packed_weights *packed, double *loss,
                                          struct adv_error *error);

/* The config's "flow_map.log_density" of a student: how far its log-densities are from the
 * teacher's. *measured stays NULL where that is not to be had: beyond ADV_EXACT_DIM_MAX dimensions,
 * with contexts, of students of samples alone, before the first step. */
enum adv_status adv_distillation_measure(const struct adv_training *training,
                                         struct adv_model *student, json_t **measured,
                                         struct adv_error *error);

#endif
