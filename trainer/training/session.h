/* A training as commands run it: what is said before, the progress, the end. */
#ifndef ADV_TRAINER_SESSION_H
#define ADV_TRAINER_SESSION_H

#include <advect/train.h>
#include <jansson.h>

/* What was noticed in the data, a line each to stderr. */
void adv_session_print_notes(const char *command, const char *notes);

/* adv_training_new of a recipe that was read. */
enum adv_status adv_session_new(const json_t *recipe, const struct adv_training_options *options,
                                struct adv_training **training, struct adv_error *error);

struct adv_session {
    const char *command;    /* whose name messages begin with */
    const char *checkpoint; /* file, or NULL for none */
    const char *paths_file; /* of a teacher's paths, or NULL */
    bool quiet;
    bool advised; /* what the columns seem to be was said before */
    bool shared;  /* by ranks, which stop together, after a step */
};

/* Trains to the end, or until a signal: ADV_E_CANCELLED. */
enum adv_status adv_session_run(const struct adv_session *session, struct adv_training *training,
                                struct adv_error *error);

#endif
