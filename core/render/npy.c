#include "core/base/mem.h"
#include "core/render/writer.h"

#include <advect/array_file.h>
#include <advect/extra/render.h>

static void write_header(struct adv_writer *writer, int n_dims, const size_t *shape)
{
    char header[ADV_NPY_HEADER_MAX];
    size_t n = adv_npy_header("<f4", n_dims, shape, header);
    adv_writer_bytes(writer, header, n);
}

static void write_float(struct adv_writer *writer, double number)
{
    float value = (float)number;
    adv_writer_bytes(writer, &value, sizeof value);
}

/* [n], or with errors [n, 2]. */
static void write_log_density(struct adv_writer *writer, const struct adv_answer *answer)
{
    const size_t shape[2] = {answer->n, 2};
    write_header(writer, answer->log_density_error ? 2 : 1, shape);
    for (size_t i = 0; i < answer->n; i++) {
        write_float(writer, answer->log_density[i]);
        if (answer->log_density_error)
            write_float(writer, answer->log_density_error[i]);
    }
}

/* [n, dim + 1] */
static void write_states_with_errors(struct adv_writer *writer, const struct adv_answer *answer,
                                     const double *errors)
{
    const size_t shape[2] = {answer->n, answer->dim + 1};
    write_header(writer, 2, shape);
    for (size_t i = 0; i < answer->n; i++) {
        const float *state = answer->states + i * answer->dim;
        adv_writer_bytes(writer, state, answer->dim * sizeof *state);
        write_float(writer, errors[i]);
    }
}

enum adv_status adv_render_npy(const struct adv_query *query, const struct adv_answer *answer,
                               struct adv_bytes *out, struct adv_error *error)
{
    struct adv_writer writer = {.out = out, .error = error};
    if (query->kind == ADV_QUERY_LOG_DENSITY) {
        write_log_density(&writer, answer);
        return writer.status;
    }
    const double *errors = query->kind == ADV_QUERY_LATENTS ? answer->latent_error
                           : query->kind == ADV_QUERY_SCORE ? answer->score_error
                                                            : NULL;
    if (errors) {
        write_states_with_errors(&writer, answer, errors);
        return writer.status;
    }
    const size_t shape[3] = {answer->n_frames, answer->n, answer->dim};
    bool frames = query->kind == ADV_QUERY_TRAJECTORIES;
    write_header(&writer, frames ? 3 : 2, frames ? shape : shape + 1);
    adv_writer_bytes(&writer, answer->states,
                     answer->n_frames * answer->n * answer->dim * sizeof *answer->states);
    return writer.status;
}
