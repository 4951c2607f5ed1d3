#include "trainer/cli/files.h"

#include <advect/extra/bytes.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)1 << 16)

void adv_folder_of(const char *path, char *folder)
{
    const char *slash = strrchr(path, '/');
    if (slash == path)
        snprintf(folder, ADV_PATH_BYTES, "/");
    else
        snprintf(folder, ADV_PATH_BYTES, "%.*s", slash ? (int)(slash - path) : 1,
                 slash ? path : ".");
}

enum adv_status adv_check_writable(const char *path, struct adv_error *error)
{
    char folder[ADV_PATH_BYTES];
    struct stat about;
    bool exists = stat(path, &about) == 0;
    if (exists && S_ISDIR(about.st_mode))
        return adv_fail(error, ADV_E_IO, "%s is a folder; it must be a file", path);
    if (exists && !S_ISREG(about.st_mode))
        return ADV_OK; /* a device or a pipe, which is written directly */
    adv_folder_of(path, folder);
    if (stat(folder, &about) != 0)
        return adv_fail(error, ADV_E_IO, "cannot write %s: the folder %s: %s", path, folder,
                        strerror(errno));
    if (!S_ISDIR(about.st_mode))
        return adv_fail(error, ADV_E_IO, "cannot write %s: %s is no folder", path, folder);
    if (access(folder, W_OK | X_OK) != 0)
        return adv_fail(error, ADV_E_IO, "cannot write %s in its folder: %s", path,
                        strerror(errno));
    return ADV_OK;
}

bool adv_is_dash(const char *path)
{
    return path && !strcmp(path, "-");
}

enum adv_status adv_stdin_read(size_t max_bytes, void **bytes, size_t *n_bytes,
                               struct adv_error *error)
{
    struct adv_bytes all = {0};
    enum adv_status status = ADV_OK;
    for (size_t n = 1; n > 0 && status == ADV_OK;) {
        status = adv_bytes_reserve(&all, CHUNK_BYTES + 1, error);
        n = status == ADV_OK ? fread(all.data + all.n, 1, CHUNK_BYTES, stdin) : 0;
        all.n += n;
        if (all.n > max_bytes)
            status =
                adv_fail(error, ADV_E_INVALID, "standard input has more than %zu bytes", max_bytes);
    }
    if (status == ADV_OK && ferror(stdin))
        status = adv_fail(error, ADV_E_IO, "cannot read standard input: %s", strerror(errno));
    if (status != ADV_OK) {
        adv_bytes_release(&all);
        return status;
    }
    all.data[all.n] = '\0';
    *bytes = all.data;
    *n_bytes = all.n;
    return ADV_OK;
}
