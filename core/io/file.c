/* The sequence that survives a crash at any point: write the temporary file, fsync it, rename it
 * over the old one, fsync the directory. Names are resolved once and then used relative to the open
 * directory. */
#include "core/io/file.h"

#include "core/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the two kinds of strerror_r the GNU one returns its text, which may be elsewhere. */
static const char *reason_of(int code, char *text, size_t size)
{
#ifdef __GLIBC__
    return strerror_r(code, text, size);
#else
    return strerror_r(code, text, size) == 0 ? text : "unknown error";
#endif
}

static enum adv_status os_failure(struct adv_error *error, const char *path, const char *action,
                                  int code)
{
    char reason[128];
    return adv_fail(error, ADV_E_IO, "%s: cannot %s: %s", path, action,
                    reason_of(code, reason, sizeof reason));
}

/* ---------------------------------------------------------------- reading */

/* Fills bytes [n] from fd; fewer are there only if somebody shortened the file meanwhile. */
static enum adv_status read_all(int fd, const char *path, char *bytes, size_t n,
                                struct adv_error *error)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = read(fd, bytes + done, n - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return os_failure(error, path, "read", errno);
        if (got == 0)
            return adv_fail(error, ADV_E_IO, "%s: became shorter while it was read", path);
        done += (size_t)got;
    }
    return ADV_OK;
}

static enum adv_status regular_size(int fd, const char *path, uintmax_t *size,
                                    struct adv_error *error)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return os_failure(error, path, "read", errno);
    if (!S_ISREG(about.st_mode))
        return adv_fail(error, ADV_E_INVALID, "%s: is not a regular file", path);
    *size = (uintmax_t)about.st_size;
    return ADV_OK;
}

/* The first n bytes, and a NUL. */
static enum adv_status read_start(int fd, const char *path, size_t n, void **bytes,
                                  struct adv_error *error)
{
    char *content = malloc(n + 1);
    if (!content)
        return adv_fail(error, ADV_E_MEMORY, "%s: out of memory for its %zu bytes", path, n);
    enum adv_status status = read_all(fd, path, content, n, error);
    if (status != ADV_OK) {
        free(content);
        return status;
    }
    content[n] = '\0';
    *bytes = content;
    return ADV_OK;
}

/* O_NONBLOCK: opening a pipe must not wait for a writer before it is refused. */
static int open_to_read(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

enum adv_status adv_file_read(const char *path, size_t max_bytes, void **bytes, size_t *n_bytes,
                              struct adv_error *error)
{
    int fd = open_to_read(path);
    if (fd < 0)
        return os_failure(error, path, "open", errno);
    uintmax_t size;
    enum adv_status status = regular_size(fd, path, &size, error);
    if (status == ADV_OK && (size > max_bytes || size >= SIZE_MAX))
        status = adv_fail(error, ADV_E_INVALID, "%s: has %ju bytes; at most %zu are allowed", path,
                          size, max_bytes);
    if (status == ADV_OK)
        status = read_start(fd, path, (size_t)size, bytes, error);
    if (status == ADV_OK)
        *n_bytes = (size_t)size;
    close(fd);
    return status;
}

enum adv_status adv_file_read_start(const char *path, size_t max_bytes, void **bytes,
                                    size_t *n_bytes, uintmax_t *file_bytes, struct adv_error *error)
{
    int fd = open_to_read(path);
    if (fd < 0)
        return os_failure(error, path, "open", errno);
    uintmax_t size;
    enum adv_status status = regular_size(fd, path, &size, error);
    size_t n = status == ADV_OK && size < max_bytes ? (size_t)size : max_bytes;
    if (status == ADV_OK)
        status = read_start(fd, path, n, bytes, error);
    if (status == ADV_OK) {
        *n_bytes = n;
        *file_bytes = size;
    }
    close(fd);
    return status;
}

/* ---------------------------------------------------------------- replacing */

/* Splits the resolved path into an open directory and a name within it. */
static enum adv_status open_directory(struct adv_replacement *replacement, char *resolved,
                                      struct adv_error *error)
{
    const char *path = replacement->path;
    char *slash = strrchr(resolved, '/');
    const char *name = slash ? slash + 1 : resolved;
    const char *directory = !slash ? "." : slash == resolved ? "/" : resolved;
    size_t length = strlen(name);
    if (length == 0)
        return adv_fail(error, ADV_E_INVALID, "%s: names a directory, not a file", path);
    if (length > NAME_MAX)
        return os_failure(error, path, "write", ENAMETOOLONG);
    memcpy(replacement->name, name, length + 1);
    if (slash)
        *slash = '\0';
    replacement->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (replacement->directory_fd < 0)
        return os_failure(error, path, "open its directory", errno);
    return ADV_OK;
}

/* A name that nobody else uses, created with the mode that any new file would get. */
static enum adv_status open_temporary(struct adv_replacement *replacement, mode_t mode,
                                      struct adv_error *error)
{
    replacement->fd = -1;
    for (int attempt = 0; attempt < 16 && replacement->fd < 0; attempt++) {
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != sizeof random)
            return os_failure(error, replacement->path, "draw a temporary name", errno);
        snprintf(replacement->temporary, sizeof replacement->temporary, ".advect-%016jx.tmp",
                 (uintmax_t)random);
        replacement->fd = openat(replacement->directory_fd, replacement->temporary,
                                 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (replacement->fd < 0 && errno != EEXIST)
            break;
    }
    if (replacement->fd < 0)
        return os_failure(error, replacement->path, "create a temporary file beside it", errno);
    return ADV_OK;
}

enum adv_status adv_replacement_open(struct adv_replacement *replacement, const char *path,
                                     struct adv_error *error)
{
    struct stat about;
    char resolved[PATH_MAX];
    mode_t mode = 0666;
    *replacement = (struct adv_replacement){.path = path, .fd = -1, .directory_fd = -1};
    if (stat(path, &about) == 0) {
        if (S_ISDIR(about.st_mode))
            return adv_fail(error, ADV_E_INVALID, "%s: is a directory", path);
        if (!S_ISREG(about.st_mode)) {
            replacement->fd = open(path, O_WRONLY | O_CLOEXEC);
            return replacement->fd < 0 ? os_failure(error, path, "open", errno) : ADV_OK;
        }
        mode = about.st_mode & 0777;
        if (!realpath(path, resolved))
            return os_failure(error, path, "resolve", errno);
    } else {
        if (errno != ENOENT)
            return os_failure(error, path, "write", errno);
        if (strlen(path) >= sizeof resolved)
            return os_failure(error, path, "write", ENAMETOOLONG);
        memcpy(resolved, path, strlen(path) + 1);
    }
    enum adv_status status = open_directory(replacement, resolved, error);
    if (status == ADV_OK)
        status = open_temporary(replacement, mode, error);
    if (status != ADV_OK && replacement->directory_fd >= 0)
        close(replacement->directory_fd);
    return status;
}

enum adv_status adv_replacement_write(struct adv_replacement *replacement, const void *bytes,
                                      size_t n_bytes, struct adv_error *error)
{
    size_t done = 0;
    while (done < n_bytes) {
        ssize_t put = write(replacement->fd, (const char *)bytes + done, n_bytes - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return os_failure(error, replacement->path, "write", errno);
        done += (size_t)put;
    }
    return ADV_OK;
}

/* Everything up to the rename; errno says what failed. */
static bool move_into_place(struct adv_replacement *replacement)
{
    int directory = replacement->directory_fd;
    if (directory >= 0 && fsync(replacement->fd) != 0)
        return false;
    int closed = close(replacement->fd);
    replacement->fd = -1;
    if (closed != 0)
        return false;
    return directory < 0 ||
           renameat(directory, replacement->temporary, directory, replacement->name) == 0;
}

enum adv_status adv_replacement_commit(struct adv_replacement *replacement, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    if (!move_into_place(replacement)) {
        status = os_failure(error, replacement->path, "write", errno);
        adv_replacement_discard(replacement);
        return status;
    }
    if (replacement->directory_fd < 0)
        return ADV_OK;
    /* EINVAL: a file system that cannot sync directories and has nothing better to offer. */
    if (fsync(replacement->directory_fd) != 0 && errno != EINVAL)
        status = os_failure(error, replacement->path, "sync its directory", errno);
    close(replacement->directory_fd);
    return status;
}

void adv_replacement_discard(struct adv_replacement *replacement)
{
    if (replacement->fd >= 0)
        close(replacement->fd);
    if (replacement->directory_fd >= 0) {
        unlinkat(replacement->directory_fd, replacement->temporary, 0);
        close(replacement->directory_fd);
    }
}

enum adv_status adv_file_replace(const char *path, const void *bytes, size_t n_bytes,
                                 struct adv_error *error)
{
    struct adv_replacement replacement;
    enum adv_status status = adv_replacement_open(&replacement, path, error);
    if (status != ADV_OK)
        return status;
    status = adv_replacement_write(&replacement, bytes, n_bytes, error);
    if (status == ADV_OK)
        return adv_replacement_commit(&replacement, error);
    adv_replacement_discard(&replacement);
    return status;
}
