/* Several faults told in one message: the first ones in full, the others counted. */
#ifndef ADV_SETTINGS_COMPLAINTS_H
#define ADV_SETTINGS_COMPLAINTS_H

#include <stddef.h>

#define ADV_COMPLAINTS_SHOWN 20

struct adv_complaints {
    char text[1600]; /* "a; b; c" */
    size_t length;   /* of the text */
    size_t n, n_shown;
};

/* Adds one, cut after 150 characters. list: zeroed at first. */
void adv_complain(struct adv_complaints *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The text, with "; and N more" where not all are shown. To be called once, after the last. */
const char *adv_complaints_text(struct adv_complaints *list);

#endif
