/* The part of the plane that pictures of a 2-D model show: what its config says
 * or, of models that were made before trainings wrote it down, of imported ones,
 * where a few samples lie.
 *
 * Networks are often trained in units in which all is near the origin, and then
 * one square around it does for all pictures; it is left only for samples that
 * are not in it, or a dot. */
#include "core/base/mem.h"
#include "core/data/spread.h"
#include "core/model/model.h"
#include "core/nets/kind.h"

#include <advect/extra/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HALF_SIDE 4.0 /* of the square around the origin */
#define LEAST_SIDE 2.0
#define SAMPLES ((size_t)256)
#define STEPS 8 /* of the midpoint method */

/* data.box of the config, [[x_lo, x_hi], [y_lo, y_hi]]; false if it is absent or no such thing. */
static bool read_box(const struct adv_model *model, double lo[2], double hi[2])
{
    const json_t *box = json_object_get(json_object_get(model->config, "data"), "box");
    for (size_t k = 0; k < 2; k++) {
        const json_t *range = json_array_get(box, k);
        const json_t *from = json_array_get(range, 0), *to = json_array_get(range, 1);
        if (!json_is_number(from) || !json_is_number(to))
            return false;
        lo[k] = json_number_value(from);
        hi[k] = json_number_value(to);
        if (!(lo[k] < hi[k]))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- a few samples */

struct samples {
    float x[2 * SAMPLES], v[2 * SAMPLES], middle[2 * SAMPLES], t[SAMPLES];
    int32_t labels[SAMPLES];
    const float *context[SAMPLES]; /* each the same */
};

static enum adv_status step(struct adv_evaluator *evaluator, struct samples *s, const float *from,
                            double t, double h, float *to, struct adv_error *error)
{
    struct adv_points points = {
        .n = SAMPLES, .x = from, .t = s->t, .label = s->labels, .context = s->context};
    for (size_t i = 0; i < SAMPLES; i++)
        s->t[i] = (float)t;
    enum adv_status status = adv_evaluator_velocity(evaluator, &points, s->v, error);
    for (size_t i = 0; status == ADV_OK && i < 2 * SAMPLES; i++)
        to[i] = s->x[i] + (float)h * s->v[i];
    return status;
}

/* From the base to data units. */
static enum adv_status draw(const struct adv_model *model, struct adv_evaluator *evaluator,
                            struct samples *s, struct adv_error *error)
{
    size_t classes = adv_net_classes(model->net);
    adv_rng_normal(0, ADV_STREAM_BASE, 0, SAMPLES, 2, s->x);
    adv_circles_draw(&model->net->traits.circles, SAMPLES, 2, s->x);
    for (size_t i = 0; i < SAMPLES; i++)
        s->labels[i] = classes ? (int32_t)(i % classes) : ADV_NO_LABEL;
    enum adv_status status = ADV_OK;
    for (int i = 0; status == ADV_OK && i < STEPS; i++) {
        double h = 1.0 / STEPS, t = adv_path_clamp(model->path, i * h);
        status = step(evaluator, s, s->x, t, h / 2, s->middle, error);
        if (status == ADV_OK)
            status = step(evaluator, s, s->middle, t + h / 2, h, s->x, error);
    }
    if (status == ADV_OK)
        adv_transform_decode(model->transform, SAMPLES, s->x, s->x, NULL);
    return status;
}

/* Whether nearly all samples are in the square, and not in a small part of it. */
static bool square_does(const struct samples *s, const double from[2], const double to[2])
{
    size_t inside = 0;
    for (size_t i = 0; i < SAMPLES; i++)
        inside +=
            fabsf(s->x[2 * i]) <= (float)HALF_SIDE && fabsf(s->x[2 * i + 1]) <= (float)HALF_SIDE;
    return inside >= SAMPLES - SAMPLES / 10 && fmax(to[0] - from[0], to[1] - from[1]) >= LEAST_SIDE;
}

/* The box of the samples into lo and hi, which are those of the square before: it is left where it
 * does, or where hardly anything finite came out. */
static void look_at(const struct samples *s, double lo[2], double hi[2])
{
    float values[SAMPLES];
    double from[2], to[2];
    for (size_t k = 0; k < 2; k++) {
        size_t n = 0;
        for (size_t i = 0; i < SAMPLES; i++) {
            if (isfinite(s->x[2 * i + k]))
                values[n++] = s->x[2 * i + k];
        }
        if (n < SAMPLES / 2)
            return;
        adv_spread_find(n, values, &from[k], &to[k]);
    }
    if (square_does(s, from, to))
        return;
    memcpy(lo, from, sizeof from);
    memcpy(hi, to, sizeof to);
}

enum adv_status adv_model_find_box(struct adv_model *model, struct adv_error *error)
{
    if (!adv_model_is_plane(model) || read_box(model, model->box_lo, model->box_hi))
        return ADV_OK;
    for (size_t k = 0; k < 2; k++) {
        model->box_lo[k] = -HALF_SIDE;
        model->box_hi[k] = HALF_SIDE;
    }
    struct adv_evaluator *evaluator = NULL;
    struct samples *samples = adv_calloc(1, sizeof *samples);
    float *mean = adv_calloc(adv_net_context(model->net), sizeof *mean); /* of the contexts: 0 */
    enum adv_status status = samples && mean ? ADV_OK : adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && adv_net_context(model->net) > 0 && i < SAMPLES; i++)
        samples->context[i] = mean;
    if (status == ADV_OK)
        status = adv_evaluator_new(model->packed, &evaluator, error);
    if (status == ADV_OK)
        status = draw(model, evaluator, samples, error);
    if (status == ADV_OK)
        look_at(samples, model->box_lo, model->box_hi);
    adv_evaluator_free(evaluator);
    free(mean);
    free(samples);
    return status;
}

bool adv_model_box(const struct adv_model *model, double lo[2], double hi[2])
{
    if (!adv_model_is_plane(model))
        return false;
    memcpy(lo, model->box_lo, sizeof model->box_lo);
    memcpy(hi, model->box_hi, sizeof model->box_hi);
    return true;
}
