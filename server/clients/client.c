#include "server/clients/client.h"

#include "server/clients/bucket.h"
#include "server/clients/origin.h"
#include "server/clients/share.h"
#include "server/os/clock.h"

#include <advect/extra/digest.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { N_CHAINS = 1024, KEPT_MAX = 1024 };

#define MINUTE_S 60.0
/* So many wrong keys at once, as people mistype them, and one each ten seconds from there on: a key
 * of 16 random characters is not found in the age of the universe. */
#define WRONG_KEYS_AT_ONCE 5
#define WRONG_KEYS_PER_S 0.1

struct adv_client {
    struct adv_clients *clients;
    char name[ADV_ORIGIN_SIZE + 1]; /* of a key, or a network */
    bool has_key;
    uint64_t id;
    struct adv_client *next; /* of the chain */

    atomic_size_t n_numbers, n_job_numbers;

    /* Under the clients' mutex. */
    size_t n_references;
    struct adv_client *older, *newer; /* of those that nobody holds */
    size_t n_seats[ADV_SEAT_NONE];
    struct adv_bucket wrong_keys;
    struct adv_rights rights;
    struct adv_bucket costs; /* where rights.cost_per_minute > 0 */
    double spent;
    unsigned long long n_taken, n_refused; /* queries */
};

struct adv_clients {
    struct adv_clients_options options;
    pthread_mutex_t mutex;
    struct adv_client *chains[N_CHAINS];
    struct adv_client *oldest, *newest; /* that nobody holds */
    size_t n_kept;
    uint64_t n_ever;
    size_t n_seats[ADV_SEAT_NONE];
};

static double now_s(void)
{
    return (double)adv_now_us() * 1e-6;
}

/* ---------------------------------------------------------------- the table; with the mutex
 * held */

static struct adv_client **chain_of(struct adv_clients *clients, const char *name)
{
    return &clients->chains[adv_digest(ADV_DIGEST_INIT, name, strlen(name)) % N_CHAINS];
}

static void keep(struct adv_client *client)
{
    struct adv_clients *clients = client->clients;
    client->newer = NULL;
    client->older = clients->newest;
    *(clients->newest ? &clients->newest->newer : &clients->oldest) = client;
    clients->newest = client;
    clients->n_kept++;
}

static void unkeep(struct adv_client *client)
{
    struct adv_clients *clients = client->clients;
    *(client->older ? &client->older->newer : &clients->oldest) = client->newer;
    *(client->newer ? &client->newer->older : &clients->newest) = client->older;
    clients->n_kept--;
}

static void forget_oldest(struct adv_clients *clients)
{
    struct adv_client *client = clients->oldest;
    unkeep(client);
    struct adv_client **at = chain_of(clients, client->name);
    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    free(client);
}

static struct adv_client *new_client(struct adv_clients *clients, const char *name, bool has_key)
{
    struct adv_client *client = calloc(1, sizeof *client), **chain = chain_of(clients, name);
    if (!client)
        return NULL;
    client->clients = clients;
    client->has_key = has_key;
    client->id = ++clients->n_ever;
    snprintf(client->name, sizeof client->name, "%s", name);
    client->wrong_keys = adv_bucket_full(WRONG_KEYS_AT_ONCE, WRONG_KEYS_PER_S, now_s());
    client->next = *chain;
    *chain = client;
    return client;
}

static struct adv_client *find_client(struct adv_clients *clients, const char *name, bool has_key)
{
    struct adv_client *client = *chain_of(clients, name);
    while (client && (client->has_key != has_key || strcmp(client->name, name) != 0))
        client = client->next;
    if (client && client->n_references == 0)
        unkeep(client);
    if (!client)
        client = new_client(clients, name, has_key);
    if (client)
        client->n_references++;
    return client;
}

/* ---------------------------------------------------------------- clients */

enum adv_status adv_clients_new(const struct adv_clients_options *options, struct adv_clients **out,
                                struct adv_error *error)
{
    struct adv_clients *clients = calloc(1, sizeof *clients);
    if (!clients)
        return adv_no_memory(error);
    clients->options = *options;
    pthread_mutex_init(&clients->mutex, NULL);
    *out = clients;
    return ADV_OK;
}

void adv_clients_free(struct adv_clients *clients)
{
    if (!clients)
        return;
    while (clients->oldest)
        forget_oldest(clients);
    pthread_mutex_destroy(&clients->mutex);
    free(clients);
}

static struct adv_client *get(struct adv_clients *clients, const char *name, bool has_key)
{
    pthread_mutex_lock(&clients->mutex);
    struct adv_client *client = find_client(clients, name, has_key);
    pthread_mutex_unlock(&clients->mutex);
    return client;
}

struct adv_client *adv_client_of_address(struct adv_clients *clients, const char *address)
{
    char network[ADV_ORIGIN_SIZE];
    adv_origin_network(address, network);
    return get(clients, network, false);
}

struct adv_client *adv_client_of_key(struct adv_clients *clients, const char *name)
{
    return get(clients, name, true);
}

struct adv_client *adv_client_ref(struct adv_client *client)
{
    pthread_mutex_lock(&client->clients->mutex);
    client->n_references++;
    pthread_mutex_unlock(&client->clients->mutex);
    return client;
}

void adv_client_unref(struct adv_client *client)
{
    if (!client)
        return;
    struct adv_clients *clients = client->clients;
    pthread_mutex_lock(&clients->mutex);
    if (--client->n_references == 0)
        keep(client);
    if (clients->n_kept > KEPT_MAX)
        forget_oldest(clients);
    pthread_mutex_unlock(&clients->mutex);
}

const char *adv_client_key(const struct adv_client *client)
{
    return client->has_key ? client->name : NULL;
}

uint64_t adv_client_id(const struct adv_client *client)
{
    return client->id;
}

const char *adv_client_describe(const struct adv_client *client, size_t size, char *text)
{
    snprintf(text, size, "the %s %s", client->has_key ? "key" : "address", client->name);
    return text;
}

/* ---------------------------------------------------------------- connections */

/* With the mutex held. */
static bool has_room(const struct adv_client *client, enum adv_seat seat, size_t capacity,
                     double share)
{
    size_t own = client->n_seats[seat];
    return adv_share_allows(share, own, client->clients->n_seats[seat] - own, capacity, 1);
}

/* With the mutex held. */
static enum adv_seat find_seat(const struct adv_client *client, bool managing, bool shared)
{
    const struct adv_clients_options *options = &client->clients->options;
    double share = shared ? 1 : options->share;
    if (managing)
        return has_room(client, ADV_SEAT_MANAGING, options->managing, 1) ? ADV_SEAT_MANAGING
                                                                         : ADV_SEAT_NONE;
    if (has_room(client, ADV_SEAT_ORDINARY, options->connections, share))
        return ADV_SEAT_ORDINARY;
    if (has_room(client, ADV_SEAT_RESERVED, options->reserved, share))
        return ADV_SEAT_RESERVED;
    return ADV_SEAT_NONE;
}

enum adv_seat adv_client_find_seat(struct adv_client *client, bool managing, bool shared)
{
    pthread_mutex_lock(&client->clients->mutex);
    enum adv_seat seat = find_seat(client, managing, shared);
    pthread_mutex_unlock(&client->clients->mutex);
    return seat;
}

enum adv_seat adv_client_take_seat(struct adv_client *client, bool managing, bool shared)
{
    pthread_mutex_lock(&client->clients->mutex);
    enum adv_seat seat = find_seat(client, managing, shared);
    seat = seat == ADV_SEAT_NONE ? ADV_SEAT_RESERVED : seat;
    client->n_seats[seat]++;
    client->clients->n_seats[seat]++;
    pthread_mutex_unlock(&client->clients->mutex);
    return seat;
}

void adv_client_leave_seat(struct adv_client *client, enum adv_seat seat)
{
    pthread_mutex_lock(&client->clients->mutex);
    client->n_seats[seat]--;
    client->clients->n_seats[seat]--;
    pthread_mutex_unlock(&client->clients->mutex);
}

struct adv_seating adv_client_seating(struct adv_client *client)
{
    struct adv_clients *clients = client->clients;
    pthread_mutex_lock(&clients->mutex);
    struct adv_seating seating = {
        .own = client->n_seats[ADV_SEAT_ORDINARY],
        .taken = clients->n_seats[ADV_SEAT_ORDINARY],
        .capacity = clients->options.connections,
        .share = clients->options.share,
    };
    pthread_mutex_unlock(&clients->mutex);
    return seating;
}

atomic_size_t *adv_client_job_numbers(struct adv_client *client)
{
    return &client->n_job_numbers;
}

atomic_size_t *adv_client_numbers(struct adv_client *client)
{
    return &client->n_numbers;
}

/* ---------------------------------------------------------------- keys */

void adv_client_set_rights(struct adv_client *client, const struct adv_rights *rights)
{
    double now = now_s(), limit = rights->cost_per_minute;
    pthread_mutex_lock(&client->clients->mutex);
    double used = client->rights.cost_per_minute > 0
                      ? client->costs.capacity - adv_bucket_level(&client->costs, now)
                      : 0;
    client->rights = *rights;
    client->costs = adv_bucket_full(limit, limit / MINUTE_S, now);
    if (limit > 0)
        adv_bucket_take(&client->costs, used, now);
    pthread_mutex_unlock(&client->clients->mutex);
}

bool adv_client_may_raise_priority(struct adv_client *client)
{
    pthread_mutex_lock(&client->clients->mutex);
    bool may = client->rights.raise_priority;
    pthread_mutex_unlock(&client->clients->mutex);
    return may;
}

double adv_client_key_wait(struct adv_client *client)
{
    pthread_mutex_lock(&client->clients->mutex);
    double wait = adv_bucket_wait(&client->wrong_keys, now_s());
    pthread_mutex_unlock(&client->clients->mutex);
    return wait;
}

void adv_client_note_wrong_key(struct adv_client *client)
{
    pthread_mutex_lock(&client->clients->mutex);
    adv_bucket_take(&client->wrong_keys, 1, now_s());
    pthread_mutex_unlock(&client->clients->mutex);
}

/* ---------------------------------------------------------------- cost */

/* With the mutex held. */
static void measure(struct adv_client *client, double now, struct adv_spending *spending)
{
    *spending = (struct adv_spending){.limit = client->rights.cost_per_minute};
    if (spending->limit > 0) {
        spending->wait = adv_bucket_wait(&client->costs, now);
        spending->used = client->costs.capacity - adv_bucket_level(&client->costs, now);
    }
}

bool adv_client_spend(struct adv_client *client, double cost, struct adv_spending *spending)
{
    double now = now_s();
    pthread_mutex_lock(&client->clients->mutex);
    measure(client, now, spending);
    bool taken = spending->wait == 0;
    client->n_taken += taken;
    client->n_refused += !taken;
    client->spent += taken ? cost : 0;
    if (taken && spending->limit > 0)
        adv_bucket_take(&client->costs, cost, now);
    pthread_mutex_unlock(&client->clients->mutex);
    return taken;
}

void adv_client_refund(struct adv_client *client, double cost)
{
    pthread_mutex_lock(&client->clients->mutex);
    client->spent -= cost;
    if (client->rights.cost_per_minute > 0)
        adv_bucket_take(&client->costs, -cost, now_s());
    pthread_mutex_unlock(&client->clients->mutex);
}

/* ---------------------------------------------------------------- metrics */

static void write_taken(const struct adv_client *client, FILE *out)
{
    fprintf(out, "advect_key_queries_total{key=\"%s\",outcome=\"accepted\"} %llu\n", client->name,
            client->n_taken);
    fprintf(out, "advect_key_queries_total{key=\"%s\",outcome=\"over_limit\"} %llu\n", client->name,
            client->n_refused);
}

static void write_spent(const struct adv_client *client, FILE *out)
{
    fprintf(out, "advect_key_multiply_adds{key=\"%s\"} %.17g\n", client->name, client->spent);
}

static void write_keys(const struct adv_clients *clients,
                       void (*write)(const struct adv_client *, FILE *), FILE *out)
{
    for (size_t i = 0; i < N_CHAINS; i++) {
        for (const struct adv_client *client = clients->chains[i]; client; client = client->next) {
            if (client->has_key)
                write(client, out);
        }
    }
}

void adv_clients_write_metrics(struct adv_clients *clients, FILE *out)
{
    pthread_mutex_lock(&clients->mutex);
    fputs("# HELP advect_key_queries_total Queries by the named key that they came with.\n"
          "# TYPE advect_key_queries_total counter\n",
          out);
    write_keys(clients, write_taken, out);
    fputs("# HELP advect_key_multiply_adds Multiply-adds spent by named key: as estimated when a "
          "query is accepted, as counted when it has ended.\n"
          "# TYPE advect_key_multiply_adds gauge\n",
          out);
    write_keys(clients, write_spent, out);
    pthread_mutex_unlock(&clients->mutex);
}
