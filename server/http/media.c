#include "server/http/media.h"

#include "server/http/negotiate.h"

static const struct {
    const char *name;
    bool of_data_only; /* not the starts of samples and trajectories */
} types[] = {
    [ADV_MEDIA_JSON] = {"application/json", false},
    [ADV_MEDIA_NPY] = {"application/x-npy", false},
    [ADV_MEDIA_CSV] = {"text/csv", false},
    [ADV_MEDIA_PNG] = {"image/png", true},
};

enum adv_media adv_media_of(enum adv_query_kind kind, const char *content_type)
{
    enum adv_media media = ADV_MEDIA_JSON;
    while (media < ADV_MEDIA_NONE && !adv_content_type_is(content_type, types[media].name))
        media++;
    bool refused = media < ADV_MEDIA_NONE && types[media].of_data_only && adv_query_from_base(kind);
    return refused ? ADV_MEDIA_NONE : media;
}

const char *adv_media_name(enum adv_media media)
{
    return types[media].name;
}

const char *adv_media_names(enum adv_query_kind kind)
{
    return adv_query_from_base(kind) ? "application/json, application/x-npy, text/csv"
                                     : "application/json, application/x-npy, text/csv, image/png";
}
