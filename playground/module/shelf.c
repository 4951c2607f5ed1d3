#include "playground/module/shelf.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME_MOST 100

struct adv_model *adv_shelf_find(const struct adv_shelf *shelf, const char *name)
{
    for (size_t i = 0; i < shelf->n; i++) {
        if (!strcmp(adv_model_name(shelf->models[i]), name))
            return shelf->models[i];
    }
    return NULL;
}

enum adv_status adv_shelf_put(struct adv_shelf *shelf, struct adv_model *model,
                              struct adv_error *error)
{
    size_t i = 0;
    while (i < shelf->n && strcmp(adv_model_name(shelf->models[i]), adv_model_name(model)))
        i++;
    if (i == ADV_SHELF_MOST) {
        adv_model_unref(model);
        return adv_fail(error, ADV_E_INVALID, "there are %d models, the most that fit",
                        ADV_SHELF_MOST);
    }
    if (i < shelf->n)
        adv_model_unref(shelf->models[i]);
    else
        shelf->n++;
    shelf->models[i] = model;
    return ADV_OK;
}

bool adv_shelf_remove(struct adv_shelf *shelf, const char *name)
{
    for (size_t i = 0; i < shelf->n; i++) {
        if (strcmp(adv_model_name(shelf->models[i]), name))
            continue;
        adv_model_unref(shelf->models[i]);
        memmove(shelf->models + i, shelf->models + i + 1,
                (--shelf->n - i) * sizeof(struct adv_model *));
        return true;
    }
    return false;
}

static enum adv_status write_file(const char *path, const void *bytes, size_t n_bytes,
                                  struct adv_error *error)
{
    FILE *file = fopen(path, "wb");
    bool written = file && fwrite(bytes, 1, n_bytes, file) == n_bytes;
    if (file && fclose(file) != 0)
        written = false;
    return written ? ADV_OK
                   : adv_fail(error, ADV_E_MEMORY, "%s: there is no room for its %zu bytes", path,
                              n_bytes);
}

/* Models are read from files, which here are in memory; one that begins with '/' or has another
 * within would be in a folder that is not there. */
enum adv_status adv_shelf_load(struct adv_shelf *shelf, const char *name, const void *bytes,
                               size_t n_bytes, const struct adv_model **loaded,
                               struct adv_error *error)
{
    char path[NAME_MOST + 1];
    struct adv_model *model = NULL;
    snprintf(path, sizeof path, "%s", *name ? name : "model");
    for (char *at = path; *at; at++)
        *at = *at == '/' ? '_' : *at;
    enum adv_status status = write_file(path, bytes, n_bytes, error);
    if (status == ADV_OK)
        status = adv_model_load(path, NULL, &model, error);
    unlink(path);
    if (status == ADV_OK)
        status = adv_shelf_put(shelf, model, error);
    if (status == ADV_OK)
        *loaded = model;
    return status;
}
