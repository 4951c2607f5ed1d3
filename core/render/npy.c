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

static void write_log_density(struct adv_writer *writer, const struct adv_answer *answer)
{
    write_header(writer, 1, &answer->n);
    for (size_t i = 0; i < answer->n; i++) {
        float value = (float)answer->log_density[i];
        adv_writer_bytes(writer, &value, sizeof value);
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
    const size_t shape[3] = {answer->n_frames, answer->n, answer->dim};
    bool frames = query->kind == ADV_QUERY_TRAJECTORIES;
    write_header(&writer, frames ? 3 : 2, frames ? shape : shape + 1);
    adv_writer_bytes(&writer, answer->states,
                     answer->n_frames * answer->n * answer->dim * sizeof *answer->states);
    return writer.status;
}
