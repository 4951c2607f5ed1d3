/* The media types of request bodies. */
#ifndef ADV_SERVER_MEDIA_H
#define ADV_SERVER_MEDIA_H

#include <advect/query.h>
#include <stdbool.h>

enum adv_media {
    ADV_MEDIA_JSON,
    ADV_MEDIA_NPY, /* points or starts */
    ADV_MEDIA_CSV, /* the same as a table */
    ADV_MEDIA_PNG, /* one image: of queries whose points are data */
    ADV_MEDIA_NONE /* none of these */
};

/* The type of a body with that Content-Type (NULL: none was given) for a query of the kind. */
enum adv_media adv_media_of(enum adv_query_kind kind, const char *content_type);

/* "application/x-npy"; of ADV_MEDIA_NONE there is none. */
const char *adv_media_name(enum adv_media media);

/* Those that the kind takes, for people: "application/json, application/x-npy". */
const char *adv_media_names(enum adv_query_kind kind);

#endif
