#include "trainer/query/output.h"

#include "trainer/cli/files.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

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
    return adv_check_output(path, format->is_text, error);
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

enum adv_status adv_output_write(const struct adv_output *output, const struct adv_model *model,
                                 const struct adv_query *query, const struct adv_answer *answer,
                                 const struct adv_picture *picture, struct adv_error *error)
{
    struct adv_bytes bytes = {0};
    enum adv_status status =
        adv_render(output->format, model, query, answer, picture, &bytes, error);
    if (status == ADV_OK)
        status =
            adv_write_output(output->path, bytes.data, bytes.n, output->format->is_text, error);
    adv_bytes_release(&bytes);
    return status;
}
