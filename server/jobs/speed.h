/* How fast this daemon computes, measured while it does: multiply-adds per second of a worker, by
 * model, by the rows of an evaluation, and with or without tangents, which all make much of a
 * difference. Neighbours on the machine count as they are felt. Not thread-safe. */
#ifndef ADV_SERVER_SPEED_H
#define ADV_SERVER_SPEED_H

#include <stdbool.h>
#include <stddef.h>

/* Sums that fade, so that their quotient is the speed of late. */
struct adv_speed {
    double amount, seconds;
    double best; /* that it ever was; 0 before enough was measured */
};

/* Adds what was done; before, the speed is taken to be `expected`. */
void adv_speed_note(struct adv_speed *speed, double amount, double seconds, double expected);
/* Of late; `expected` before anything was measured, and mostly so after very little. */
double adv_speed_of(const struct adv_speed *speed, double expected);

#define ADV_SPEED_CLASSES 18

/* A model's. */
struct adv_speeds {
    char name[128];
    struct adv_speed all, of_class[ADV_SPEED_CLASSES];
    struct adv_speed shared[ADV_SPEED_CLASSES]; /* of turns that several workers shared */
    bool was_shared[ADV_SPEED_CLASSES];
    unsigned n_choices;
    struct adv_speeds *next;
};

/* The class of evaluations of so many rows. */
size_t adv_speed_class(size_t rows, bool with_tangents);

void adv_speeds_note(struct adv_speeds *speeds, size_t class, double amount, double seconds);
double adv_speeds_of(const struct adv_speeds *speeds, size_t class);
/* What it could be on an idle machine: the best that was seen, or more than any processor does. */
double adv_speeds_best(const struct adv_speeds *speeds, size_t class);

/* Sharing pays unless neighbours hold a helper up, for whom the others have to wait. So the choice
 * goes by how fast shared turns and others were of late; now and then to the slower ones, so that
 * both stay known. False before the speed of one worker is known. */
void adv_speeds_note_shared(struct adv_speeds *speeds, size_t class, double amount, double seconds);
bool adv_speeds_are_better_shared(struct adv_speeds *speeds, size_t class);

/* The speeds of a model in a list, added to it where they are new; NULL without memory. */
struct adv_speeds *adv_speeds_find(struct adv_speeds **list, const char *name);
void adv_speeds_free(struct adv_speeds *list);

#endif
