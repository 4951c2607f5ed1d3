/* Files by their paths: whether one can be written, what is on standard input. */
#ifndef ADV_TRAINER_FILES_H
#define ADV_TRAINER_FILES_H

#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>

#define ADV_PATH_BYTES 4096

/* The folder that a file is in, into folder [ADV_PATH_BYTES]. */
void adv_folder_of(const char *path, char *folder);

/* Whether a path stands for standard input or output: "-". A file of that name is "./-". */
bool adv_is_dash(const char *path);

/* Whether a table goes to a file of that path as NPY, by its extension, or as CSV, with or without
 * one. ADV_E_INVALID of others; what: the table's rows, in words. */
enum adv_status adv_choose_table_format(const char *path, const char *what, bool *is_npy,
                                        struct adv_error *error);

/* Whether a file of that path may be written, before any work is done for it: ADV_E_IO where its
 * folder is not there or cannot be written, or where the path is a folder; ADV_E_INVALID where it is
 * "-", for what cannot go to standard output. */
enum adv_status adv_check_writable(const char *path, struct adv_error *error);

/* The same of a model file, in whose place there may be none but another model's: ADV_E_INVALID. */
enum adv_status adv_check_model_writable(const char *path, struct adv_error *error);

/* The same of what can go to standard output, "-" or NULL: ADV_E_INVALID where that is a terminal
 * and it is no text. */
enum adv_status adv_check_output(const char *path, bool is_text, struct adv_error *error);
/* Writes it: a file atomically. Text on standard output ends with a line break. */
enum adv_status adv_write_output(const char *path, const void *bytes, size_t n_bytes, bool is_text,
                                 struct adv_error *error);

/* All of standard input, at most max_bytes, the caller's to free, with a NUL after it. */
enum adv_status adv_stdin_read(size_t max_bytes, void **bytes, size_t *n_bytes,
                               struct adv_error *error);

#endif
