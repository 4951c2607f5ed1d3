#include "core/base/mem.h"
#include "core/request/table.h"

#include <math.h>
#include <stdlib.h>

enum adv_status adv_request_new(enum adv_query_kind kind, struct adv_request **out,
                                struct adv_error *error)
{
    struct adv_request *request = adv_calloc(1, sizeof *request);
    if (!request)
        return adv_no_memory(error);
    request->kind = kind;
    request->max_rows = request->max_times = SIZE_MAX;
    for (size_t i = 0; i < adv_request_n_rows; i++) {
        const struct adv_request_row *row = &adv_request_rows[i];
        if (row->read)
            continue;
        enum adv_status status = adv_fields_init(&row->field, 1, &request->options, error);
        if (status != ADV_OK) {
            adv_request_free(request);
            return status;
        }
    }
    /* Their defaults depend on the model or on other fields, or contradict them. */
    struct adv_request_options *options = &request->options;
    options->n = options->seed = options->frames = options->timeout_ms = ADV_NOT_GIVEN;
    options->method = options->steps = ADV_NOT_GIVEN;
    options->rtol = options->atol = ADV_NOT_GIVEN;
    options->guidance = options->noise = NAN;
    options->divergence_method = options->probes = options->probe_seed = ADV_NOT_GIVEN;
    options->renew_probes = options->errors = ADV_NOT_GIVEN;
    *out = request;
    return ADV_OK;
}

void adv_request_free(struct adv_request *request)
{
    if (!request)
        return;
    free(request->points);
    free(request->labels);
    free(request->label_names.at);
    adv_bytes_release(&request->label_names.text);
    free(request->context);
    free(request->times);
    free(request->row_labels);
    free(request->row_times);
    free(request);
}

enum adv_status adv_request_set_points(struct adv_request *request, size_t n, size_t dim,
                                       float *points, struct adv_error *error)
{
    free(request->points);
    request->points = points;
    request->points_are = ADV_POINTS_NUMBERS;
    request->n_points = n;
    request->dim = dim;
    const char *name = adv_query_from_base(request->kind) ? "x0" : "points";
    if (n == 0 || dim == 0)
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s has %zu rows of %zu numbers; it must have at least 1 of each",
                              name, n, dim);
    return ADV_OK;
}

void adv_request_tell_errors(struct adv_request *request)
{
    request->errors_by_default = true;
}

int64_t adv_request_timeout_ms(const struct adv_request *request)
{
    return request->options.timeout_ms;
}

int adv_request_priority(const struct adv_request *request)
{
    return (int)request->options.priority - 1;
}
