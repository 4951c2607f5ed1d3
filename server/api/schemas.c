#include "server/api/schemas.h"

#include "server/api/jobs.h"
#include "server/api/queries.h"

#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <string.h>

#define ARRAY(items) "{\"type\":\"array\",\"items\":" items "}"
#define OR_NULL(schema) "{\"anyOf\":[" schema ",{\"type\":\"null\"}]}"
#define REFERENCE(name) "{\"$ref\":\"#/components/schemas/" name "\"}"
#define TEXT "{\"type\":\"string\"}"
#define TIME "{\"type\":\"string\",\"format\":\"date-time\"}"
#define NUMBER "{\"type\":\"number\"}"
#define COUNT "{\"type\":\"integer\",\"minimum\":0}"
#define BOOLEAN "{\"type\":\"boolean\"}"
#define ANY_OBJECT "{\"type\":\"object\",\"additionalProperties\":true}"
#define RANGE "{\"type\":\"array\",\"items\":" NUMBER ",\"minItems\":2,\"maxItems\":2}"
#define ONE(word) "{\"type\":\"string\",\"enum\":[\"" word "\"]}"

static const struct adv_schema_member limits[] = {
    {"rows", COUNT, "most samples or points", false},
    {"steps", COUNT, "most steps of a fixed-step solver", false},
    {"nfe", COUNT, "most velocity evaluations of a row by an adaptive solver", false},
    {"frames", COUNT, "most frames of a trajectory", false},
    {"probes", COUNT, "most Hutchinson probes", false},
    {"numbers", COUNT, "most numbers in an answer: frames x rows x dimensions", false},
    {"body_bytes", COUNT, "largest size of a request body", false},
    {"cost", OR_NULL(NUMBER), "most multiply-adds; null: what can be done in time", false},
    {"min_tolerance", NUMBER, "smallest rtol or atol", false},
};

static const struct adv_schema_member context[] = {
    {"size", COUNT, "numbers of a context", false},
    {"columns", OR_NULL(ARRAY(TEXT)), "what they are called", false},
    {"reach", OR_NULL(NUMBER), "the largest distance of a context of the training", false},
    {"null", BOOLEAN, "whether the model can do without", false},
};

/* The last is of one model alone, not of the list. */
static const struct adv_schema_member model[] = {
    {"name", TEXT, "what stands in the paths", false},
    {"shape", ARRAY(COUNT), "of a point: [2], or channels, height, width", false},
    {"dim", COUNT, "the dimension of a point", false},
    {"classes", COUNT, "0 of unconditional models", false},
    {"labels", OR_NULL(ARRAY(TEXT)), "names of the classes", false},
    {"null_class", BOOLEAN, "whether no label (-1) and guidance are possible", false},
    {"guidance", NUMBER, "guidance weight of samples by default", false},
    {"net", TEXT, "kind of network", false},
    {"parameters", COUNT, "number of weights", false},
    {"multiply_adds", COUNT, "of one velocity of one row", false},
    {"digest", TEXT, "names a version of the weights", false},
    {"range", OR_NULL(RANGE), "least and largest value of the data", false},
    {"levels", OR_NULL(COUNT), "256 where 8-bit values were dequantised", false},
    {"pictures", BOOLEAN, "whether samples have pictures", false},
    {"limits", REFERENCE("limits"), "what one request may ask for", false},
    {"card", OR_NULL(ANY_OBJECT), "measured figures", false},
    {"columns", ARRAY(TEXT), "what the numbers of a point are called", true},
    {"context", REFERENCE("context"), "what the model is conditioned on", true},
    {"flow_map", ANY_OBJECT,
     "of models of few steps: the most, the teacher, differences to it, whether of samples alone",
     true},
    {"config", ANY_OBJECT, "the whole configuration", false},
};

static const struct adv_schema_member refused_model[] = {
    {"file", TEXT, "name of the file", false},
    {"reason", TEXT, "why it is not served", false},
};

static const struct adv_schema_member models[] = {
    {"models", ARRAY(REFERENCE("model_summary")), "what is served", false},
    {"refused", ARRAY(REFERENCE("refused_model")), "files that are not served", false},
};

static const struct adv_schema_member job[] = {
    {"id", TEXT, "the job's name", false},
    {"state", "{\"type\":\"string\",\"enum\":[\"queued\",\"running\",\"done\",\"failed\"]}",
     "how far it is", false},
    {"model", TEXT, "the model's name", false},
    {"query", TEXT, "what is asked", false},
    {"media_type", TEXT, "of the result", false},
    {"result", TEXT, "path of the result", false},
    {"created", TIME, "when it came", false},
    {"progress", NUMBER, "from 0 to 1", false},
    {"seconds_left", NUMBER, "estimate, before the end", true},
    {"status", COUNT, "HTTP status of the result, after the end", true},
    {"bytes", COUNT, "size of the result, after the end", true},
    {"ended", TIME, "when it ended", true},
    {"expires", TIME, "until when the result is kept", true},
};

static const struct adv_schema_member jobs[] = {
    {"jobs", ARRAY(REFERENCE("job")), "the oldest first", false},
};

static const struct adv_schema_member live[] = {
    {"status", ONE("live"), "the process runs", false},
};

static const struct adv_schema_member ready[] = {
    {"status", ONE("ready"), "requests are taken", false},
    {"models", COUNT, "number of models served", false},
};

static const struct {
    const char *name;
    const struct adv_schema_member *members;
    size_t n;
} objects[] = {
    {"limits", limits, ADV_COUNT(limits)},
    {"context", context, ADV_COUNT(context)},
    {"model_summary", model, ADV_COUNT(model) - 1},
    {"model", model, ADV_COUNT(model)},
    {"refused_model", refused_model, ADV_COUNT(refused_model)},
    {"models", models, ADV_COUNT(models)},
    {"job", job, ADV_COUNT(job)},
    {"jobs", jobs, ADV_COUNT(jobs)},
    {"live", live, ADV_COUNT(live)},
    {"ready", ready, ADV_COUNT(ready)},
};

json_t *adv_schema_reference(const char *name)
{
    return json_pack("{s:s+}", "$ref", "#/components/schemas/", name);
}

static const char *name_of(enum adv_query_kind kind, const char *suffix, char name[64])
{
    snprintf(name, 64, "%s_%s", adv_queries_names[kind], suffix);
    for (char *at = name; *at; at++)
        *at = *at == '-' ? '_' : *at;
    return name;
}

const char *adv_schema_of_request(enum adv_query_kind kind, char name[64])
{
    return name_of(kind, "request", name);
}

const char *adv_schema_of_answer(enum adv_query_kind kind, char name[64])
{
    return name_of(kind, "answer", name);
}

/* Adds the number to the list, unless it is there. */
static void add_once(json_t *list, unsigned number)
{
    json_t *known;
    size_t i;
    json_array_foreach(list, i, known)
    {
        if (json_integer_value(known) == number)
            return;
    }
    json_array_append_new(list, json_integer(number));
}

/* The problem document, with every type there is. */
static json_t *problem(void)
{
    json_t *types = json_array(), *statuses = json_array();
    for (int i = 0; i < ADV_PROBLEMS; i++) {
        json_array_append_new(
            types, json_pack("s+", "urn:advect:", adv_problem_slug((enum adv_problem)i)));
        add_once(statuses, adv_problem_status((enum adv_problem)i));
    }
    return json_pack("{s:s, s:[s, s, s, s], s:b, s:{s:{s:s, s:s, s:o}, s:{s:s, s:s}, "
                     "s:{s:s, s:s, s:o}, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}}}",
                     "type", "object", "required", "type", "title", "status", "detail",
                     "additionalProperties", 0, "properties", "type", "description", "the problem",
                     "type", "string", "enum", types, "title", "description",
                     "the problem in words", "type", "string", "status", "description",
                     "HTTP status", "type", "integer", "enum", statuses, "detail", "description",
                     "what is wrong with which value, and what is allowed", "type", "string",
                     "field", "description", "the field that is at fault", "type", "string",
                     "request_id", "description", "as X-Request-Id", "type", "string");
}

json_t *adv_schemas(void)
{
    char name[64];
    json_t *schemas = json_object();
    for (int kind = 0; adv_queries_names[kind]; kind++) {
        enum adv_query_kind of = (enum adv_query_kind)kind;
        json_object_set_new(schemas, adv_schema_of_request(of, name), adv_request_schema(of));
        json_object_set_new(schemas, adv_schema_of_answer(of, name), adv_render_schema(of));
    }
    json_object_set_new(schemas, "frame", adv_render_frame_schema());
    for (size_t i = 0; i < ADV_COUNT(objects); i++)
        json_object_set_new(schemas, objects[i].name,
                            adv_schema_object(objects[i].members, objects[i].n));
    json_object_set_new(schemas, "new_job", adv_jobs_schema());
    json_object_set_new(schemas, "problem", problem());
    return schemas;
}
