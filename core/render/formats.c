/* The formats of answers: what each is called, and which queries have it. */
#include <advect/extra/render.h>

#define KIND(kind) (1u << (kind))
#define DRAWN                                                                                      \
    (KIND(ADV_QUERY_SAMPLES) | KIND(ADV_QUERY_TRAJECTORIES) | KIND(ADV_QUERY_LATENTS) |            \
     KIND(ADV_QUERY_VELOCITY))
#define EVERY_KIND (DRAWN | KIND(ADV_QUERY_LOG_DENSITY) | KIND(ADV_QUERY_SCORE))

struct row {
    struct adv_format format;
    enum adv_status (*render)(const struct adv_model *model, const struct adv_query *query,
                              const struct adv_answer *answer, const struct adv_picture *picture,
                              struct adv_bytes *out, struct adv_error *error);
};

static enum adv_status render_json(const struct adv_model *model, const struct adv_query *query,
                                   const struct adv_answer *answer,
                                   const struct adv_picture *picture, struct adv_bytes *out,
                                   struct adv_error *error)
{
    (void)picture;
    return adv_render_json(model, query, answer, out, error);
}

static enum adv_status render_npy(const struct adv_model *model, const struct adv_query *query,
                                  const struct adv_answer *answer,
                                  const struct adv_picture *picture, struct adv_bytes *out,
                                  struct adv_error *error)
{
    (void)model;
    (void)picture;
    return adv_render_npy(query, answer, out, error);
}

static enum adv_status render_csv(const struct adv_model *model, const struct adv_query *query,
                                  const struct adv_answer *answer,
                                  const struct adv_picture *picture, struct adv_bytes *out,
                                  struct adv_error *error)
{
    (void)picture;
    return adv_render_csv(model, query, answer, out, error);
}

static enum adv_status render_ndjson(const struct adv_model *model, const struct adv_query *query,
                                     const struct adv_answer *answer,
                                     const struct adv_picture *picture, struct adv_bytes *out,
                                     struct adv_error *error)
{
    (void)model;
    (void)query;
    (void)picture;
    const struct adv_answer *a = answer;
    enum adv_status status = ADV_OK;
    for (size_t f = 0; f < a->n_frames && status == ADV_OK; f++)
        status = adv_render_frame_line(f, a->times[f], a->n, a->dim, a->states + f * a->n * a->dim,
                                       out, error);
    return status;
}

static const struct row rows[ADV_FORMATS] = {
    {{ADV_FORMAT_JSON, "json", ".json", "application/json", EVERY_KIND, .is_text = true},
     render_json},
    {{ADV_FORMAT_NPY, "npy", ".npy", "application/x-npy", EVERY_KIND, .is_text = false},
     render_npy},
    {{ADV_FORMAT_CSV, "csv", ".csv", "text/csv", EVERY_KIND, .is_text = true}, render_csv},
    {{ADV_FORMAT_NDJSON, "ndjson", ".ndjson", "application/x-ndjson", KIND(ADV_QUERY_TRAJECTORIES),
      .is_text = true},
     render_ndjson},
    {{ADV_FORMAT_PNG, "png", ".png", "image/png", DRAWN, .is_picture = true}, adv_render_png},
    {{ADV_FORMAT_APNG, "apng", ".apng", "image/png", KIND(ADV_QUERY_TRAJECTORIES),
      .is_picture = true},
     adv_render_animation},
};

const struct adv_format *adv_format(enum adv_format_id id)
{
    return &rows[id].format;
}

bool adv_format_has(const struct adv_format *format, enum adv_query_kind kind)
{
    return (format->kinds & KIND(kind)) != 0;
}

enum adv_status adv_render(const struct adv_format *format, const struct adv_model *model,
                           const struct adv_query *query, const struct adv_answer *answer,
                           const struct adv_picture *picture, struct adv_bytes *out,
                           struct adv_error *error)
{
    return rows[format->id].render(model, query, answer, picture, out, error);
}
