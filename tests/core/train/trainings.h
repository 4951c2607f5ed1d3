/* Trainings of tests, in a folder of their own with one checkpoint. */
#ifndef ADV_TESTS_TRAININGS_H
#define ADV_TESTS_TRAININGS_H

#include "core/train/training.h"

extern char trainings_folder[64], trainings_checkpoint[96];

/* Checked fixtures: a new folder; its removal with all in it. */
void trainings_make_folder(void);
void trainings_remove_folder(void);

/* With the folder as the data's place. Fails the test where it is refused. */
struct adv_training *training_of(const char *recipe, int threads);

/* That both are at one step, with one state and one curve, byte for byte. */
void trainings_are_same(const struct adv_training *a, const struct adv_training *b);

#endif
