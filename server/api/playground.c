/* The playground: a folder that `make playground` built, as static files below /playground/. It
 * computes in the browser, and asks nothing of this daemon. */
#include "server/api/handlers.h"
#include "server/files/folder.h"
#include "server/net/exchange.h"

static void reply_missing(struct adv_exchange *exchange, const char *name)
{
    if (exchange->server->playground)
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_NO_ROUTE, NULL,
                          "the playground has no file \"%.100s\"", name);
    else
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_NO_ROUTE, NULL,
                          "this daemon serves no playground; --playground names its folder");
}

static void serve(struct adv_exchange *exchange, const char *name)
{
    const struct adv_folder *folder = exchange->server->playground;
    const struct adv_static_file *file = folder ? adv_folder_find(folder, name) : NULL;
    if (file)
        adv_static_file_reply(file, ADV_PAGE_POLICY(" 'wasm-unsafe-eval'"), &exchange->head,
                              &exchange->reply);
    else
        reply_missing(exchange, name);
}

void adv_handle_playground(struct adv_exchange *exchange)
{
    serve(exchange, "index.html");
}

void adv_handle_playground_file(struct adv_exchange *exchange)
{
    char name[256]; /* longer than that of any file of it */
    adv_target_join(&exchange->target, 1, sizeof name, name);
    serve(exchange, name);
}

/* The page's own addresses begin beneath the slash. The way there is relative, since a proxy may have
 * put the daemon beneath a path of its own. */
void adv_handle_playground_entrance(struct adv_exchange *exchange)
{
    if (!exchange->server->playground) {
        reply_missing(exchange, "");
        return;
    }
    adv_reply_empty(&exchange->reply, MHD_HTTP_MOVED_PERMANENTLY);
    adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_LOCATION, "playground/");
}
