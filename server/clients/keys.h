/* The keys that clients may send: one without a name (the `api_key` setting), and those of a file
 * (`api_keys`):
 *
 *     {"keys": [
 *         {"name": "alice", "key": "0f3c...", "billion_multiply_adds_per_minute": 600,
 *          "raise_priority": true},
 *         ...
 *     ]}
 *
 *     name   1 to 64 of A-Z a-z 0-9 . _ -, and no other key's: stands in the log and the metrics
 *     key    16 to 256 visible ASCII characters, and no other name's: stands nowhere, not in errors
 *     billion_multiply_adds_per_minute   what it may spend; absent: no limit
 *     raise_priority                     whether its requests may have priority high; else not
 *
 * Thread-safe. */
#ifndef ADV_SERVER_KEYS_H
#define ADV_SERVER_KEYS_H

#include "server/clients/client.h"

struct adv_keys;

/* path, unnamed: borrowed, or NULL for none. ADV_E_INVALID, ADV_E_FORMAT, ADV_E_IO: what is wrong
 * with the file, and where. */
enum adv_status adv_keys_open(const char *path, const char *unnamed, struct adv_clients *clients,
                              struct adv_keys **keys, struct adv_error *error);
void adv_keys_close(struct adv_keys *keys);

/* Reads the file anew, if there is one; on errors the keys stay as they are. Clients of a name keep
 * what they have spent. */
enum adv_status adv_keys_reload(struct adv_keys *keys, struct adv_error *error);

bool adv_keys_have_file(const struct adv_keys *keys);
/* Whether a key is wanted at all. */
bool adv_keys_are_wanted(const struct adv_keys *keys);
size_t adv_keys_count(struct adv_keys *keys); /* those with names */

/* Whether the given text is a key; it takes as long for all wrong ones. *client: a new reference to
 * the client of one with a name, else NULL. */
bool adv_keys_find(struct adv_keys *keys, const char *given, struct adv_client **client);

#endif
