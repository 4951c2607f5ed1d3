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
    ADV_COUNT_COMPLETED, /* queries by how they ended */
    ADV_COUNT_FAILED,
    ADV_COUNT_EXPIRED,
    ADV_COUNT_VANISHED,
    ADV_COUNT_STOPPED,
    ADV_COUNT_REJECTED_QUEUE, /* queries not accepted, by reason */
    ADV_COUNT_REJECTED_NUMBERS,
    ADV_COUNT_REJECTED_BUSY,
    ADV_COUNT_REJECTED_TIMEOUT,
    ADV_COUNT_REJECTED_DRAINING,
    ADV_COUNT_PICTURE_CACHE_HITS, /* pictures asked for, by where they came from */
    ADV_COUNT_PICTURE_CACHE_MISSES,
    ADV_COUNTERS
};

enum adv_gauge {
    ADV_GAUGE_CONNECTIONS,    /* open */
    ADV_GAUGE_REQUESTS,       /* received and not yet answered in full */
    ADV_GAUGE_QUERIES,        /* accepted and not yet ended */
    ADV_GAUGE_QUERY_ROWS,     /* of those */
    ADV_GAUGE_ANSWER_NUMBERS, /* in answers computing or being sent, of queue_numbers */
    ADV_GAUGE_MODELS,
    ADV_GAUGE_MODELS_REFUSED,
    ADV_GAUGE_WORKERS,
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
