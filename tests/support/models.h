/* Small models with random weights, for tests of what is built on models. */
#ifndef TESTS_MODELS_H
#define TESTS_MODELS_H

#include <advect/model.h>

/* A model of an advect.config as JSON text; fails the test if it is refused. */
struct adv_model *model_of(const char *config_text);

#endif
