#include "server/service/sandbox.h"

#include "server/service/landlock.h"
#include "server/service/syscalls.h"

#include <advect/extra/memory.h>
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct paths {
    size_t n, capacity;
    const char **at; /* [n], owned as are the paths */
};

/* Fonts and their settings, and what is in /proc about the process itself (its memory in use). */
static const char *const system_paths[] = {
    "/etc/fonts",       "/usr/share/fontconfig",  "/usr/share/xml/fontconfig",
    "/usr/share/fonts", "/usr/local/share/fonts", "/var/cache/fontconfig",
    "/proc/self",
};

/* Where users have fonts of their own, and where fontconfig is told to look. */
static const struct {
    const char *variable, *below;
} user_paths[] = {
    {"HOME", "/.fonts"},
    {"HOME", "/.local/share/fonts"},
    {"HOME", "/.config/fontconfig"},
    {"HOME", "/.cache/fontconfig"},
    {"HOME", "/.fonts.conf"},
    {"XDG_DATA_HOME", "/fonts"},
    {"XDG_CONFIG_HOME", "/fontconfig"},
    {"XDG_CACHE_HOME", "/fontconfig"},
    {"FONTCONFIG_FILE", ""},
};

/* What there is no memory for cannot be read: that shows in the log where it is read. Many models
 * may be links into one folder, which is needed once. */
static void add(struct paths *paths, const char *path)
{
    struct adv_error error = ADV_ERROR_INIT;
    for (size_t i = 0; i < paths->n; i++) {
        if (!strcmp(paths->at[i], path))
            return;
    }
    if (adv_grow(&paths->at, &paths->capacity, paths->n + 1, sizeof *paths->at, &error) != ADV_OK)
        return;
    char *copy = strdup(path);
    if (copy)
        paths->at[paths->n++] = copy;
}

static void release(struct paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free((char *)paths->at[i]);
    free(paths->at);
}

static void add_folder_of(struct paths *paths, const char *file)
{
    char *copy = strdup(file);
    if (copy)
        add(paths, dirname(copy));
    free(copy);
}

/* A model may be a link to a file elsewhere: where that lies now. */
static void add_folder_of_target(struct paths *paths, const char *file)
{
    char *target = realpath(file, NULL);
    if (target)
        add_folder_of(paths, target);
    free(target);
}

static void add_models(struct paths *paths, const char *directory)
{
    add(paths, directory);
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char file[PATH_MAX];
        bool may_be_link = entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
        if (may_be_link &&
            snprintf(file, sizeof file, "%s/%s", directory, entry->d_name) < (int)sizeof file)
            add_folder_of_target(paths, file);
    }
    if (dir)
        closedir(dir);
}

/* A file that is replaced is another one: so its folder can be read, not only the file. */
static void add_file(struct paths *paths, const char *file)
{
    add_folder_of(paths, file);
    add_folder_of_target(paths, file);
}

static void add_below(struct paths *paths, const char *variable, const char *below)
{
    char path[PATH_MAX];
    const char *folder = getenv(variable);
    if (folder && *folder && snprintf(path, sizeof path, "%s%s", folder, below) < (int)sizeof path)
        add(paths, path);
}

static void add_list(struct paths *paths, const char *variable)
{
    const char *value = getenv(variable);
    char *copy = value ? strdup(value) : NULL, *rest = copy;
    for (char *path; (path = strsep(&rest, ":"));) {
        if (*path)
            add(paths, path);
    }
    free(copy);
}

static void add_fonts_of_user(struct paths *paths)
{
    for (size_t i = 0; i < ADV_COUNT(user_paths); i++)
        add_below(paths, user_paths[i].variable, user_paths[i].below);
    add_list(paths, "FONTCONFIG_PATH");
}

static void collect(const struct adv_config *config, struct paths *paths)
{
    for (size_t i = 0; i < ADV_COUNT(system_paths); i++)
        add(paths, system_paths[i]);
    add_fonts_of_user(paths);
    for (size_t i = 0; i < config->n_files; i++)
        add_file(paths, config->files[i]);
    if (!config->n_files)
        add_models(paths, config->models);
    if (config->api_keys)
        add_file(paths, config->api_keys);
}

/* There is one, unless what is preloaded started others before main began. */
static int count_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int n = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return n;
}

static const char *reason_of(int error)
{
    return error == ENOPKG ? "not in this build" : strerror(error);
}

void adv_sandbox_files(const struct adv_config *config, char said[ADV_SANDBOX_SAID_SIZE])
{
    struct paths paths = {0};
    if (config->sandbox == ADV_SWITCH_OFF) {
        snprintf(said, ADV_SANDBOX_SAID_SIZE, "sandbox: off");
        return;
    }
    collect(config, &paths);
    int n_threads = count_threads();
    int version = adv_landlock_restrict(paths.at, paths.n);
    if (!version)
        snprintf(said, ADV_SANDBOX_SAID_SIZE, "sandbox: files are not restricted: landlock: %s",
                 reason_of(errno));
    else if (n_threads > 1)
        snprintf(said, ADV_SANDBOX_SAID_SIZE,
                 "sandbox: files restricted by landlock, version %d, but not for %d of %d threads, "
                 "which were there before",
                 version, n_threads - 1, n_threads);
    else
        snprintf(said, ADV_SANDBOX_SAID_SIZE, "sandbox: files restricted by landlock, version %d",
                 version);
    release(&paths);
}

void adv_sandbox_calls(const struct adv_config *config, char said[ADV_SANDBOX_SAID_SIZE])
{
    if (config->sandbox == ADV_SWITCH_OFF)
        *said = '\0';
    else if (adv_syscalls_restrict())
        snprintf(said, ADV_SANDBOX_SAID_SIZE, "sandbox: system calls restricted by seccomp");
    else
        snprintf(said, ADV_SANDBOX_SAID_SIZE,
                 "sandbox: system calls are not restricted: seccomp: %s", reason_of(errno));
}
