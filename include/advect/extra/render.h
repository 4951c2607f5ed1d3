/* Answers as bytes: JSON, NPY, CSV, NDJSON and pictures. */
#ifndef ADVECT_EXTRA_RENDER_H
#define ADVECT_EXTRA_RENDER_H

#include <advect/api.h>
#include <advect/extra/fields.h>
#include <advect/extra/png.h>
#include <advect/extra/request.h>
#include <advect/query.h>
#include <advect/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

ADV_API_BEGIN

/* All append to `out`, which the caller releases also after a failure. Numbers round-trip: float32
 * with the fewest digits that do, doubles (log-densities, times) with up to 17. NaN and infinity,
 * such as the -inf of a log-density off the support, are null in JSON. Texts do not depend on the
 * locale. */

/* The JSON object of an answer. All begin with "model" and, of a model with a null class or
 * context, "guidance", and, of points of a model that names its columns, "columns": ["height", ..],
 * and, of a model that takes a context, what it was (see context); then, in this order and "?" where
 * there may be none:
 *
 *     samples        "seed", "first", "shape": [n, dim], "samples": [[..]], "labels",
 *                    densities?, "solver", "warnings"?
 *     trajectories   "seed", "first", "times", "shape": [frames, n, dim],
 *                    "trajectories": [[[..]]], "labels", "solver"
 *     log-density    densities, "latents", "latent_error"?: [..], "extrapolated"?, "failed"?,
 *                    "solver", "warnings"?
 *     latents        "latents", "latent_error"?: [..], "extrapolated"?, "failed"?,
 *                    "solver", "warnings"?
 *     velocity       "t", "velocity", "divergence"?: [..]
 *
 *     densities      "log_density": [..], "standard_error": [..] or null,
 *                    "log_density_error"?: [..], "bits_per_dim"?: [..] (8-bit images),
 *                    "typicality"?: [..],
 *                    "divergence": {"method": "exact"} or
 *                    {"method": "hutchinson", "probes", "seed", "renew", "interval_factor"}
 *     labels         [..] or null
 *     context        "context_columns"?: ["x1", ..], "context": [[..]] or null, and of each
 *                    "context_distance"?: [..], and where the model's reach is known
 *                    "context_extrapolates": whether one is beyond it
 *     extrapolated   [row, ..]: rows whose latent lies beyond the base
 *     failed         [{"row", "reason"}, ..]: rows whose values are null
 *     warnings       [".."]: sentences about the whole answer
 *     solver         {"method", "steps", "nfe"} or {"method", "rtol", "atol", "nfe"} */
enum adv_status adv_render_json(const struct adv_model *model, const struct adv_query *query,
                                const struct adv_answer *answer, struct adv_bytes *out,
                                struct adv_error *error);

/* The JSON Schema of such an object, and of a line of adv_render_frame_line (new references; NULL
 * without memory), for the API's description. */
json_t *adv_render_schema(enum adv_query_kind kind);
json_t *adv_render_frame_schema(void);

/* The answer's main array as NPY, float32: samples [n, dim], trajectories [frames, n, dim],
 * log-density [n], latents and velocity [n, dim]; with errors of integration in a further column:
 * log-density [n, 2], latents [n, dim + 1]. */
enum adv_status adv_render_npy(const struct adv_query *query, const struct adv_answer *answer,
                               struct adv_bytes *out, struct adv_error *error);

/* One frame of a trajectory as a line {"frame": f, "t": t, "states": [[..]]}\n. */
enum adv_status adv_render_frame_line(size_t f, double t, size_t n, size_t dim, const float *states,
                                      struct adv_bytes *out, struct adv_error *error);

/* Whether the model's answers to such queries have a picture: images, 2-D points (whose log-density
 * is drawn of a grid, see adv_picture_grid), and samples, trajectories and latents of at most 16
 * dimensions. */
bool adv_render_has_picture(const struct adv_model *model, enum adv_query_kind kind);

#define ADV_PICTURE_SIDE_MIN 64
#define ADV_PICTURE_SIDE_MAX 4096

/* What a picture of samples, latents or trajectories shows of them. */
enum adv_view {
    ADV_VIEW_AUTO,    /* points of the plane on its axes, trajectories of one dimension as paths in
                         (t, x), points of other dimensions as a pair plot, images as images */
    ADV_VIEW_DENSITY, /* of 1 to 16 dimensions, by histogram: of one dimension a histogram, with the
                         model's own density as a curve where samples have a log-density; else the
                         marginals of each dimension and of each pair */
    ADV_VIEW_CLOUD    /* of 3 dimensions: a cloud in a box, seen from an angle */
};

/* How a picture looks. Zeros, or NULL in place of the struct, are the defaults. */
struct adv_picture {
    int64_t width, height; /* of plots, pixels, 64..4096; 0: 640, strips and densities choose */
    int64_t zoom;          /* of images, screen pixels per pixel, up to 64; 0: 3 */
    int64_t columns;       /* of a grid of images, up to 1000; 0: chosen */
    int64_t frame_ms;      /* of animations, up to 10000; 0: 80 */
    int64_t view;          /* enum adv_view */
    double azimuth;        /* of a cloud's eye, degrees from the first axis to the second, +-360 */
    double elevation;      /* and above the plane of both, +-90 */
    double turn;           /* degrees that a cloud turns in an animation, to end there; +-3600 */
};

/* The members of struct adv_picture as settings. Only angles have fallbacks (-35, 24 and 90): what
 * else is not set is 0. */
#define ADV_PICTURE_FIELDS 9
const struct adv_field *adv_picture_fields(void);

/* Refuses (ADV_E_INVALID, field "view") a view that such answers of the model do not have. */
enum adv_status adv_render_check_view(const struct adv_model *model, enum adv_query_kind kind,
                                      const struct adv_picture *picture, struct adv_error *error);

/* Refuses what adv_render_check_view does, and (ADV_E_INVALID, field "n") a picture too large to be drawn in one go, before anything is
 * computed: beyond 2^20 points of plots, 2^26 pixels or 32768 a side of images; animated: counting
 * all frames. */
enum adv_status adv_render_check(const struct adv_model *model, const struct adv_query *query,
                                 const struct adv_picture *picture, bool animated,
                                 struct adv_error *error);

/* Samples and latents: scatter or grid (of a class-conditional model whose labels were not asked
 * for, from two samples per class on: a row per class); trajectories: film strip of at most 24
 * frames (images: a row per sample; points: rows of 6 panels, width being that of a whole row);
 * velocity: arrows or grid; log-density of a grid made by adv_picture_grid: heat map of the
 * density. The points of a 2-D model are shown over the plane of adv_picture_grid, those of other
 * dimensions as a pair plot, a square of the picture's width; trajectories of one dimension as paths
 * over the density of all samples by histogram, at times from left to right.
 * query->points is read again for velocities and densities: it must still be there. Errors:
 * ADV_E_UNSUPPORTED where there is no such picture. */
enum adv_status adv_render_png(const struct adv_model *model, const struct adv_query *query,
                               const struct adv_answer *answer, const struct adv_picture *picture,
                               struct adv_bytes *out, struct adv_error *error);

/* Trajectories as an animated PNG: a picture as of samples per frame, or, of one dimension, the
 * paths that far. ADV_E_INVALID where the
 * frames would take more than 256 MiB of pixels. */
enum adv_status adv_render_animation(const struct adv_model *model, const struct adv_query *query,
                                     const struct adv_answer *answer,
                                     const struct adv_picture *picture, struct adv_bytes *out,
                                     struct adv_error *error);

/* ---- formats */

enum adv_format_id {
    ADV_FORMAT_JSON,
    ADV_FORMAT_NPY,
    ADV_FORMAT_CSV,
    ADV_FORMAT_NDJSON, /* trajectories, a frame a line: may be sent while they are computed */
    ADV_FORMAT_PNG,
    ADV_FORMAT_APNG,
    ADV_FORMATS /* how many there are */
};

/* A way to write answers down. */
struct adv_format {
    enum adv_format_id id;
    const char *name;       /* "json" */
    const char *extension;  /* ".json" */
    const char *media_type; /* "application/json"; NULL: in files only */
    unsigned kinds;         /* of queries that have it: 1 << kind of each, see adv_format_has */
    bool is_picture;        /* only where adv_render_has_picture */
    bool is_text;
};

/* The row of a format. */
const struct adv_format *adv_format(enum adv_format_id id);

/* Whether answers to a kind of query are written so. The log-density of a grid made by
 * adv_picture_grid has a PNG besides. */
bool adv_format_has(const struct adv_format *format, enum adv_query_kind kind);

/* The whole answer in a format. picture: or NULL. Errors: as of the function of the format. */
enum adv_status adv_render(const struct adv_format *format, const struct adv_model *model,
                           const struct adv_query *query, const struct adv_answer *answer,
                           const struct adv_picture *picture, struct adv_bytes *out,
                           struct adv_error *error);

/* The answer as CSV with a line of names. Samples: the columns' names (x1, x2, ... where the model,
 * which may be NULL, has none), and "label" and "log_density" where the answer has them;
 * trajectories: t, sample, x1, ..., a line per frame and sample; log-densities: "log_density", and
 * "standard_error", "bits_per_dim", "log_density_error" and "latent_error" where the answer has
 * them, and where it has a typicality "typicality" and "extrapolated", 0 or 1; samples have
 * "log_density_error" and "typicality"; latents: x1, x2, ..., and "latent_error" where the answer
 * has it; velocities: the columns' names, and "divergence" where the answer has it. Where rows
 * differ in their context, its columns are the last (context1, ... where the model names none). */
enum adv_status adv_render_csv(const struct adv_model *model, const struct adv_query *query,
                               const struct adv_answer *answer, struct adv_bytes *out,
                               struct adv_error *error);

/* The points of a 2-D model's plane, side x side cell centres, row by row from the lowest y: for
 * density.png (side 100) and velocity.png (side 24). points [side * side, 2] is the caller's to
 * free. The plane is adv_model_box, made square where neither side is more than four times the
 * other, and wider by a sixteenth on every side. */
enum adv_status adv_picture_grid(const struct adv_model *model, size_t side, float **points,
                                 struct adv_error *error);

ADV_API_END
#endif
