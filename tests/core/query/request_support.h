/* Asking requests of a small model, in JSON and in text. */
#ifndef TESTS_REQUEST_SUPPORT_H
#define TESTS_REQUEST_SUPPORT_H

#include <advect/extra/request.h>

/* The seed of requests without one. */
#define RANDOM_SEED UINT64_C(0xfedcba9876543210)
#define N_KINDS 5

/* Of two dimensions; the first has four classes and a null class, the second none. */
extern struct adv_model *model, *plain_model;

void set_up_models(void);
void tear_down_models(void);

/* A request and what came of it. */
struct asked {
    struct adv_request *request;
    struct adv_query query;
    enum adv_status status;
    struct adv_error error;
};

struct asked start(enum adv_query_kind kind);
/* Makes the query, if all went well so far. */
void finish(struct asked *asked, const struct adv_limits *limits);
/* Frees what the query borrows. */
void done(struct asked *asked);

struct asked ask_within(enum adv_query_kind kind, const struct adv_limits *limits,
                        const char *json_text);
struct asked ask(enum adv_query_kind kind, const char *json_text);
/* text: "name=value name=value ..."; kinds that need points get {{1, 2}}. */
struct asked ask_in_text(enum adv_query_kind kind, const char *text);
/* Gives the request the points {{1, 2}}. */
void set_point(struct adv_request *request);

/* Fails the test, naming what was asked, if it was refused. */
void check_ok(const struct asked *asked, const char *what);

#endif
