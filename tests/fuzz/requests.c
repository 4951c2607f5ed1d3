/* What people ask of the daemon: bodies, and targets with a query. A small model is asked, made
 * once in memory; what is taken must be a query that can be run. */
#include "server/http/target.h"
#include "tests/fuzz/consume.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/request.h>
#include <advect/model.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 2, N_CLASSES = 4, N_KINDS = 5 };

static const char config_text[] =
    "{\"name\": \"small\", \"data\": {\"classes\": 4, \"labels\": [\"a\", \"big\", \"c d\", "
    "\"0\"]},"
    " \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 2,"
    " \"layers\": 1, \"num_classes\": 4, \"null_class\": true, \"context\": 2,"
    " \"null_context\": true, \"context_channels\": 2}}";

static enum adv_status make_model(struct adv_model **model, struct adv_error *error)
{
    json_t *config = json_loads(config_text, 0, NULL);
    struct adv_net *net = NULL;
    float *weights = NULL;
    enum adv_status status =
        config ? adv_net_new(json_object_get(config, "net"), &net, error)
               : adv_fail(error, ADV_E_MEMORY, "no memory for the model's configuration");
    if (status == ADV_OK)
        weights = calloc(adv_net_weights(net), sizeof *weights);
    if (status == ADV_OK && !weights)
        status = adv_fail(error, ADV_E_MEMORY, "no memory for the model's weights");
    if (status == ADV_OK)
        status = adv_model_new_json(config, weights, NULL, model, error);
    free(weights);
    adv_net_free(net);
    json_decref(config);
    return status;
}

static enum adv_status the_model(struct adv_model **model, struct adv_error *error)
{
    static struct adv_model *made; /* kept until the process ends */
    enum adv_status status = made ? ADV_OK : make_model(&made, error);
    *model = made;
    return status;
}

static void insist(bool holds)
{
    if (!holds)
        abort();
}

static void check_query(const struct adv_query *query, const struct adv_model *model,
                        const struct adv_limits *limits)
{
    insist(query->n >= 1 && query->n <= limits->rows);
    insist(query->n_times <= limits->frames && query->probes <= limits->probes);
    insist(query->solver.solver && query->solver.steps <= limits->steps);
    for (size_t i = 0; query->labels && i < query->n; i++)
        insist(query->labels[i] >= -1 && query->labels[i] < N_CLASSES);
    for (size_t i = 0; query->points && i < DIM * query->n; i++)
        insist(isfinite(query->points[i]));
    insist(!query->context || (query->n_contexts >= 1 && query->n % query->n_contexts == 0));
    for (size_t i = 0; query->context && i < adv_model_context(model) * query->n_contexts; i++)
        insist(isfinite(query->context[i]));
    insist(adv_query_check(query, model, NULL) == ADV_OK);
}

/* The query of a request that was read. */
static enum adv_status make_query(struct adv_request *request, struct adv_error *error)
{
    struct adv_limits limits = adv_limits_default();
    struct adv_model *model;
    struct adv_query query;
    enum adv_status status = the_model(&model, error);
    if (status == ADV_OK)
        status = adv_request_query(request, model, &limits, 1, &query, error);
    if (status == ADV_OK)
        check_query(&query, model, &limits);
    return status;
}

static enum adv_status set_point(struct adv_request *request, struct adv_error *error)
{
    float *point = calloc(DIM, sizeof *point);
    if (!point)
        return adv_fail(error, ADV_E_MEMORY, "no memory for a point");
    return adv_request_set_points(request, 1, DIM, point, error);
}

/* Reads what was asked into a request. */
typedef enum adv_status read_request(struct adv_request *request, const void *asked,
                                     struct adv_error *error);

static enum adv_status ask(enum adv_query_kind kind, read_request *read, const void *asked,
                           struct adv_error *error)
{
    struct adv_request *request = NULL;
    enum adv_status status = adv_request_new(kind, &request, error);
    if (status == ADV_OK)
        status = read(request, asked, error);
    if (status == ADV_OK)
        status = make_query(request, error);
    adv_request_free(request);
    return status;
}

/* Taken if one kind takes it; without memory if one kind is. The report is the last one's. */
static enum adv_status ask_every_kind(read_request *read, const void *asked,
                                      struct adv_error *error)
{
    bool taken = false;
    for (int kind = 0; kind < N_KINDS; kind++) {
        struct adv_error own = ADV_ERROR_INIT;
        enum adv_status status = ask((enum adv_query_kind)kind, read, asked, &own);
        fuzz_check_report(status, &own);
        taken = taken || status == ADV_OK;
        if (status == ADV_E_MEMORY || (kind == N_KINDS - 1 && !taken))
            return adv_fail(error, status, "%s", own.message);
    }
    return ADV_OK;
}

/* ---------------------------------------------------------------- bodies */

struct text {
    const uint8_t *bytes;
    size_t n;
};

static enum adv_status read_body(struct adv_request *request, const void *asked,
                                 struct adv_error *error)
{
    struct adv_limits limits = adv_limits_default();
    const struct text *text = asked;
    struct adv_model *model;
    enum adv_status status = the_model(&model, error);
    if (status != ADV_OK)
        return status;
    return adv_request_parse_json(request, model, text->bytes, text->n, "the body", &limits, error);
}

/* What is taken is JSON; of what is refused, enough may have been read without coming to a flaw. */
enum adv_status fuzz_consume_request(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct text text = {bytes, n};
    enum adv_status status = ask_every_kind(read_body, &text, error);
    json_t *json =
        status == ADV_OK ? json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    insist(status != ADV_OK || json);
    json_decref(json);
    return status;
}

/* ---------------------------------------------------------------- targets */

static enum adv_status read_pairs(struct adv_request *request, const void *asked,
                                  struct adv_error *error)
{
    const struct adv_target *target = asked;
    struct adv_model *model;
    enum adv_status status = the_model(&model, error);
    if (status == ADV_OK)
        status = set_point(request, error);
    for (size_t i = 0; status == ADV_OK && i < target->n_pairs; i++) {
        const struct adv_target_pair *pair = &target->pairs[i];
        status = !strcmp(pair->name, "points")
                     ? adv_request_parse_text(request, model, pair->value, error)
                     : adv_request_set_text(request, pair->name, pair->value, error);
    }
    return status;
}

/* A piece of a target holds no character that a log or a header could mistake. */
static void check_piece(const char *piece)
{
    json_t *string = json_string(piece);
    for (const char *c = piece; *c; c++)
        insist((unsigned char)*c >= 0x20 && *c != 0x7f);
    json_decref(string);
}

enum adv_status fuzz_consume_target(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_target target = {0};
    char *raw = strndup((const char *)bytes, n);
    if (!raw)
        return adv_fail(error, ADV_E_MEMORY, "no memory for the target");
    enum adv_status status = adv_target_parse(raw, &target, error);
    for (size_t i = 0; status == ADV_OK && i < target.n_segments; i++)
        check_piece(target.segments[i]);
    for (size_t i = 0; status == ADV_OK && i < target.n_pairs; i++) {
        check_piece(target.pairs[i].name);
        check_piece(target.pairs[i].value);
    }
    if (status == ADV_OK)
        status = ask_every_kind(read_pairs, &target, error);
    adv_target_release(&target);
    free(raw);
    return status;
}
