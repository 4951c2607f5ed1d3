/* Answers as CSV. */
#include "core/base/mem.h"
#include "core/render/number.h"

#include <advect/extra/bytes.h>
#include <advect/extra/render.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_point(FILE *out, size_t dim, const float *point)
{
    char text[1 + ADV_FLOAT_TEXT_MAX] = ",";
    for (size_t k = 0; k < dim; k++) {
        size_t from = k ? 0 : 1;
        if (isfinite(point[k]))
            fwrite(text + from, 1, 1 + adv_write_float(text + 1, point[k]) - from, out);
        else
            fprintf(out, "%s%g", k ? "," : "", (double)point[k]);
    }
}

/* Quoted where a reader would see something else than a name. */
static void print_name(FILE *out, const char *name)
{
    bool plain =
        name[0] && !strpbrk(name, "\"#,; \t\r\n") && name[strspn(name, "+-.0123456789eE")] != '\0';
    if (plain) {
        fputs(name, out);
        return;
    }
    fputc('"', out);
    for (; *name; name++)
        fprintf(out, *name == '"' ? "\"\"" : "%c", *name);
    fputc('"', out);
}

static void print_point_names(FILE *out, const struct adv_model *model, size_t dim)
{
    for (size_t k = 0; k < dim; k++) {
        const char *name = model ? adv_model_column_name(model, k) : NULL;
        fputs(k ? "," : "", out);
        if (name)
            print_name(out, name);
        else
            fprintf(out, "x%zu", k + 1);
    }
}

/* Whether rows differ in their context, which then stands beside each. */
static bool has_contexts(const struct adv_model *model, const struct adv_answer *a)
{
    return model && a->context && a->n_contexts > 1;
}

static void print_context_names(FILE *out, const struct adv_model *model,
                                const struct adv_answer *a)
{
    for (size_t k = 0; has_contexts(model, a) && k < adv_model_context(model); k++) {
        const char *name = adv_model_context_name(model, k);
        fputc(',', out);
        if (name)
            print_name(out, name);
        else
            fprintf(out, "context%zu", k + 1);
    }
}

static void print_context(FILE *out, const struct adv_model *model, const struct adv_answer *a,
                          size_t i)
{
    if (!has_contexts(model, a))
        return;
    size_t size = adv_model_context(model), context = i / (a->n / a->n_contexts);
    fputc(',', out);
    print_point(out, size, a->context + context * size);
}

/* The columns, and what else the answer has of each sample. */
static void print_samples(FILE *out, const struct adv_model *model, const struct adv_answer *a)
{
    print_point_names(out, model, a->dim);
    fprintf(out, "%s%s%s%s", a->labels ? ",label" : "", a->log_density ? ",log_density" : "",
            a->log_density_error ? ",log_density_error" : "", a->typicality ? ",typicality" : "");
    print_context_names(out, model, a);
    fputc('\n', out);
    for (size_t i = 0; i < a->n; i++) {
        print_point(out, a->dim, a->states + i * a->dim);
        if (a->labels)
            fprintf(out, ",%d", (int)a->labels[i]);
        if (a->log_density)
            fprintf(out, ",%.17g", a->log_density[i]);
        if (a->log_density_error)
            fprintf(out, ",%.9g", a->log_density_error[i]);
        if (a->typicality)
            fprintf(out, ",%.4g", a->typicality[i]);
        print_context(out, model, a, i);
        fputc('\n', out);
    }
}

static void print_trajectories(FILE *out, const struct adv_model *model, const struct adv_answer *a)
{
    fputs("t,sample,", out);
    print_point_names(out, model, a->dim);
    print_context_names(out, model, a);
    fputc('\n', out);
    for (size_t f = 0; f < a->n_frames; f++) {
        for (size_t i = 0; i < a->n; i++) {
            fprintf(out, "%.9g,%zu,", a->times[f], i);
            print_point(out, a->dim, a->states + (f * a->n + i) * a->dim);
            print_context(out, model, a, i);
            fputc('\n', out);
        }
    }
}

static void print_log_densities(FILE *out, const struct adv_model *model,
                                const struct adv_answer *a)
{
    fprintf(out, "log_density%s%s%s%s", a->standard_error ? ",standard_error" : "",
            a->bits_per_dim ? ",bits_per_dim" : "",
            a->log_density_error ? ",log_density_error,latent_error" : "",
            a->typicality ? ",typicality,extrapolated" : "");
    print_context_names(out, model, a);
    fputc('\n', out);
    for (size_t i = 0; i < a->n; i++) {
        fprintf(out, "%.17g", a->log_density[i]);
        if (a->standard_error)
            fprintf(out, ",%.9g", a->standard_error[i]);
        if (a->bits_per_dim)
            fprintf(out, ",%.17g", a->bits_per_dim[i]);
        if (a->log_density_error)
            fprintf(out, ",%.9g,%.9g", a->log_density_error[i], a->latent_error[i]);
        if (a->typicality)
            fprintf(out, ",%.4g,%d", a->typicality[i], a->extrapolated && a->extrapolated[i]);
        print_context(out, model, a, i);
        fputc('\n', out);
    }
}

/* Base points, whose numbers are not those of the columns, nor may be taken for a context's. */
static void print_latents(FILE *out, const struct adv_model *model, const struct adv_answer *a)
{
    for (size_t k = 0; k < a->dim; k++)
        fprintf(out, "%sz%zu", k ? "," : "", k + 1);
    fputs(a->latent_error ? ",latent_error" : "", out);
    print_context_names(out, model, a);
    fputc('\n', out);
    for (size_t i = 0; i < a->n; i++) {
        print_point(out, a->dim, a->states + i * a->dim);
        if (a->latent_error)
            fprintf(out, ",%.9g", a->latent_error[i]);
        print_context(out, model, a, i);
        fputc('\n', out);
    }
}

static void print_velocities(FILE *out, const struct adv_model *model, const struct adv_answer *a)
{
    print_point_names(out, model, a->dim);
    fputs(a->divergence ? ",divergence" : "", out);
    print_context_names(out, model, a);
    fputc('\n', out);
    for (size_t i = 0; i < a->n; i++) {
        print_point(out, a->dim, a->states + i * a->dim);
        if (a->divergence)
            fprintf(out, ",%.17g", a->divergence[i]);
        print_context(out, model, a, i);
        fputc('\n', out);
    }
}

static void print_scores(FILE *out, const struct adv_model *model, const struct adv_answer *a)
{
    print_point_names(out, model, a->dim);
    fputs(a->score_error ? ",score_error" : "", out);
    print_context_names(out, model, a);
    fputc('\n', out);
    for (size_t i = 0; i < a->n; i++) {
        print_point(out, a->dim, a->states + i * a->dim);
        if (a->score_error)
            fprintf(out, ",%.9g", a->score_error[i]);
        print_context(out, model, a, i);
        fputc('\n', out);
    }
}

static void (*const printers[])(FILE *, const struct adv_model *, const struct adv_answer *) = {
    [ADV_QUERY_SAMPLES] = print_samples,           [ADV_QUERY_TRAJECTORIES] = print_trajectories,
    [ADV_QUERY_LOG_DENSITY] = print_log_densities, [ADV_QUERY_LATENTS] = print_latents,
    [ADV_QUERY_VELOCITY] = print_velocities,       [ADV_QUERY_SCORE] = print_scores,
};

/* In the locale of the thread. */
static enum adv_status print(const struct adv_model *model, const struct adv_query *query,
                             const struct adv_answer *answer, char **text, size_t *n,
                             struct adv_error *error)
{
    FILE *out = open_memstream(text, n);
    if (!out)
        return adv_no_memory(error);
    printers[query->kind](out, model, answer);
    bool failed = ferror(out) != 0;
    return fclose(out) != 0 || failed ? adv_no_memory(error) : ADV_OK;
}

enum adv_status adv_render_csv(const struct adv_model *model, const struct adv_query *query,
                               const struct adv_answer *answer, struct adv_bytes *out,
                               struct adv_error *error)
{
    char *text = NULL;
    size_t n = 0;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale)
        return adv_no_memory(error);
    locale_t users_locale = uselocale(c_locale); /* this thread only */
    enum adv_status status = print(model, query, answer, &text, &n, error);
    uselocale(users_locale);
    freelocale(c_locale);
    if (status == ADV_OK)
        status = adv_bytes_append(out, text, n, error);
    free(text);
    return status;
}
