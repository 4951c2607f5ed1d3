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

/* A copy of the page, in which its link to the playground is no longer hidden. */
static enum adv_status show_link(const struct adv_asset *asset, struct adv_bytes *page,
                                 struct adv_error *error)
{
    static const char link[] = "href=\"playground/\" hidden";
    size_t n_hidden = strlen(" hidden");
    enum adv_status status =
        adv_bytes_append(page, asset->plain, (size_t)(asset->plain_end - asset->plain), error);
    uint8_t *at = status == ADV_OK ? memmem(page->data, page->n, link, strlen(link)) : NULL;
    if (at) {
        at += strlen(link) - n_hidden;
        page->n -= n_hidden;
        memmove(at, at + n_hidden, (size_t)(page->data + page->n - at));
    }
    return status;
}

static void serve_with_link(struct adv_exchange *exchange, const struct adv_asset *asset)
{
    struct adv_reply *reply = &exchange->reply;
    struct adv_bytes page = {0};
    struct adv_error error = ADV_ERROR_INIT;
    if (show_link(asset, &page, &error) != ADV_OK) {
        adv_problem_from_error(reply, &error);
        return;
    }
    const struct adv_static_file file = {.name = asset->name,
                                         .plain = page.data,
                                         .n_plain = page.n,
                                         .digest = adv_digest(ADV_DIGEST_INIT, page.data, page.n)};
    adv_static_file_reply(&file, ADV_PAGE_POLICY(""), &exchange->head, reply);
    if (reply->asset)
        adv_reply_bytes(reply, reply->status, reply->media_type, &page); /* which it owns now */
    adv_bytes_release(&page);
}

void adv_handle_index(struct adv_exchange *exchange)
{
    const struct adv_asset *page = find("index.html");
    if (exchange->server->playground)
        serve_with_link(exchange, page);
    else
        serve(exchange, page);
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
