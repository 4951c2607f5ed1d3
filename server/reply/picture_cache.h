/* A cache of rendered pictures by what decides them: the URL and the model's digest. Bounded; the
 * least recently used is evicted first. Thread-safe. */
#ifndef ADV_SERVER_PICTURE_CACHE_H
#define ADV_SERVER_PICTURE_CACHE_H

#include "server/reply/reply.h"

#include <advect/status.h>

struct adv_picture_cache;

/* max_bytes: of all pictures with their keys; 0 keeps none. */
enum adv_status adv_picture_cache_new(size_t max_bytes, struct adv_picture_cache **cache,
                                      struct adv_error *error);
void adv_picture_cache_free(struct adv_picture_cache *cache);

/* Whether there is one of that key; then a copy is the reply. Without memory there is none. */
bool adv_picture_cache_find(struct adv_picture_cache *cache, const char *key,
                            struct adv_reply *reply);

size_t adv_picture_cache_bytes(struct adv_picture_cache *cache); /* now */

/* Keeps a copy of the reply, if it is small enough: at most a quarter of the cache. */
void adv_picture_cache_add(struct adv_picture_cache *cache, const char *key,
                           const struct adv_reply *reply);

#endif
