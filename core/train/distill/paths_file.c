#include "core/train/distill/paths_file.h"

#include <advect/extra/json.h>
#include <advect/extra/safetensors.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY "advect.paths"
#define VERSION 1

/* What a path follows from, beside its number, as text; NULL without memory. */
static char *key_of(const struct adv_training *t, const struct adv_model *teacher)
{
    const struct adv_recipe *recipe = &t->recipe;
    json_t *whole = adv_training_recipe(t);
    json_t *key =
        json_pack("{s:i, s:s, s:s, s:O, s:I, s:I, s:f, s:f, s:f, s:f}", "version", VERSION,
                  "teacher", adv_model_digest(teacher), "dataset", t->dataset.digest, "data",
                  json_object_get(whole, "data"), "seed", (json_int_t)recipe->train.seed, "frames",
                  (json_int_t)recipe->distill.frames, "guidance", recipe->distill.guidance,
                  "off_data", recipe->distill.off_data, "label_dropout",
                  recipe->train.label_dropout, "context_dropout", recipe->train.context_dropout);
    char *text = key ? adv_json_dump(key, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(key);
    json_decref(whole);
    return text;
}

/* Blocks of a tensor [paths, n_frames, dim]; 0: it is none of these. */
static size_t blocks_of(const struct adv_tensor *tensor, const struct adv_teacher_paths *paths)
{
    bool fits = tensor && tensor->dtype == ADV_F32 && tensor->n_dims == 3 &&
                tensor->shape[1] == paths->n_frames && tensor->shape[2] == paths->dim;
    return fits ? tensor->shape[0] / ADV_PATH_BLOCK : 0;
}

static void take(const struct adv_tensor *tensor, size_t n_elements, float *out)
{
    struct adv_tensor first = *tensor;
    first.n_elements = n_elements;
    adv_tensor_to_float(&first, out);
}

static enum adv_status read_paths(const struct adv_safetensors *file, const char *key,
                                  struct adv_teacher_paths *paths, size_t *n_blocks,
                                  struct adv_error *error)
{
    const struct adv_tensor *x = adv_safetensors_find(file, "x");
    const struct adv_tensor *v = adv_safetensors_find(file, "v");
    const char *its = adv_safetensors_metadata(file, KEY);
    if (!its)
        return adv_fail(error, ADV_E_FORMAT, "this is not a file of a teacher's paths");
    if (strcmp(its, key) != 0)
        return adv_fail(error, ADV_E_INVALID,
                        "these are paths of another teacher, of other data or by other settings; "
                        "name another file, or remove this one");
    size_t n = blocks_of(x, paths), wanted = paths->n / ADV_PATH_BLOCK;
    if (n == 0 || n != blocks_of(v, paths))
        return adv_fail(error, ADV_E_FORMAT, "the tensors x and v are not those of %zu frames",
                        paths->n_frames);
    *n_blocks = n < wanted ? n : wanted;
    size_t n_elements = *n_blocks * ADV_PATH_BLOCK * paths->n_frames * paths->dim;
    take(x, n_elements, paths->x);
    take(v, n_elements, paths->v);
    return ADV_OK;
}

enum adv_status adv_teacher_paths_read(const struct adv_training *t,
                                       const struct adv_model *teacher, const char *name,
                                       struct adv_teacher_paths *paths, size_t *n_blocks,
                                       struct adv_error *error)
{
    struct adv_safetensors *file = NULL;
    *n_blocks = 0;
    if (access(name, F_OK) != 0)
        return ADV_OK;
    enum adv_status status = adv_safetensors_open(name, &file, error);
    if (status != ADV_OK)
        return status;
    char *key = key_of(t, teacher);
    status = key ? read_paths(file, key, paths, n_blocks, error) : adv_no_memory(error);
    if (key && status != ADV_OK)
        adv_error_prefix(error, "%s: ", name);
    free(key);
    adv_safetensors_close(file);
    return status;
}

enum adv_status adv_teacher_paths_write(const struct adv_training *t,
                                        const struct adv_model *teacher, const char *name,
                                        const struct adv_teacher_paths *paths, size_t n_blocks,
                                        struct adv_error *error)
{
    const struct adv_tensor_source tensors[] = {
        {.name = "x",
         .dtype = ADV_F32,
         .n_dims = 3,
         .shape = {n_blocks * ADV_PATH_BLOCK, paths->n_frames, paths->dim},
         .data = paths->x},
        {.name = "v",
         .dtype = ADV_F32,
         .n_dims = 3,
         .shape = {n_blocks * ADV_PATH_BLOCK, paths->n_frames, paths->dim},
         .data = paths->v},
    };
    char *key = key_of(t, teacher);
    json_t *metadata = key ? json_pack("{s:s}", KEY, key) : NULL;
    enum adv_status status =
        metadata ? adv_safetensors_write(name, metadata, 2, tensors, error) : adv_no_memory(error);
    json_decref(metadata);
    free(key);
    return status;
}
