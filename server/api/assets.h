/* The files of the front-end, as the build linked them into the program: plain and gzip-compressed.
 * scripts/web-table.sh writes the table. */
#ifndef ADV_SERVER_ASSETS_H
#define ADV_SERVER_ASSETS_H

#include "server/files/static_file.h"

#include <stddef.h>

struct adv_asset {
    const char *name;                /* its path below web/: "app.js", "lib/dom.js" */
    const char *plain, *plain_end;   /* its bytes */
    const char *packed, *packed_end; /* the same, compressed */
};

extern const struct adv_asset adv_assets[];
extern const size_t adv_assets_count;

/* The page with its link to the playground in sight, which it hides otherwise: the caller's, to be
 * released. ADV_E_NO_MEMORY. */
enum adv_status adv_page_with_link(struct adv_static_file *page, struct adv_error *error);

#endif
