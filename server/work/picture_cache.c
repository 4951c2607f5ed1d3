#include "server/work/picture_cache.h"

#include <advect/extra/digest.h>
#include <advect/extra/memory.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_MAX 4 /* one picture takes at most 1 / SHARE_MAX of the bytes */

struct picture {
    struct picture *newer, *older;
    uint64_t hash;
    char *key;
    struct adv_bytes body;
    const char *media_type;
    struct adv_headers headers;
};

struct adv_picture_cache {
    pthread_mutex_t mutex;
    size_t max_bytes, n_bytes;
    struct picture *newest, *oldest;
};

enum adv_status adv_picture_cache_new(size_t max_bytes, struct adv_picture_cache **cache,
                                      struct adv_error *error)
{
    struct adv_picture_cache *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return adv_no_memory(error);
    pthread_mutex_init(&fresh->mutex, NULL);
    fresh->max_bytes = max_bytes;
    *cache = fresh;
    return ADV_OK;
}

/* ---------------------------------------------------------------- the list; with the mutex held */

static size_t bytes_of(const struct picture *picture)
{
    return sizeof *picture + strlen(picture->key) + 1 + picture->body.n;
}

static void unlink_picture(struct adv_picture_cache *cache, struct picture *picture)
{
    *(picture->newer ? &picture->newer->older : &cache->newest) = picture->older;
    *(picture->older ? &picture->older->newer : &cache->oldest) = picture->newer;
    cache->n_bytes -= bytes_of(picture);
}

static void put_first(struct adv_picture_cache *cache, struct picture *picture)
{
    picture->newer = NULL;
    picture->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = picture;
    cache->newest = picture;
    cache->n_bytes += bytes_of(picture);
}

static struct picture *find(const struct adv_picture_cache *cache, const char *key)
{
    uint64_t hash = adv_digest(ADV_DIGEST_INIT, key, strlen(key));
    struct picture *picture = cache->newest;
    while (picture && (picture->hash != hash || strcmp(picture->key, key) != 0))
        picture = picture->older;
    return picture;
}

static void free_picture(struct picture *picture)
{
    if (!picture)
        return;
    adv_bytes_release(&picture->body);
    free(picture->key);
    free(picture);
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
        unlink_picture(cache, picture);
        put_first(cache, picture);
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
    struct picture *picture = copy_of(key, reply), *gone = NULL;
    if (!picture)
        return;
    pthread_mutex_lock(&cache->mutex);
    struct picture *same = find(cache, key);
    if (same) {
        unlink_picture(cache, same);
        same->older = gone;
        gone = same;
    }
    put_first(cache, picture);
    while (cache->n_bytes > cache->max_bytes) {
        struct picture *oldest = cache->oldest;
        unlink_picture(cache, oldest);
        oldest->older = gone;
        gone = oldest;
    }
    pthread_mutex_unlock(&cache->mutex);
    while (gone) {
        struct picture *next = gone->older;
        free_picture(gone);
        gone = next;
    }
}

void adv_picture_cache_free(struct adv_picture_cache *cache)
{
    if (!cache)
        return;
    while (cache->newest) {
        struct picture *picture = cache->newest;
        unlink_picture(cache, picture);
        free_picture(picture);
    }
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}
