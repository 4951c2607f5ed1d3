/* What a model of a table is worth, for `advect eval`: as the report of `advect fit` says it, of the
 * rows that are measured. */
#ifndef ADV_TRAINER_EVAL_TABLE_H
#define ADV_TRAINER_EVAL_TABLE_H

#include "trainer/measure/measure.h"

extern const struct adv_measure adv_measure_table;

#endif
