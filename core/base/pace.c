/* The pace is the thread's, not an argument: it would have to pass through libpng, cairo and all
 * that draws, of which nothing else cares. */
#include <advect/extra/pace.h>

#include <stddef.h>

static _Thread_local const struct adv_pace *current;

void adv_pace_set(const struct adv_pace *pace)
{
    current = pace;
}

bool adv_pace_go_on(void)
{
    return !current || current->go_on(current->context);
}
