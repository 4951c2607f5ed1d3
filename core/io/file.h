/* A file being replaced. Bytes go to a temporary file in the same directory, which takes the
 * file's place only when all of them are on the disk, so a reader sees the old contents or the new
 * ones and never a part. A path that is no regular file (a pipe, a terminal, /dev/null) cannot be
 * replaced and is written directly.
 *
 * Open, write any number of times, then commit or discard; after a failed write, discard. */
#ifndef ADV_IO_FILE_H
#define ADV_IO_FILE_H

#include <advect/array_file.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* The first max_bytes of a regular file, or all of it if it is shorter: *bytes, to be freed, and
 * how many the whole file has. */
enum adv_status adv_file_read_start(const char *path, size_t max_bytes, void **bytes,
                                    size_t *n_bytes, uintmax_t *file_bytes,
                                    struct adv_error *error);

/* Refuses, by name, what begins as a file of another format than text does (ADV_E_FORMAT). */
enum adv_status adv_file_check_text(const void *bytes, size_t n_bytes, const char *name,
                                    struct adv_error *error);

struct adv_replacement {
    const char *path;        /* the caller's, for messages */
    int fd;                  /* where bytes go */
    int directory_fd;        /* -1: written directly, there is no temporary file */
    char name[NAME_MAX + 1]; /* within the directory, symbolic links resolved */
    char temporary[40];
};

/* path must outlive the replacement. */
enum adv_status adv_replacement_open(struct adv_replacement *replacement, const char *path,
                                     struct adv_error *error);
enum adv_status adv_replacement_write(struct adv_replacement *replacement, const void *bytes,
                                      size_t n_bytes, struct adv_error *error);
/* Puts the new file in place; on failure it is discarded and the old one stays. */
enum adv_status adv_replacement_commit(struct adv_replacement *replacement,
                                       struct adv_error *error);
void adv_replacement_discard(struct adv_replacement *replacement);

#endif
