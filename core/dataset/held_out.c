#include <advect/extra/held_out.h>

#include "core/dataset/examples.h"

#include <stdlib.h>

#define PIECE_ROWS ((size_t)256)

struct worker {
    struct adv_evaluator *evaluator;
    struct adv_examples examples;
    float *v; /* [PIECE_ROWS, dim] */
    enum adv_status status;
};

struct job {
    const struct adv_dataset *dataset;
    const struct adv_path *path;
    struct worker *workers;
    double *sums; /* per piece */
};

static enum adv_status worker_init(struct worker *worker, const struct adv_packed_weights *packed,
                                   const struct adv_dataset *dataset, struct adv_error *error)
{
    worker->v = calloc(PIECE_ROWS * dataset->dim, sizeof *worker->v);
    if (!worker->v)
        return adv_no_memory(error);
    enum adv_status status = adv_examples_init(&worker->examples, PIECE_ROWS, dataset, error);
    if (status == ADV_OK)
        status = adv_evaluator_new(packed, &worker->evaluator, error);
    return status;
}

static void worker_release(struct worker *worker)
{
    adv_evaluator_free(worker->evaluator);
    adv_examples_release(&worker->examples);
    free(worker->v);
}

static void sum_piece(void *context, size_t piece, int worker_number)
{
    struct job *job = context;
    struct worker *worker = &job->workers[worker_number];
    struct adv_examples *e = &worker->examples;
    size_t first = piece * PIECE_ROWS, left = job->dataset->n_held_out - first;
    size_t n = left < PIECE_ROWS ? left : PIECE_ROWS;
    adv_examples_draw_held_out(e, job->dataset, job->path, first, n);
    struct adv_points points = adv_examples_points(e, n);
    enum adv_status status = adv_evaluator_velocity(worker->evaluator, &points, worker->v, NULL);
    if (status != ADV_OK) {
        worker->status = status;
        return;
    }
    double sum = 0;
    for (size_t i = 0; i < n * e->dim; i++) {
        double difference = (double)worker->v[i] - (double)e->target[i];
        sum += difference * difference;
    }
    job->sums[piece] = sum;
}

enum adv_status adv_held_out_loss(const struct adv_dataset *dataset, const struct adv_path *path,
                                  const struct adv_packed_weights *packed, struct adv_pool *pool,
                                  double *loss, struct adv_error *error)
{
    size_t n_workers = pool ? (size_t)adv_pool_threads(pool) : 1;
    size_t n_pieces = (dataset->n_held_out + PIECE_ROWS - 1) / PIECE_ROWS;
    struct job job = {.dataset = dataset, .path = path};
    job.workers = calloc(n_workers, sizeof *job.workers);
    job.sums = calloc(n_pieces, sizeof *job.sums);
    enum adv_status status = ADV_OK;
    if (!job.workers || !job.sums) {
        adv_no_memory(error);
        status = ADV_E_MEMORY;
    }
    for (size_t i = 0; status == ADV_OK && i < n_workers; i++)
        status = worker_init(&job.workers[i], packed, dataset, error);
    if (status == ADV_OK)
        adv_pool_run(pool, n_pieces, sum_piece, &job);
    for (size_t i = 0; status == ADV_OK && i < n_workers; i++) {
        if (job.workers[i].status != ADV_OK)
            status = adv_fail(error, job.workers[i].status, "out of memory");
    }
    double sum = 0;
    for (size_t i = 0; status == ADV_OK && i < n_pieces; i++)
        sum += job.sums[i];
    if (status == ADV_OK)
        *loss = sum / (double)dataset->n_held_out / (double)dataset->dim;
    for (size_t i = 0; job.workers && i < n_workers; i++)
        worker_release(&job.workers[i]);
    free(job.workers);
    free(job.sums);
    return status;
}
