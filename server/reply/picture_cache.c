#include "server/reply/picture_cache.h"

#include <advect/extra/digest.h>
#include <advect/extra/memory.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define SHARE_MAX 4 /* one picture takes at most 1 / SHARE_MAX of the bytes */

struct picture {
    TAILQ_ENTRY(picture) place;
    uint64_t hash;
    char *key;
    struct adv_bytes body;
    const char *media_type;
    struct adv_headers headers;
};

TAILQ_HEAD(pictures, picture);

struct adv_picture_cache {
    pthread_mutex_t mutex;
    size_t max_bytes, n_bytes;
    struct pictures pictures; /* the one asked for last comes first */
};

enum adv_status adv_picture_cache_new(size_t max_bytes, struct adv_picture_cache **cache,
                                      struct adv_error *error)
{
    struct adv_picture_cache *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return adv_no_memory(error);
    pthread_mutex_init(&fresh->mutex, NULL);
    TAILQ_INIT(&fresh->pictures);
    fresh->max_bytes = max_bytes;
    *cache = fresh;
    return ADV_OK;
}

/* ---------------------------------------------------------------- the list; with the mutex held */

static size_t bytes_of(const struct picture *picture)
{
    return sizeof *picture + strlen(picture->key) + 1 + picture->body.n;
}

static void free_picture(struct picture *picture)
{
    adv_bytes_release(&picture->body);
    free(picture->key);
    free(picture);
}

static void drop(struct adv_picture_cache *cache, struct picture *picture)
{
    TAILQ_REMOVE(&cache->pictures, picture, place);
    cache->n_bytes -= bytes_of(picture);
    free_picture(picture);
}

static void drop_beyond(struct adv_picture_cache *cache, size_t n_bytes)
{
    /* The analyser does not see that a dropped one has left the list.
     * NOLINTBEGIN(clang-analyzer-unix.Malloc) */
    while (cache->n_bytes > n_bytes)
        drop(cache, TAILQ_LAST(&cache->pictures, pictures));
    /* NOLINTEND(clang-analyzer-unix.Malloc) */
}

static struct picture *find(const struct adv_picture_cache *cache, const char *key)
{
    uint64_t hash = adv_digest(ADV_DIGEST_INIT, key, strlen(key));
    struct picture *picture;
    TAILQ_FOREACH(picture, &cache->pictures, place)
    {
        if (picture->hash == hash && !strcmp(picture->key, key))
            return picture;
    }
    return NULL;
}

static struct picture *copy_of(const char *key, const struct adv_reply *reply)
{
    struct picture *picture = calloc(1, sizeof *picture);
    if (!picture)
        return NULL;
    picture->hash = adv_digest(ADV_DIGEST_INIT, key, strlen(key));
    picture->key = strdup(key);
    picture->media_type = reply->media_type;
    picture->headers = reply->headers;
    if (picture->key &&
        adv_bytes_append(&picture->body, reply->body.data, reply->body.n, NULL) == ADV_OK)
        return picture;
    free_picture(picture);
    return NULL;
}

/* ---------------------------------------------------------------- any thread's */

bool adv_picture_cache_find(struct adv_picture_cache *cache, const char *key,
                            struct adv_reply *reply)
{
    struct adv_bytes body = {0};
    pthread_mutex_lock(&cache->mutex);
    struct picture *picture = find(cache, key);
    bool found =
        picture && adv_bytes_append(&body, picture->body.data, picture->body.n, NULL) == ADV_OK;
    if (found) {
        TAILQ_REMOVE(&cache->pictures, picture, place);
        TAILQ_INSERT_HEAD(&cache->pictures, picture, place);
        reply->headers = picture->headers;
        adv_reply_bytes(reply, MHD_HTTP_OK, picture->media_type, &body);
    }
    pthread_mutex_unlock(&cache->mutex);
    return found;
}

void adv_picture_cache_add(struct adv_picture_cache *cache, const char *key,
                           const struct adv_reply *reply)
{
    if (sizeof(struct picture) + strlen(key) + 1 + reply->body.n > cache->max_bytes / SHARE_MAX)
        return;
    struct picture *picture = copy_of(key, reply);
    if (!picture)
        return;
    pthread_mutex_lock(&cache->mutex);
    struct picture *same = find(cache, key);
    if (same)
        drop(cache, same);
    TAILQ_INSERT_HEAD(&cache->pictures, picture, place);
    cache->n_bytes += bytes_of(picture);
    drop_beyond(cache, cache->max_bytes);
    pthread_mutex_unlock(&cache->mutex);
}

size_t adv_picture_cache_bytes(struct adv_picture_cache *cache)
{
    pthread_mutex_lock(&cache->mutex);
    size_t n_bytes = cache->n_bytes;
    pthread_mutex_unlock(&cache->mutex);
    return n_bytes;
}

void adv_picture_cache_free(struct adv_picture_cache *cache)
{
    if (!cache)
        return;
    drop_beyond(cache, 0);
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}
