/* Who asks, and what it may take. A client is whoever uses a named key, or else an address.
 *
 * Clients are shared by counting: connections, requests and the table of keys hold references. Of
 * those that nobody holds the last thousand are kept, so that what they did is remembered for a
 * while in bounded memory. Thread-safe. */
#ifndef ADV_SERVER_CLIENT_H
#define ADV_SERVER_CLIENT_H

#include <advect/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ADV_CLIENT_NAME_MAX 64 /* bytes of a key's name */

struct adv_clients;
struct adv_client;

struct adv_clients_options {
    double share; /* for one client, in (0, 1]: server/clients/share.h */
    size_t connections;
    size_t reserved; /* more connections, which may ask for the daemon's health only */
    size_t managing; /* and connections to the port of the management */
};

enum adv_status adv_clients_new(const struct adv_clients_options *options,
                                struct adv_clients **clients, struct adv_error *error);
/* Nobody may hold a client any more. */
void adv_clients_free(struct adv_clients *clients);

/* New references; NULL without memory. */
struct adv_client *adv_client_of_address(struct adv_clients *clients, const char *address);
struct adv_client *adv_client_of_key(struct adv_clients *clients, const char *name);
struct adv_client *adv_client_ref(struct adv_client *client);
void adv_client_unref(struct adv_client *client);

/* The name of its key, or NULL. */
const char *adv_client_key(const struct adv_client *client);
/* Greater than 0, and nobody else's: what the workers' accounts go by. */
uint64_t adv_client_id(const struct adv_client *client);
/* "the key alice", "the address 192.0.2.7": for messages [size]. */
const char *adv_client_describe(const struct adv_client *client, size_t size, char *text);

/* ---- connections */

enum adv_seat {
    ADV_SEAT_ORDINARY,
    ADV_SEAT_RESERVED, /* beyond the limit of all, or the client's share of it */
    ADV_SEAT_MANAGING,
    ADV_SEAT_NONE
};

/* What a connection of the client would get now. managing: it came to that port. shared: many
 * clients come by this address (a proxy), which no share binds. */
enum adv_seat adv_client_find_seat(struct adv_client *client, bool managing, bool shared);
/* Takes it; where there is none, one that is reserved nevertheless. */
enum adv_seat adv_client_take_seat(struct adv_client *client, bool managing, bool shared);
void adv_client_leave_seat(struct adv_client *client, enum adv_seat seat);

/* How the ordinary ones are taken. */
struct adv_seating {
    size_t own, taken, capacity;
    double share;
};
struct adv_seating adv_client_seating(struct adv_client *client);

/* How many numbers its answers hold that are computed or not yet sent. */
atomic_size_t *adv_client_numbers(struct adv_client *client);
/* Likewise of its jobs that outlive their connections. */
atomic_size_t *adv_client_job_numbers(struct adv_client *client);

/* ---- keys */

/* What a key allows. */
struct adv_rights {
    double cost_per_minute; /* multiply-adds; 0: no limit */
    bool raise_priority;
};

/* The sum of what was spent stays, whatever the new limit. */
void adv_client_set_rights(struct adv_client *client, const struct adv_rights *rights);
bool adv_client_may_raise_priority(struct adv_client *client);

/* Wrong keys: some at once, then one in a while, so that keys cannot be guessed. The wait in
 * seconds until a key of this client is looked at again; 0: now. */
double adv_client_key_wait(struct adv_client *client);
void adv_client_note_wrong_key(struct adv_client *client);

/* ---- cost, in multiply-adds */

struct adv_spending {
    double limit, used; /* of a minute's; used may be more */
    double wait;        /* seconds until something may be spent */
};

/* Takes the cost from what the client may spend (server/clients/bucket.h), or false where nothing
 * is left. */
bool adv_client_spend(struct adv_client *client, double cost, struct adv_spending *spending);
/* Of what was taken so much was not used. */
void adv_client_refund(struct adv_client *client, double cost);

/* What keys were used for, as Prometheus text. */
void adv_clients_write_metrics(struct adv_clients *clients, FILE *out);

#endif
