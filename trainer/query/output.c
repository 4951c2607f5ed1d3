#include "trainer/query/output.h"

#include <advect/array_file.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---------------------------------------------------------------- choice */

void adv_output_choices(const char *choices[ADV_OUTPUT_CHOICES])
{
    choices[0] = "auto";
    for (size_t i = 0; i < ADV_FORMATS; i++)
        choices[1 + i] = adv_format((enum adv_format_id)i)->name;
    choices[1 + ADV_FORMATS] = NULL;
}

static enum adv_status refuse(enum adv_query_kind kind, const char *what, struct adv_error *error)
{
    char known[96] = "";
    for (size_t i = 0; i < ADV_FORMATS; i++) {
        const struct adv_format *format = adv_format((enum adv_format_id)i);
        size_t length = strlen(known);
        if (adv_format_has(format, kind))
            snprintf(known + length, sizeof known - length, "%s%s", length ? ", " : "",
                     format->name);
    }
    return adv_fail_field(error, ADV_E_INVALID, "out",
                          "%.80s is no format of this answer; its formats are %s", what, known);
}

static enum adv_status find_by_path(const char *path, enum adv_query_kind kind,
                                    const struct adv_format **format, struct adv_error *error)
{
    const char *dot = path ? strrchr(path, '.') : NULL, *slash = path ? strrchr(path, '/') : NULL;
    *format = adv_format(ADV_FORMAT_JSON);
    if (!dot || (slash && dot < slash))
        return ADV_OK;
    for (size_t i = 0; i < ADV_FORMATS; i++) {
        *format = adv_format((enum adv_format_id)i);
        if (!strcasecmp(dot, (*format)->extension))
            return ADV_OK;
    }
    return refuse(kind, dot, error);
}

static enum adv_status check(const struct adv_format *format, const char *path,
                             enum adv_query_kind kind, const struct adv_model *model,
                             struct adv_error *error)
{
    if (!adv_format_has(format, kind))
        return refuse(kind, format->name, error);
    if (format->is_picture && !adv_render_has_picture(model, kind))
        return adv_fail_field(error, ADV_E_INVALID, "out",
                              "there is no picture of this model's answers: its points have %zu "
                              "dimensions",
                              adv_model_dim(model));
    if (!format->is_text && !path && isatty(STDOUT_FILENO))
        return adv_fail_field(error, ADV_E_INVALID, "out",
                              "%s does not go to a terminal; name a file with -o", format->name);
    return ADV_OK;
}

enum adv_status adv_output_choose(struct adv_output *output, int64_t choice,
                                  enum adv_query_kind kind, const struct adv_model *model,
                                  struct adv_error *error)
{
    const struct adv_format *format = NULL;
    enum adv_status status = ADV_OK;
    if (choice > 0)
        format = adv_format((enum adv_format_id)(choice - 1));
    else
        status = find_by_path(output->path, kind, &format, error);
    if (status == ADV_OK)
        status = check(format, output->path, kind, model, error);
    if (status == ADV_OK)
        output->format = format;
    return status;
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

enum adv_status adv_output_write(const struct adv_output *output, const struct adv_model *model,
                                 const struct adv_query *query, const struct adv_answer *answer,
                                 const struct adv_picture *picture, struct adv_error *error)
{
    struct adv_bytes bytes = {0};
    enum adv_status status =
        adv_render(output->format, model, query, answer, picture, &bytes, error);
    if (status == ADV_OK && output->path)
        status = adv_file_replace(output->path, bytes.data, bytes.n, error);
    else if (status == ADV_OK)
        status = write_stdout(&bytes, output->format->is_text, error);
    adv_bytes_release(&bytes);
    return status;
}
