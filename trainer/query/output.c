#include "trainer/query/output.h"

#include <advect/array_file.h>
#include <advect/memory.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define KIND(kind) (1u << (kind))
#define ANY_KIND                                                                                   \
    (KIND(ADV_QUERY_SAMPLES) | KIND(ADV_QUERY_TRAJECTORIES) | KIND(ADV_QUERY_LOG_DENSITY))

struct format {
    const char *extension;
    unsigned kinds;
    bool is_picture, is_text;
    enum adv_status (*render)(const struct adv_output *output, struct adv_bytes *bytes,
                              struct adv_error *error);
};

const char *const adv_format_names[] = {[ADV_FORMAT_AUTO] = "auto",     [ADV_FORMAT_JSON] = "json",
                                        [ADV_FORMAT_NPY] = "npy",       [ADV_FORMAT_CSV] = "csv",
                                        [ADV_FORMAT_NDJSON] = "ndjson", [ADV_FORMAT_PNG] = "png",
                                        [ADV_FORMAT_APNG] = "apng",     NULL};

/* ---------------------------------------------------------------- formats */

static enum adv_status render_json(const struct adv_output *o, struct adv_bytes *bytes,
                                   struct adv_error *error)
{
    return adv_render_json(o->model, o->query, o->answer, bytes, error);
}

static enum adv_status render_npy(const struct adv_output *o, struct adv_bytes *bytes,
                                  struct adv_error *error)
{
    return adv_render_npy(o->query, o->answer, bytes, error);
}

static enum adv_status render_png(const struct adv_output *o, struct adv_bytes *bytes,
                                  struct adv_error *error)
{
    return adv_render_png(o->model, o->query, o->answer, &o->picture, bytes, error);
}

static enum adv_status render_apng(const struct adv_output *o, struct adv_bytes *bytes,
                                   struct adv_error *error)
{
    return adv_render_animation(o->model, o->query, o->answer, &o->picture, bytes, error);
}

static enum adv_status render_ndjson(const struct adv_output *o, struct adv_bytes *bytes,
                                     struct adv_error *error)
{
    const struct adv_answer *a = o->answer;
    enum adv_status status = ADV_OK;
    for (size_t f = 0; f < a->n_frames && status == ADV_OK; f++)
        status = adv_render_frame_line(f, a->times[f], a->n, a->dim, a->states + f * a->n * a->dim,
                                       bytes, error);
    return status;
}

static void print_point(FILE *out, size_t dim, const float *point)
{
    for (size_t k = 0; k < dim; k++)
        fprintf(out, "%s%.9g", k ? "," : "", (double)point[k]);
}

static void print_point_names(FILE *out, size_t dim)
{
    for (size_t k = 0; k < dim; k++)
        fprintf(out, "%sx%zu", k ? "," : "", k + 1);
}

/* x1, x2, ..., and what else the answer has of each sample. */
static void print_samples(FILE *out, const struct adv_answer *a)
{
    print_point_names(out, a->dim);
    fprintf(out, "%s%s\n", a->labels ? ",label" : "", a->log_density ? ",log_density" : "");
    for (size_t i = 0; i < a->n; i++) {
        print_point(out, a->dim, a->states + i * a->dim);
        if (a->labels)
            fprintf(out, ",%d", (int)a->labels[i]);
        if (a->log_density)
            fprintf(out, ",%.17g", a->log_density[i]);
        fputc('\n', out);
    }
}

static void print_trajectories(FILE *out, const struct adv_answer *a)
{
    fputs("t,sample,", out);
    print_point_names(out, a->dim);
    fputc('\n', out);
    for (size_t f = 0; f < a->n_frames; f++) {
        for (size_t i = 0; i < a->n; i++) {
            fprintf(out, "%.9g,%zu,", a->times[f], i);
            print_point(out, a->dim, a->states + (f * a->n + i) * a->dim);
            fputc('\n', out);
        }
    }
}

static void print_log_densities(FILE *out, const struct adv_answer *a)
{
    fprintf(out, "log_density%s%s\n", a->standard_error ? ",standard_error" : "",
            a->bits_per_dim ? ",bits_per_dim" : "");
    for (size_t i = 0; i < a->n; i++) {
        fprintf(out, "%.17g", a->log_density[i]);
        if (a->standard_error)
            fprintf(out, ",%.9g", a->standard_error[i]);
        if (a->bits_per_dim)
            fprintf(out, ",%.17g", a->bits_per_dim[i]);
        fputc('\n', out);
    }
}

static enum adv_status render_csv(const struct adv_output *o, struct adv_bytes *bytes,
                                  struct adv_error *error)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return adv_no_memory(error);
    if (o->query->kind == ADV_QUERY_SAMPLES)
        print_samples(out, o->answer);
    else if (o->query->kind == ADV_QUERY_TRAJECTORIES)
        print_trajectories(out, o->answer);
    else
        print_log_densities(out, o->answer);
    if (fclose(out) != 0) {
        free(text);
        return adv_no_memory(error);
    }
    *bytes = (struct adv_bytes){.data = (uint8_t *)text, .n = n, .capacity = n};
    return ADV_OK;
}

static const struct format formats[] = {
    [ADV_FORMAT_JSON] = {".json", ANY_KIND, false, true, render_json},
    [ADV_FORMAT_NPY] = {".npy", ANY_KIND, false, false, render_npy},
    [ADV_FORMAT_CSV] = {".csv", ANY_KIND, false, true, render_csv},
    [ADV_FORMAT_NDJSON] = {".ndjson", KIND(ADV_QUERY_TRAJECTORIES), false, true, render_ndjson},
    [ADV_FORMAT_PNG] = {".png", KIND(ADV_QUERY_SAMPLES) | KIND(ADV_QUERY_TRAJECTORIES), true, false,
                        render_png},
    [ADV_FORMAT_APNG] = {".apng", KIND(ADV_QUERY_TRAJECTORIES), true, false, render_apng},
};

#define N_FORMATS ADV_COUNT(formats)

/* ---------------------------------------------------------------- choice */

static enum adv_status refuse_format(unsigned kinds, const char *what, struct adv_error *error)
{
    char known[96] = "";
    for (size_t f = ADV_FORMAT_JSON; f < N_FORMATS; f++) {
        size_t length = strlen(known);
        if (formats[f].kinds & kinds)
            snprintf(known + length, sizeof known - length, "%s%s", length ? ", " : "",
                     adv_format_names[f]);
    }
    return adv_fail_field(error, ADV_E_INVALID, "out",
                          "%.80s is no format of this answer; its formats are %s", what, known);
}

static enum adv_status format_of_path(unsigned kinds, const char *path, enum adv_format *format,
                                      struct adv_error *error)
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    *format = ADV_FORMAT_JSON;
    if (!dot || (slash && dot < slash))
        return ADV_OK;
    for (size_t f = ADV_FORMAT_JSON; f < N_FORMATS; f++) {
        if (!strcasecmp(dot, formats[f].extension)) {
            *format = (enum adv_format)f;
            return ADV_OK;
        }
    }
    return refuse_format(kinds, dot, error);
}

enum adv_status adv_output_format(enum adv_query_kind kind, const struct adv_model *model,
                                  const char *path, enum adv_format *format,
                                  struct adv_error *error)
{
    enum adv_format chosen = *format;
    if (chosen == ADV_FORMAT_AUTO && !path)
        chosen = ADV_FORMAT_JSON;
    if (chosen == ADV_FORMAT_AUTO) {
        enum adv_status status = format_of_path(KIND(kind), path, &chosen, error);
        if (status != ADV_OK)
            return status;
    }
    const struct format *row = &formats[chosen];
    if (!(row->kinds & KIND(kind)))
        return refuse_format(KIND(kind), adv_format_names[chosen], error);
    if (row->is_picture && !adv_render_has_picture(model))
        return adv_fail_field(error, ADV_E_INVALID, "out",
                              "there is no picture of this model's answers: its data are neither "
                              "images nor points of the plane");
    if (!row->is_text && !path && isatty(STDOUT_FILENO))
        return adv_fail_field(error, ADV_E_INVALID, "out",
                              "%s does not go to a terminal; name a file with -o",
                              adv_format_names[chosen]);
    *format = chosen;
    return ADV_OK;
}

/* ---------------------------------------------------------------- writing */

static enum adv_status write_stdout(const struct adv_bytes *bytes, bool is_text,
                                    struct adv_error *error)
{
    bool complete = fwrite(bytes->data, 1, bytes->n, stdout) == bytes->n;
    if (complete && is_text && bytes->n > 0 && bytes->data[bytes->n - 1] != '\n')
        complete = fputc('\n', stdout) != EOF;
    if (fflush(stdout) != 0 || !complete)
        return adv_fail(error, ADV_E_IO, "cannot write to stdout: %s", strerror(errno));
    return ADV_OK;
}

enum adv_status adv_output_write(const struct adv_output *output, enum adv_format format,
                                 const char *path, struct adv_error *error)
{
    struct adv_bytes bytes = {0};
    enum adv_status status = formats[format].render(output, &bytes, error);
    if (status == ADV_OK && path)
        status = adv_file_replace(path, bytes.data, bytes.n, error);
    else if (status == ADV_OK)
        status = write_stdout(&bytes, formats[format].is_text, error);
    adv_bytes_release(&bytes);
    return status;
}
