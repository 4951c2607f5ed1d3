/* A request to the playground and its answer, in the terms of the daemon: a method, a target, media
 * types, a status. Routes of the daemon are answered as the daemon does, so that its page and its
 * client need not know where they are; routes below /playground are the playground's own:
 *
 *     PUT    /playground/models?file=NAME   a model's file            -> {"name"}
 *     GET    /playground/models/{model}     its file
 *     DELETE /playground/models/{model}                               -> {"name"}
 *     POST   /playground/exact              {"name", "points": [[x, y], ..], "bandwidth",
 *                                           "transform"?, "box"?}: the model whose flow is that of
 *                                           these points exactly      -> {"name"}
 *     POST   /playground/training           a recipe: trains, and tells how it goes by lines of JSON
 *                                           (training.h); the model so far is among the models
 *
 * Work is done in slices, between which the worker takes other messages. */
#ifndef ADV_PLAYGROUND_EXCHANGE_H
#define ADV_PLAYGROUND_EXCHANGE_H

#include "playground/module/shelf.h"
#include "server/http/target.h"

#include <advect/extra/bytes.h>
#include <jansson.h>
#include <stdbool.h>

struct adv_local_exchange;

/* What an exchange does that takes time. */
struct adv_local_task {
    /* Works until about until_s of adv_local_now, or to the end, which it tells by returning true;
     * its answer is appended to the exchange's body. Errors are told to the exchange. */
    bool (*advance)(struct adv_local_exchange *exchange, void *state, double until_s);
    void (*free)(void *state);
};

struct adv_local_exchange {
    struct adv_shelf *shelf;
    const char *method, *content_type, *accept; /* borrowed until it is begun */
    struct adv_target target;
    const void *sent; /* [n_sent], likewise */
    size_t n_sent;

    unsigned status; /* 0: not known yet */
    const char *media_type;
    char seed[24];                     /* of the header Advect-Seed, or "" */
    char warning[256];                 /* of the header Advect-Warning, or "" */
    struct adv_bytes body;             /* of the answer, as far as it was not taken */
    const struct adv_local_task *task; /* NULL: it has ended */
    void *state;
};

/* Seconds since some moment in the past. */
double adv_local_now(void);

/* Each sets status and body; json is decref'd. */
void adv_local_reply_json(struct adv_local_exchange *exchange, unsigned status, json_t *json);
void adv_local_refuse(struct adv_local_exchange *exchange, const struct adv_error *error);

/* Appends the JSON and a line break to the body; json is decref'd. */
void adv_local_add_line(struct adv_local_exchange *exchange, json_t *json);

/* {"type", "title", "status", "detail", "field"?} of an error: a new reference. */
json_t *adv_local_problem(const struct adv_error *error);

/* Answers, or leaves a task that will. */
void adv_local_route(struct adv_local_exchange *exchange);

/* query.c: what is asked of a model, /v1/models/{model}/{what}. */
void adv_local_query(struct adv_local_exchange *exchange, struct adv_model *model,
                     const char *what);
/* training.c */
void adv_local_train(struct adv_local_exchange *exchange);
/* exact.c */
void adv_local_exact(struct adv_local_exchange *exchange);

#endif
