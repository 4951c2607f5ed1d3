#include "tests/core/io/io_support.h"

#include "tests/support/folder.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void io_scratch_make(struct io_scratch *scratch)
{
    folder_make(scratch->folder);
}

/* Calls visit for each file of the folder and returns their number. */
static size_t each_file(const struct io_scratch *scratch, int (*visit)(const char *path))
{
    size_t count = 0;
    DIR *folder = opendir(scratch->folder);
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[IO_PATH_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (visit)
            visit(io_scratch_path(scratch, entry->d_name, path));
    }
    closedir(folder);
    return count;
}

void io_scratch_remove(struct io_scratch *scratch)
{
    each_file(scratch, unlink);
    ck_assert_int_eq(rmdir(scratch->folder), 0);
}

const char *io_scratch_path(const struct io_scratch *scratch, const char *name,
                            char path[IO_PATH_MAX])
{
    int n = snprintf(path, IO_PATH_MAX, "%s/%s", scratch->folder, name);
    ck_assert_int_lt(n, IO_PATH_MAX);
    return path;
}

size_t io_scratch_count(const struct io_scratch *scratch)
{
    return each_file(scratch, NULL);
}

void io_assert_refused(enum adv_status status, const struct adv_error *error,
                       enum adv_status wanted, const char *part)
{
    ck_assert_msg(status == wanted && error->status == wanted,
                  "status %s (report %s: '%s'), not %s", adv_status_name(status),
                  adv_status_name(error->status), error->message, adv_status_name(wanted));
    ck_assert_msg(strstr(error->message, part) != NULL, "'%s' does not say '%s'", error->message,
                  part);
}

const char *io_seed_path(const char *parser, const char *name, char path[IO_PATH_MAX])
{
    int n = snprintf(path, IO_PATH_MAX, "tests/fuzz/seeds/%s/%s", parser, name);
    ck_assert_int_lt(n, IO_PATH_MAX);
    return path;
}

bool io_shared_exists(const char *path)
{
    bool exists = access(path, R_OK) == 0;
    if (!exists)
        printf("skipped: %s is not here\n", path);
    return exists;
}
