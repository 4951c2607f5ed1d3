#include "server/models/registry.h"

#include <advect/extra/memory.h>
#include <advect/pool.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".safetensors"
#define SETTLED_S 2 /* the coarsest times of files, those of FAT */

struct adv_catalogue {
    atomic_int references;
    size_t n;
    struct adv_catalogue_entry entries[];
};

struct adv_registry {
    char *directory; /* NULL: files are named */
    const char *const *files;
    size_t n_files;
    bool sandboxed;
    struct adv_load_options options;
    int64_t max_model_bytes;
    atomic_bool cancelled;
    pthread_mutex_t mutex; /* guards the pointer, not what it points to */
    struct adv_catalogue *catalogue;
    atomic_uint generation;
};

/* ---------------------------------------------------------------- catalogues */

size_t adv_catalogue_size(const struct adv_catalogue *catalogue)
{
    return catalogue->n;
}

const struct adv_catalogue_entry *adv_catalogue_at(const struct adv_catalogue *catalogue, size_t i)
{
    return &catalogue->entries[i];
}

size_t adv_catalogue_models(const struct adv_catalogue *catalogue)
{
    size_t n = 0;
    for (size_t i = 0; i < catalogue->n; i++)
        n += catalogue->entries[i].model != NULL;
    return n;
}

/* Where the first n entries serve that name; n where they do not. */
static size_t find_served(const struct adv_catalogue_entry *entries, size_t n, const char *name)
{
    size_t i = 0;
    while (i < n && !(entries[i].model && !strcmp(adv_model_name(entries[i].model), name)))
        i++;
    return i;
}

struct adv_model *adv_catalogue_find(const struct adv_catalogue *catalogue, const char *name)
{
    size_t i = find_served(catalogue->entries, catalogue->n, name);
    return i < catalogue->n ? catalogue->entries[i].model : NULL;
}

static struct adv_catalogue *catalogue_ref(struct adv_catalogue *catalogue)
{
    atomic_fetch_add(&catalogue->references, 1);
    return catalogue;
}

void adv_catalogue_unref(struct adv_catalogue *catalogue)
{
    if (!catalogue || atomic_fetch_sub(&catalogue->references, 1) > 1)
        return;
    for (size_t i = 0; i < catalogue->n; i++) {
        free(catalogue->entries[i].file);
        free(catalogue->entries[i].reason);
        adv_model_unref(catalogue->entries[i].model);
    }
    free(catalogue);
}

/* ---------------------------------------------------------------- reading the directory */

static bool is_model_file(const char *name)
{
    size_t n = strlen(name), n_suffix = strlen(SUFFIX);
    return name[0] != '.' && n > n_suffix && !strcmp(name + n - n_suffix, SUFFIX);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* What to add where a file or directory cannot be opened, although its permissions allow it. */
static const char *why_denied(const struct adv_registry *registry, const char *path)
{
    int fd = registry->sandboxed ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    bool denied = registry->sandboxed && fd < 0 && errno == EACCES && access(path, R_OK) == 0;
    if (fd >= 0)
        close(fd);
    return denied ? "; the sandbox knows the directories of the start: restart, or --sandbox off"
                  : "";
}

/* The directory's model files, sorted; *names and each of them is the caller's. */
static enum adv_status list_files(const struct adv_registry *registry, char ***names, size_t *n,
                                  struct adv_error *error)
{
    const char *directory = registry->directory;
    DIR *dir = opendir(directory);
    if (!dir) {
        int reason = errno;
        return adv_fail_field(error, ADV_E_IO, "models", "cannot read the model directory %s: %s%s",
                              directory, strerror(reason), why_denied(registry, directory));
    }
    char **list = NULL;
    size_t count = 0, capacity = 0;
    enum adv_status status = ADV_OK;
    for (struct dirent *entry; status == ADV_OK && (entry = readdir(dir));) {
        if (!is_model_file(entry->d_name))
            continue;
        status = adv_grow(&list, &capacity, count + 1, sizeof *list, error);
        char *name = status == ADV_OK ? strdup(entry->d_name) : NULL;
        if (name)
            list[count++] = name;
        else
            status = adv_no_memory(error);
    }
    closedir(dir);
    if (status != ADV_OK) {
        free_names(list, count);
        return status;
    }
    if (count > 1)
        qsort(list, count, sizeof *list, by_name);
    *names = list;
    *n = count;
    return ADV_OK;
}

static enum adv_status copy_files(const struct adv_registry *registry, char ***names, size_t *n,
                                  struct adv_error *error)
{
    char **list = calloc(registry->n_files, sizeof *list);
    for (size_t i = 0; list && i < registry->n_files; i++) {
        list[i] = strdup(registry->files[i]);
        if (!list[i]) {
            free_names(list, i);
            list = NULL;
        }
    }
    if (!list)
        return adv_no_memory(error);
    *names = list;
    *n = registry->n_files;
    return ADV_OK;
}

static bool identify(const char *path, struct adv_file_identity *identity, struct adv_error *error)
{
    struct stat file;
    if (stat(path, &file) != 0) {
        adv_fail(error, ADV_E_IO, "%s", strerror(errno));
        return false;
    }
    if (!S_ISREG(file.st_mode)) {
        adv_fail(error, ADV_E_IO, "not a regular file");
        return false;
    }
    *identity = (struct adv_file_identity){
        .device = file.st_dev,
        .inode = file.st_ino,
        .bytes = (uint64_t)file.st_size,
        .changed_s = file.st_mtim.tv_sec,
        .changed_ns = file.st_mtim.tv_nsec,
    };
    return true;
}

static bool same_identity(const struct adv_file_identity *a, const struct adv_file_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
           a->changed_s == b->changed_s && a->changed_ns == b->changed_ns;
}

/* The entry of the former catalogue (or NULL) that holds the same file with the same contents, and
 * what came of them. */
static const struct adv_catalogue_entry *find_unchanged(const struct adv_catalogue *former,
                                                        const struct adv_catalogue_entry *entry)
{
    for (size_t i = 0; former && i < former->n; i++) {
        const struct adv_catalogue_entry *other = &former->entries[i];
        if ((other->model || other->judged) && !strcmp(other->file, entry->file) &&
            same_identity(&other->identity, &entry->identity))
            return other;
    }
    return NULL;
}

/* The reader's message without the path, which the entry tells already. */
static const char *without_path(const char *message, const char *path)
{
    size_t n = strlen(path);
    return !strncmp(message, path, n) && message[n] == ':'
               ? message + n + 1 + (message[n + 1] == ' ')
               : message;
}

/* What the threads that load a directory's files share: each file is one of theirs. */
struct loading {
    const struct adv_registry *registry;  /* its catalogue is the former one */
    struct adv_catalogue_entry **entries; /* the largest files first, so that all end together */
};

static char *path_of(const char *directory, const struct adv_catalogue_entry *entry)
{
    char *path;
    if (!directory)
        return strdup(entry->file);
    return asprintf(&path, "%s/%s", directory, entry->file) < 0 ? NULL : path;
}

static void refuse(const struct adv_registry *registry, struct adv_catalogue_entry *entry,
                   const struct adv_error *why, const char *path)
{
    const char *denied = why->status == ADV_E_IO ? why_denied(registry, path) : "";
    if (asprintf(&entry->reason, "%s%s", without_path(why->message, path), denied) < 0)
        entry->reason = NULL;
}

/* What is too large is not even opened. */
static void identify_entry(const struct adv_registry *registry, struct adv_catalogue_entry *entry)
{
    struct adv_error why = ADV_ERROR_INIT;
    char *path = path_of(registry->directory, entry);
    if (path && identify(path, &entry->identity, &why) &&
        entry->identity.bytes > (uint64_t)registry->max_model_bytes)
        adv_fail(&why, ADV_E_INVALID, "has %" PRIu64 " bytes; at most %" PRId64 " are loaded",
                 entry->identity.bytes, registry->max_model_bytes);
    if (path && why.status != ADV_OK)
        refuse(registry, entry, &why, path);
    free(path);
}

/* Whether a change of the file would have shown: times of files are coarse, of whole seconds on
 * some file systems, and one that is being written may be changed again at the same time. */
static bool is_settled(const struct adv_file_identity *identity)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - identity->changed_s >= SETTLED_S;
}

/* Whether the same contents would be refused again; a file that could not be read, or for which
 * there was no memory, may be read the next time. */
static bool lies_in_contents(const struct adv_error *why)
{
    return why->status != ADV_E_IO && why->status != ADV_E_MEMORY && why->status != ADV_E_CANCELLED;
}

static void load_file(const struct adv_registry *registry, struct adv_catalogue_entry *entry)
{
    struct adv_error why = ADV_ERROR_INIT;
    char *path = path_of(registry->directory, entry);
    bool settled = is_settled(&entry->identity);
    if (path && adv_model_load(path, &registry->options, &entry->model, &why) != ADV_OK) {
        refuse(registry, entry, &why, path);
        entry->judged = entry->reason && settled && lies_in_contents(&why);
    }
    free(path);
}

static void take_over(struct adv_catalogue_entry *entry, const struct adv_catalogue_entry *former)
{
    if (former->model) {
        entry->model = adv_model_ref(former->model);
        return;
    }
    entry->reason = strdup(former->reason);
    entry->judged = entry->reason != NULL;
}

/* Fills model or reason of an entry without one; where memory is short, neither. */
static void load_entry(void *context, size_t i, int worker)
{
    (void)worker;
    const struct loading *loading = context;
    struct adv_catalogue_entry *entry = loading->entries[i];
    if (entry->reason || atomic_load(&loading->registry->cancelled))
        return;
    const struct adv_catalogue_entry *unchanged =
        find_unchanged(loading->registry->catalogue, entry);
    if (unchanged)
        take_over(entry, unchanged);
    else
        load_file(loading->registry, entry);
}

static int by_falling_size(const void *a, const void *b)
{
    uint64_t x = (*(struct adv_catalogue_entry *const *)a)->identity.bytes;
    uint64_t y = (*(struct adv_catalogue_entry *const *)b)->identity.bytes;
    return (x < y) - (x > y);
}

/* Whether the file is called as its model is. */
static bool is_called_as_model(const struct adv_catalogue_entry *entry)
{
    const char *slash = strrchr(entry->file, '/'), *file = slash ? slash + 1 : entry->file;
    const char *name = adv_model_name(entry->model);
    size_t n = strlen(name);
    return !strncmp(file, name, n) && !strcmp(file + n, SUFFIX);
}

static void refuse_namesake(const char *directory, const struct adv_catalogue_entry *served,
                            struct adv_catalogue_entry *entry)
{
    char *path = path_of(directory, entry), *other = path_of(directory, served);
    if (!path || !other ||
        asprintf(&entry->reason,
                 "%s holds a model named \"%.100s\", and under that name %s is served; a model's "
                 "name is in its file: advect import FILE --name NAME --out COPY changes it",
                 path, adv_model_name(entry->model), other) < 0)
        entry->reason = NULL;
    free(path);
    free(other);
    adv_model_unref(entry->model);
    entry->model = NULL;
}

/* Of files with models of one name, that one is served which is called so too, or else the first: a
 * copy does not displace what it was copied from. */
static size_t find_original(const struct adv_catalogue_entry *entries, size_t n, size_t first)
{
    const char *name = adv_model_name(entries[first].model);
    for (size_t i = first; i < n; i++) {
        const struct adv_model *model = entries[i].model;
        if (model && !strcmp(adv_model_name(model), name) && is_called_as_model(&entries[i]))
            return i;
    }
    return first;
}

static void refuse_namesakes(const char *directory, struct adv_catalogue_entry *entries, size_t n)
{
    for (size_t first = 0; first < n; first++) {
        if (!entries[first].model)
            continue;
        size_t original = find_original(entries, n, first);
        const char *name = adv_model_name(entries[original].model);
        for (size_t i = first; i < n; i++) {
            struct adv_catalogue_entry *entry = &entries[i];
            if (i != original && entry->model && !strcmp(adv_model_name(entry->model), name))
                refuse_namesake(directory, &entries[original], entry);
        }
    }
}

/* Loads the files of all entries, among as many threads as there are processors. */
static enum adv_status load_entries(const struct adv_registry *registry,
                                    struct adv_catalogue_entry *entries, size_t n,
                                    struct adv_error *error)
{
    struct adv_catalogue_entry **order = calloc(n + 1, sizeof *order);
    struct adv_pool *pool = NULL;
    if (!order)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++) {
        identify_entry(registry, &entries[i]);
        order[i] = &entries[i];
    }
    qsort(order, n, sizeof *order, by_falling_size);
    enum adv_status status = adv_pool_new(adv_cpu_count(), &pool, error);
    struct loading loading = {registry, order};
    if (status == ADV_OK)
        adv_pool_run(pool, n, load_entry, &loading);
    adv_pool_free(pool);
    free(order);
    if (status == ADV_OK && atomic_load(&registry->cancelled))
        status = adv_fail(error, ADV_E_CANCELLED, "the daemon ends");
    return status;
}

static enum adv_status read_models(const struct adv_registry *registry, struct adv_catalogue **out,
                                   struct adv_error *error)
{
    char **names = NULL;
    size_t n = 0;
    enum adv_status status = registry->directory ? list_files(registry, &names, &n, error)
                                                 : copy_files(registry, &names, &n, error);
    if (status != ADV_OK)
        return status;
    struct adv_catalogue *catalogue =
        calloc(1, sizeof *catalogue + n * sizeof catalogue->entries[0]);
    if (!catalogue) {
        free_names(names, n);
        return adv_no_memory(error);
    }
    atomic_init(&catalogue->references, 1);
    for (size_t i = 0; i < n; i++) {
        catalogue->entries[i].file = names[i];
        names[i] = NULL;
    }
    free_names(names, n);
    catalogue->n = n;
    status = load_entries(registry, catalogue->entries, n, error);
    refuse_namesakes(registry->directory, catalogue->entries, n);
    for (size_t i = 0; i < n; i++) {
        const struct adv_catalogue_entry *entry = &catalogue->entries[i];
        if (status == ADV_OK && !entry->model && !entry->reason)
            status = adv_no_memory(error);
    }
    if (status == ADV_OK)
        *out = catalogue;
    else
        adv_catalogue_unref(catalogue);
    return status;
}

/* ---------------------------------------------------------------- registry */

enum adv_status adv_registry_open(const struct adv_model_place *place,
                                  const struct adv_load_options *options, int64_t max_model_bytes,
                                  struct adv_registry **out, struct adv_error *error)
{
    struct adv_registry *registry = calloc(1, sizeof *registry);
    char *copy = registry && !place->n_files ? strdup(place->directory) : NULL;
    bool has_place = registry && (copy || place->n_files);
    struct adv_catalogue *empty = has_place ? calloc(1, sizeof *empty) : NULL;
    if (!empty) {
        free(copy);
        free(registry);
        return adv_no_memory(error);
    }
    atomic_init(&empty->references, 1);
    registry->catalogue = empty;
    registry->directory = copy;
    registry->files = place->files;
    registry->n_files = place->n_files;
    registry->sandboxed = place->sandboxed;
    registry->options = *options;
    registry->max_model_bytes = max_model_bytes;
    atomic_init(&registry->cancelled, false);
    pthread_mutex_init(&registry->mutex, NULL);
    atomic_init(&registry->generation, 0);
    *out = registry;
    return ADV_OK;
}

void adv_registry_close(struct adv_registry *registry)
{
    if (!registry)
        return;
    adv_catalogue_unref(registry->catalogue);
    pthread_mutex_destroy(&registry->mutex);
    free(registry->directory);
    free(registry);
}

enum adv_status adv_registry_load(struct adv_registry *registry, struct adv_error *error)
{
    struct adv_catalogue *fresh = NULL, *former = registry->catalogue;
    enum adv_status status = read_models(registry, &fresh, error);
    if (status != ADV_OK)
        return status;
    pthread_mutex_lock(&registry->mutex);
    registry->catalogue = fresh;
    pthread_mutex_unlock(&registry->mutex);
    atomic_fetch_add(&registry->generation, 1);
    adv_catalogue_unref(former);
    return ADV_OK;
}

void adv_registry_cancel(struct adv_registry *registry)
{
    atomic_store(&registry->cancelled, true);
}

struct adv_catalogue *adv_registry_catalogue(struct adv_registry *registry)
{
    pthread_mutex_lock(&registry->mutex);
    struct adv_catalogue *catalogue = catalogue_ref(registry->catalogue);
    pthread_mutex_unlock(&registry->mutex);
    return catalogue;
}

unsigned adv_registry_generation(const struct adv_registry *registry)
{
    return atomic_load(&registry->generation);
}
