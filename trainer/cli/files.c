#include "trainer/cli/files.h"

#include <advect/array_file.h>
#include <advect/extra/bytes.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
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

bool adv_is_dash(const char *path)
{
    return path && !strcmp(path, "-");
}

enum adv_status adv_choose_table_format(const char *path, const char *what, bool *is_npy,
                                        struct adv_error *error)
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    bool has_extension = dot && !(slash && dot < slash);
    *is_npy = has_extension && !strcasecmp(dot, ".npy");
    if (!has_extension || *is_npy || !strcasecmp(dot, ".csv"))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "out",
                          "%s is no format of %s; a file's name ends in .csv or .npy", dot, what);
}

enum adv_status adv_check_writable(const char *path, struct adv_error *error)
{
    char folder[ADV_PATH_BYTES];
    struct stat about;
    if (adv_is_dash(path))
        return adv_fail(error, ADV_E_INVALID,
                        "- stands for standard output, which cannot take this; name a file (./- is "
                        "one of that name)");
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

/* The length of a safetensors header, and its first byte; an empty file may be anybody's. */
static bool may_be_model(const char *path)
{
    unsigned char start[9];
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(start, 1, sizeof start, file) : 0;
    if (file)
        fclose(file);
    return n == 0 || (n == sizeof start && start[7] == 0 && start[8] == '{');
}

enum adv_status adv_check_model_writable(const char *path, struct adv_error *error)
{
    struct stat about;
    enum adv_status status = adv_check_writable(path, error);
    if (status != ADV_OK || stat(path, &about) != 0 || !S_ISREG(about.st_mode) ||
        may_be_model(path))
        return status;
    return adv_fail(error, ADV_E_INVALID,
                    "%s is there already and is no model file; name another, or remove it", path);
}

static bool is_stdout(const char *path)
{
    return !path || adv_is_dash(path);
}

enum adv_status adv_check_output(const char *path, bool is_text, struct adv_error *error)
{
    if (!is_stdout(path))
        return adv_check_writable(path, error);
    if (!is_text && isatty(STDOUT_FILENO))
        return adv_fail(error, ADV_E_INVALID,
                        "a terminal cannot show this; name a file, or send it on with > or |");
    return ADV_OK;
}

enum adv_status adv_write_output(const char *path, const void *bytes, size_t n_bytes, bool is_text,
                                 struct adv_error *error)
{
    if (!is_stdout(path))
        return adv_file_replace(path, bytes, n_bytes, error);
    bool complete = fwrite(bytes, 1, n_bytes, stdout) == n_bytes;
    if (complete && is_text && n_bytes > 0 && ((const char *)bytes)[n_bytes - 1] != '\n')
        complete = fputc('\n', stdout) != EOF;
    if (fflush(stdout) != 0 || !complete)
        return adv_fail(error, ADV_E_IO, "cannot write to standard output: %s", strerror(errno));
    return ADV_OK;
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
