/* The command line of `advect eval`, and the evaluation that it asks for. */
#ifndef ADV_TRAINER_EVAL_OPTIONS_H
#define ADV_TRAINER_EVAL_OPTIONS_H

#include "trainer/cli/options.h"
#include "trainer/eval/measures.h"

#define ADV_EVAL_FIELDS_MAX 48
#define ADV_EVAL_PATH_MAX 4096

struct adv_eval_options {
    char *data, *test_images, *test_labels, *samples, *solver, *points, *density_solver, *state;
    char *solvers, *judge, *calibration_plot, *plot;
    json_t *density, *guidance;
    int64_t n, split, probes, draws, grid, posterior_samples, seed, threads;
    bool renew_probes, unlabelled, json, write_card, quiet;
    union adv_measure_wish wishes[ADV_MEASURES_MAX]; /* of adv_measures */
};

/* The fields of the options, those of the measures among them; their number. */
size_t adv_eval_fields(struct adv_field fields[ADV_EVAL_FIELDS_MAX]);

/* As adv_options_read. */
int adv_eval_options_read(int argc, char **argv, const struct adv_field *fields, size_t n_fields,
                          struct adv_eval_options *options, const char **model_path);

/* What is known before the model is loaded. The evaluation borrows from the options, and the names
 * of its state files from state_stem. */
enum adv_status adv_eval_settings(const struct adv_eval_options *options, const char *model_path,
                                  char state_stem[ADV_EVAL_PATH_MAX],
                                  struct adv_evaluation *evaluation, struct adv_error *error);

/* The rest, which depends on evaluation->model. */
enum adv_status adv_eval_settings_of_model(const struct adv_eval_options *options,
                                           struct adv_evaluation *evaluation,
                                           struct adv_error *error);

#endif
