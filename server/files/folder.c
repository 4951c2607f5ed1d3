#include "server/files/folder.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct adv_folder {
    struct adv_static_file *files; /* [n], by name; all that they point to is owned */
    size_t n, capacity, n_bytes;
};

void adv_folder_free(struct adv_folder *folder)
{
    if (!folder)
        return;
    for (size_t i = 0; i < folder->n; i++)
        adv_static_file_release(&folder->files[i]);
    free(folder->files);
    free(folder);
}

/* ---------------------------------------------------------------- reading */

/* The bytes are read, packed and named before anything of the list changes. */
static enum adv_status add(struct adv_folder *folder, const char *path, const char *name,
                           size_t max_bytes, struct adv_error *error)
{
    struct adv_static_file fresh = {0};
    void *bytes = NULL;
    size_t n_bytes;
    enum adv_status status =
        adv_grow(&folder->files, &folder->capacity, folder->n + 1, sizeof *folder->files, error);
    if (status == ADV_OK)
        status = adv_file_read(path, max_bytes, &bytes, &n_bytes, error);
    if (status == ADV_OK)
        status = adv_static_file_own(name, bytes, n_bytes, &fresh, error);
    if (status != ADV_OK)
        return status;
    folder->files[folder->n++] = fresh;
    folder->n_bytes += fresh.n_plain + fresh.n_packed;
    return ADV_OK;
}

struct reading {
    const char *field, *path;
    struct adv_folder *folder;
    size_t n_plain; /* bytes read */
};

static enum adv_status check_room(const struct reading *reading, const FTSENT *entry,
                                  struct adv_error *error)
{
    if (reading->folder->n >= ADV_FOLDER_MAX_FILES)
        return adv_fail_field(error, ADV_E_INVALID, reading->field,
                              "%s is \"%.300s\", which has more than %d files; at most so many "
                              "are served",
                              reading->field, reading->path, ADV_FOLDER_MAX_FILES);
    if ((uintmax_t)entry->fts_statp->st_size > ADV_FOLDER_MAX_BYTES - reading->n_plain)
        return adv_fail_field(error, ADV_E_INVALID, reading->field,
                              "%s is \"%.300s\", whose files have more than %zu bytes; at most so "
                              "many are served",
                              reading->field, reading->path, ADV_FOLDER_MAX_BYTES);
    return ADV_OK;
}

static enum adv_status take(struct reading *reading, const FTSENT *entry, struct adv_error *error)
{
    const char *name = entry->fts_path + strlen(reading->path);
    if (entry->fts_level > ADV_FOLDER_MAX_LEVELS)
        return adv_fail_field(error, ADV_E_INVALID, reading->field,
                              "%s: \"%.300s\" is more than %d folders down; no request reaches it",
                              reading->field, entry->fts_path, ADV_FOLDER_MAX_LEVELS - 1);
    enum adv_status status = check_room(reading, entry, error);
    if (status != ADV_OK)
        return status;
    status = add(reading->folder, entry->fts_accpath, name + strspn(name, "/"),
                 ADV_FOLDER_MAX_BYTES - reading->n_plain, error);
    if (status == ADV_OK)
        reading->n_plain += reading->folder->files[reading->folder->n - 1].n_plain;
    else
        adv_error_prefix(error, "%s: ", reading->field);
    return status;
}

static enum adv_status visit(struct reading *reading, FTS *walk, FTSENT *entry,
                             struct adv_error *error)
{
    const char *field = reading->field;
    bool root = entry->fts_level == FTS_ROOTLEVEL;
    switch (entry->fts_info) {
    case FTS_D:
        if (!root && entry->fts_name[0] == '.')
            fts_set(walk, entry, FTS_SKIP);
        break;
    case FTS_F:
        if (!root && entry->fts_name[0] != '.')
            return take(reading, entry, error);
        break;
    case FTS_NS:
    case FTS_DNR:
    case FTS_ERR:
        return adv_fail_field(error, ADV_E_IO, field, "%s: \"%.300s\" cannot be read: %s", field,
                              entry->fts_path, strerror(entry->fts_errno));
    default:; /* what is neither a file nor a folder, as a link that leads nowhere, is passed over */
    }
    if (root && entry->fts_info != FTS_D && entry->fts_info != FTS_DP)
        return adv_fail_field(error, ADV_E_INVALID, field,
                              "%s is \"%.300s\", which is no folder; it must be one", field,
                              reading->path);
    return ADV_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct adv_static_file *)a)->name,
                  ((const struct adv_static_file *)b)->name);
}

static enum adv_status read_all(struct reading *reading, struct adv_error *error)
{
    char *roots[] = {(char *)reading->path, NULL}; /* only read */
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    if (!walk)
        return adv_no_memory(error);
    enum adv_status status = ADV_OK;
    FTSENT *entry = NULL;
    do {
        errno = 0; /* which tells a failure from the end */
        entry = fts_read(walk);
        if (entry)
            status = visit(reading, walk, entry, error);
        else if (errno)
            status =
                adv_fail_field(error, ADV_E_IO, reading->field, "%s: \"%.300s\" cannot be read: %s",
                               reading->field, reading->path, strerror(errno));
    } while (entry && status == ADV_OK);
    fts_close(walk);
    return status;
}

enum adv_status adv_folder_read(const char *field, const char *path, struct adv_folder **folder,
                                struct adv_error *error)
{
    struct reading reading = {field, path, calloc(1, sizeof **folder), 0};
    if (!reading.folder)
        return adv_no_memory(error);
    enum adv_status status = read_all(&reading, error);
    if (status != ADV_OK) {
        adv_folder_free(reading.folder);
        return status;
    }
    if (reading.folder->n)
        qsort(reading.folder->files, reading.folder->n, sizeof *reading.folder->files, by_name);
    *folder = reading.folder;
    return ADV_OK;
}

/* ---------------------------------------------------------------- asking */

const struct adv_static_file *adv_folder_find(const struct adv_folder *folder, const char *name)
{
    const struct adv_static_file wanted = {.name = name};
    return folder->n ? bsearch(&wanted, folder->files, folder->n, sizeof wanted, by_name) : NULL;
}

size_t adv_folder_files(const struct adv_folder *folder)
{
    return folder->n;
}

size_t adv_folder_bytes(const struct adv_folder *folder)
{
    return folder->n_bytes;
}
