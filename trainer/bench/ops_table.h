/* The time of a network by op, as a table. */
#ifndef ADV_TRAINER_OPS_TABLE_H
#define ADV_TRAINER_OPS_TABLE_H

#include <advect/extra/profile.h>
#include <stdio.h>

/* A line per op and shape, the most expensive first. */
void adv_ops_table_print(const struct adv_profile *profile, FILE *out);

#endif
