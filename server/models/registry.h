/* The models that are served. A catalogue is an immutable view of the model
 * directory, counted by references: whoever took one keeps it, and its models,
 * while a reload puts another in its place. */
#ifndef ADV_SERVER_REGISTRY_H
#define ADV_SERVER_REGISTRY_H

#include <advect/model.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stdint.h>

/* A file of the directory: served, or refused with the reason. */
struct adv_catalogue_entry {
    char *file;              /* its name in the directory, or its path where files are served */
    struct adv_model *model; /* or NULL: refused */
    char *reason;            /* why, or NULL */
    bool judged;             /* the reason lies in the file's contents alone */
    struct adv_file_identity {
        uint64_t device, inode, bytes;
        int64_t changed_s, changed_ns;
    } identity; /* the same: the same contents, not read again */
};

struct adv_catalogue;

size_t adv_catalogue_size(const struct adv_catalogue *catalogue);
const struct adv_catalogue_entry *adv_catalogue_at(const struct adv_catalogue *catalogue, size_t i);
size_t adv_catalogue_models(const struct adv_catalogue *catalogue); /* entries with a model */
/* The model of that name, borrowed from the catalogue, or NULL. */
struct adv_model *adv_catalogue_find(const struct adv_catalogue *catalogue, const char *name);
void adv_catalogue_unref(struct adv_catalogue *catalogue);

struct adv_registry;

/* Where models are: files, borrowed for the life of the registry, or if there are none a
 * directory. */
struct adv_model_place {
    const char *directory;
    const char *const *files; /* [n_files] paths */
    size_t n_files;
    bool sandboxed; /* after the start only what lay in the same directories can be read */
};

/* Its catalogue is empty before the first load. What the options point to must live as long as the
 * registry. */
enum adv_status adv_registry_open(const struct adv_model_place *place,
                                  const struct adv_load_options *options, int64_t max_model_bytes,
                                  struct adv_registry **registry, struct adv_error *error);
void adv_registry_close(struct adv_registry *registry);

/* Loads the files, or every *.safetensors of the directory in the order of their names. Files that
 * cannot be served, of more than max_model_bytes among them, become refused entries; only a
 * directory that cannot be read is an error. Of files with models of one name, the one called
 * NAME.safetensors is served, or else the first. Files that did not change keep their loaded model,
 * or the reason why they are refused. On an error the present catalogue stays. To be called by one
 * thread at a time. */
enum adv_status adv_registry_load(struct adv_registry *registry, struct adv_error *error);

/* No further file is loaded: a load under way ends after those in hand with ADV_E_CANCELLED, as
 * does any later one. On any thread. */
void adv_registry_cancel(struct adv_registry *registry);

/* The present catalogue, a new reference. */
struct adv_catalogue *adv_registry_catalogue(struct adv_registry *registry);
/* Counts the catalogues there were: says cheaply whether one's own is still the present one. */
unsigned adv_registry_generation(const struct adv_registry *registry);

#endif
