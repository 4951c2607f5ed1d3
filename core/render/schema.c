/* The schemas of answers as JSON: one table of their members, in the order in which core/render/json.c
 * writes them. A test of the daemon holds its answers against them, so that neither goes its own
 * way. */
#include "core/base/mem.h"

#include <advect/extra/json.h>
#include <advect/extra/render.h>

enum {
    SAMPLES = 1 << ADV_QUERY_SAMPLES,
    TRAJECTORIES = 1 << ADV_QUERY_TRAJECTORIES,
    LOG_DENSITY = 1 << ADV_QUERY_LOG_DENSITY,
    LATENTS = 1 << ADV_QUERY_LATENTS,
    VELOCITY = 1 << ADV_QUERY_VELOCITY,
    SCORE = 1 << ADV_QUERY_SCORE,
    FROM_BASE = SAMPLES | TRAJECTORIES,
    SOLVED = FROM_BASE | LOG_DENSITY | LATENTS,
    WITH_DENSITY = SAMPLES | LOG_DENSITY,
    ALL = SOLVED | VELOCITY | SCORE
};

#define ARRAY(items) "{\"type\":\"array\",\"items\":" items "}"
#define EITHER(a, b) "{\"anyOf\":[" a "," b "]}"
#define OBJECT(required, properties)                                                               \
    "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties                 \
    "},\"additionalProperties\":false}"
#define MEMBER(name, schema) "\"" name "\":" schema
#define NUMBER "{\"type\":\"number\"}"
#define COUNT "{\"type\":\"integer\",\"minimum\":0}"
#define INTEGER "{\"type\":\"integer\"}"
#define TEXT "{\"type\":\"string\"}"
#define NIL "{\"type\":\"null\"}"
#define CHOICE(words) "{\"type\":\"string\",\"enum\":[" words "]}"
#define ONE(word) CHOICE("\"" word "\"")
#define SHAPE(n) "{\"type\":\"array\",\"items\":" COUNT ",\"minItems\":" #n ",\"maxItems\":" #n "}"

#define FIXED_SOLVER                                                                               \
    OBJECT("\"method\",\"steps\",\"nfe\"",                                                         \
           MEMBER("method", TEXT) "," MEMBER("steps", COUNT) "," MEMBER(                           \
               "noise", NUMBER) "," MEMBER("nfe", COUNT))
#define ADAPTIVE_SOLVER                                                                            \
    OBJECT("\"method\",\"rtol\",\"atol\",\"nfe\"",                                                 \
           MEMBER("method", TEXT) "," MEMBER("rtol", NUMBER) "," MEMBER(                           \
               "atol", NUMBER) "," MEMBER("nfe", COUNT))
#define HUTCHINSON                                                                                 \
    OBJECT(                                                                                        \
        "\"method\",\"probes\",\"seed\",\"renew\",\"interval_factor\"",                            \
        MEMBER("method", ONE("hutchinson")) "," MEMBER("probes", COUNT) "," MEMBER(                \
            "seed", COUNT) "," MEMBER("renew",                                                     \
                                      "{\"type\":\"boolean\"}") "," MEMBER("interval_factor",      \
                                                                           EITHER(NUMBER, NIL)))
#define APPROXIMATION                                                                              \
    OBJECT("\"evaluations\",\"teacher\",\"rows\",\"bias\",\"spread\",\"mean_absolute\"",           \
           MEMBER("evaluations", COUNT) "," MEMBER("teacher", TEXT) "," MEMBER(                    \
               "rows", COUNT) "," MEMBER("bias",                                                   \
                                         NUMBER) "," MEMBER("spread",                              \
                                                            NUMBER) "," MEMBER("mean_absolute",    \
                                                                               NUMBER))
#define FAILURE OBJECT("\"row\",\"reason\"", MEMBER("row", COUNT) "," MEMBER("reason", TEXT))

/* A member of the answers to some kinds of query, and of which of these it may be absent. */
static const struct row {
    unsigned kinds, absent;
    const char *name, *schema, *help; /* as in struct adv_schema_member */
} rows[] = {
    {ALL, 0, "model", TEXT, "the model's name"},
    {ALL, ALL, "guidance", NUMBER, "guidance weight, of models with a null class"},
    {FROM_BASE | VELOCITY | SCORE, FROM_BASE | VELOCITY | SCORE, "columns", ARRAY(TEXT),
     "what the numbers of a point are called, of models that know"},
    {ALL, ALL, "context_columns", ARRAY(TEXT),
     "what the numbers of a context are called, of models that take one and know"},
    {ALL, ALL, "context", EITHER(ARRAY(ARRAY(NUMBER)), NIL),
     "what the model was conditioned on, a row per context; null: nothing"},
    {ALL, ALL, "context_distance", ARRAY(NUMBER),
     "of each context from those of the training: that of its farthest number from their mean, in "
     "standard deviations once the model has mapped it"},
    {ALL, ALL, "context_extrapolates", "{\"type\":\"boolean\"}",
     "whether a context is beyond all of the training"},
    {FROM_BASE, 0, "seed", COUNT, "seed of the base samples"},
    {FROM_BASE, 0, "first", COUNT, "index of the first sample in the stream of the seed"},
    {TRAJECTORIES, 0, "times", ARRAY(NUMBER), "time of each frame"},
    {SAMPLES, 0, "shape", SHAPE(2), "samples, dimensions"},
    {SAMPLES, 0, "samples", ARRAY(ARRAY(NUMBER)), "points in data units, a row per sample"},
    {TRAJECTORIES, 0, "shape", SHAPE(3), "frames, samples, dimensions"},
    {TRAJECTORIES, 0, "trajectories", ARRAY(ARRAY(ARRAY(NUMBER))),
     "states in data units, by frame and sample"},
    {FROM_BASE, 0, "labels", EITHER(ARRAY(INTEGER), NIL), "class of each; null without classes"},
    {WITH_DENSITY, SAMPLES, "log_density", ARRAY(EITHER(NUMBER, NIL)),
     "log-density of each in nats; null where it is infinite or the row has failed"},
    {WITH_DENSITY, SAMPLES, "standard_error", EITHER(ARRAY(EITHER(NUMBER, NIL)), NIL),
     "of each log-density over the probes; null where the divergence is exact"},
    {WITH_DENSITY, WITH_DENSITY, "log_density_error", ARRAY(EITHER(NUMBER, NIL)),
     "of each log-density by the integration, where errors are asked for"},
    {WITH_DENSITY, WITH_DENSITY, "bits_per_dim", ARRAY(EITHER(NUMBER, NIL)),
     "bits per dimension, of 8-bit images"},
    {WITH_DENSITY, WITH_DENSITY, "typicality", ARRAY(EITHER(NUMBER, NIL)),
     "percentile of each log-density among those of held-out rows, of models that know"},
    {WITH_DENSITY, SAMPLES, "divergence",
     EITHER(OBJECT("\"method\"", MEMBER("method", ONE("exact"))), HUTCHINSON),
     "how the divergence was computed"},
    {LOG_DENSITY | LATENTS, 0, "latents", ARRAY(ARRAY(EITHER(NUMBER, NIL))),
     "base points; null where the row has failed"},
    {LOG_DENSITY | LATENTS, LOG_DENSITY | LATENTS, "latent_error", ARRAY(EITHER(NUMBER, NIL)),
     "of each base point by the integration, where errors are asked for"},
    {LOG_DENSITY | LATENTS, LOG_DENSITY | LATENTS, "extrapolated", ARRAY(COUNT),
     "rows whose base points lie beyond the base"},
    {VELOCITY | SCORE, 0, "t", NUMBER, "time of the points"},
    {SCORE, 0, "method", CHOICE("\"path\",\"difference\""), "how the score was computed"},
    {SCORE, 0, "score", ARRAY(ARRAY(EITHER(NUMBER, NIL))),
     "a row per point, in nats per unit; null where the row has failed"},
    {SCORE, SCORE, "score_error", ARRAY(EITHER(NUMBER, NIL)),
     "of each row by steps and integration, as distance, of differences"},
    {LOG_DENSITY | LATENTS | SCORE, LOG_DENSITY | LATENTS | SCORE, "failed", ARRAY(FAILURE),
     "rows that could not be computed, and why"},
    {VELOCITY, 0, "velocity", ARRAY(ARRAY(NUMBER)), "a row per point"},
    {VELOCITY, VELOCITY, "divergence", ARRAY(NUMBER), "of the velocity at each point"},
    {SOLVED | SCORE, SCORE, "solver", EITHER(FIXED_SOLVER, ADAPTIVE_SOLVER),
     "the solver that was used"},
    {ALL & ~(TRAJECTORIES | VELOCITY), ALL, "warnings", ARRAY(TEXT),
     "sentences about the whole answer"},
    {LOG_DENSITY, LOG_DENSITY, "approximation", APPROXIMATION,
     "of log-densities by a flow map: its evaluations, and how far its log-densities were from "
     "those "
     "of its teacher on samples of the teacher, in nats"},
};

json_t *adv_render_schema(enum adv_query_kind kind)
{
    struct adv_schema_member members[ADV_COUNT(rows)];
    size_t n = 0;
    for (size_t i = 0; i < ADV_COUNT(rows); i++) {
        if (!(rows[i].kinds >> kind & 1))
            continue;
        members[n++] = (struct adv_schema_member){rows[i].name, rows[i].schema, rows[i].help,
                                                  rows[i].absent >> kind & 1};
    }
    return adv_schema_object(members, n);
}

json_t *adv_render_frame_schema(void)
{
    static const struct adv_schema_member members[] = {
        {"frame", COUNT, "index of the frame", false},
        {"t", NUMBER, "its time", false},
        {"states", ARRAY(ARRAY(NUMBER)), "states in data units, a row per sample", false},
    };
    return adv_schema_object(members, ADV_COUNT(members));
}
