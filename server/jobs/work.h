/* What a job has to do: a query to a model, and how its answer is written down.
 *
 * All but the run is fixed before the job is submitted. The run is made by the worker that takes
 * the first turn, which others see through the scheduler's mutex. */
#ifndef ADV_SERVER_WORK_H
#define ADV_SERVER_WORK_H

#include "server/reply/picture_cache.h"
#include "server/reply/reply.h"

#include <advect/extra/render.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct adv_work {
    struct adv_model *model;     /* a reference */
    struct adv_request *request; /* owned; the query borrows its arrays */
    struct adv_query query;
    const struct adv_format *format;
    struct adv_picture picture;
    struct adv_headers headers;      /* of a reply with the answer */
    size_t numbers;                  /* in the answer */
    struct adv_picture_cache *cache; /* takes a copy of the reply; or NULL */
    char *cache_key;                 /* owned; NULL without a cache */

    struct adv_run *run;   /* NULL until a worker has prepared it */
    atomic_bool rendering; /* whoever has set it renders frames */
    size_t n_frames_rendered;
};

/* Takes over request, takes a reference to model; the rest is the caller's to fill in. */
void adv_work_init(struct adv_work *work, struct adv_model *model, struct adv_request *request);
void adv_work_release(struct adv_work *work);

/* What the computation holds; of the query, its numbers stay. */
void adv_work_release_run(struct adv_work *work);

/* For an answer that is kept: a model that is served no more may go. */
void adv_work_release_model(struct adv_work *work);

/* Whether the answer is sent frame by frame, while it is computed. */
bool adv_work_streams(const struct adv_work *work);

/* Makes the run: drawing the start states is computing, too. */
enum adv_status adv_work_prepare(struct adv_work *work, size_t *n_shards, struct adv_error *error);

/* Renders the next frame that all rows have reached by now as a line, if there is one: *line stays
 * empty where there is none. Only by whoever has set `rendering`. states [n, dim]: scratch. */
enum adv_status adv_work_render_next(struct adv_work *work, float *states, struct adv_bytes *line,
                                     struct adv_error *error);

/* The frames that adv_work_render_next would render now. */
size_t adv_work_frames_due(const struct adv_work *work);

/* The whole answer of a run that has ended, as a reply; of a stream, without a body. *nfe: velocity
 * evaluations. */
enum adv_status adv_work_reply(struct adv_work *work, struct adv_reply *reply, int64_t *nfe,
                               struct adv_error *error);

#endif
