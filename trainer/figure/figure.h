/* Figures of `advect figure`: a family of them is one file and its table of rows.
 *
 * A figure is plotted frame by frame into a film, which becomes a picture or an animation. */
#ifndef ADV_TRAINER_FIGURE_H
#define ADV_TRAINER_FIGURE_H

#include <advect/extra/plot.h>
#include <advect/model.h>
#include <advect/pool.h>
#include <advect/query.h>
#include <advect/status.h>

/* ---- the film ---- */

struct adv_film {
    struct adv_image *frames; /* RGB or grey, all of one size */
    size_t n, capacity;
};

void adv_film_release(struct adv_film *film);

/* Dark where it was light, with the same hues: for dark pages. Grey frames stay as they are. */
void adv_film_darken(struct adv_film *film);

/* A film of the states of a scene. */
struct adv_scene_film {
    const void *scene;
    size_t n_frames;
    size_t n_start; /* how many times more the first frame is shown */
    /* Frame f, which the call initialises on success. */
    enum adv_status (*plot_frame)(const void *scene, size_t f, struct adv_image *frame,
                                  struct adv_error *error);
};

enum adv_status adv_film_plot(struct adv_film *film, const struct adv_scene_film *states,
                              struct adv_error *error);

/* Panels [n] in rows of n_columns, each row of one height, and with several columns of one width,
 * into frame (initialised by the call), which is as wide as the widest row. */
enum adv_status adv_panels_join(size_t n, const struct adv_image *panels, size_t n_columns,
                                struct adv_image *frame, struct adv_error *error);

/* The same into a file, as PNG. */
enum adv_status adv_panels_write(size_t n, const struct adv_image *panels, size_t n_columns,
                                 const char *path, struct adv_error *error);

/* ---- figures ---- */

/* What a figure is drawn from and with. */
struct adv_easel {
    struct adv_model *model;   /* NULL where data are all that is needed */
    struct adv_model *teacher; /* of the model; NULL but where the figure needs it */
    const char *data;          /* file of samples in place of the target of the model, or NULL; or
                                  of results */
    int side;                  /* of a panel, pixels */
    size_t n_frames;           /* from t = 0 to t = 1, or of a turn; 1: a still picture */
    uint64_t seed;             /* of all that is drawn at random */
    struct adv_pool *pool;
};

struct adv_figure {
    const char *name, *help;
    const char *models[3]; /* names of the models it can be drawn from by default, best first; NULL
                              at the end */
    const char *results;   /* file it is drawn from in place of a model, unless --data names one */
    bool has_target;       /* samples that --data may give */
    bool shows_model;      /* beside the target: data alone do not do */
    bool has_teacher; /* the model is one of few steps, shown beside the one that it learned from */
    bool dark_too;    /* `all` draws it on a dark ground as well, as NAME-dark.png */
    int side;
    size_t n_frames;
    int frame_ms, n_colours;
    const void *style; /* what sets it apart in its family */
    enum adv_status (*plot)(const struct adv_easel *easel, const void *style, struct adv_film *film,
                            struct adv_error *error);
};

/* The families: rows, ended by one without a name. */
extern const struct adv_figure adv_converge_figures[], adv_path_figures[], adv_learned_figures[],
    adv_board_figures[], adv_cube_figures[], adv_digit_figures[], adv_few_steps_figures[],
    adv_scaling_figures[];

/* ---- flows ---- */

/* Runs a query to its end; the answer is the run's, which is to be freed in any case. */
enum adv_status adv_easel_ask(const struct adv_easel *easel, struct adv_model *model,
                              const struct adv_query *query, struct adv_run **run,
                              const struct adv_answer **answer, struct adv_error *error);

/* n_frames times from 0 to 1; to be freed. NULL without memory. */
double *adv_even_times(size_t n_frames);

/* The states [n_frames, n, dim] at times, from x0 [n, dim] (NULL: drawn by the easel's seed) with
 * labels [n] or NULL; in data units; to be freed. */
enum adv_status adv_flow_states(const struct adv_easel *easel, struct adv_model *model, size_t n,
                                const float *x0, const int32_t *labels, size_t n_frames,
                                const double *times, float **states, struct adv_error *error);

/* The velocity v [n, dim] of points at time t, in data units. */
enum adv_status adv_flow_velocity(const struct adv_easel *easel, struct adv_model *model, size_t n,
                                  const float *points, double t, float *v, struct adv_error *error);

/* Base points [n, dim] of the easel's seed; to be freed. NULL without memory. */
float *adv_base_points(const struct adv_easel *easel, size_t n, size_t dim);

/* ---- targets ---- */

/* A set of samples of the plane, to which a flow leads. */
struct adv_target {
    size_t n;
    float *points;           /* [n, 2] */
    size_t chosen[4];        /* four of them, far apart */
    double half_side;        /* of the square around the origin that figures show */
    struct adv_model *exact; /* of the exact velocity */
};

/* The first samples (at most n_most) of the easel's data, or draws from the density that its model
 * learned. */
enum adv_status adv_target_init(struct adv_target *target, const struct adv_easel *easel,
                                size_t n_most, struct adv_error *error);
void adv_target_release(struct adv_target *target);

/* ---- panels ---- */

enum adv_ink {
    ADV_INK_POINTS = 0,
    ADV_INK_TARGET = 1,
    ADV_INK_QUIET = 6
}; /* colours of the cycle */

/* A bare square plot of [-half_side, half_side]^2. title may be NULL. */
enum adv_status adv_panel_new(int side, double half_side, const char *title, struct adv_plot **plot,
                              struct adv_error *error);

/* Renders the plot if all went well so far, and frees it. */
enum adv_status adv_panel_finish(enum adv_status status, struct adv_plot *plot,
                                 struct adv_image *image, struct adv_error *error);

/* Refuses a model that is not one of images. */
enum adv_status adv_easel_check_images(const struct adv_easel *easel, struct adv_error *error);

/* n images, pixels [n, dim] in data units of the easel's model, in rows of n_columns, each about as
 * wide as the easel's side; into image (initialised by the call). */
enum adv_status adv_panel_images(const struct adv_easel *easel, size_t n, const float *pixels,
                                 int n_columns, struct adv_image *image, struct adv_error *error);

/* A grid of points [n_side^2, 2] over [-half_side, half_side]^2, at the middles of equal cells; to
 * be freed. NULL without memory. */
float *adv_panel_grid(size_t n_side, double half_side);

/* Arrows of velocities v at the grid's points. Their length grows with the speed but never beyond
 * their reach, as speeds grow without bound where time ends: reach |v| / (|v| + 2). v is
 * changed. */
enum adv_status adv_panel_arrows(struct adv_plot *plot, size_t n_side, double half_side,
                                 const float *grid, float *v, struct adv_error *error);

/* Segments from [n, 2] to [n, 2], as one layer. */
enum adv_status adv_panel_segments(struct adv_plot *plot, size_t n, const float *from,
                                   const float *to, const struct adv_mark *mark,
                                   struct adv_error *error);

/* The ways of the first n_trails of n points through states [n_frames, n, 2], a line each. */
enum adv_status adv_panel_trails(struct adv_plot *plot, size_t n_trails, size_t n_frames, size_t n,
                                 const float *states, const struct adv_mark *mark,
                                 struct adv_error *error);

/* Values in [0, 1] of base points [n, dim] for the colour map, in a few steps from left to right:
 * where a point comes from; to be freed. NULL without memory. */
float *adv_origin_colours(size_t n, size_t dim, const float *base);

#endif
