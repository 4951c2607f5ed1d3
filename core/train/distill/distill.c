#include "core/train/distill/distill.h"

#include "core/base/mem.h"
#include "core/data/transforms/transform.h"

#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>

#include <stdlib.h>
#include <string.h>

#define SHARE_HELD_OUT 32 /* one path of so many */

/* ---------------------------------------------------------------- held against the student */

static enum adv_status check_sizes(const struct adv_training *t, const struct adv_model *teacher,
                                   struct adv_error *error)
{
    const struct {
        const char *what;
        size_t teacher, student;
    } sizes[] = {
        {"numbers in a point", adv_model_dim(teacher), adv_net_dim(t->net)},
        {"classes", adv_model_classes(teacher), adv_net_classes(t->net)},
        {"numbers in a context", adv_model_context(teacher), adv_net_context(t->net)},
        {"null class", adv_model_has_null_class(teacher), adv_net_has_null_class(t->net)},
        {"null context", adv_model_has_null_context(teacher), adv_net_has_null_context(t->net)},
    };
    for (size_t i = 0; i < ADV_COUNT(sizes); i++) {
        if (sizes[i].teacher != sizes[i].student)
            return adv_fail_field(error, ADV_E_INVALID, "distill.teacher",
                                  "the teacher has %zu %s, the student %zu", sizes[i].teacher,
                                  sizes[i].what, sizes[i].student);
    }
    return ADV_OK;
}

static enum adv_status check_path(const struct adv_training *t, const struct adv_model *teacher,
                                  struct adv_error *error)
{
    const char *of_teacher = adv_path_name(adv_model_path(teacher));
    if (!strcmp(of_teacher, adv_path_name(t->recipe.path)))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "path", "path is \"%s\"; the teacher's is \"%s\"",
                          adv_path_name(t->recipe.path), of_teacher);
}

static enum adv_status check_transform(const struct adv_training *t,
                                       const struct adv_model *teacher, struct adv_error *error)
{
    json_t *mine = adv_transform_to_json(t->dataset.transform);
    json_t *its = adv_transform_to_json(adv_model_transform(teacher));
    bool same = mine && its && json_equal(mine, its);
    enum adv_status status = mine && its ? ADV_OK : adv_no_memory(error);
    json_decref(mine);
    json_decref(its);
    if (status != ADV_OK || same)
        return status;
    return adv_fail_field(error, ADV_E_INVALID, "data.transform",
                          "data.transform differs from the teacher's: a student works in the "
                          "teacher's units");
}

static enum adv_status check_student(const struct adv_training *t, const struct adv_model *teacher,
                                     struct adv_error *error)
{
    bool can_guide = adv_model_has_null_class(teacher) || adv_model_has_null_context(teacher);
    if (!adv_net_is_flow_map(t->net))
        return adv_fail_field(error, ADV_E_INVALID, "net.flow_map",
                              "distill is given, but net.flow_map is not true: a student takes the "
                              "time to which to go");
    if (adv_net_is_flow_map(adv_model_net(teacher)))
        return adv_fail_field(error, ADV_E_INVALID, "distill.teacher",
                              "the teacher is itself a model of few steps");
    if (t->recipe.distill.guidance != 1 && !can_guide)
        return adv_fail_field(error, ADV_E_INVALID, "distill.guidance",
                              "distill.guidance is %g, but the teacher has no null class or null "
                              "context and only takes 1",
                              t->recipe.distill.guidance);
    struct adv_circles circles;
    if (adv_transform_circles(t->dataset.transform, &circles) > 0)
        return adv_fail_field(error, ADV_E_INVALID, "distill.teacher",
                              "the teacher has periodic columns, which a student of few steps does "
                              "not take");
    return ADV_OK;
}

static enum adv_status check(const struct adv_training *t, const struct adv_model *teacher,
                             struct adv_error *error)
{
    enum adv_status status = check_sizes(t, teacher, error);
    if (status == ADV_OK)
        status = check_path(t, teacher, error);
    if (status == ADV_OK)
        status = check_transform(t, teacher, error);
    return status == ADV_OK ? check_student(t, teacher, error) : status;
}

/* ---------------------------------------------------------------- life */

enum adv_status adv_distillation_new(const struct adv_training *t, const char *folder,
                                     struct adv_distillation **out, struct adv_error *error)
{
    struct adv_distillation *d = adv_calloc(1, sizeof *d);
    if (!d)
        return adv_no_memory(error);
    enum adv_status status = adv_training_load_model(t, folder, "distill.teacher",
                                                     t->recipe.distill.teacher, &d->teacher, error);
    if (status == ADV_OK)
        status = check(t, d->teacher, error);
    if (status != ADV_OK) {
        adv_distillation_free(d);
        return status;
    }
    adv_teacher_paths_plan(t, &d->paths);
    size_t blocks = d->paths.n / ADV_PATH_BLOCK, held_out = blocks / SHARE_HELD_OUT;
    d->n_train = d->paths.n - (held_out > 0 ? held_out : 1) * ADV_PATH_BLOCK;
    *out = d;
    return ADV_OK;
}

enum adv_status adv_distillation_prepare(struct adv_training *t, struct adv_error *error)
{
    struct adv_distillation *d = t->distillation;
    return d->paths.x ? ADV_OK : adv_teacher_paths_make(t, d->teacher, &d->paths, error);
}

void adv_distillation_free(struct adv_distillation *d)
{
    if (!d)
        return;
    adv_model_unref(d->teacher);
    adv_teacher_paths_release(&d->paths);
    free(d);
}
