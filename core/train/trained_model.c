/* The model that a training leaves: weights, the record of the training, a card. */
#include "core/train/distill/distill.h"
#include "core/train/training.h"

#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/snapshot.h>

#include <math.h>

#define CURVE_POINTS 200

static json_t *shape_of(const struct adv_dataset *dataset)
{
    json_t *shape = json_array();
    for (size_t i = 0; i < dataset->n_dims; i++) {
        if (json_array_append_new(shape, json_integer((json_int_t)dataset->shape[i]))) {
            json_decref(shape);
            return NULL;
        }
    }
    return shape;
}

json_t *adv_training_recipe(const struct adv_training *t)
{
    json_t *recipe = adv_recipe_to_json(&t->recipe);
    json_t *train = json_object_get(recipe, "train");
    json_int_t rows = (json_int_t)t->shard_rows;
    if (recipe && (json_object_set_new(recipe, "net", adv_net_config(t->net)) ||
                   json_object_set_new(train, "shard_rows", json_integer(rows)))) {
        json_decref(recipe);
        return NULL;
    }
    return recipe;
}

/* The names of the columns: a new reference, or NULL without memory. */
static json_t *columns_of(const struct adv_dataset *dataset)
{
    json_t *columns = json_array();
    for (size_t i = 0; i < dataset->dim; i++) {
        if (json_array_append_new(columns, json_string(adv_dataset_column(dataset, i)))) {
            json_decref(columns);
            return NULL;
        }
    }
    return columns;
}

/* {"columns", "transform", "reach"}: a new reference, or NULL without memory. */
static json_t *context_of(const struct adv_dataset *dataset)
{
    json_t *columns = NULL;
    if (adv_dataset_context_column(dataset, 0)) {
        columns = json_array();
        for (size_t i = 0; columns && i < dataset->n_context; i++) {
            if (json_array_append_new(columns,
                                      json_string(adv_dataset_context_column(dataset, i)))) {
                json_decref(columns);
                return NULL;
            }
        }
    }
    return json_pack("{s:o*, s:o, s:f}", "columns", columns, "transform",
                     adv_transform_to_json(dataset->context_transform), "reach",
                     dataset->context_reach);
}

/* What opening a file told of its classes and columns. */
static bool add_names(json_t *data, const struct adv_dataset *dataset)
{
    bool failed = false;
    if (dataset->classes == 0)
        failed |= json_object_set_new(data, "classes", json_null()) != 0;
    else
        failed |=
            json_object_set_new(data, "classes", json_integer((json_int_t)dataset->classes)) != 0;
    if (dataset->label_names)
        failed |= json_object_set(data, "labels", dataset->label_names) != 0;
    if (dataset->n_context > 0)
        failed |= json_object_set_new(data, "context", context_of(dataset)) != 0;
    if (adv_dataset_column(dataset, 0))
        failed |= json_object_set_new(data, "columns", columns_of(dataset)) != 0;
    return !failed;
}

/* The recipe's data part with what opening the data added: shape, fitted transform (of which the
 * supports are part), names and box. */
static json_t *data_config(const struct adv_training *t, json_t *recipe)
{
    const struct adv_dataset *dataset = &t->dataset;
    json_t *data = adv_json_deep_copy(json_object_get(recipe, "data"));
    bool failed = json_object_set_new(data, "shape", shape_of(dataset)) ||
                  json_object_set_new(data, "transform", adv_transform_to_json(dataset->transform));
    json_object_del(data, "support");
    failed |= !add_names(data, dataset);
    double lo[2], hi[2];
    if (!json_object_get(data, "box") && adv_dataset_box(dataset, lo, hi))
        failed |= json_object_set_new(data, "box",
                                      json_pack("[[f, f], [f, f]]", lo[0], hi[0], lo[1], hi[1]));
    if (!failed)
        return data;
    json_decref(data);
    return NULL;
}

json_t *adv_real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* [[step, loss, held_out], ...]: the curve, or as many points of it as a picture needs, among them
 * the first and the last. */
static json_t *thin_curve(const struct adv_training *t)
{
    size_t n = t->n_curve < CURVE_POINTS ? t->n_curve : CURVE_POINTS;
    json_t *curve = json_array();
    for (size_t i = 0; i < n; i++) {
        const struct adv_curve_point *p = &t->curve[n > 1 ? i * (t->n_curve - 1) / (n - 1) : 0];
        json_t *row = json_pack("[I, o, o]", (json_int_t)p->step, adv_real_or_null(p->loss),
                                adv_real_or_null(p->held_out));
        if (json_array_append_new(curve, row)) {
            json_decref(curve);
            return NULL;
        }
    }
    return curve;
}

static json_t *record(const struct adv_training *t, json_t *recipe)
{
    return json_pack("{s:O, s:I, s:I, s:f, s:{s:s, s:I}, s:o}", "recipe", recipe, "steps",
                     (json_int_t)t->progress.step, "seed", (json_int_t)t->recipe.train.seed,
                     "seconds", t->progress.seconds, "dataset", "digest", t->dataset.digest,
                     "examples", (json_int_t)t->dataset.n_rows, "curve", thin_curve(t));
}

static json_t *card(const struct adv_training *t)
{
    const struct adv_curve_point *last = t->n_curve ? &t->curve[t->n_curve - 1] : NULL;
    json_t *figures =
        json_pack("{s:I, s:I, s:f}", "parameters", (json_int_t)t->n_weights, "train_steps",
                  (json_int_t)t->progress.step, "train_seconds", t->progress.seconds);
    bool failed = false;
    if (last && isfinite(last->loss))
        failed |= json_object_set_new(figures, "train_loss", json_real(last->loss)) != 0;
    if (last && isfinite(last->held_out))
        failed |= json_object_set_new(figures, "held_out_loss", json_real(last->held_out)) != 0;
    if (isfinite(t->progress.best_nll))
        failed |=
            json_object_set_new(figures, "held_out_nll", json_real(t->progress.best_nll)) != 0 ||
            json_object_set_new(figures, "best_step",
                                json_integer((json_int_t)t->progress.best_step)) != 0;
    if (!failed)
        return figures;
    json_decref(figures);
    return NULL;
}

/* What is measured of a model, to be told by the next: new references or NULL. */
struct measured {
    json_t *typicality, *log_density; /* of a student */
};

static json_t *flow_map_of(const struct adv_training *t, const struct measured *measured)
{
    const struct adv_distillation *d = t->distillation;
    if (!d)
        return NULL;
    char digest[ADV_DIGEST_TEXT];
    adv_model_flow_digest(d->teacher, digest);
    json_t *one_way = t->recipe.distill.backwards > 0 ? NULL : json_true();
    return json_pack("{s:I, s:s, s:s, s:O*, s:o*}", "steps", (json_int_t)t->recipe.distill.steps,
                     "teacher", adv_model_name(d->teacher), "teacher_digest", digest, "log_density",
                     measured->log_density, "samples_only", one_way);
}

/* NULL: independent pairs. A student's velocity is that of its teacher's. */
static const char *coupling_of(const struct adv_training *t)
{
    const struct adv_distillation *d = t->distillation;
    bool coupled = d ? adv_model_is_coupled(d->teacher)
                     : t->recipe.train.coupling == ADV_COUPLING_OPTIMAL_TRANSPORT;
    return coupled ? "optimal_transport" : NULL;
}

static enum adv_status model_of(const struct adv_training *t, const float *weights,
                                const struct measured *measured, struct adv_model **model,
                                struct adv_error *error)
{
    json_t *recipe = adv_training_recipe(t);
    bool guided = t->recipe.sampling.guidance != 1;
    json_t *config = json_pack(
        "{s:s, s:O, s:o, s:{s:s, s:s*}, s:o, s:O*, s:O*, s:o*, s:o}", "name", t->recipe.name, "net",
        json_object_get(recipe, "net"), "data", data_config(t, recipe), "path", "kind",
        adv_path_name(t->recipe.path), "coupling", coupling_of(t), "train", record(t, recipe),
        "sampling", guided ? json_object_get(recipe, "sampling") : NULL, "typicality",
        measured->typicality, "flow_map", flow_map_of(t, measured), "card", card(t));
    json_decref(recipe);
    if (!config)
        return adv_no_memory(error);
    enum adv_status status = adv_model_new_json(config, weights, &t->load, model, error);
    json_decref(config);
    return status;
}

enum adv_status adv_training_model_of(const struct adv_training *t, const float *weights,
                                      struct adv_model **model, struct adv_error *error)
{
    return model_of(t, weights, &(struct measured){0}, model, error);
}

static const float *weights_to_keep(const struct adv_training *t)
{
    return t->best ? t->best : t->average;
}

enum adv_status adv_training_snapshot(const struct adv_training *t, struct adv_model **model,
                                      struct adv_error *error)
{
    return model_of(t, weights_to_keep(t), &(struct measured){0}, model, error);
}

/* Made twice: the first tells how usual the held-out rows are to the second, and how far a student
 * is from its teacher. */
enum adv_status adv_training_model(const struct adv_training *t, struct adv_model **out,
                                   struct adv_error *error)
{
    const float *weights = weights_to_keep(t);
    struct adv_model *model = NULL;
    struct measured measured = {0};
    enum adv_status status = model_of(t, weights, &measured, &model, error);
    if (status == ADV_OK)
        status = adv_training_typicality(t, model, &measured.typicality, error);
    if (status == ADV_OK && t->distillation)
        status = adv_distillation_measure(t, model, &measured.log_density, error);
    if (status == ADV_OK && (measured.typicality || measured.log_density)) {
        adv_model_unref(model);
        model = NULL;
        status = model_of(t, weights, &measured, &model, error);
    }
    json_decref(measured.typicality);
    json_decref(measured.log_density);
    if (status == ADV_OK)
        *out = model;
    else
        adv_model_unref(model);
    return status;
}
