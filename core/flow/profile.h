/* The inside of a profile: what executions of plans add to. */
#ifndef ADV_FLOW_PROFILE_H
#define ADV_FLOW_PROFILE_H

#include <advect/extra/profile.h>

struct adv_profile {
    const struct adv_net *net;
    double *seconds; /* as struct adv_exec has them */
};

static inline double *adv_profile_seconds(const struct adv_profile *profile)
{
    return profile ? profile->seconds : NULL;
}

#endif
