/* Counts of what the daemon does, as Prometheus text. Thread-safe. */
#ifndef ADV_SERVER_METRICS_H
#define ADV_SERVER_METRICS_H

#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum adv_counter {
    ADV_COUNT_CONNECTIONS,         /* accepted */
    ADV_COUNT_CONNECTIONS_REFUSED, /* over the limit */
    ADV_COUNT_TURNS,               /* turns of workers */
    ADV_COUNT_TURNS_SHARED,        /* of those, with the help of idle workers */
    ADV_COUNT_ROWS,                /* answered */
    ADV_COUNT_VELOCITIES,          /* velocity evaluations of answered rows */
    ADV_COUNT_RELOADS_COMPLETED,   /* by how they ended */
    ADV_COUNT_RELOADS_FAILED,
    ADV_COUNT_KEY_RELOADS_COMPLETED, /* of the file of keys */
    ADV_COUNT_KEY_RELOADS_FAILED,
    ADV_COUNT_WRONG_KEYS,  /* requests with them */
    ADV_COUNT_KEYS_UNREAD, /* requests refused after several of those */
    ADV_COUNT_COMPLETED,   /* queries by how they ended */
    ADV_COUNT_FAILED,
    ADV_COUNT_EXPIRED,
    ADV_COUNT_VANISHED,
    ADV_COUNT_STOPPED,
    ADV_COUNT_REJECTED_QUEUE, /* queries not accepted, by reason */
    ADV_COUNT_REJECTED_NUMBERS,
    ADV_COUNT_REJECTED_BUSY,
    ADV_COUNT_REJECTED_TIMEOUT,
    ADV_COUNT_REJECTED_DRAINING,
    ADV_COUNT_REJECTED_SHARE,
    ADV_COUNT_REJECTED_COST,
    ADV_COUNT_REJECTED_BODIES,
    ADV_COUNT_BODY_BYTES,         /* received */
    ADV_COUNT_PICTURE_CACHE_HITS, /* pictures asked for, by where they came from */
    ADV_COUNT_PICTURE_CACHE_MISSES,
    ADV_COUNT_JOBS_COMPLETED, /* jobs by how they ended */
    ADV_COUNT_JOBS_FAILED,
    ADV_COUNT_JOBS_CANCELLED,
    ADV_COUNT_JOB_RESULTS_EVICTED, /* before their time */
    ADV_COUNTERS
};

enum adv_gauge {
    ADV_GAUGE_CONNECTIONS,    /* open */
    ADV_GAUGE_REQUESTS,       /* received and not yet answered in full */
    ADV_GAUGE_QUERIES,        /* accepted and not yet ended */
    ADV_GAUGE_QUERY_ROWS,     /* of those */
    ADV_GAUGE_BODY_BYTES,     /* of requests being received or read */
    ADV_GAUGE_ANSWER_NUMBERS, /* in answers computing or being sent, of queue_numbers */
    ADV_GAUGE_MODELS,
    ADV_GAUGE_MODELS_REFUSED,
    ADV_GAUGE_WORKERS,
    ADV_GAUGE_WEIGHTS_BYTES,    /* of the models served */
    ADV_GAUGE_PACKED_BYTES,     /* the same, packed for the kernels */
    ADV_GAUGE_EVALUATORS_BYTES, /* workers' */
    ADV_GAUGE_QUERIES_BYTES,    /* states and answers of queries being computed */
    ADV_GAUGE_REPLIES_BYTES,    /* written down and not yet sent */
    ADV_GAUGE_PICTURES_BYTES,   /* kept */
    ADV_GAUGE_LOG_BYTES,        /* the log's buffer */
    ADV_GAUGE_JOBS,             /* computing or waiting */
    ADV_GAUGE_JOB_RESULTS,      /* kept */
    ADV_GAUGE_JOB_RESULT_BYTES, /* of those */
    ADV_GAUGES
};

struct adv_metrics;

/* Requests are counted by route (label values given, borrowed) and status. */
enum adv_status adv_metrics_new(size_t n_routes, const char *kernels, struct adv_metrics **metrics,
                                struct adv_error *error);
void adv_metrics_free(struct adv_metrics *metrics);

void adv_metrics_count(struct adv_metrics *metrics, enum adv_counter counter, uint64_t n);
void adv_metrics_move(struct adv_metrics *metrics, enum adv_gauge gauge, int64_t by);
void adv_metrics_set(struct adv_metrics *metrics, enum adv_gauge gauge, int64_t to);

/* One request answered. route < n_routes, or more where none matched; status 100..599. */
void adv_metrics_request(struct adv_metrics *metrics, size_t route, unsigned status,
                         double seconds);

/* An accepted query has ended: how long it waited for its first turn, and the workers' time that it
 * took. route < n_routes. */
void adv_metrics_query(struct adv_metrics *metrics, const char *model, size_t route,
                       double waited_s, double computed_s);

/* n evaluations of a network, of so many rows together. */
void adv_metrics_evaluations(struct adv_metrics *metrics, size_t n, size_t rows);

/* Writes the exposition text. route_name(i): the label value of route i <= n_routes. */
void adv_metrics_write(struct adv_metrics *metrics, const char *(*route_name)(size_t i), FILE *out);

#endif
