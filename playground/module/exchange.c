#include "playground/module/exchange.h"

#include "server/api/model_json.h"
#include "server/reply/problems.h"

#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/request.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BODY_MOST (64 << 20)

double adv_local_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---------------------------------------------------------------- replies */

static void append_text(struct adv_local_exchange *exchange, json_t *json, const char *end)
{
    char *text = adv_json_dump(json, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (!text || adv_bytes_append(&exchange->body, text, strlen(text), NULL) != ADV_OK ||
        adv_bytes_append(&exchange->body, end, strlen(end), NULL) != ADV_OK)
        exchange->status = 500;
    free(text);
    json_decref(json);
}

void adv_local_reply_json(struct adv_local_exchange *exchange, unsigned status, json_t *json)
{
    exchange->status = status;
    exchange->media_type = "application/json";
    append_text(exchange, json, "");
}

void adv_local_add_line(struct adv_local_exchange *exchange, json_t *json)
{
    append_text(exchange, json, "\n");
}

static json_t *problem_json(enum adv_problem problem, const char *field, const char *detail)
{
    json_t *json = json_pack(
        "{s:s+, s:s, s:i, s:s}", "type", "urn:advect:", adv_problem_slug(problem), "title",
        adv_problem_title(problem), "status", (int)adv_problem_status(problem), "detail", detail);
    if (json && *field)
        json_object_set_new(json, "field", json_string(field));
    return json;
}

json_t *adv_local_problem(const struct adv_error *error)
{
    return problem_json(adv_problem_of(error->status), error->field, error->message);
}

void adv_local_refuse(struct adv_local_exchange *exchange, const struct adv_error *error)
{
    adv_local_reply_json(exchange, adv_problem_status(adv_problem_of(error->status)),
                         adv_local_problem(error));
    exchange->media_type = ADV_PROBLEM_TYPE;
}

static void refuse_as(struct adv_local_exchange *exchange, enum adv_problem problem,
                      const char *detail)
{
    adv_local_reply_json(exchange, adv_problem_status(problem), problem_json(problem, "", detail));
    exchange->media_type = ADV_PROBLEM_TYPE;
}

/* ---------------------------------------------------------------- routes */

static json_t *describe(const struct adv_model *model)
{
    struct adv_limits limits = adv_limits_default();
    return adv_model_to_json(model, &limits, BODY_MOST);
}

static void list_models(struct adv_local_exchange *exchange)
{
    json_t *models = json_array();
    for (size_t i = 0; i < exchange->shelf->n; i++)
        json_array_append_new(models, describe(exchange->shelf->models[i]));
    adv_local_reply_json(exchange, 200, json_pack("{s:o, s:[]}", "models", models, "refused"));
}

static void show_model(struct adv_local_exchange *exchange, const struct adv_model *model)
{
    json_t *json = describe(model);
    json_object_set_new(json, "config", adv_json_deep_copy(adv_model_config_json(model)));
    adv_local_reply_json(exchange, 200, json);
}

static void put_model(struct adv_local_exchange *exchange)
{
    struct adv_error error = ADV_ERROR_INIT;
    const struct adv_model *model = NULL;
    const char *file = exchange->target.n_pairs ? exchange->target.pairs[0].value : "model";
    enum adv_status status =
        adv_shelf_load(exchange->shelf, file, exchange->sent, exchange->n_sent, &model, &error);
    if (status == ADV_OK)
        adv_local_reply_json(exchange, 200, json_pack("{s:s}", "name", adv_model_name(model)));
    else
        adv_local_refuse(exchange, &error);
}

static enum adv_status read_whole(const char *path, struct adv_bytes *bytes,
                                  struct adv_error *error)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    size_t n = file && fstat(fileno(file), &about) == 0 ? (size_t)about.st_size : 0;
    enum adv_status status = n ? adv_bytes_reserve(bytes, n, error)
                               : adv_fail(error, ADV_E_IO, "the model's file cannot be read");
    if (status == ADV_OK)
        bytes->n += fread(bytes->data + bytes->n, 1, n, file);
    if (file)
        fclose(file);
    return status;
}

static void get_file(struct adv_local_exchange *exchange, const struct adv_model *model)
{
    static const char path[] = "out.safetensors";
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_model_save(model, path, ADV_F32, &error);
    if (status == ADV_OK)
        status = read_whole(path, &exchange->body, &error);
    unlink(path);
    if (status != ADV_OK) {
        adv_local_refuse(exchange, &error);
        return;
    }
    exchange->status = 200;
    exchange->media_type = "application/octet-stream";
}

static void remove_model(struct adv_local_exchange *exchange, const struct adv_model *model)
{
    char *name = strdup(adv_model_name(model));
    adv_shelf_remove(exchange->shelf, name);
    adv_local_reply_json(exchange, 200, json_pack("{s:s}", "name", name));
    free(name);
}

static bool path_is(const struct adv_target *target, size_t n, const char *first,
                    const char *second)
{
    return target->n_segments == n && !strcmp(target->segments[0], first) &&
           !strcmp(target->segments[1], second);
}

static bool by(const struct adv_local_exchange *exchange, const char *method)
{
    return !strcmp(exchange->method, method);
}

/* What concerns one model, the path's third segment. */
static bool route_model(struct adv_local_exchange *exchange)
{
    const struct adv_target *target = &exchange->target;
    bool own = path_is(target, 3, "playground", "models");
    if (!own && !path_is(target, 3, "v1", "models") && !path_is(target, 4, "v1", "models"))
        return false;
    struct adv_model *model = adv_shelf_find(exchange->shelf, target->segments[2]);
    if (!model)
        refuse_as(exchange, ADV_PROBLEM_NO_MODEL, "there is no such model here");
    else if (target->n_segments == 4)
        adv_local_query(exchange, model, target->segments[3]);
    else if (own && by(exchange, "DELETE"))
        remove_model(exchange, model);
    else if (own)
        get_file(exchange, model);
    else
        show_model(exchange, model);
    return true;
}

void adv_local_route(struct adv_local_exchange *exchange)
{
    const struct adv_target *target = &exchange->target;
    if (path_is(target, 2, "v1", "models"))
        list_models(exchange);
    else if (path_is(target, 2, "playground", "models") && by(exchange, "PUT"))
        put_model(exchange);
    else if (path_is(target, 2, "playground", "exact") && by(exchange, "POST"))
        adv_local_exact(exchange);
    else if (path_is(target, 2, "playground", "training") && by(exchange, "POST"))
        adv_local_train(exchange);
    else if (path_is(target, 2, "health", "ready"))
        adv_local_reply_json(exchange, 200, json_pack("{s:s}", "status", "ready"));
    else if (!route_model(exchange))
        refuse_as(exchange, ADV_PROBLEM_NO_ROUTE, "the playground has nothing at this path");
}
