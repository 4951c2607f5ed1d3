#include "server/jobs/speed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_S 2.0         /* of computing: what was measured before counts for 1/e */
#define EXPECTED_S 0.02      /* the weight of what is expected before */
#define MEASURED_S 0.05      /* of computing, from which on a speed is worth remembering */
#define EXPECTED 1e10        /* a slow processor with vector instructions */
#define CHOICES_PER_TRIAL 16 /* of which one tries what has been slower */
#define TRIAL_MEMORY_S 0.1
#define HOPED_GAIN 1.2   /* of sharing, before it is measured */
#define LEAST_GAIN 1.1   /* for which it is worth the processors */
#define UNREACHABLE 1e12 /* no processor has a faster core */

static void note(struct adv_speed *speed, double amount, double seconds, double expected,
                 double memory_s)
{
    double kept = exp(-seconds / memory_s);
    speed->amount = speed->amount * kept + amount;
    speed->seconds = speed->seconds * kept + seconds;
    if (speed->seconds >= MEASURED_S)
        speed->best = fmax(speed->best, adv_speed_of(speed, expected));
}

void adv_speed_note(struct adv_speed *speed, double amount, double seconds, double expected)
{
    note(speed, amount, seconds, expected, MEMORY_S);
}

double adv_speed_of(const struct adv_speed *speed, double expected)
{
    return (speed->amount + EXPECTED_S * expected) / (speed->seconds + EXPECTED_S);
}

size_t adv_speed_class(size_t rows, bool with_tangents)
{
    size_t class = 0;
    while (rows > 1 && class < ADV_SPEED_CLASSES / 2 - 1) {
        rows /= 2;
        class ++;
    }
    return with_tangents ? class + ADV_SPEED_CLASSES / 2 : class;
}

void adv_speeds_note(struct adv_speeds *speeds, size_t class, double amount, double seconds)
{
    double expected = adv_speed_of(&speeds->all, EXPECTED);
    adv_speed_note(&speeds->of_class[class], amount, seconds, expected);
    adv_speed_note(&speeds->all, amount, seconds, EXPECTED);
}

double adv_speeds_of(const struct adv_speeds *speeds, size_t class)
{
    return adv_speed_of(&speeds->of_class[class], adv_speed_of(&speeds->all, EXPECTED));
}

double adv_speeds_best(const struct adv_speeds *speeds, size_t class)
{
    double best = speeds->of_class[class].best;
    return best > 0 ? best : UNREACHABLE;
}

void adv_speeds_note_shared(struct adv_speeds *speeds, size_t class, double amount, double seconds)
{
    if (speeds->was_shared[class])
        note(&speeds->shared[class], amount, seconds, HOPED_GAIN * adv_speeds_of(speeds, class),
             TRIAL_MEMORY_S);
    speeds->was_shared[class] = true; /* the first has to plan, and to touch new memory */
}

bool adv_speeds_are_better_shared(struct adv_speeds *speeds, size_t class)
{
    if (speeds->of_class[class].best == 0)
        return false;
    double alone = adv_speeds_of(speeds, class);
    double shared = adv_speed_of(&speeds->shared[class], HOPED_GAIN * alone);
    bool better = shared >= LEAST_GAIN * alone;
    return better != (++speeds->n_choices % CHOICES_PER_TRIAL == 0);
}

struct adv_speeds *adv_speeds_find(struct adv_speeds **list, const char *name)
{
    for (struct adv_speeds *at = *list; at; at = at->next) {
        if (!strncmp(at->name, name, sizeof at->name - 1))
            return at;
    }
    struct adv_speeds *speeds = calloc(1, sizeof *speeds);
    if (!speeds)
        return NULL;
    snprintf(speeds->name, sizeof speeds->name, "%s", name);
    speeds->next = *list;
    *list = speeds;
    return speeds;
}

void adv_speeds_free(struct adv_speeds *list)
{
    while (list) {
        struct adv_speeds *next = list->next;
        free(list);
        list = next;
    }
}
