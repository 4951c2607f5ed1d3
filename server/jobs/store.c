#include "server/jobs/store.h"

#include "server/os/clock.h"
#include "server/os/log.h"
#include "server/reply/problem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct entry {
    struct entry *next; /* a younger one */
    struct adv_job_record record;
    bool accepted; /* by the scheduler: until then nobody sees it */
    bool ended;
    int64_t ended_ms; /* of the clock that never jumps */
    size_t n_bytes;   /* once ended */
};

struct adv_job_store {
    struct adv_job_store_options options;
    pthread_mutex_t mutex;
    struct entry *oldest;
    size_t n, n_bytes;
};

enum adv_status adv_job_store_new(const struct adv_job_store_options *options,
                                  struct adv_job_store **out, struct adv_error *error)
{
    struct adv_job_store *store = calloc(1, sizeof *store);
    if (!store)
        return adv_no_memory(error);
    store->options = *options;
    pthread_mutex_init(&store->mutex, NULL);
    *out = store;
    return ADV_OK;
}

static double unix_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---------------------------------------------------------------- the list; with the mutex held */

static void count(struct adv_job_store *store, const struct entry *entry, int by)
{
    struct adv_metrics *metrics = store->options.metrics;
    if (!entry->ended) {
        adv_metrics_move(metrics, ADV_GAUGE_JOBS, by);
        return;
    }
    store->n_bytes += (size_t)by * entry->n_bytes;
    adv_metrics_move(metrics, ADV_GAUGE_JOB_RESULTS, by);
    adv_metrics_set(metrics, ADV_GAUGE_JOB_RESULT_BYTES, (int64_t)store->n_bytes);
}

/* Of the pointer that leads to the entry. */
static void drop(struct adv_job_store *store, struct entry **at)
{
    struct entry *entry = *at;
    *at = entry->next;
    store->n--;
    count(store, entry, -1);
    adv_job_unref(entry->record.job);
    free(entry);
}

static void drop_expired(struct adv_job_store *store)
{
    int64_t now_ms = adv_now_ms();
    for (struct entry **at = &store->oldest; *at;) {
        if ((*at)->ended && now_ms >= (*at)->ended_ms + store->options.keep_ms)
            drop(store, at);
        else
            at = &(*at)->next;
    }
}

/* How many results an owner has. */
static size_t count_ended(const struct adv_job_store *store, uint64_t owner)
{
    size_t n = 0;
    for (const struct entry *at = store->oldest; at; at = at->next)
        n += at->ended && at->record.owner == owner;
    return n;
}

/* Of whom has the most results, so that nobody's make room for those of one who has more. */
static bool is_dropped_before(const struct adv_job_store *store, const struct entry *entry,
                              const struct entry *other)
{
    size_t n = count_ended(store, entry->record.owner), m = count_ended(store, other->record.owner);
    return n != m ? n > m : entry->ended_ms < other->ended_ms;
}

/* Drops what ended longest ago of the owner with the most results; false where nothing has
 * ended. */
static bool drop_first_ended(struct adv_job_store *store)
{
    struct entry **first = NULL;
    for (struct entry **at = &store->oldest; *at; at = &(*at)->next) {
        if ((*at)->ended && (!first || is_dropped_before(store, *at, *first)))
            first = at;
    }
    if (!first)
        return false;
    drop(store, first);
    adv_metrics_count(store->options.metrics, ADV_COUNT_JOB_RESULTS_EVICTED, 1);
    return true;
}

static struct entry **find(struct adv_job_store *store, const char *id, uint64_t owner)
{
    struct entry **at = &store->oldest;
    while (*at &&
           (!(*at)->accepted || strcmp((*at)->record.id, id) != 0 || (*at)->record.owner != owner))
        at = &(*at)->next;
    return at;
}

static struct entry **find_job(struct adv_job_store *store, const struct adv_job *job)
{
    struct entry **at = &store->oldest;
    while (*at && (*at)->record.job != job)
        at = &(*at)->next;
    return at;
}

static struct adv_job_record copy_of(const struct adv_job_record *record)
{
    struct adv_job_record copy = *record;
    adv_job_ref(copy.job);
    return copy;
}

/* ---------------------------------------------------------------- coming and going */

static bool make_id(char id[ADV_JOB_ID_SIZE])
{
    uint64_t bits[2];
    if (getrandom(bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return false;
    snprintf(id, ADV_JOB_ID_SIZE, "%016llx%016llx", (unsigned long long)bits[0],
             (unsigned long long)bits[1]);
    return true;
}

static struct entry *entry_new(struct adv_job *job, uint64_t owner, const char *request_id)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (!entry || !make_id(entry->record.id)) {
        free(entry);
        return NULL;
    }
    entry->record.owner = owner;
    entry->record.created = unix_time();
    snprintf(entry->record.request_id, sizeof entry->record.request_id, "%s", request_id);
    snprintf(entry->record.model, sizeof entry->record.model, "%s",
             adv_model_name(job->work.model));
    return entry;
}

/* With the mutex held. */
static void append(struct adv_job_store *store, struct entry *entry)
{
    struct entry **at = &store->oldest;
    while (*at)
        at = &(*at)->next;
    *at = entry;
    store->n++;
    count(store, entry, 1);
}

/* With the mutex held. */
static bool has_ended(const struct adv_job_store *store)
{
    const struct entry *at = store->oldest;
    while (at && !at->ended)
        at = at->next;
    return at != NULL;
}

bool adv_job_store_add(struct adv_job_store *store, struct adv_job *job, uint64_t owner,
                       const char *request_id, struct adv_job_record *record,
                       struct adv_reply *refusal)
{
    struct entry *entry = entry_new(job, owner, request_id);
    if (!entry) {
        adv_problem_reply(refusal, ADV_PROBLEM_NO_MEMORY, NULL, "out of memory");
        return false;
    }
    pthread_mutex_lock(&store->mutex);
    drop_expired(store);
    bool room = store->n < store->options.max_jobs || has_ended(store);
    if (room) {
        entry->record.job = adv_job_ref(job);
        job->store = store;
        job->channel.keeps_bytes = store->options.max_bytes;
        append(store, entry);
        *record = copy_of(&entry->record);
    }
    pthread_mutex_unlock(&store->mutex);
    if (room)
        return true;
    free(entry);
    adv_problem_reply(refusal, ADV_PROBLEM_QUEUE_FULL, NULL,
                      "%zu jobs are being computed or waiting already, the most this server takes",
                      store->options.max_jobs);
    adv_reply_header(refusal, MHD_HTTP_HEADER_RETRY_AFTER, "10");
    return false;
}

void adv_job_store_accept(struct adv_job_store *store, const struct adv_job *job)
{
    pthread_mutex_lock(&store->mutex);
    struct entry *entry = *find_job(store, job);
    if (entry)
        entry->accepted = true;
    while (store->n > store->options.max_jobs && drop_first_ended(store))
        ;
    pthread_mutex_unlock(&store->mutex);
}

void adv_job_store_withdraw(struct adv_job_store *store, const struct adv_job *job)
{
    pthread_mutex_lock(&store->mutex);
    struct entry **at = find_job(store, job);
    if (*at)
        drop(store, at);
    pthread_mutex_unlock(&store->mutex);
}

bool adv_job_store_remove(struct adv_job_store *store, const char *id, uint64_t owner)
{
    pthread_mutex_lock(&store->mutex);
    drop_expired(store);
    struct entry **at = find(store, id, owner);
    bool found = *at != NULL;
    if (found && !(*at)->ended && store->options.log)
        adv_log_event("job %s of request %s is cancelled", id, (*at)->record.request_id);
    if (found) {
        adv_channel_abandon(&(*at)->record.job->channel);
        drop(store, at);
    }
    pthread_mutex_unlock(&store->mutex);
    return found;
}

/* ---------------------------------------------------------------- looking */

bool adv_job_store_find(struct adv_job_store *store, const char *id, uint64_t owner,
                        struct adv_job_record *record)
{
    pthread_mutex_lock(&store->mutex);
    drop_expired(store);
    const struct entry *entry = *find(store, id, owner);
    if (entry)
        *record = copy_of(&entry->record);
    pthread_mutex_unlock(&store->mutex);
    return entry != NULL;
}

enum adv_status adv_job_store_list(struct adv_job_store *store, uint64_t owner,
                                   struct adv_job_record **out, size_t *n, struct adv_error *error)
{
    pthread_mutex_lock(&store->mutex);
    drop_expired(store);
    struct adv_job_record *records = calloc(store->n + 1, sizeof *records);
    *n = 0;
    for (const struct entry *at = store->oldest; records && at; at = at->next) {
        if (at->accepted && at->record.owner == owner)
            records[(*n)++] = copy_of(&at->record);
    }
    pthread_mutex_unlock(&store->mutex);
    *out = records;
    return records ? ADV_OK : adv_no_memory(error);
}

void adv_job_record_release(struct adv_job_record *record)
{
    adv_job_unref(record->job);
    record->job = NULL;
}

/* ---------------------------------------------------------------- time passes */

void adv_job_store_sweep(struct adv_job_store *store)
{
    pthread_mutex_lock(&store->mutex);
    drop_expired(store);
    pthread_mutex_unlock(&store->mutex);
}

void adv_job_store_cancel(struct adv_job_store *store, bool followed_too)
{
    size_t n = 0;
    pthread_mutex_lock(&store->mutex);
    for (const struct entry *at = store->oldest; at; at = at->next) {
        struct adv_channel *channel = &at->record.job->channel;
        bool spared = !followed_too && adv_channel_has_readers(channel);
        if (at->ended || spared || adv_channel_is_abandoned(channel))
            continue;
        adv_channel_abandon(channel);
        n++;
    }
    pthread_mutex_unlock(&store->mutex);
    if (n > 0)
        adv_log_event("%zu jobs are cancelled, as nobody could come back for them", n);
}

static void log_end(const struct adv_job_record *record, unsigned status, size_t n_bytes)
{
    adv_log_event("job %s of request %s ended: status %u, %zu bytes, after %.3f s", record->id,
                  record->request_id, status, n_bytes, record->ended - record->created);
}

static enum adv_counter outcome_of(unsigned status)
{
    if (status == ADV_STATUS_CLIENT_GONE)
        return ADV_COUNT_JOBS_CANCELLED;
    return status == MHD_HTTP_OK ? ADV_COUNT_JOBS_COMPLETED : ADV_COUNT_JOBS_FAILED;
}

void adv_job_store_note_end(struct adv_job_store *store, struct adv_job *job)
{
    size_t n_bytes;
    unsigned status = adv_channel_kept(&job->channel, &n_bytes);
    adv_metrics_count(store->options.metrics, outcome_of(status), 1);
    pthread_mutex_lock(&store->mutex);
    struct entry *entry = *find_job(store, job);
    if (entry) { /* else deleted */
        count(store, entry, -1);
        entry->ended = true;
        entry->ended_ms = adv_now_ms();
        entry->record.ended = unix_time();
        entry->n_bytes = n_bytes;
        count(store, entry, 1);
        if (store->options.log)
            log_end(&entry->record, status, n_bytes);
    }
    drop_expired(store);
    while (store->n_bytes > store->options.max_bytes && drop_first_ended(store))
        ;
    pthread_mutex_unlock(&store->mutex);
}

void adv_job_store_free(struct adv_job_store *store)
{
    if (!store)
        return;
    while (store->oldest)
        drop(store, &store->oldest);
    pthread_mutex_destroy(&store->mutex);
    free(store);
}
