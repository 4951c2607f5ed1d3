/* The models that the playground has: those that came with it, those that people opened, and what
 * was made here. */
#ifndef ADV_PLAYGROUND_SHELF_H
#define ADV_PLAYGROUND_SHELF_H

#include <advect/model.h>

#define ADV_SHELF_MOST 64

struct adv_shelf {
    size_t n;
    struct adv_model *models[ADV_SHELF_MOST]; /* a reference each, of different names */
};

/* Borrowed, or NULL. */
struct adv_model *adv_shelf_find(const struct adv_shelf *shelf, const char *name);

/* Takes over a reference, also on failure; a model of the same name goes. ADV_E_INVALID: there are
 * ADV_SHELF_MOST. */
enum adv_status adv_shelf_put(struct adv_shelf *shelf, struct adv_model *model,
                              struct adv_error *error);

/* False: there is none of that name. */
bool adv_shelf_remove(struct adv_shelf *shelf, const char *name);

/* A model from the bytes of its file, which is called name in messages. */
enum adv_status adv_shelf_load(struct adv_shelf *shelf, const char *name, const void *bytes,
                               size_t n_bytes, const struct adv_model **model,
                               struct adv_error *error);

#endif
