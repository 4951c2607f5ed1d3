#include "core/train/distill/paths_file.h"

#include <advect/extra/digest.h>
#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/safetensors.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY "advect.paths"
#define DIGEST "advect.digest"
#define VERSION 1

/* What a path follows from, beside its number: a new reference, NULL without memory. Boxes and
 * labels are for those who look at samples. */
static json_t *key_of(const struct adv_training *t, const struct adv_model *teacher)
{
    const struct adv_recipe *recipe = &t->recipe;
    json_t *whole = adv_training_recipe(t), *data = json_object_get(whole, "data");
    json_object_del(data, "box");
    json_object_del(data, "labels");
    char digest[ADV_DIGEST_TEXT];
    adv_model_flow_digest(teacher, digest);
    json_t *key = json_pack(
        "{s:i, s:s, s:s, s:s, s:O, s:I, s:I, s:f, s:f, s:f, s:f}", "version", VERSION, "teacher",
        digest, "precision", adv_precision_name(t->load.precision), "rows", t->dataset.digest,
        "data", data, "train.seed", (json_int_t)recipe->train.seed, "distill.frames",
        (json_int_t)recipe->distill.frames, "distill.guidance", recipe->distill.guidance,
        "distill.off_data", recipe->distill.off_data, "train.label_dropout",
        recipe->train.label_dropout, "train.context_dropout", recipe->train.context_dropout);
    json_decref(whole);
    return key;
}

/* Of the tensors' elements, so that a damaged file is noticed. */
static void write_digest(const void *x, const void *v, size_t n_elements,
                         char text[ADV_DIGEST_TEXT])
{
    size_t n = n_elements * sizeof(float);
    adv_digest_text(adv_digest(adv_digest(ADV_DIGEST_INIT, x, n), v, n), text);
}

/* Whether the file's key says the same; else what differs is told. */
static enum adv_status check_key(const char *text, const json_t *key, struct adv_error *error)
{
    json_t *its = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *value;
    const char *name;
    char differs[256] = "";
    json_object_foreach((json_t *)key, name, value)
    {
        size_t n = strlen(differs);
        if (!json_equal(json_object_get(its, name), value))
            snprintf(differs + n, sizeof differs - n, "%s%s", n ? ", " : "", name);
    }
    json_decref(its);
    if (!*differs)
        return ADV_OK;
    return adv_fail(error, ADV_E_INVALID,
                    "these paths are not those of this training: other %s; name another file, or "
                    "remove this one",
                    differs);
}

/* Blocks of a tensor [paths, n_frames, dim]; 0: it is none of these. */
static size_t blocks_of(const struct adv_tensor *tensor, const struct adv_teacher_paths *paths)
{
    bool fits = tensor && tensor->dtype == ADV_F32 && tensor->n_dims == 3 &&
                tensor->shape[1] == paths->n_frames && tensor->shape[2] == paths->dim;
    return fits ? tensor->shape[0] / ADV_PATH_BLOCK : 0;
}

static bool is_whole(const struct adv_safetensors *file, const struct adv_tensor *x,
                     const struct adv_tensor *v)
{
    const char *written = adv_safetensors_metadata(file, DIGEST);
    char found[ADV_DIGEST_TEXT];
    write_digest(x->bytes, v->bytes, x->n_elements, found);
    return written && !strcmp(written, found);
}

static void take(const struct adv_tensor *tensor, size_t n_elements, float *out)
{
    struct adv_tensor first = *tensor;
    first.n_elements = n_elements;
    adv_tensor_to_float(&first, out);
}

static enum adv_status read_paths(const struct adv_safetensors *file, const json_t *key,
                                  struct adv_teacher_paths *paths, size_t *n_blocks,
                                  struct adv_error *error)
{
    const struct adv_tensor *x = adv_safetensors_find(file, "x");
    const struct adv_tensor *v = adv_safetensors_find(file, "v");
    const char *its = adv_safetensors_metadata(file, KEY);
    if (!its)
        return adv_fail(error, ADV_E_FORMAT, "this is not a file of a teacher's paths");
    enum adv_status status = check_key(its, key, error);
    if (status != ADV_OK)
        return status;
    size_t n = blocks_of(x, paths), wanted = paths->n / ADV_PATH_BLOCK;
    if (n == 0 || n != blocks_of(v, paths))
        return adv_fail(error, ADV_E_FORMAT, "the tensors x and v are not those of %zu frames",
                        paths->n_frames);
    if (!is_whole(file, x, v))
        return adv_fail(error, ADV_E_FORMAT, "the file is damaged: its digest is another");
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
    struct stat found;
    if (stat(name, &found) != 0 || (S_ISREG(found.st_mode) && found.st_size == 0))
        return ADV_OK;
    enum adv_status status = adv_safetensors_open(name, &file, error);
    if (status != ADV_OK)
        return status;
    json_t *key = key_of(t, teacher);
    status = key ? read_paths(file, key, paths, n_blocks, error) : adv_no_memory(error);
    if (key && status != ADV_OK)
        adv_error_prefix(error, "%s: ", name);
    json_decref(key);
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
    char digest[ADV_DIGEST_TEXT];
    json_t *key = key_of(t, teacher);
    char *text = key ? adv_json_dump(key, JSON_COMPACT) : NULL;
    write_digest(paths->x, paths->v, n_blocks * ADV_PATH_BLOCK * paths->n_frames * paths->dim,
                 digest);
    json_t *metadata = text ? json_pack("{s:s, s:s}", KEY, text, DIGEST, digest) : NULL;
    enum adv_status status =
        metadata ? adv_safetensors_write(name, metadata, 2, tensors, error) : adv_no_memory(error);
    json_decref(metadata);
    free(text);
    json_decref(key);
    return status;
}
