/* Small models, and what they answer and refuse, for tests of what is built on models. */
#ifndef TESTS_MODELS_H
#define TESTS_MODELS_H

#include <advect/model.h>
#include <advect/query.h>

/* A model of an advect.config as JSON text, with random weights; fails the test if it is refused. */
struct adv_model *model_of(const char *config_text);
/* The exact velocity of n Gaussians of the plane: means [n, 2], bandwidth, their deviation, and what
 * more the config has, from a comma on. */
struct adv_model *model_of_gaussians(size_t n, const float *means, double bandwidth,
                                     const char *more);

/* The run of a query, by so many threads; fails the test where it fails. */
struct adv_run *run_of(struct adv_model *model, const struct adv_query *query, int threads,
                       const struct adv_answer **answer);
/* That a query is refused for a field, with those words. */
void query_is_refused(const struct adv_model *model, const struct adv_query *query,
                      const char *field, const char *words);

#endif
