/* Checkpoints: the whole state of a training as one safetensors file. */
#include "core/train/distill/distill.h"
#include "core/train/training.h"

#include <advect/extra/digest.h>
#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/optimiser.h>
#include <advect/extra/safetensors.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "2"
#define TENSORS_MAX 5
#define CURVE_COLUMNS 6

/* The tensors of a checkpoint, all [n_weights]. */
struct part {
    const char *name;
    float *data;
};

/* Returns how many there are. */
static size_t list_parts(const struct adv_training *t, struct part parts[TENSORS_MAX])
{
    parts[0] = (struct part){"weights", t->weights};
    parts[1] = (struct part){"average", t->average};
    parts[2] = (struct part){"adamw.m", t->m};
    parts[3] = (struct part){"adamw.v", t->v};
    parts[4] = (struct part){"best", t->best};
    return t->best ? 5 : 4;
}

/* ---------------------------------------------------------------- state as JSON */

static double real_of(const json_t *json)
{
    return json_is_number(json) ? json_number_value(json) : NAN;
}

static json_t *curve_to_json(const struct adv_training *t)
{
    json_t *curve = json_array();
    for (size_t i = 0; i < t->n_curve; i++) {
        const struct adv_curve_point *p = &t->curve[i];
        json_t *row =
            json_pack("[I, o, o, o, f, o]", (json_int_t)p->step, adv_real_or_null(p->loss),
                      adv_real_or_null(p->held_out), adv_real_or_null(p->learning_rate), p->seconds,
                      adv_real_or_null(p->held_out_nll));
        if (json_array_append_new(curve, row)) {
            json_decref(curve);
            return NULL;
        }
    }
    return curve;
}

static enum adv_status curve_from_json(const json_t *json, struct adv_curve_point **curve,
                                       struct adv_error *error)
{
    size_t n = json_array_size(json), i;
    json_t *row;
    struct adv_curve_point *points = calloc(n ? n : 1, sizeof *points);
    if (!points)
        return adv_no_memory(error);
    json_array_foreach(json, i, row)
    {
        points[i] = (struct adv_curve_point){
            .step = json_integer_value(json_array_get(row, 0)),
            .loss = real_of(json_array_get(row, 1)),
            .held_out = real_of(json_array_get(row, 2)),
            .learning_rate = real_of(json_array_get(row, 3)),
            .seconds = real_of(json_array_get(row, 4)),
            .held_out_nll = real_of(json_array_get(row, 5)),
        };
    }
    *curve = points;
    return ADV_OK;
}

/* ---------------------------------------------------------------- save */

/* The least held-out loss on the curve, or NaN. */
static double best_held_out(const struct adv_training *t)
{
    double best = NAN;
    for (size_t i = 0; i < t->n_curve; i++)
        best = fmin(best, t->curve[i].held_out);
    return best;
}

/* Into text; NULL: the training has none. */
static const char *teacher_digest(const struct adv_training *t, char text[ADV_DIGEST_TEXT])
{
    if (!t->distillation)
        return NULL;
    adv_model_flow_digest(t->distillation->teacher, text);
    return text;
}

static json_t *state_of(const struct adv_training *t)
{
    struct part parts[TENSORS_MAX];
    char digest[ADV_DIGEST_TEXT], teacher[ADV_DIGEST_TEXT];
    uint64_t hash = ADV_DIGEST_INIT; /* of the tensors, so that a damaged file is noticed */
    for (size_t i = 0, n = list_parts(t, parts); i < n; i++)
        hash = adv_digest(hash, parts[i].data, t->n_weights * sizeof *parts[i].data);
    adv_digest_text(hash, digest);
    return json_pack(
        "{s:s, s:I, s:b, s:f, s:f, s:I, s:o, s:o, s:s, s:s*, s:o}", "digest", digest, "step",
        (json_int_t)t->progress.step, "over", t->progress.over, "seconds", t->progress.seconds,
        "window_sum", t->window_sum, "window_steps", (json_int_t)t->window_steps, "best_held_out",
        adv_real_or_null(best_held_out(t)), "curve", curve_to_json(t), "dataset", t->dataset.digest,
        "teacher", teacher_digest(t, teacher), "recipe", adv_training_recipe(t));
}

enum adv_status adv_training_save(const struct adv_training *t, const char *path,
                                  struct adv_error *error)
{
    struct part parts[TENSORS_MAX];
    struct adv_tensor_source tensors[TENSORS_MAX];
    size_t n_tensors = list_parts(t, parts);
    for (size_t i = 0; i < n_tensors; i++)
        tensors[i] = (struct adv_tensor_source){.name = parts[i].name,
                                                .dtype = ADV_F32,
                                                .n_dims = 1,
                                                .shape = {t->n_weights},
                                                .data = parts[i].data};
    json_t *state = state_of(t);
    char *text = state ? adv_json_dump(state, JSON_COMPACT) : NULL;
    json_t *metadata =
        text ? json_pack("{s:s, s:s}", "advect.checkpoint", VERSION, "advect.state", text) : NULL;
    enum adv_status status = metadata ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_safetensors_write(path, metadata, n_tensors, tensors, error);
    json_decref(metadata);
    free(text);
    json_decref(state);
    return status;
}

/* ---------------------------------------------------------------- load */

/* Whether the members have the types that adv_training_save gives them. */
static bool is_well_formed(const json_t *state)
{
    const json_t *step = json_object_get(state, "step"), *curve = json_object_get(state, "curve");
    const json_t *window = json_object_get(state, "window_steps"), *row;
    size_t i;
    if (!json_is_integer(step) || json_integer_value(step) < 0 || !json_is_integer(window) ||
        json_integer_value(window) < 0 || !json_is_array(curve) ||
        !json_is_object(json_object_get(state, "recipe")) ||
        !json_is_number(json_object_get(state, "seconds")) ||
        !json_is_number(json_object_get(state, "window_sum")))
        return false;
    json_array_foreach(curve, i, row)
    {
        if (json_array_size(row) != CURVE_COLUMNS || !json_is_integer(json_array_get(row, 0)))
            return false;
    }
    return true;
}

/* The state of a checkpoint file, a new reference. */
static enum adv_status read_state(const struct adv_safetensors *file, json_t **state,
                                  struct adv_error *error)
{
    const char *version = adv_safetensors_metadata(file, "advect.checkpoint");
    const char *text = adv_safetensors_metadata(file, "advect.state");
    if (!version || !text)
        return adv_fail(error, ADV_E_FORMAT, "this is not a checkpoint of a training");
    if (strcmp(version, VERSION) != 0)
        return adv_fail(
            error, ADV_E_UNSUPPORTED,
            "the checkpoint has version \"%.20s\"; this version of Advect reads " VERSION, version);
    *state = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(*state)) {
        json_decref(*state);
        *state = NULL;
        return adv_fail(error, ADV_E_FORMAT, "the checkpoint's advect.state is not a JSON object");
    }
    if (!is_well_formed(*state)) {
        json_decref(*state);
        *state = NULL;
        return adv_fail(error, ADV_E_FORMAT, "the checkpoint's advect.state is damaged");
    }
    return ADV_OK;
}

static enum adv_status check_tensors(const struct adv_safetensors *file, const struct part *parts,
                                     size_t n_tensors, size_t n_weights, struct adv_error *error)
{
    for (size_t i = 0; i < n_tensors; i++) {
        const struct adv_tensor *tensor = adv_safetensors_find(file, parts[i].name);
        if (!tensor || tensor->n_elements != n_weights)
            return adv_fail_field(error, ADV_E_FORMAT, parts[i].name,
                                  "the tensor %s has %zu elements; the net has %zu weights",
                                  parts[i].name, tensor ? tensor->n_elements : 0, n_weights);
    }
    return ADV_OK;
}

/* Checkpoints of before digests were written have none. */
static enum adv_status check_digest(const struct adv_safetensors *file, const struct part *parts,
                                    size_t n_tensors, const json_t *state, struct adv_error *error)
{
    const char *written = json_string_value(json_object_get(state, "digest"));
    char found[ADV_DIGEST_TEXT];
    uint64_t hash = ADV_DIGEST_INIT;
    for (size_t i = 0; i < n_tensors; i++) {
        const struct adv_tensor *tensor = adv_safetensors_find(file, parts[i].name);
        size_t n_bytes = tensor->dtype == ADV_F32 ? tensor->n_elements * sizeof(float) : 0;
        hash = adv_digest(hash, tensor->bytes, n_bytes);
    }
    adv_digest_text(hash, found);
    if (!written || !strcmp(written, found))
        return ADV_OK;
    return adv_fail(error, ADV_E_FORMAT,
                    "the checkpoint is damaged: the digest of its tensors is %s, and was %.20s",
                    found, written);
}

/* The recipe of a checkpoint with every default spelled out, also those of options that did not yet
 * exist when it was written. A new reference; NULL without memory, or where it is no recipe. */
static json_t *spelled_out(const json_t *written)
{
    struct adv_recipe recipe = {0};
    struct adv_net *net = NULL;
    json_t *json = NULL;
    if (adv_recipe_init(&recipe, written, NULL) == ADV_OK &&
        adv_net_new(recipe.net, &net, NULL) == ADV_OK)
        json = adv_recipe_to_json(&recipe);
    if (json && json_object_set_new(json, "net", adv_net_config(net))) {
        json_decref(json);
        json = NULL;
    }
    adv_net_free(net);
    adv_recipe_release(&recipe);
    return json;
}

static enum adv_status check_recipe(const struct adv_training *t, const json_t *written,
                                    struct adv_error *error)
{
    json_t *now = adv_training_recipe(t), *before = spelled_out(written);
    enum adv_status status =
        now ? adv_recipe_check_same(before ? before : written, now, error) : adv_no_memory(error);
    json_decref(now);
    json_decref(before);
    return status;
}

/* before: NULL of a checkpoint that was written before they told. */
static enum adv_status check_teacher(const struct adv_training *t, const char *before,
                                     struct adv_error *error)
{
    char text[ADV_DIGEST_TEXT];
    const char *now = teacher_digest(t, text);
    if (!now || !before || !strcmp(before, now))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "distill.teacher",
                          "the teacher has changed: its digest was %.20s and is %s", before, now);
}

static enum adv_status check_state(const struct adv_training *t, const json_t *state,
                                   struct adv_error *error)
{
    json_int_t step = json_integer_value(json_object_get(state, "step"));
    if (step > t->recipe.train.steps)
        return adv_fail_field(error, ADV_E_INVALID, "train.steps",
                              "training has already done %lld steps; train.steps is %lld",
                              (long long)step, (long long)t->recipe.train.steps);
    enum adv_status status = check_recipe(t, json_object_get(state, "recipe"), error);
    if (status != ADV_OK)
        return status;
    const char *digest = json_string_value(json_object_get(state, "dataset"));
    if (!digest || strcmp(digest, t->dataset.digest) != 0)
        return adv_fail_field(error, ADV_E_INVALID, "data",
                              "the data have changed: their digest was %.20s and is %s",
                              digest ? digest : "absent", t->dataset.digest);
    return check_teacher(t, json_string_value(json_object_get(state, "teacher")), error);
}

/* The best point of the curve, and how many came after it. */
static void restore_best(struct adv_training *t)
{
    struct adv_training_progress *progress = &t->progress;
    progress->best_nll = progress->held_out_nll = NAN;
    t->worse_points = 0;
    for (size_t i = 0; i < t->n_curve; i++) {
        progress->held_out_nll = t->curve[i].held_out_nll;
        t->worse_points++;
        if (!(t->curve[i].held_out_nll >= progress->best_nll)) {
            progress->best_nll = t->curve[i].held_out_nll;
            progress->best_step = t->curve[i].step;
            t->worse_points = 0;
        }
    }
}

/* What follows from the rest of the state. */
static void restore_progress(struct adv_training *t)
{
    restore_best(t);
    const struct adv_curve_point *last = t->n_curve ? &t->curve[t->n_curve - 1] : NULL;
    t->progress.held_out = last ? last->held_out : NAN;
    t->progress.loss = t->window_steps ? t->window_sum / (double)t->window_steps
                       : last          ? last->loss
                                       : NAN;
    t->progress.learning_rate =
        t->progress.step > 0 ? adv_schedule_rate(&t->recipe.train, t->progress.step - 1) : NAN;
}

static enum adv_status restore(struct adv_training *t, const struct adv_safetensors *file,
                               const struct part *parts, size_t n_tensors, const json_t *state,
                               struct adv_error *error)
{
    const json_t *json = json_object_get(state, "curve");
    struct adv_curve_point *curve = NULL;
    enum adv_status status = curve_from_json(json, &curve, error);
    if (status != ADV_OK)
        return status;
    free(t->curve);
    t->curve = curve;
    t->n_curve = json_array_size(json);
    t->curve_capacity = t->n_curve;
    t->progress.step = json_integer_value(json_object_get(state, "step"));
    t->progress.over =
        (t->progress.step >= t->recipe.train.steps && !adv_training_point_is_due(t)) ||
        (json_is_true(json_object_get(state, "over")) && t->best);
    t->progress.seconds = json_number_value(json_object_get(state, "seconds"));
    t->window_sum = json_number_value(json_object_get(state, "window_sum"));
    t->window_steps = json_integer_value(json_object_get(state, "window_steps"));
    restore_progress(t);
    for (int i = 0; i < adv_pool_threads(t->pool); i++)
        t->workers[i].weights_step = -1; /* the weights of that step were others */
    for (size_t i = 0; i < n_tensors; i++)
        adv_tensor_to_float(adv_safetensors_find(file, parts[i].name), parts[i].data);
    return ADV_OK;
}

enum adv_status adv_training_resume(struct adv_training *t, const char *path,
                                    struct adv_error *error)
{
    struct adv_safetensors *file = NULL;
    enum adv_status status = adv_safetensors_open(path, &file, error);
    if (status != ADV_OK)
        return status;
    struct part parts[TENSORS_MAX];
    json_t *state = NULL;
    size_t n_tensors = list_parts(t, parts);
    status = read_state(file, &state, error);
    if (status == ADV_OK)
        status = check_state(t, state, error);
    if (status == ADV_OK)
        status = check_tensors(file, parts, n_tensors, t->n_weights, error);
    if (status == ADV_OK)
        status = check_digest(file, parts, n_tensors, state, error);
    if (status == ADV_OK)
        status = restore(t, file, parts, n_tensors, state, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", path);
    json_decref(state);
    adv_safetensors_close(file);
    return status;
}

bool adv_checkpoint_is_unfinished(const char *path, int64_t *step)
{
    struct adv_safetensors *file = NULL;
    json_t *state = NULL;
    bool unfinished = false;
    if (adv_safetensors_open(path, &file, NULL) == ADV_OK &&
        read_state(file, &state, NULL) == ADV_OK) {
        const json_t *train = json_object_get(json_object_get(state, "recipe"), "train");
        const json_t *over = json_object_get(state, "over");
        json_int_t done = json_integer_value(json_object_get(state, "step"));
        unfinished =
            over ? !json_is_true(over) : done < json_integer_value(json_object_get(train, "steps"));
        if (unfinished && step)
            *step = done;
    }
    json_decref(state);
    adv_safetensors_close(file);
    return unfinished;
}
