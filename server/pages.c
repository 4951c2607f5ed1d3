/* The front-end: files of web/, linked into the program by the Makefile. */
#include "server/exchange.h"
#include "server/handlers.h"

extern const char adv_binary_web_index_html_start[], adv_binary_web_index_html_end[];

void adv_handle_index(struct adv_exchange *exchange)
{
    const char *page = adv_binary_web_index_html_start;
    adv_reply_asset(&exchange->reply, MHD_HTTP_OK, "text/html; charset=utf-8", page,
                    (size_t)(adv_binary_web_index_html_end - page));
    adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
}
