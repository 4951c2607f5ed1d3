/* Text for messages: built in place, cut where it is full, and safe to print
 * whatever bytes came in. */
#ifndef ADV_BASE_WORDS_H
#define ADV_BASE_WORDS_H

#include <advect/extra/bytes.h>
#include <advect/extra/words.h>

/* Appends to the string in text [size], cut where it is full. */
void adv_append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends a line to notes, which stay a string: a NUL, which notes->n does not count, follows. */
enum adv_status adv_note(struct adv_bytes *notes, struct adv_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Every byte that is not printable ASCII becomes '?': other characters would not survive being
 * cut. */
void adv_make_printable(char *text);

/* text as it may stand in a message: quoted, short, printable UTF-8 whatever came in. */
struct adv_quoted {
    char text[48];
};
struct adv_quoted adv_quote(const char *text);

/* Room for a piece of input in a message. */
#define ADV_PRINTABLE_MAX 72

/* Copies text [n] into out for a message: printable characters stay, every other byte becomes '?',
 * and what does not fit ends in "...". Returns out. */
const char *adv_printable(const char *text, size_t n, char out[ADV_PRINTABLE_MAX]);

#endif
