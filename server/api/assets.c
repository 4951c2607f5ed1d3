/* The front-end: the files of web/ and the client for JavaScript, in the program itself. */
#include "server/api/assets.h"
#include "server/api/handlers.h"
#include "server/files/static_file.h"
#include "server/net/exchange.h"

#include <advect/extra/digest.h>
#include <string.h>

static const struct adv_asset *find(const char *name)
{
    for (size_t i = 0; i < adv_assets_count; i++) {
        if (!strcmp(adv_assets[i].name, name))
            return &adv_assets[i];
    }
    return NULL;
}

static void serve(struct adv_exchange *exchange, const struct adv_asset *asset)
{
    const struct adv_static_file file = {
        .name = asset->name,
        .plain = asset->plain,
        .n_plain = (size_t)(asset->plain_end - asset->plain),
        .packed = asset->packed,
        .n_packed = (size_t)(asset->packed_end - asset->packed),
        .digest =
            adv_digest(ADV_DIGEST_INIT, asset->plain, (size_t)(asset->plain_end - asset->plain)),
    };
    adv_static_file_reply(&file, ADV_PAGE_POLICY(""), &exchange->head, &exchange->reply);
}

enum adv_status adv_page_with_link(struct adv_static_file *page, struct adv_error *error)
{
    static const char link[] = "href=\"playground/\" hidden";
    const struct adv_asset *asset = find("index.html");
    struct adv_bytes copy = {0};
    size_t n_hidden = strlen(" hidden");
    enum adv_status status =
        adv_bytes_append(&copy, asset->plain, (size_t)(asset->plain_end - asset->plain), error);
    if (status != ADV_OK)
        return status;
    uint8_t *at = memmem(copy.data, copy.n, link, strlen(link));
    if (at) {
        at += strlen(link) - n_hidden;
        copy.n -= n_hidden;
        memmove(at, at + n_hidden, (size_t)(copy.data + copy.n - at));
    }
    return adv_static_file_own(asset->name, copy.data, copy.n, page, error);
}

void adv_handle_index(struct adv_exchange *exchange)
{
    if (exchange->server->page.name)
        adv_static_file_reply(&exchange->server->page, ADV_PAGE_POLICY(""), &exchange->head,
                              &exchange->reply);
    else
        serve(exchange, find("index.html"));
}

void adv_handle_docs(struct adv_exchange *exchange)
{
    serve(exchange, find("docs.html"));
}

static void answer_file(struct adv_exchange *exchange, size_t from)
{
    char name[128]; /* longer than that of any file */
    adv_target_join(&exchange->target, from, sizeof name, name);
    const struct adv_asset *asset = find(name);
    if (asset)
        serve(exchange, asset);
    else
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_NO_ROUTE, NULL,
                          "the front-end has no file \"%.100s\"", name);
}

void adv_handle_asset(struct adv_exchange *exchange)
{
    answer_file(exchange, 1);
}

/* At the path that it has in the sources, where the page's modules import it from. */
void adv_handle_client(struct adv_exchange *exchange)
{
    answer_file(exchange, 0);
}
