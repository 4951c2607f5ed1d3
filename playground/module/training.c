/* A training in slices. Its answer is lines of JSON, about two a second and one at the end:
 *
 *     {"step", "steps", "seconds", "loss", "held_out", "over", "kl", "kl_standard_error", "points",
 *      "kl_step"}
 *
 * kl is the KL divergence of the true density from the model so far, in nats, where the recipe's data
 * are of a density that has a closed form, as `advect eval` measures it: the mean of log p - log q
 * over points of p, the first of those that it takes. It is measured on the way as often as costs a
 * quarter of the time, with fewer points than at the end. null: not measured since the line before.
 * kl_step: the steps that the measured model had taken; training has gone on since.
 *
 * The model so far is put on the shelf with every line, under the recipe's name. */
#include "playground/module/exchange.h"

#include <advect/extra/dataset.h>
#include <advect/extra/density.h>
#include <advect/extra/evaluator.h>
#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/run_shards.h>
#include <advect/extra/snapshot.h>
#include <advect/query.h>
#include <advect/train.h>
#include <math.h>
#include <stdlib.h>

#define LINE_EVERY_S 0.5
#define MEASURED_SHARE 0.25
#define POINTS_ON_THE_WAY 256
#define POINTS_AT_THE_END 2048

/* A measurement of the model so far, under way. */
struct measurement {
    struct adv_run *run; /* NULL: none is under way */
    struct adv_evaluator *evaluator;
    size_t shard, n;
    int64_t step;   /* of the model */
    double seconds; /* that it took */
};

struct work {
    struct adv_training *training;
    struct adv_density *density; /* NULL: there is no true density in closed form */
    float *points;               /* [POINTS_AT_THE_END, dim] of the density */
    double *truth;               /* [POINTS_AT_THE_END], its log-densities there */
    struct measurement measurement;
    double trained_s;   /* since the last measurement */
    double last_line_s; /* when */
    double kl, kl_error;
    int64_t kl_step;
    size_t n_measured; /* points of kl; 0: it was told already */
    bool told_end;
};

static void end_measurement(struct measurement *measurement)
{
    adv_run_free(measurement->run);
    adv_evaluator_free(measurement->evaluator);
    measurement->run = NULL;
    measurement->evaluator = NULL;
}

static void release(void *state)
{
    struct work *work = state;
    end_measurement(&work->measurement);
    adv_training_free(work->training);
    adv_density_free(work->density);
    free(work->points);
    free(work->truth);
    free(work);
}

/* ---------------------------------------------------------------- the true density */

/* Of a recipe that was taken: a source that is no density, or one without a closed form, has no
 * truth to be held against. The points are those of `advect eval` without a seed. */
static enum adv_status find_truth(struct work *work, const json_t *recipe, struct adv_error *error)
{
    const json_t *source = json_object_get(json_object_get(recipe, "data"), "source");
    const json_t *spec = json_object_get(source, "density");
    if (!spec)
        return ADV_OK;
    enum adv_status status = adv_density_new(spec, &work->density, error);
    if (status != ADV_OK)
        return status;
    size_t n = POINTS_AT_THE_END, dim = adv_density_dim(work->density);
    work->points = calloc(n * dim, sizeof *work->points);
    work->truth = calloc(n, sizeof *work->truth);
    if (!work->points || !work->truth)
        return adv_no_memory(error);
    adv_density_sample(work->density, adv_seed_for(0, ADV_SEED_HELD_OUT), 0, n, work->points);
    if (!adv_density_log_density(work->density, n, work->points, work->truth)) {
        adv_density_free(work->density);
        work->density = NULL;
    }
    return ADV_OK;
}

static enum adv_status begin_measurement(struct work *work, struct adv_model *model, size_t n,
                                         struct adv_error *error)
{
    struct measurement *m = &work->measurement;
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = m->n = n;
    query.points = work->points;
    query.solver = adv_query_default_solver(&query, model);
    m->shard = 0;
    m->step = adv_training_progress(work->training)->step;
    m->seconds = 0;
    enum adv_status status = adv_run_new(model, &query, &m->run, error);
    if (status == ADV_OK)
        status = adv_evaluator_new(adv_model_packed_weights(model), &m->evaluator, error);
    if (status != ADV_OK)
        end_measurement(m);
    return status;
}

static void take_kl(struct work *work, const struct adv_answer *answer)
{
    double sum = 0, squares = 0, n = (double)answer->n;
    for (size_t i = 0; i < answer->n; i++) {
        double gain = work->truth[i] - answer->log_density[i];
        sum += gain;
        squares += gain * gain;
    }
    work->kl = sum / n;
    work->kl_error = sqrt(fmax(0, squares / n - work->kl * work->kl) / (n - 1));
    work->kl_step = work->measurement.step;
    work->n_measured = answer->n;
}

/* A model that cannot be measured, early on, is trained on. */
static void advance_measurement(struct work *work, double until_s)
{
    struct measurement *m = &work->measurement;
    const struct adv_answer *answer;
    double began_s = adv_local_now();
    while (m->shard < adv_run_shards(m->run) && adv_local_now() < until_s)
        m->shard += adv_run_advance(m->run, m->shard, m->evaluator);
    m->seconds += adv_local_now() - began_s;
    if (m->shard < adv_run_shards(m->run))
        return;
    if (adv_run_finish(m->run, &answer, NULL) == ADV_OK)
        take_kl(work, answer);
    end_measurement(m);
    work->trained_s = 0;
}

/* ---------------------------------------------------------------- lines */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void tell(struct adv_local_exchange *exchange, struct work *work, bool over)
{
    const struct adv_training_progress *p = adv_training_progress(work->training);
    bool measured = work->n_measured > 0;
    adv_local_add_line(
        exchange, json_pack("{s:I, s:I, s:f, s:o, s:o, s:b, s:o, s:o, s:I, s:I}", "step",
                            (json_int_t)p->step, "steps", (json_int_t)p->steps, "seconds",
                            p->seconds, "loss", number(p->loss), "held_out", number(p->held_out),
                            "over", over, "kl", number(measured ? work->kl : NAN),
                            "kl_standard_error", number(measured ? work->kl_error : NAN), "points",
                            (json_int_t)work->n_measured, "kl_step", (json_int_t)work->kl_step));
    work->n_measured = 0;
    work->last_line_s = adv_local_now();
}

/* Puts the model so far on the shelf, and begins to measure it where that is due. */
static enum adv_status show(struct adv_local_exchange *exchange, struct work *work,
                            struct adv_error *error)
{
    bool over = adv_training_progress(work->training)->over;
    struct adv_model *model = NULL;
    enum adv_status status = over ? adv_training_model(work->training, &model, error)
                                  : adv_training_snapshot(work->training, &model, error);
    if (status == ADV_OK)
        status = adv_shelf_put(exchange->shelf, model, error);
    if (status != ADV_OK || !work->density)
        return status;
    double due_s = work->measurement.seconds * (1 / MEASURED_SHARE - 1);
    if (over || work->trained_s >= due_s)
        status =
            begin_measurement(work, model, over ? POINTS_AT_THE_END : POINTS_ON_THE_WAY, error);
    return status;
}

/* ---------------------------------------------------------------- slices */

static enum adv_status advance_steps(struct work *work, double until_s, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    double began_s = adv_local_now(), now_s = began_s;
    while (status == ADV_OK && !adv_training_progress(work->training)->over && now_s < until_s) {
        status = adv_training_step(work->training, NULL, error);
        now_s = adv_local_now();
    }
    work->trained_s += now_s - began_s;
    return status;
}

static enum adv_status slice(struct adv_local_exchange *exchange, struct work *work, double until_s,
                             bool *ended, struct adv_error *error)
{
    const struct adv_training_progress *progress = adv_training_progress(work->training);
    enum adv_status status = ADV_OK;
    if (work->measurement.run)
        advance_measurement(work, until_s);
    else
        status = advance_steps(work, until_s, error);
    bool measuring = work->measurement.run != NULL;
    if (status != ADV_OK)
        return status;
    if (progress->over && !measuring && work->told_end) {
        tell(exchange, work, true);
        *ended = true;
    } else if (!measuring &&
               (progress->over || adv_local_now() - work->last_line_s >= LINE_EVERY_S)) {
        work->told_end = progress->over;
        status = show(exchange, work, error);
        tell(exchange, work, false);
    }
    return status;
}

static bool advance(struct adv_local_exchange *exchange, void *state, double until_s)
{
    struct adv_error error = ADV_ERROR_INIT;
    bool ended = false;
    if (slice(exchange, state, until_s, &ended, &error) == ADV_OK)
        return ended;
    adv_local_add_line(exchange, adv_local_problem(&error));
    return true;
}

static const struct adv_local_task task = {advance, release};

static enum adv_status start(const struct adv_local_exchange *exchange, struct work *work,
                             struct adv_error *error)
{
    const struct adv_training_options options = {.size = sizeof options, .threads = 1};
    json_t *recipe = NULL;
    char *text = NULL;
    enum adv_status status = adv_json_parse(exchange->sent, exchange->n_sent, &recipe, error);
    if (status == ADV_OK) {
        text = adv_json_dump(recipe, JSON_COMPACT);
        status =
            text ? adv_training_new(text, &options, &work->training, error) : adv_no_memory(error);
    }
    if (status == ADV_OK)
        status = find_truth(work, recipe, error);
    json_decref(recipe);
    free(text);
    return status;
}

void adv_local_train(struct adv_local_exchange *exchange)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct work *work = calloc(1, sizeof *work);
    enum adv_status status = work ? start(exchange, work, &error) : adv_no_memory(&error);
    if (status != ADV_OK) {
        if (work)
            release(work);
        adv_local_refuse(exchange, &error);
        return;
    }
    exchange->status = 200;
    exchange->media_type = "application/x-ndjson";
    exchange->task = &task;
    exchange->state = work;
}
