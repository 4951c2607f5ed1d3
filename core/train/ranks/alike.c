/* What ranks settle before the first step: that all are well, and that all are of one kind. */
#include "core/train/distill/distill.h"
#include "core/train/ranks/ranks.h"

#include <advect/extra/digest.h>
#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/ranks.h>
#include <advect/version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- one report for all */

struct report {
    int32_t rank, status; /* of the first that failed */
    char message[sizeof((struct adv_error *)0)->message];
};

/* From rank 0 to all. */
static enum adv_status tell_all(const struct adv_ranks *ranks, void *bytes, size_t n,
                                struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    if (ranks->rank > 0)
        return ranks->receive(ranks->context, 0, bytes, n, error);
    for (int to = 1; status == ADV_OK && to < ranks->n_ranks; to++)
        status = ranks->send(ranks->context, to, bytes, n, error);
    return status == ADV_OK ? ranks->settle(ranks->context, error) : status;
}

/* On rank 0: the report of the first that failed, or of itself. */
static enum adv_status collect(const struct adv_ranks *ranks, struct report *first,
                               struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (int from = 1; status == ADV_OK && from < ranks->n_ranks; from++) {
        struct report other;
        status = ranks->receive(ranks->context, from, &other, sizeof other, error);
        if (status == ADV_OK && first->status == ADV_OK)
            *first = other;
    }
    return status;
}

enum adv_status adv_ranks_agree(const struct adv_ranks *ranks, enum adv_status status,
                                struct adv_error *error)
{
    struct report report = {.rank = ranks->rank, .status = (int32_t)status};
    struct adv_error talk = ADV_ERROR_INIT;
    if (status != ADV_OK && error)
        memcpy(report.message, error->message, sizeof report.message);
    enum adv_status talked;
    if (ranks->rank == 0) {
        talked = collect(ranks, &report, &talk);
    } else {
        talked = ranks->send(ranks->context, 0, &report, sizeof report, &talk);
        if (talked == ADV_OK)
            talked = ranks->settle(ranks->context, &talk);
    }
    if (talked == ADV_OK)
        talked = tell_all(ranks, &report, sizeof report, &talk);
    if (talked != ADV_OK)
        return adv_fail(error, talked, "%s", talk.message);
    if (report.status == ADV_OK)
        return ADV_OK;
    if (error)
        *error = (struct adv_error)ADV_ERROR_INIT;
    if (report.rank == 0)
        return adv_fail(error, (enum adv_status)report.status, "%s", report.message);
    return adv_fail(error, (enum adv_status)report.status, "rank %d: %s", report.rank,
                    report.message);
}

/* ---------------------------------------------------------------- one kind */

/* What has to be the same everywhere, in the order in which one difference leads to the next. */
enum { BUILD, RECIPE, DATA, TEACHER, STATE, GRADIENT, FACTS };

static const char *const differences[FACTS] = {
    [BUILD] = "is another build of Advect",
    [RECIPE] = "has another recipe",
    [DATA] = "has other data",
    [TEACHER] = "has another teacher",
    [STATE] = "has other weights: it goes on from another checkpoint, or from none",
    [GRADIENT] = "computes other gradients; set ADVECT_ISA and OPENBLAS_CORETYPE alike on all",
};

static uint64_t digest_of_program(void)
{
    const char *version = adv_version();
    uint64_t digest = adv_digest(ADV_DIGEST_INIT, version, strlen(version));
    unsigned char bytes[65536];
    FILE *file = fopen("/proc/self/exe", "rb");
    for (size_t n; file && (n = fread(bytes, 1, sizeof bytes, file)) > 0;)
        digest = adv_digest(digest, bytes, n);
    if (file)
        fclose(file);
    return digest;
}

static enum adv_status digest_of_recipe(const struct adv_training *t, uint64_t *digest,
                                        struct adv_error *error)
{
    json_t *recipe = adv_training_recipe(t);
    char *text = recipe ? adv_json_dump(recipe, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text)
        *digest = adv_digest(ADV_DIGEST_INIT, text, strlen(text));
    enum adv_status status = text ? ADV_OK : adv_no_memory(error);
    json_decref(recipe);
    free(text);
    return status;
}

static uint64_t digest_of_state(const struct adv_training *t)
{
    const float *const parts[] = {t->weights, t->average, t->m, t->v};
    uint64_t digest = adv_digest(ADV_DIGEST_INIT, &t->progress.step, sizeof t->progress.step);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        digest = adv_digest(digest, parts[i], t->n_weights * sizeof *parts[i]);
    return digest;
}

/* 0: the training has none. */
static uint64_t digest_of_teacher(const struct adv_training *t)
{
    if (!t->distillation)
        return 0;
    char digest[ADV_DIGEST_TEXT];
    adv_model_flow_digest(t->distillation->teacher, digest);
    return adv_digest(ADV_DIGEST_INIT, digest, strlen(digest));
}

static enum adv_status find_facts(struct adv_training *t, uint64_t facts[FACTS],
                                  struct adv_error *error)
{
    facts[BUILD] = digest_of_program();
    facts[DATA] = adv_digest(ADV_DIGEST_INIT, t->dataset.digest, strlen(t->dataset.digest));
    facts[TEACHER] = digest_of_teacher(t);
    facts[STATE] = digest_of_state(t);
    enum adv_status status = t->distillation ? adv_distillation_prepare(t, error) : ADV_OK;
    if (status != ADV_OK)
        return status;
    adv_training_shard_gradient(t, 0, 0);
    facts[GRADIENT] =
        adv_digest(ADV_DIGEST_INIT, t->gradients, t->n_weights * sizeof *t->gradients);
    status = adv_training_digest_updates(t, &facts[GRADIENT], error);
    return status == ADV_OK ? digest_of_recipe(t, &facts[RECIPE], error) : status;
}

static enum adv_status compare(int rank, const uint64_t theirs[FACTS], const uint64_t facts[FACTS],
                               struct adv_error *error)
{
    for (int i = 0; i < FACTS; i++) {
        if (theirs[i] != facts[i])
            return adv_fail(error, ADV_E_INVALID, "rank %d %s (digest %016llx, of rank 0 %016llx)",
                            rank, differences[i], (unsigned long long)theirs[i],
                            (unsigned long long)facts[i]);
    }
    return ADV_OK;
}

/* On rank 0, which hears all and says of which it is that differs. */
enum adv_status adv_ranks_check_alike(struct adv_training *t, const struct adv_ranks *ranks,
                                      struct adv_error *error)
{
    uint64_t facts[FACTS] = {0};
    enum adv_status status = adv_ranks_agree(ranks, find_facts(t, facts, error), error);
    if (status != ADV_OK)
        return status;
    if (ranks->rank > 0) {
        status = ranks->send(ranks->context, 0, facts, sizeof facts, error);
        if (status == ADV_OK)
            status = ranks->settle(ranks->context, error);
    }
    enum adv_status verdict = ADV_OK;
    for (int from = 1; ranks->rank == 0 && status == ADV_OK && from < ranks->n_ranks; from++) {
        uint64_t theirs[FACTS];
        status = ranks->receive(ranks->context, from, theirs, sizeof theirs, error);
        if (status == ADV_OK && verdict == ADV_OK)
            verdict = compare(from, theirs, facts, error);
    }
    return status == ADV_OK ? adv_ranks_agree(ranks, verdict, error) : status;
}
