#include "server/clients/keys.h"

#include <advect/array_file.h>
#include <advect/extra/fields.h>
#include <advect/extra/memory.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)1 << 22)
#define KEYS_MAX 10000 /* each is compared with every key that is sent */
#define KEY_MIN_BYTES 16
#define KEY_MAX_BYTES 256

struct key {
    char *name;
    json_t *key; /* a string; not read as one by the table, whose errors show what they refuse */
    double billions;
    bool raise_priority;
    struct adv_client *client; /* a reference */
};

#define AT(member) offsetof(struct key, member)
static const struct adv_field fields[] = {
    {"name", ADV_FIELD_STRING, AT(name), .min = 1, .max = ADV_CLIENT_NAME_MAX, .required = true,
     .help = "name that stands in the log and the metrics"},
    {"key", ADV_FIELD_JSON, AT(key), .required = true, .help = "text that clients send"},
    {"billion_multiply_adds_per_minute", ADV_FIELD_REAL, AT(billions), .min = 1e-9, .max = 1e21,
     .help = "what the key may spend"},
    {"raise_priority", ADV_FIELD_BOOL, AT(raise_priority),
     .help = "whether requests may have priority high"},
};

struct set {
    size_t n;
    struct key *items;
};

struct adv_keys {
    const char *path, *unnamed;
    struct adv_clients *clients;
    pthread_mutex_t mutex; /* of the set */
    struct set set;
};

static void release_set(struct set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        adv_client_unref(set->items[i].client);
        adv_fields_release(fields, ADV_COUNT(fields), &set->items[i]);
    }
    free(set->items);
    *set = (struct set){0};
}

/* ---------------------------------------------------------------- the file */

static enum adv_status check_name(const struct set *set, size_t i, struct adv_error *error)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *name = set->items[i].name;
    if (name[strspn(name, letters)])
        return adv_fail_field(error, ADV_E_INVALID, "name",
                              "keys[%zu].name is \"%s\"; it must have no characters but A-Z a-z "
                              "0-9 . _ -",
                              i, name);
    for (size_t k = 0; k < i; k++) {
        if (!strcmp(set->items[k].name, name))
            return adv_fail_field(error, ADV_E_INVALID, "name",
                                  "keys[%zu].name is \"%s\", as that of keys[%zu]; each must be "
                                  "another",
                                  i, name, k);
    }
    return ADV_OK;
}

static bool is_visible(const char *text)
{
    while (*text > ' ' && *text <= '~')
        text++;
    return !*text;
}

static enum adv_status check_key(const struct set *set, size_t i, struct adv_error *error)
{
    const char *key = json_string_value(set->items[i].key);
    size_t n = key ? strlen(key) : 0;
    if (n < KEY_MIN_BYTES || n > KEY_MAX_BYTES || !is_visible(key) ||
        n != json_string_length(set->items[i].key))
        return adv_fail_field(error, ADV_E_INVALID, "key",
                              "keys[%zu].key is not taken; it must be a text of %d to %d visible "
                              "ASCII characters",
                              i, KEY_MIN_BYTES, KEY_MAX_BYTES);
    for (size_t k = 0; k < i; k++) {
        if (!strcmp(json_string_value(set->items[k].key), key))
            return adv_fail_field(error, ADV_E_INVALID, "key",
                                  "keys[%zu].key is that of keys[%zu]; each must be another", i, k);
    }
    return ADV_OK;
}

static enum adv_status read_key(struct set *set, const json_t *json, struct adv_error *error)
{
    char where[32];
    size_t i = set->n;
    struct key *key = &set->items[set->n++];
    snprintf(where, sizeof where, "keys[%zu]", i);
    enum adv_status status = adv_fields_init(fields, ADV_COUNT(fields), key, error);
    key->billions = 0;
    if (status == ADV_OK)
        status = adv_fields_from_json(fields, ADV_COUNT(fields), json, where, key, error);
    if (status == ADV_OK)
        status = check_name(set, i, error);
    return status == ADV_OK ? check_key(set, i, error) : status;
}

static enum adv_status read_set(const json_t *json, struct set *set, struct adv_error *error)
{
    const json_t *list = json_object_get(json, "keys");
    size_t n = json_array_size(list);
    if (!json_is_object(json) || json_object_size(json) != 1 || n < 1 || n > KEYS_MAX)
        return adv_fail_field(error, ADV_E_FORMAT, "keys",
                              "it must be {\"keys\": [...]} with 1 to %d keys, and nothing else",
                              KEYS_MAX);
    set->items = calloc(n, sizeof *set->items);
    if (!set->items)
        return adv_no_memory(error);
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < n && status == ADV_OK; i++)
        status = read_key(set, json_array_get(list, i), error);
    return status;
}

/* What jansson says of a syntax error may end in a piece of the file: that is left out. */
static enum adv_status parse(const char *text, size_t n, json_t **json, struct adv_error *error)
{
    json_error_t flaw;
    *json = json_loadb(text, n, JSON_REJECT_DUPLICATES, &flaw);
    if (*json)
        return ADV_OK;
    if (flaw.line < 0) /* nothing of the text is at fault */
        return adv_no_memory(error);
    char *near = strstr(flaw.text, " near ");
    if (near)
        *near = '\0';
    return adv_fail(error, ADV_E_FORMAT, "line %d, column %d: %s", flaw.line, flaw.column,
                    flaw.text);
}

static enum adv_status find_clients(struct adv_clients *clients, struct set *set,
                                    struct adv_error *error)
{
    for (size_t i = 0; i < set->n; i++) {
        set->items[i].client = adv_client_of_key(clients, set->items[i].name);
        if (!set->items[i].client)
            return adv_no_memory(error);
    }
    return ADV_OK;
}

static enum adv_status read_file(const struct adv_keys *keys, struct set *set,
                                 struct adv_error *error)
{
    void *text = NULL;
    size_t n;
    json_t *json = NULL;
    enum adv_status status = adv_file_read(keys->path, FILE_MAX_BYTES, &text, &n, error);
    if (status != ADV_OK)
        return status;
    status = parse(text, n, &json, error);
    if (status == ADV_OK)
        status = read_set(json, set, error);
    if (status == ADV_OK)
        status = find_clients(keys->clients, set, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "the keys of %.200s: ", keys->path);
    json_decref(json);
    free(text);
    return status;
}

static void set_rights(const struct set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct key *key = &set->items[i];
        adv_client_set_rights(key->client,
                              &(struct adv_rights){.cost_per_minute = key->billions * 1e9,
                                                   .raise_priority = key->raise_priority});
    }
}

enum adv_status adv_keys_reload(struct adv_keys *keys, struct adv_error *error)
{
    struct set fresh = {0}, old;
    if (!keys->path)
        return ADV_OK;
    enum adv_status status = read_file(keys, &fresh, error);
    if (status == ADV_OK) {
        set_rights(&fresh);
        pthread_mutex_lock(&keys->mutex);
        old = keys->set;
        keys->set = fresh;
        pthread_mutex_unlock(&keys->mutex);
        fresh = old;
    }
    release_set(&fresh);
    return status;
}

/* ---------------------------------------------------------------- life */

enum adv_status adv_keys_open(const char *path, const char *unnamed, struct adv_clients *clients,
                              struct adv_keys **out, struct adv_error *error)
{
    struct adv_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return adv_no_memory(error);
    keys->path = path;
    keys->unnamed = unnamed;
    keys->clients = clients;
    pthread_mutex_init(&keys->mutex, NULL);
    enum adv_status status = adv_keys_reload(keys, error);
    if (status == ADV_OK)
        *out = keys;
    else
        adv_keys_close(keys);
    return status;
}

void adv_keys_close(struct adv_keys *keys)
{
    if (!keys)
        return;
    release_set(&keys->set);
    pthread_mutex_destroy(&keys->mutex);
    free(keys);
}

bool adv_keys_have_file(const struct adv_keys *keys)
{
    return keys->path != NULL;
}

bool adv_keys_are_wanted(const struct adv_keys *keys)
{
    return keys->path || keys->unnamed;
}

size_t adv_keys_count(struct adv_keys *keys)
{
    pthread_mutex_lock(&keys->mutex);
    size_t n = keys->set.n;
    pthread_mutex_unlock(&keys->mutex);
    return n;
}

/* ---------------------------------------------------------------- the key of a request */

static bool same_secret(const char *given, const char *key)
{
    size_t n_given = strlen(given), n = strlen(key);
    volatile unsigned char difference = n_given != n;
    for (size_t i = 0; i < n; i++)
        difference |= (unsigned char)(key[i] ^ given[n_given ? i % n_given : 0]);
    return difference == 0;
}

bool adv_keys_find(struct adv_keys *keys, const char *given, struct adv_client **client)
{
    const struct key *found = NULL;
    bool right = keys->unnamed && same_secret(given, keys->unnamed);
    *client = NULL;
    pthread_mutex_lock(&keys->mutex);
    for (size_t i = 0; i < keys->set.n; i++) { /* to the end, wherever it is */
        const struct key *key = &keys->set.items[i];
        if (same_secret(given, json_string_value(key->key)))
            found = key;
    }
    if (found)
        *client = adv_client_ref(found->client);
    pthread_mutex_unlock(&keys->mutex);
    return right || found;
}
