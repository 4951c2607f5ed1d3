/* The JSON objects of the HTTP contract, written straight from the answer's buffers. Names of
 * models, solvers and methods are plain characters, so nothing has to be escaped but the names of
 * columns. */
#include "core/base/mem.h"
#include "core/render/writer.h"

#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/render.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_solver(struct adv_writer *writer, const struct adv_answer *answer)
{
    const struct adv_solver_spec *spec = &answer->solver;
    adv_writer_text(writer, ",\"solver\":{\"method\":\"%s\"", adv_solver_name(spec->solver));
    if (adv_solver_is_adaptive(spec->solver)) {
        adv_writer_text(writer, ",\"rtol\":");
        adv_writer_double(writer, spec->rtol);
        adv_writer_text(writer, ",\"atol\":");
        adv_writer_double(writer, spec->atol);
    } else {
        adv_writer_text(writer, ",\"steps\":%lld", (long long)spec->steps);
    }
    if (adv_solver_is_stochastic(spec->solver)) {
        adv_writer_text(writer, ",\"noise\":");
        adv_writer_double(writer, answer->noise);
    }
    adv_writer_text(writer, ",\"nfe\":%lld}", (long long)answer->nfe);
}

static void write_labels(struct adv_writer *writer, const struct adv_answer *answer)
{
    adv_writer_text(writer, ",\"labels\":");
    if (answer->labels)
        adv_writer_labels(writer, answer->n, answer->labels);
    else
        adv_writer_text(writer, "null");
}

/* What a model that can be guided was guided with. */
static void write_guidance(struct adv_writer *writer, const struct adv_model *model,
                           const struct adv_query *query)
{
    if (!adv_model_has_null_class(model) && !adv_model_has_null_context(model))
        return;
    adv_writer_text(writer, ",\"guidance\":");
    adv_writer_double(writer, query->guidance);
}

/* "name": the array of names, as the config has them. */
static void write_names(struct adv_writer *writer, const char *name, const json_t *names)
{
    char *text = adv_json_dump(names, JSON_COMPACT);
    if (!text) {
        writer->status = adv_no_memory(writer->error);
        return;
    }
    adv_writer_text(writer, ",\"%s\":", name);
    adv_writer_bytes(writer, text, strlen(text));
    free(text);
}

/* What the numbers of a point are called, of answers that hold points and of models that say it. */
static void write_columns(struct adv_writer *writer, const struct adv_model *model,
                          const struct adv_query *query)
{
    bool has_points = query->kind == ADV_QUERY_SAMPLES || query->kind == ADV_QUERY_TRAJECTORIES ||
                      query->kind == ADV_QUERY_VELOCITY || query->kind == ADV_QUERY_SCORE;
    const json_t *data = json_object_get(adv_model_config_json(model), "data");
    if (!has_points || !adv_model_column_name(model, 0))
        return;
    write_names(writer, "columns", json_object_get(data, "columns"));
}

/* "name": [..], where the answer has it. */
static void write_values(struct adv_writer *writer, const char *name, size_t n,
                         const double *values)
{
    if (!values)
        return;
    adv_writer_text(writer, ",\"%s\":", name);
    adv_writer_doubles(writer, n, values);
}

/* What a model that takes a context was conditioned on, and whether it has seen such. */
static void write_context(struct adv_writer *writer, const struct adv_model *model,
                          const struct adv_answer *answer)
{
    const json_t *data = json_object_get(adv_model_config_json(model), "data");
    size_t width = adv_model_context(model);
    double reach = adv_model_context_reach(model);
    bool extrapolates = false;
    if (width == 0)
        return;
    if (adv_model_context_name(model, 0))
        write_names(writer, "context_columns",
                    json_object_get(json_object_get(data, "context"), "columns"));
    adv_writer_text(writer, ",\"context\":%s", answer->context ? "" : "null");
    if (!answer->context)
        return;
    adv_writer_rows(writer, answer->n_contexts, width, answer->context);
    write_values(writer, "context_distance", answer->n_contexts, answer->context_distance);
    if (!answer->context_distance || !isfinite(reach))
        return;
    for (size_t i = 0; i < answer->n_contexts; i++)
        extrapolates = extrapolates || answer->context_distance[i] > reach;
    adv_writer_text(writer, ",\"context_extrapolates\":%s", extrapolates ? "true" : "false");
}

/* "approximation": of log-densities by a flow map, which are not the teacher's exact ones. */
static void write_approximation(struct adv_writer *writer, const struct adv_model *model,
                                const struct adv_answer *answer)
{
    const struct adv_flow_map_error *e = answer->flow_map_error;
    const char *teacher = adv_model_teacher(model);
    if (!e)
        return;
    adv_writer_text(writer, ",\"approximation\":{\"evaluations\":%lld,\"teacher\":\"%s\"",
                    (long long)answer->nfe, teacher ? teacher : "");
    adv_writer_text(writer, ",\"rows\":%lld,\"bias\":", (long long)e->rows);
    adv_writer_double(writer, e->bias);
    adv_writer_text(writer, ",\"spread\":");
    adv_writer_double(writer, e->spread);
    adv_writer_text(writer, ",\"mean_absolute\":");
    adv_writer_double(writer, e->mean_absolute);
    adv_writer_text(writer, "}");
}

/* Log-densities with their error, and how their divergence was taken. */
static void write_log_density(struct adv_writer *writer, const struct adv_query *query,
                              const struct adv_answer *answer)
{
    bool exact = answer->divergence_method == ADV_DIVERGENCE_EXACT;
    bool spread = answer->interval_factor > 0;
    write_values(writer, "log_density", answer->n, answer->log_density);
    if (answer->standard_error)
        write_values(writer, "standard_error", answer->n, answer->standard_error);
    else
        adv_writer_text(writer, ",\"standard_error\":null");
    write_values(writer, "log_density_error", answer->n, answer->log_density_error);
    write_values(writer, "bits_per_dim", answer->n, answer->bits_per_dim);
    write_values(writer, "typicality", answer->n, answer->typicality);
    if (exact)
        adv_writer_text(writer, ",\"divergence\":{\"method\":\"exact\"}");
    else
        adv_writer_text(writer,
                        ",\"divergence\":{\"method\":\"hutchinson\",\"probes\":%zu,\"seed\":%llu,"
                        "\"renew\":%s,\"interval_factor\":",
                        answer->probes, (unsigned long long)query->probe_seed,
                        answer->renew_probes ? "true" : "false");
    if (!exact)
        adv_writer_double(writer, spread ? answer->interval_factor : NAN);
    adv_writer_text(writer, exact ? "" : "}");
}

/* "warnings": ["..", ..], where there are any: plain sentences, nothing to escape. */
static void write_warnings(struct adv_writer *writer, const struct adv_answer *answer)
{
    const char *const *warnings = answer->warnings;
    for (size_t i = 0; warnings && warnings[i]; i++)
        adv_writer_text(writer, "%s\"%s\"", i ? "," : ",\"warnings\":[", warnings[i]);
    if (warnings)
        adv_writer_text(writer, "]");
}

static void write_samples(struct adv_writer *writer, const struct adv_query *query,
                          const struct adv_answer *answer)
{
    adv_writer_text(writer, ",\"seed\":%llu,\"first\":%llu,\"shape\":[%zu,%zu],\"samples\":",
                    (unsigned long long)query->seed, (unsigned long long)query->first, answer->n,
                    answer->dim);
    adv_writer_rows(writer, answer->n, answer->dim, answer->states);
    write_labels(writer, answer);
    if (answer->log_density)
        write_log_density(writer, query, answer);
    write_solver(writer, answer);
    write_warnings(writer, answer);
}

static void write_trajectories(struct adv_writer *writer, const struct adv_query *query,
                               const struct adv_answer *answer)
{
    adv_writer_text(writer, ",\"seed\":%llu,\"first\":%llu", (unsigned long long)query->seed,
                    (unsigned long long)query->first);
    write_values(writer, "times", answer->n_frames, answer->times);
    adv_writer_text(writer, ",\"shape\":[%zu,%zu,%zu],\"trajectories\":", answer->n_frames,
                    answer->n, answer->dim);
    for (size_t f = 0; f < answer->n_frames; f++) {
        adv_writer_bytes(writer, f ? "," : "[", 1);
        adv_writer_rows(writer, answer->n, answer->dim,
                        answer->states + f * answer->n * answer->dim);
    }
    adv_writer_text(writer, "]");
    write_labels(writer, answer);
    write_solver(writer, answer);
}

/* "failed": [{"row", "reason"}, ..] of the rows whose values are null, if there are any. */
static void write_failures(struct adv_writer *writer, const struct adv_answer *answer)
{
    bool any = false;
    for (size_t i = 0; answer->failures && i < answer->n; i++) {
        if (!answer->failures[i])
            continue;
        adv_writer_text(writer, "%s{\"row\":%zu,\"reason\":\"%s\"}", any ? "," : ",\"failed\":[", i,
                        answer->failures[i]);
        any = true;
    }
    if (any)
        adv_writer_text(writer, "]");
}

/* "extrapolated": [row, ..], where there are any. */
static void write_extrapolated(struct adv_writer *writer, const struct adv_answer *answer)
{
    bool any = false;
    for (size_t i = 0; answer->extrapolated && i < answer->n; i++) {
        if (!answer->extrapolated[i])
            continue;
        adv_writer_text(writer, "%s%zu", any ? "," : ",\"extrapolated\":[", i);
        any = true;
    }
    if (any)
        adv_writer_text(writer, "]");
}

static void write_densities(struct adv_writer *writer, const struct adv_query *query,
                            const struct adv_answer *answer)
{
    write_log_density(writer, query, answer);
    adv_writer_text(writer, ",\"latents\":");
    adv_writer_rows(writer, answer->n, answer->dim, answer->latents);
    write_values(writer, "latent_error", answer->n, answer->latent_error);
    write_extrapolated(writer, answer);
    write_failures(writer, answer);
    write_solver(writer, answer);
    write_warnings(writer, answer);
}

static void write_latents(struct adv_writer *writer, const struct adv_query *query,
                          const struct adv_answer *answer)
{
    (void)query;
    adv_writer_text(writer, ",\"latents\":");
    adv_writer_rows(writer, answer->n, answer->dim, answer->states);
    write_values(writer, "latent_error", answer->n, answer->latent_error);
    write_extrapolated(writer, answer);
    write_failures(writer, answer);
    write_solver(writer, answer);
    write_warnings(writer, answer);
}

static void write_velocities(struct adv_writer *writer, const struct adv_query *query,
                             const struct adv_answer *answer)
{
    adv_writer_text(writer, ",\"t\":");
    adv_writer_double(writer, query->t);
    adv_writer_text(writer, ",\"velocity\":");
    adv_writer_rows(writer, answer->n, answer->dim, answer->states);
    write_values(writer, "divergence", answer->n, answer->divergence);
}

static void write_scores(struct adv_writer *writer, const struct adv_query *query,
                         const struct adv_answer *answer)
{
    bool by_difference = query->score_method == ADV_SCORE_DIFFERENCE;
    adv_writer_text(writer, ",\"t\":");
    adv_writer_double(writer, query->t);
    adv_writer_text(writer, ",\"method\":\"%s\",\"score\":", by_difference ? "difference" : "path");
    adv_writer_rows(writer, answer->n, answer->dim, answer->states);
    write_values(writer, "score_error", answer->n, answer->score_error);
    write_failures(writer, answer);
    if (by_difference)
        write_solver(writer, answer);
    write_warnings(writer, answer);
}

static void (*const bodies[])(struct adv_writer *, const struct adv_query *,
                              const struct adv_answer *) = {
    [ADV_QUERY_SAMPLES] = write_samples,       [ADV_QUERY_TRAJECTORIES] = write_trajectories,
    [ADV_QUERY_LOG_DENSITY] = write_densities, [ADV_QUERY_LATENTS] = write_latents,
    [ADV_QUERY_VELOCITY] = write_velocities,   [ADV_QUERY_SCORE] = write_scores,
};

enum adv_status adv_render_json(const struct adv_model *model, const struct adv_query *query,
                                const struct adv_answer *answer, struct adv_bytes *out,
                                struct adv_error *error)
{
    struct adv_writer writer = {.out = out, .error = error};
    adv_writer_text(&writer, "{\"model\":\"%s\"", adv_model_name(model));
    write_guidance(&writer, model, query);
    write_columns(&writer, model, query);
    write_context(&writer, model, answer);
    bodies[query->kind](&writer, query, answer);
    write_approximation(&writer, model, answer);
    adv_writer_text(&writer, "}");
    return writer.status;
}

enum adv_status adv_render_frame_line(size_t f, double t, size_t n, size_t dim, const float *states,
                                      struct adv_bytes *out, struct adv_error *error)
{
    struct adv_writer writer = {.out = out, .error = error};
    adv_writer_text(&writer, "{\"frame\":%zu,\"t\":", f);
    adv_writer_double(&writer, t);
    adv_writer_text(&writer, ",\"states\":");
    adv_writer_rows(&writer, n, dim, states);
    adv_writer_text(&writer, "}\n");
    return writer.status;
}
