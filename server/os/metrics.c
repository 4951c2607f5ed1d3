/* Everything is an atomic: counting never waits, and a scrape sees each number
 * whole, if not all of one instant. */
#include "server/os/metrics.h"

#include "server/os/histogram.h"
#include "server/os/log.h"

#include <advect/extra/all.h>
#include <advect/extra/memory.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define N_STATUSES 600

#define TIMES                                                                                      \
    15,                                                                                            \
    {                                                                                              \
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60             \
    }

static const struct adv_histogram_kind latency = {
    "advect_request_duration_seconds", "From the request's first line to the reply's last byte.",
    TIMES};
static const struct adv_histogram_kind waiting = {
    "advect_query_wait_seconds", "From a query's acceptance to its first turn.", TIMES};
static const struct adv_histogram_kind computing = {
    "advect_query_compute_seconds", "Workers' time that a query took, all its turns together.",
    TIMES};
static const struct adv_histogram_kind rows_at_once = {"advect_evaluation_rows",
                                                       "Rows of an evaluation of a network.",
                                                       9,
                                                       {1, 2, 4, 8, 16, 32, 64, 128, 256}};

struct route_counts {
    atomic_ullong by_status[N_STATUSES];
    struct adv_histogram latency;
};

/* Of the queries to a model: by route, [n_routes]. */
struct model_counts {
    struct model_counts *next;
    char name[128];
    struct query_counts {
        struct adv_histogram waiting, computing;
    } queries[];
};

struct adv_metrics {
    double started; /* Unix time */
    const char *kernels;
    atomic_ullong counters[ADV_COUNTERS];
    atomic_llong gauges[ADV_GAUGES];
    struct adv_histogram rows_at_once;
    pthread_mutex_t mutex;       /* of the list; what it holds stays */
    struct model_counts *models; /* that were ever asked */
    size_t n_routes;
    struct route_counts routes[]; /* n_routes + 1, the last for what matched none */
};

/* Rows of one metric stand together; the first carries its help. */
static const struct {
    const char *name, *labels, *help;
} counters[ADV_COUNTERS] = {
    [ADV_COUNT_CONNECTIONS] = {"advect_connections_accepted_total", "", "Connections accepted."},
    [ADV_COUNT_CONNECTIONS_REFUSED] = {"advect_connections_refused_total", "",
                                       "Connections over the limit."},
    [ADV_COUNT_TURNS] = {"advect_turns_total", "", "Turns that workers gave to queries."},
    [ADV_COUNT_TURNS_SHARED] = {"advect_turns_shared_total", "",
                                "Turns in whose evaluations idle workers helped."},
    [ADV_COUNT_ROWS] = {"advect_rows_total", "", "Rows of completed queries."},
    [ADV_COUNT_VELOCITIES] = {"advect_velocity_evaluations_total", "",
                              "Rows of completed queries times their velocity evaluations."},
    [ADV_COUNT_RELOADS_COMPLETED] = {"advect_reloads_total", "{outcome=\"completed\"}",
                                     "Reloads of the model directory by how they ended."},
    [ADV_COUNT_RELOADS_FAILED] = {"advect_reloads_total", "{outcome=\"failed\"}", NULL},
    [ADV_COUNT_KEY_RELOADS_COMPLETED] = {"advect_key_reloads_total", "{outcome=\"completed\"}",
                                         "Reloads of the file of keys by how they ended."},
    [ADV_COUNT_KEY_RELOADS_FAILED] = {"advect_key_reloads_total", "{outcome=\"failed\"}", NULL},
    [ADV_COUNT_WRONG_KEYS] = {"advect_keys_refused_total", "{reason=\"wrong\"}",
                              "Requests with a wrong key, or with any after several wrong ones."},
    [ADV_COUNT_KEYS_UNREAD] = {"advect_keys_refused_total", "{reason=\"too_many\"}", NULL},
    [ADV_COUNT_COMPLETED] = {"advect_queries_total", "{outcome=\"completed\"}",
                             "Accepted queries by how they ended."},
    [ADV_COUNT_FAILED] = {"advect_queries_total", "{outcome=\"failed\"}", NULL},
    [ADV_COUNT_EXPIRED] = {"advect_queries_total", "{outcome=\"expired\"}", NULL},
    [ADV_COUNT_VANISHED] = {"advect_queries_total", "{outcome=\"vanished\"}", NULL},
    [ADV_COUNT_STOPPED] = {"advect_queries_total", "{outcome=\"stopped\"}", NULL},
    [ADV_COUNT_REJECTED_QUEUE] = {"advect_queries_rejected_total", "{reason=\"queue_length\"}",
                                  "Queries that were not accepted."},
    [ADV_COUNT_REJECTED_NUMBERS] = {"advect_queries_rejected_total", "{reason=\"queue_numbers\"}",
                                    NULL},
    [ADV_COUNT_REJECTED_BUSY] = {"advect_queries_rejected_total", "{reason=\"busy\"}", NULL},
    [ADV_COUNT_REJECTED_TIMEOUT] = {"advect_queries_rejected_total", "{reason=\"timeout\"}", NULL},
    [ADV_COUNT_REJECTED_DRAINING] = {"advect_queries_rejected_total", "{reason=\"draining\"}",
                                     NULL},
    [ADV_COUNT_REJECTED_SHARE] = {"advect_queries_rejected_total", "{reason=\"client_share\"}",
                                  NULL},
    [ADV_COUNT_REJECTED_COST] = {"advect_queries_rejected_total", "{reason=\"key_limit\"}", NULL},
    [ADV_COUNT_REJECTED_BODIES] = {"advect_queries_rejected_total", "{reason=\"body_memory\"}",
                                   NULL},
    [ADV_COUNT_BODY_BYTES] = {"advect_body_bytes_received_total", "",
                              "Bytes of request bodies that came."},
    [ADV_COUNT_PICTURE_CACHE_HITS] = {"advect_pictures_total", "{from=\"cache\"}",
                                      "Pictures asked for by URL, by where they came from."},
    [ADV_COUNT_PICTURE_CACHE_MISSES] = {"advect_pictures_total", "{from=\"query\"}", NULL},
    [ADV_COUNT_JOBS_COMPLETED] = {"advect_jobs_total", "{outcome=\"completed\"}",
                                  "Jobs by how they ended."},
    [ADV_COUNT_JOBS_FAILED] = {"advect_jobs_total", "{outcome=\"failed\"}", NULL},
    [ADV_COUNT_JOBS_CANCELLED] = {"advect_jobs_total", "{outcome=\"cancelled\"}", NULL},
    [ADV_COUNT_JOB_RESULTS_EVICTED] = {"advect_job_results_evicted_total", "",
                                       "Results of jobs that made room for others."},
};

static const struct {
    const char *name, *help, *labels; /* NULL: none */
} gauges[ADV_GAUGES] = {
    [ADV_GAUGE_CONNECTIONS] = {"advect_connections", "Open connections.", NULL},
    [ADV_GAUGE_REQUESTS] = {"advect_requests_in_flight", "Requests not yet answered in full.",
                            NULL},
    [ADV_GAUGE_QUERIES] = {"advect_queries", "Queries computing or waiting: the queue's depth.",
                           NULL},
    [ADV_GAUGE_QUERY_ROWS] = {"advect_query_rows", "Rows of queries computing or waiting.", NULL},
    [ADV_GAUGE_BODY_BYTES] = {"advect_body_bytes", "Bytes of request bodies being received.", NULL},
    [ADV_GAUGE_ANSWER_NUMBERS] = {"advect_answer_numbers",
                                  "Values in answers being computed or sent.", NULL},
    [ADV_GAUGE_MODELS] = {"advect_models", "Models served.", NULL},
    [ADV_GAUGE_MODELS_REFUSED] = {"advect_models_refused", "Model files that were refused.", NULL},
    [ADV_GAUGE_WORKERS] = {"advect_workers", "Computing threads.", NULL},
    [ADV_GAUGE_WEIGHTS_BYTES] = {"advect_memory_bytes", "Memory by what it is for.",
                                 "{kind=\"weights\"}"},
    [ADV_GAUGE_PACKED_BYTES] = {"advect_memory_bytes", NULL, "{kind=\"packed_weights\"}"},
    [ADV_GAUGE_EVALUATORS_BYTES] = {"advect_memory_bytes", NULL, "{kind=\"evaluators\"}"},
    [ADV_GAUGE_QUERIES_BYTES] = {"advect_memory_bytes", NULL, "{kind=\"queries\"}"},
    [ADV_GAUGE_REPLIES_BYTES] = {"advect_memory_bytes", NULL, "{kind=\"replies\"}"},
    [ADV_GAUGE_PICTURES_BYTES] = {"advect_memory_bytes", NULL, "{kind=\"picture_cache\"}"},
    [ADV_GAUGE_LOG_BYTES] = {"advect_memory_bytes", NULL, "{kind=\"log_buffer\"}"},
    [ADV_GAUGE_JOBS] = {"advect_jobs", "Jobs computing or waiting.", NULL},
    [ADV_GAUGE_JOB_RESULTS] = {"advect_job_results", "Results of jobs that are kept.", NULL},
    [ADV_GAUGE_JOB_RESULT_BYTES] = {"advect_job_result_bytes", "Bytes of results that are kept.",
                                    NULL},
};

enum adv_status adv_metrics_new(size_t n_routes, const char *kernels, struct adv_metrics **out,
                                struct adv_error *error)
{
    struct adv_metrics *metrics =
        calloc(1, sizeof *metrics + (n_routes + 1) * sizeof metrics->routes[0]);
    if (!metrics)
        return adv_no_memory(error);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    metrics->started = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    metrics->n_routes = n_routes;
    metrics->kernels = kernels;
    pthread_mutex_init(&metrics->mutex, NULL);
    *out = metrics;
    return ADV_OK;
}

void adv_metrics_free(struct adv_metrics *metrics)
{
    if (!metrics)
        return;
    while (metrics->models) {
        struct model_counts *next = metrics->models->next;
        free(metrics->models);
        metrics->models = next;
    }
    pthread_mutex_destroy(&metrics->mutex);
    free(metrics);
}

void adv_metrics_count(struct adv_metrics *metrics, enum adv_counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&metrics->counters[counter], n, memory_order_relaxed);
}

void adv_metrics_move(struct adv_metrics *metrics, enum adv_gauge gauge, int64_t by)
{
    atomic_fetch_add_explicit(&metrics->gauges[gauge], by, memory_order_relaxed);
}

void adv_metrics_set(struct adv_metrics *metrics, enum adv_gauge gauge, int64_t to)
{
    atomic_store_explicit(&metrics->gauges[gauge], to, memory_order_relaxed);
}

void adv_metrics_request(struct adv_metrics *metrics, size_t route, unsigned status, double seconds)
{
    struct route_counts *counts =
        &metrics->routes[route < metrics->n_routes ? route : metrics->n_routes];
    atomic_fetch_add_explicit(&counts->by_status[status < N_STATUSES ? status : 0], 1,
                              memory_order_relaxed);
    adv_histogram_count(&counts->latency, &latency, seconds, 1);
}

/* The counts of a model, new where it is asked for the first time; NULL without memory. */
static struct model_counts *counts_of(struct adv_metrics *metrics, const char *model)
{
    pthread_mutex_lock(&metrics->mutex);
    struct model_counts *counts = metrics->models;
    while (counts && strncmp(counts->name, model, sizeof counts->name - 1) != 0)
        counts = counts->next;
    if (!counts) {
        counts = calloc(1, sizeof *counts + metrics->n_routes * sizeof counts->queries[0]);
        if (counts) {
            snprintf(counts->name, sizeof counts->name, "%s", model);
            counts->next = metrics->models;
            metrics->models = counts;
        }
    }
    pthread_mutex_unlock(&metrics->mutex);
    return counts;
}

void adv_metrics_query(struct adv_metrics *metrics, const char *model, size_t route,
                       double waited_s, double computed_s)
{
    struct model_counts *counts = counts_of(metrics, model);
    if (!counts || route >= metrics->n_routes)
        return;
    adv_histogram_count(&counts->queries[route].waiting, &waiting, waited_s, 1);
    adv_histogram_count(&counts->queries[route].computing, &computing, computed_s, 1);
}

void adv_metrics_evaluations(struct adv_metrics *metrics, size_t n, size_t rows)
{
    if (n > 0)
        adv_histogram_count(&metrics->rows_at_once, &rows_at_once, (double)rows / (double)n, n);
}

static unsigned long long value_of(const atomic_ullong *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void write_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_requests(const struct adv_metrics *metrics, const char *(*route_name)(size_t),
                           FILE *out)
{
    write_head(out, "advect_requests_total", "counter", "Requests answered, by route and status.");
    for (size_t i = 0; i <= metrics->n_routes; i++) {
        for (unsigned status = 0; status < N_STATUSES; status++) {
            unsigned long long n = value_of(&metrics->routes[i].by_status[status]);
            if (n)
                fprintf(out, "advect_requests_total{route=\"%s\",status=\"%u\"} %llu\n",
                        route_name(i), status, n);
        }
    }
}

static void write_latencies(const struct adv_metrics *metrics, const char *(*route_name)(size_t),
                            FILE *out)
{
    adv_histogram_write_head(&latency, out);
    for (size_t i = 0; i <= metrics->n_routes; i++) {
        char labels[256];
        snprintf(labels, sizeof labels, "route=\"%s\"", route_name(i));
        adv_histogram_write(&metrics->routes[i].latency, &latency, labels, out);
    }
}

/* The histograms of one kind, which lie at an offset of struct query_counts. */
static void write_queries(struct adv_metrics *metrics, const struct adv_histogram_kind *kind,
                          size_t offset, const char *(*route_name)(size_t), FILE *out)
{
    adv_histogram_write_head(kind, out);
    pthread_mutex_lock(&metrics->mutex);
    struct model_counts *model = metrics->models;
    pthread_mutex_unlock(&metrics->mutex);
    for (; model; model = model->next) {
        char labels[512];
        for (size_t i = 0; i < metrics->n_routes; i++) {
            const char *queries = (const char *)&model->queries[i];
            snprintf(labels, sizeof labels, "model=\"%s\",route=\"%s\"", model->name,
                     route_name(i));
            adv_histogram_write((const struct adv_histogram *)(const void *)(queries + offset),
                                kind, labels, out);
        }
    }
}

/* Resident memory in bytes: the second number of /proc/self/statm, in pages; 0 where there is
 * none. */
static unsigned long long resident_bytes(void)
{
    char line[256] = "", *at;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    if (!fgets(line, sizeof line, file))
        line[0] = '\0';
    fclose(file);
    strtoull(line, &at, 10);
    return strtoull(at, NULL, 10) * (unsigned long long)sysconf(_SC_PAGESIZE);
}

void adv_metrics_write(struct adv_metrics *metrics, const char *(*route_name)(size_t i), FILE *out)
{
    write_head(out, "advect_build_info", "gauge", "The program; always 1.");
    fprintf(out, "advect_build_info{version=\"%s\",kernels=\"%s\"} 1\n", adv_version(),
            metrics->kernels);
    for (size_t i = 0; i < ADV_COUNTERS; i++) {
        if (counters[i].help)
            write_head(out, counters[i].name, "counter", counters[i].help);
        fprintf(out, "%s%s %llu\n", counters[i].name, counters[i].labels,
                value_of(&metrics->counters[i]));
    }
    for (size_t i = 0; i < ADV_GAUGES; i++) {
        if (gauges[i].help)
            write_head(out, gauges[i].name, "gauge", gauges[i].help);
        fprintf(out, "%s%s %lld\n", gauges[i].name, gauges[i].labels ? gauges[i].labels : "",
                (long long)atomic_load_explicit(&metrics->gauges[i], memory_order_relaxed));
    }
    write_head(out, "advect_log_lines_lost_total", "counter",
               "Lines of the log for which there was no room.");
    fprintf(out, "advect_log_lines_lost_total %llu\n", (unsigned long long)adv_log_lost());
    write_requests(metrics, route_name, out);
    write_latencies(metrics, route_name, out);
    write_queries(metrics, &waiting, offsetof(struct query_counts, waiting), route_name, out);
    write_queries(metrics, &computing, offsetof(struct query_counts, computing), route_name, out);
    adv_histogram_write_head(&rows_at_once, out);
    adv_histogram_write(&metrics->rows_at_once, &rows_at_once, "", out);
    write_head(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
    fprintf(out, "process_resident_memory_bytes %llu\n", resident_bytes());
    write_head(out, "process_start_time_seconds", "gauge", "Start of the process, Unix time.");
    fprintf(out, "process_start_time_seconds %.3f\n", metrics->started);
}
