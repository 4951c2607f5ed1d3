/* Clouds: a box of space in perspective, with its points drawn from the far ones to the near ones.
 * A point is the larger, and the less transparent, the nearer it is, so that what lies behind shows
 * through gaps and not through what is in front. */
#include "core/base/mem.h"
#include "core/plot/axis.h"
#include "core/plot/layers/layer.h"
#include "core/plot/paint.h"
#include "core/plot/style.h"
#include "core/plot/text.h"
#include "core/plot/ticks.h"

#include <advect/extra/pace.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { AXES = 3, CORNERS = 8, TICKS_ALONG = 5, PACE_POINTS = 256 };

#define EYE 6.0                 /* its distance from the box's middle, in half sides */
#define DOT 0.027               /* radius of a dot of 1,000 at the middle, in half sides */
#define DOT_LEAST 0.8           /* pixels */
#define FAR_OPACITY 0.05        /* of the point farthest from the eye; 1 of the nearest */
#define FADE 3.2                /* power of the nearness that the opacity grows with */
#define COLOUR_MOST 0.88        /* of the colour map: its brightest are lost on white */
#define EDGE_OPACITY 0.8        /* of edges behind the points */
#define FRONT_EDGE_OPACITY 0.25 /* of those before them */
#define TICK_INSET 0.06 /* of an edge: at its ends, where two axes meet, no values are written */

struct spot {
    double x, y, nearness; /* pixels; towards the eye, in half sides */
};

struct dot {
    struct spot spot;
    double height; /* 0..1 along the third axis */
};

struct view {
    const struct adv_cloud *cloud;
    int width, height;
    double scale;     /* of the style's lengths */
    double half_side; /* pixels */
    double centre_x, centre_y;
    double lo[AXES], hi[AXES];
    double right[AXES], up[AXES], eye[AXES]; /* of the picture, in the box's axes */
};

/* ---- checks ---- */

static enum adv_status check_side(const char *name, int side, struct adv_error *error)
{
    if (side == 0 || (side >= 64 && side <= 4096))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, name,
                          "%s is %d; it must be in 64..4096, or 0 for 640", name, side);
}

static enum adv_status check_angle(const char *name, double angle, double most,
                                   struct adv_error *error)
{
    if (fabs(angle) <= most)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, name,
                          "%s is %g; it must be between -%g and %g degrees", name, angle, most,
                          most);
}

static enum adv_status check(const struct adv_cloud *cloud, struct adv_error *error)
{
    enum adv_status status = check_side("width", cloud->width, error);
    if (status == ADV_OK)
        status = check_side("height", cloud->height, error);
    if (status == ADV_OK)
        status = check_angle("azimuth", cloud->azimuth, 360, error);
    if (status == ADV_OK)
        status = check_angle("elevation", cloud->elevation, 90, error);
    if (status == ADV_OK)
        status = adv_text_check("title", cloud->title, error);
    for (size_t k = 0; status == ADV_OK && cloud->names && k < AXES; k++)
        status = adv_text_check("names", cloud->names[k], error);
    return status;
}

/* ---- the view ---- */

static void turn(struct view *view)
{
    double azimuth = view->cloud->azimuth * M_PI / 180;
    double elevation = view->cloud->elevation * M_PI / 180;
    const double right[AXES] = {-sin(azimuth), cos(azimuth), 0};
    const double up[AXES] = {-cos(azimuth) * sin(elevation), -sin(azimuth) * sin(elevation),
                             cos(elevation)};
    const double eye[AXES] = {cos(azimuth) * cos(elevation), sin(azimuth) * cos(elevation),
                              sin(elevation)};
    for (int k = 0; k < AXES; k++) {
        view->right[k] = right[k];
        view->up[k] = up[k];
        view->eye[k] = eye[k];
    }
}

static void choose_ranges(struct view *view, float *scratch)
{
    const struct adv_cloud *cloud = view->cloud;
    for (size_t k = 0; k < AXES; k++) {
        double lo = INFINITY, hi = -INFINITY;
        if (cloud->lo) {
            lo = cloud->lo[k];
            hi = cloud->hi[k];
            adv_axis_widen(false, &lo, &hi);
        } else {
            adv_axis_take(cloud->n, AXES, cloud->points, k, scratch, &lo, &hi);
            adv_axis_pad(&lo, &hi);
        }
        view->lo[k] = lo;
        view->hi[k] = hi;
    }
}

/* Where a point of the box [-1, 1]^3 is in the picture. */
static struct spot project(const struct view *view, const double point[AXES])
{
    double right = 0, up = 0, nearness = 0;
    for (int k = 0; k < AXES; k++) {
        right += view->right[k] * point[k];
        up += view->up[k] * point[k];
        nearness += view->eye[k] * point[k];
    }
    double size = view->half_side * EYE / (EYE - nearness);
    return (struct spot){view->centre_x + size * right, view->centre_y - size * up, nearness};
}

static struct spot corner(const struct view *view, unsigned index)
{
    double point[AXES];
    for (unsigned k = 0; k < AXES; k++)
        point[k] = index >> k & 1 ? 1 : -1;
    return project(view, point);
}

/* The largest box whose corners stay within +-across and +-down however it is turned about its
 * third axis, so that it keeps its size in an animation. */
static double fit(const struct view *view, double across, double down)
{
    struct adv_cloud cloud = *view->cloud;
    struct view tried = {.cloud = &cloud, .half_side = 1};
    double x = 0, y = 0;
    for (int degrees = 0; degrees < 90; degrees += 5) { /* a quarter: the box looks the same */
        cloud.azimuth = degrees;
        turn(&tried);
        for (unsigned c = 0; c < CORNERS; c++) {
            struct spot spot = corner(&tried, c);
            x = fmax(x, fabs(spot.x));
            y = fmax(y, fabs(spot.y));
        }
    }
    return fmax(fmin(across / x, down / y), 1);
}

static void view_init(struct view *view, const struct adv_cloud *cloud, float *scratch)
{
    const struct adv_plot_style *s = &adv_style;
    *view = (struct view){.cloud = cloud};
    view->width = cloud->width ? cloud->width : 640;
    view->height = cloud->height ? cloud->height : 640;
    double side = fmin(view->width, view->height);
    view->scale = fmax(s->least_scale, pow(side / s->reference_side, s->scale_power));
    double title = view->scale * (cloud->title ? s->title_size * s->line_height : 0);
    double texts = view->scale * (s->margin + 2.6 * s->label_size);
    view->half_side = fit(view, view->width / 2.0 - texts, (view->height - title) / 2 - texts);
    view->centre_x = view->width / 2.0;
    view->centre_y = (view->height + title) / 2;
    choose_ranges(view, scratch);
    turn(view);
}

/* ---- edges ---- */

static unsigned farthest_corner(const struct view *view)
{
    unsigned farthest = 0;
    for (unsigned k = 0; k < AXES; k++)
        farthest |= (unsigned)(view->eye[k] < 0) << k;
    return farthest;
}

/* Those that meet the farthest corner are behind all points, the others beside or before them. */
static void draw_edges(const struct view *view, cairo_t *cr, bool front)
{
    unsigned farthest = farthest_corner(view);
    adv_paint_with(cr, adv_style.axis, front ? FRONT_EDGE_OPACITY : EDGE_OPACITY);
    cairo_set_line_width(cr, view->scale * adv_style.axis_width);
    for (unsigned c = 0; c < CORNERS; c++) {
        for (unsigned k = 0; k < AXES; k++) {
            bool behind = c == farthest || (c ^ 1U << k) == farthest;
            if (c >> k & 1 || behind == front)
                continue;
            struct spot from = corner(view, c), to = corner(view, c | 1U << k);
            cairo_move_to(cr, from.x, from.y);
            cairo_line_to(cr, to.x, to.y);
        }
    }
    cairo_stroke(cr);
}

/* ---- points ---- */

static int compare_dots(const void *a, const void *b)
{
    const struct dot *p = a, *q = b;
    return (p->spot.nearness > q->spot.nearness) - (p->spot.nearness < q->spot.nearness);
}

/* The points inside the box, far ones first; how many there are. */
static size_t find_dots(const struct view *view, struct dot *dots)
{
    size_t n = 0;
    for (size_t i = 0; i < view->cloud->n; i++) {
        double point[AXES];
        bool inside = true;
        for (size_t k = 0; k < AXES; k++) {
            double value = (double)view->cloud->points[AXES * i + k];
            point[k] = 2 * (value - view->lo[k]) / (view->hi[k] - view->lo[k]) - 1;
            inside = inside && fabs(point[k]) <= 1;
        }
        if (inside)
            dots[n++] = (struct dot){project(view, point), (point[2] + 1) / 2};
    }
    qsort(dots, n, sizeof *dots, compare_dots);
    return n;
}

static void draw_dots(const struct view *view, size_t n, const struct dot *dots,
                      struct adv_canvas *canvas)
{
    double crowd = pow(1000 / fmax((double)n, 50), 0.3);
    double radius = DOT * view->half_side * crowd;
    for (size_t i = 0; i < n; i++) {
        if (i % PACE_POINTS == 0 && !adv_pace_go_on())
            return; /* the picture is not wanted any more */
        double near = fmin(fmax((dots[i].spot.nearness / sqrt(AXES) + 1) / 2, 0), 1);
        uint8_t rgb[3];
        adv_plot_colour(COLOUR_MOST * dots[i].height, rgb);
        adv_paint_with(canvas->cr, (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2],
                       FAR_OPACITY + (1 - FAR_OPACITY) * pow(near, FADE));
        adv_canvas_dot(canvas, dots[i].spot.x, dots[i].spot.y,
                       fmax(radius * (0.6 + 0.8 * near), DOT_LEAST));
        cairo_fill(canvas->cr);
    }
}

/* ---- texts ---- */

/* The edge along axis k where texts keep clear of the cloud: the lowest in the picture for the
 * first two axes, the leftmost for the third; its corner with the lower value. */
static unsigned labelled_edge(const struct view *view, unsigned k)
{
    unsigned best = 0;
    double best_place = -INFINITY;
    for (unsigned c = 0; c < CORNERS; c++) {
        if (c >> k & 1)
            continue;
        struct spot from = corner(view, c), to = corner(view, c | 1U << k);
        double place = k == 2 ? -(from.x + to.x) : from.y + to.y;
        if (place > best_place) {
            best_place = place;
            best = c;
        }
    }
    return best;
}

/* Writes beside a spot, away from the middle of the picture. */
static void write_beside(const struct view *view, const struct adv_pen *pen, struct adv_text *text,
                         struct spot spot, double distance)
{
    double x = spot.x - view->centre_x, y = spot.y - view->centre_y, length = fmax(hypot(x, y), 1);
    distance *= view->scale;
    x = spot.x + distance * x / length;
    y = spot.y + distance * y / length +
        view->scale * adv_style.cap_height * adv_style.tick_size / 2;
    text->align = 0.5;
    adv_text_draw(pen, text, x, y);
}

static struct spot along(struct spot from, struct spot to, double share)
{
    return (struct spot){from.x + share * (to.x - from.x), from.y + share * (to.y - from.y), 0};
}

static void label_axis(const struct view *view, const struct adv_pen *pen, unsigned k)
{
    unsigned edge = labelled_edge(view, k);
    struct spot from = corner(view, edge), to = corner(view, edge | 1U << k);
    struct adv_axis axis = {.lo = view->lo[k], .hi = view->hi[k], .px_hi = 1};
    struct adv_ticks ticks;
    char name[8], exponent[ADV_EXPONENT_BYTES] = "";
    if (hypot(to.x - from.x, to.y - from.y) < view->half_side / 3)
        return; /* seen from its end */
    adv_ticks_choose(&axis, TICKS_ALONG, &ticks);
    for (int i = 0; i < ticks.n; i++) {
        struct adv_text text = {.text = ticks.at[i].text,
                                .exponent = ticks.at[i].exponent,
                                .size = view->scale * adv_style.tick_size,
                                .colour = adv_style.quiet};
        double share = adv_axis_pixel(&axis, ticks.at[i].value);
        if (share > TICK_INSET && share < 1 - TICK_INSET)
            write_beside(view, pen, &text, along(from, to, share), 15);
    }
    if (ticks.factor)
        adv_ticks_write_exponent(ticks.factor, exponent);
    snprintf(name, sizeof name, "x%u", k + 1);
    struct adv_text text = {.text = view->cloud->names ? view->cloud->names[k] : name,
                            .tail = ticks.factor ? " / 10" : NULL,
                            .exponent = exponent,
                            .size = view->scale * adv_style.label_size,
                            .colour = adv_style.ink,
                            .most_width = view->width / 3.0};
    write_beside(view, pen, &text, along(from, to, 0.5), 34);
}

static cairo_status_t write_texts(const struct view *view, cairo_surface_t *surface)
{
    struct adv_pen pen;
    double margin = view->scale * adv_style.margin;
    struct adv_text title = {.text = view->cloud->title,
                             .size = view->scale * adv_style.title_size,
                             .colour = adv_style.ink,
                             .most_width = view->width - 2 * margin};
    adv_pen_open(&pen, surface);
    for (unsigned k = 0; k < AXES; k++)
        label_axis(view, &pen, k);
    adv_text_draw(&pen, &title, margin, margin + view->scale * adv_style.title_size * 0.8);
    return adv_pen_close(&pen);
}

/* ---- the whole ---- */

static cairo_status_t draw(const struct view *view, struct dot *dots, cairo_surface_t *surface)
{
    cairo_t *cr = cairo_create(surface);
    struct adv_canvas canvas = {.cr = cr};
    adv_paint_with(cr, adv_style.ground, 1);
    cairo_paint(cr);
    draw_edges(view, cr, false);
    draw_dots(view, find_dots(view, dots), dots, &canvas);
    draw_edges(view, cr, true);
    cairo_status_t drawn = cairo_status(cr);
    cairo_destroy(cr);
    cairo_status_t written = write_texts(view, surface);
    return drawn == CAIRO_STATUS_SUCCESS ? written : drawn;
}

static enum adv_status render(const struct view *view, struct dot *dots, struct adv_image *image,
                              struct adv_error *error)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, view->width, view->height);
    enum adv_status status = adv_plot_outcome(cairo_surface_status(surface), error);
    if (status == ADV_OK)
        status = adv_plot_outcome(draw(view, dots, surface), error);
    if (status == ADV_OK)
        status = adv_image_init(image, view->width, view->height, 3, error);
    if (status == ADV_OK)
        adv_plot_copy_pixels(surface, image);
    cairo_surface_destroy(surface);
    return status;
}

enum adv_status adv_cloud_render(const struct adv_cloud *cloud, struct adv_image *image,
                                 struct adv_error *error)
{
    struct view view;
    enum adv_status status = check(cloud, error);
    if (status != ADV_OK)
        return status;
    struct dot *dots = adv_calloc(cloud->n + 1, sizeof *dots);
    float *scratch = adv_calloc(cloud->n + 1, sizeof *scratch);
    if (dots && scratch) {
        view_init(&view, cloud, scratch);
        status = render(&view, dots, image, error);
    } else {
        status = adv_no_memory(error);
    }
    free(scratch);
    free(dots);
    return status;
}
