/* What the tests of io share: a scratch folder, and reports that must say something. */
#ifndef TESTS_IO_SUPPORT_H
#define TESTS_IO_SUPPORT_H

#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>

/* A new empty folder, removed with all in it by io_scratch_remove. */
struct io_scratch {
    char folder[64];
};
void io_scratch_make(struct io_scratch *scratch);
void io_scratch_remove(struct io_scratch *scratch);

/* folder/name, in a buffer of the caller's. Returns it. */
#define IO_PATH_MAX 128
const char *io_scratch_path(const struct io_scratch *scratch, const char *name,
                            char path[IO_PATH_MAX]);
size_t io_scratch_count(const struct io_scratch *scratch); /* files in the folder */

/* Fails the test unless status is the wanted one and the message contains part. */
void io_assert_refused(enum adv_status status, const struct adv_error *error,
                       enum adv_status wanted, const char *part);

/* tests/fuzz/seeds/parser/name; the tests run in the repository's root. */
const char *io_seed_path(const char *parser, const char *name, char path[IO_PATH_MAX]);

/* Whether the shared data are there; says so where they are not. */
bool io_shared_exists(const char *path);

#endif
