/* Where the time of a network goes: seconds by op and shape. */
#ifndef ADVECT_EXTRA_PROFILE_H
#define ADVECT_EXTRA_PROFILE_H

#include <advect/api.h>
#include <advect/extra/evaluator.h>
#include <advect/extra/gradient.h>
#include <advect/extra/net.h>
#include <advect/status.h>

ADV_API_BEGIN

/* Seconds of one net's nodes; fed by one thread at a time. */
struct adv_profile;

/* net is borrowed for the life of the profile. */
enum adv_status adv_profile_new(const struct adv_net *net, struct adv_profile **profile,
                                struct adv_error *error);
void adv_profile_free(struct adv_profile *profile);

/* From now on what the evaluator or gradient does is added to the profile (NULL: to none), at the
 * cost of two looks at the clock per op. The profile is borrowed. */
void adv_evaluator_measure(struct adv_evaluator *evaluator, struct adv_profile *profile);
void adv_gradient_measure(struct adv_gradient *gradient, struct adv_profile *profile);

/* The nodes of one op with the same shapes. */
struct adv_profile_row {
    char label[80]; /* e.g. "conv2d 3x3 32x28x28 -> 64x28x28" */
    size_t nodes;
    double forward_s, tangent_s, backward_s;
    size_t multiply_adds; /* of all of them, for one row's forward; 0 where none are counted */
};

/* Writes the most expensive rows first, at most `most`; returns how many there are. */
size_t adv_profile_rows(const struct adv_profile *profile, struct adv_profile_row *rows,
                        size_t most);

ADV_API_END
#endif
