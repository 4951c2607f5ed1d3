/* Everything that `advect eval` measures. */
#ifndef ADV_TRAINER_MEASURES_H
#define ADV_TRAINER_MEASURES_H

#include "trainer/measure/measure.h"

#define ADV_MEASURES_MAX 16

/* The table, in the order in which measures are taken and printed; ends with NULL. */
extern const struct adv_measure *const adv_measures[ADV_MEASURES_MAX + 1];

/* Whether a measure has no flag, and is taken where none is asked for. */
bool adv_measure_is_usual(const struct adv_measure *measure);

/* Whether a measure's flag was given. */
bool adv_measure_is_asked(const struct adv_measure *measure, const union adv_measure_wish *wish);

#endif
