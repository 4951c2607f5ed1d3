/* Pictures for <img src>: the queries of queries.c with their fields in the URL
 * and defaults that make a good picture. The same URL gives the same bytes (the
 * seed defaults to 0), so a picture has an ETag before it is computed. */
#include "server/api/handlers.h"
#include "server/api/queries.h"
#include "server/http/negotiate.h"

#include <advect/extra/all.h>
#include <advect/extra/memory.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES (ADV_TARGET_MAX_BYTES + 256)

struct options {
    struct adv_picture picture;
    int64_t side;
};

static const struct adv_field side_field = {
    "side",
    ADV_FIELD_INT,
    offsetof(struct options, side),
    .min = 0,
    .max = 400,
    .help = "points along each side of the plane's grid; 0 means 100 for density.png, 24 for "
            "velocity.png"};

/* A worker draws a picture in one go, while others wait: smaller ones than the library draws. A
 * plot has its size whatever it shows, so that a page can leave room for it. */
static const struct {
    const char *name, *fallback;
    double max;
} own_fields[] = {{"width", "640", 2048}, {"height", "640", 2048}, {"zoom", NULL, 16}};

void adv_picture_url_fields(struct adv_field fields[ADV_PICTURE_URL_FIELDS])
{
    memcpy(fields, adv_picture_fields(), ADV_PICTURE_FIELDS * sizeof *fields);
    fields[ADV_PICTURE_FIELDS] = side_field;
    for (size_t i = 0; i < ADV_PICTURE_FIELDS; i++) {
        fields[i].offset += offsetof(struct options, picture);
        for (size_t k = 0; k < ADV_COUNT(own_fields); k++) {
            if (strcmp(fields[i].name, own_fields[k].name) != 0)
                continue;
            fields[i].fallback = own_fields[k].fallback;
            fields[i].max = own_fields[k].max;
        }
    }
}

/* What differs between the pictures, by the kind of their query. */
static const struct look {
    enum adv_format_id format;
    int64_t side; /* of the grid of points that it asks about; 0: none */
    struct adv_target_pair defaults[3];
} looks[] = {
    [ADV_QUERY_SAMPLES] = {ADV_FORMAT_PNG, 0, {{"seed", "0"}}},
    [ADV_QUERY_TRAJECTORIES] = {ADV_FORMAT_APNG, 0, {{"seed", "0"}, {"frames", "31"}}},
    /* Coarser than numbers would be: accurate to the eye, and an answer within seconds. */
    [ADV_QUERY_LOG_DENSITY] = {ADV_FORMAT_PNG, 100, {{"solver", "midpoint"}, {"steps", "16"}}},
    [ADV_QUERY_VELOCITY] = {ADV_FORMAT_PNG, 24, {{"t", "0.5"}}},
};

/* Beyond the plane nothing can be asked on a grid, nor where a column holds whole numbers: densities
 * are histograms of samples, of one dimension with the density that each sample has. */
static const struct look by_samples = {
    ADV_FORMAT_PNG, 0, {{"seed", "0"}, {"solver", "midpoint"}, {"steps", "16"}}};

static const struct look *look_of(const struct adv_exchange *exchange,
                                  const struct adv_model *model)
{
    enum adv_query_kind kind = exchange->route->kind;
    bool on_grid =
        adv_model_is_plane(model) && adv_transform_draws(adv_model_transform(model)) == 1;
    return kind == ADV_QUERY_LOG_DENSITY && !on_grid ? &by_samples : &looks[kind];
}

static enum adv_query_kind kind_of(const struct adv_exchange *exchange, const struct look *look)
{
    return look == &by_samples ? ADV_QUERY_SAMPLES : exchange->route->kind;
}

static const char *find_pair(const struct adv_target *target, const char *name)
{
    for (size_t i = 0; i < target->n_pairs; i++) {
        if (!strcmp(target->pairs[i].name, name))
            return target->pairs[i].value;
    }
    return NULL;
}

/* What decides the picture: the program, the model and the target. */
static void make_key(const struct adv_exchange *exchange, const struct adv_model *model,
                     char key[KEY_BYTES])
{
    snprintf(key, KEY_BYTES, "%s %s %s %s", adv_version(), exchange->server->kernels,
             adv_model_digest(model), exchange->target.raw);
}

static void make_etag(const char *key, char etag[24])
{
    uint64_t hash = adv_digest(ADV_DIGEST_INIT, key, strlen(key));
    snprintf(etag, 24, "\"%016llx\"", (unsigned long long)hash);
}

/* From the cache, if it is there. */
static bool answer_from_cache(struct adv_exchange *exchange, const char *key)
{
    struct adv_server *server = exchange->server;
    bool found = adv_picture_cache_find(server->pictures, key, &exchange->reply);
    if (found)
        adv_metrics_count(server->metrics, ADV_COUNT_PICTURE_CACHE_HITS, 1);
    return found;
}

/* A crowd of points: enough for what is to be seen of them. */
static size_t crowd_of(const struct adv_target *target, const struct adv_model *model,
                       const struct look *look)
{
    const char *view = find_pair(target, "view");
    bool is_line = adv_model_dim(model) == 1;
    if (look == &by_samples || (view && !strcmp(view, "density")))
        return is_line ? 5000 : 10000;
    if (view && !strcmp(view, "cloud"))
        return look->format == ADV_FORMAT_APNG ? 3000 : 4000;
    return look->format != ADV_FORMAT_APNG ? 2000 : is_line ? 4000 : 1000;
}

/* A good number of samples, or some of each class. */
static enum adv_status set_default_rows(const struct adv_target *target,
                                        const struct adv_model *model, const struct look *look,
                                        struct adv_request *request, struct adv_error *error)
{
    const char *label = find_pair(target, "label");
    if (find_pair(target, "n") || (label && strchr(label, ',')))
        return ADV_OK;
    bool still = look->format == ADV_FORMAT_PNG,
         rows_of_classes = !label && adv_model_classes(model) > 1;
    size_t n = crowd_of(target, model, look);
    if (adv_model_is_image(model))
        n = rows_of_classes ? adv_model_classes(model) * (still ? 8 : 4) : still ? 64 : 16;
    char text[32];
    snprintf(text, sizeof text, "%zu", n);
    return adv_request_set_text(request, "n", text, error);
}

/* Defaults first, then what the URL says. */
static enum adv_status read_fields(const struct adv_target *target, const struct look *look,
                                   const struct adv_field fields[ADV_PICTURE_URL_FIELDS],
                                   struct adv_request *request, struct options *options,
                                   struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    bool own_solver = find_pair(target, "solver") != NULL;
    for (size_t i = 0; i < 3 && look->defaults[i].name && status == ADV_OK; i++) {
        const char *name = look->defaults[i].name;
        bool of_solver = !strcmp(name, "solver") || !strcmp(name, "steps");
        bool of_times = !strcmp(name, "frames") && find_pair(target, "times");
        if (!(of_solver && own_solver) && !of_times)
            status = adv_request_set_text(request, name, look->defaults[i].value, error);
    }
    for (size_t i = 0; i < target->n_pairs && status == ADV_OK; i++) {
        const struct adv_target_pair *pair = &target->pairs[i];
        status = adv_fields_find(fields, ADV_PICTURE_URL_FIELDS, pair->name)
                     ? adv_fields_from_text(fields, ADV_PICTURE_URL_FIELDS, pair->name, pair->value,
                                            options, error)
                     : adv_request_set_text(request, pair->name, pair->value, error);
    }
    return status;
}

/* A density by samples is asked for as such, whatever the URL says. */
static enum adv_status want_density(const struct adv_model *model, struct adv_request *request,
                                    struct options *options, struct adv_error *error)
{
    if (options->side)
        return adv_fail_field(error, ADV_E_INVALID, "side",
                              "side is %lld; only the density of the plane is asked on a grid, and "
                              "the points of %s have %zu dimensions",
                              (long long)options->side, adv_model_name(model),
                              adv_model_dim(model));
    if (options->picture.view == ADV_VIEW_CLOUD)
        return adv_fail_field(error, ADV_E_INVALID, "view",
                              "view is cloud; samples.png shows one, and density.png a density");
    options->picture.view = ADV_VIEW_DENSITY;
    return adv_model_dim(model) == 1 ? adv_request_set_text(request, "log_density", "true", error)
                                     : ADV_OK;
}

static enum adv_status read_request(const struct adv_exchange *exchange,
                                    const struct adv_model *model, const struct look *look,
                                    struct adv_request *request, struct adv_picture *picture,
                                    struct adv_error *error)
{
    struct options options = {0};
    struct adv_field fields[ADV_PICTURE_URL_FIELDS];
    adv_picture_url_fields(fields);
    enum adv_status status = adv_fields_init(fields, ADV_PICTURE_URL_FIELDS, &options, error);
    if (status == ADV_OK && !look->side)
        status = set_default_rows(&exchange->target, model, look, request, error);
    if (status == ADV_OK)
        status = read_fields(&exchange->target, look, fields, request, &options, error);
    if (status == ADV_OK && look == &by_samples)
        status = want_density(model, request, &options, error);
    *picture = options.picture;
    if (status != ADV_OK || !look->side)
        return status;
    size_t side = (size_t)(options.side ? options.side : look->side);
    float *points;
    status = adv_picture_grid(model, side, &points, error);
    return status == ADV_OK ? adv_request_set_points(request, side * side, 2, points, error)
                            : status;
}

/* A function on the plane, or points that can be drawn, and those of images only as such. */
static bool has_picture(const struct adv_exchange *exchange, const struct adv_model *model,
                        const struct look *look)
{
    if (look->side)
        return adv_model_is_plane(model);
    return adv_render_has_picture(model, kind_of(exchange, look)) &&
           !(look == &by_samples && adv_model_is_image(model));
}

static void refuse(struct adv_exchange *exchange, const struct adv_model *model,
                   const struct look *look)
{
    const char *shows = look->side            ? "a function on the plane"
                        : look == &by_samples ? "densities of at most 16 dimensions, and not of "
                                                "images"
                                              : "images, or points of at most 16 dimensions";
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_NO_PICTURE, NULL,
                      "%s shows %s; the points of %s have %zu dimensions",
                      strrchr(exchange->route->pattern, '/') + 1, shows, adv_model_name(model),
                      adv_model_dim(model));
}

static void answer(struct adv_exchange *exchange, struct adv_model *model, const struct look *look,
                   const struct adv_answer_options *options)
{
    struct adv_answer_options whole = *options;
    struct adv_request *request = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_request_new(kind_of(exchange, look), &request, &error);
    if (status == ADV_OK)
        status = read_request(exchange, model, look, request, &whole.picture, &error);
    if (status == ADV_OK) {
        adv_queries_submit(exchange, model, request, &whole);
        if (exchange->reply.status == 0) /* accepted */
            adv_metrics_count(exchange->server->metrics, ADV_COUNT_PICTURE_CACHE_MISSES, 1);
    } else {
        adv_request_free(request);
        adv_problem_from_error(&exchange->reply, &error);
    }
}

void adv_handle_picture(struct adv_exchange *exchange)
{
    struct adv_model *model = adv_queries_model(exchange, exchange->segment);
    if (!model)
        return;
    const struct look *look = look_of(exchange, model);
    const struct adv_format *format = adv_format(look->format);
    const struct adv_format *formats[] = {format, NULL};
    char etag[24], key[KEY_BYTES];
    make_key(exchange, model, key);
    make_etag(key, etag);
    if (!has_picture(exchange, model, look)) {
        refuse(exchange, model, look);
    } else if (adv_head_has_tag(&exchange->head, etag)) {
        adv_reply_empty(&exchange->reply, MHD_HTTP_NOT_MODIFIED);
        adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_ETAG, "%s", etag);
    } else if (adv_queries_negotiate(exchange, exchange->head.accept, formats) &&
               !answer_from_cache(exchange, key)) {
        answer(exchange, model, look,
               &(struct adv_answer_options){.format = format, .etag = etag, .cache_key = key});
    }
    adv_model_unref(model);
}
