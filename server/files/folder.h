/* The files of a folder, read once and sent from memory: what lies in it later, or beside it, cannot
 * be asked for. */
#ifndef ADV_SERVER_FOLDER_H
#define ADV_SERVER_FOLDER_H

#include "server/files/static_file.h"

#include <advect/status.h>

#define ADV_FOLDER_MAX_FILES 1000
#define ADV_FOLDER_MAX_LEVELS 3 /* of names in a path below the folder, as the routes have them */
#define ADV_FOLDER_MAX_BYTES ((size_t)64 << 20) /* of all files together, uncompressed */

struct adv_folder;

/* Reads all regular files, those of the folders below included, links followed; what has a name that
 * begins with a dot is passed over. Those that gzip makes smaller are kept compressed too.
 *
 * ADV_E_INVALID: path is no folder, or there are more files, bytes or levels than allowed; ADV_E_IO: something
 * cannot be read. field: the setting that the path is of, for messages. */
enum adv_status adv_folder_read(const char *field, const char *path, struct adv_folder **folder,
                                struct adv_error *error);
void adv_folder_free(struct adv_folder *folder);

/* By its path below the folder, "lib/dom.js"; NULL: there is none. It lives as long as the folder. */
const struct adv_static_file *adv_folder_find(const struct adv_folder *folder, const char *name);

/* How many files there are, and their bytes in memory, compressed forms included. */
size_t adv_folder_files(const struct adv_folder *folder);
size_t adv_folder_bytes(const struct adv_folder *folder);

#endif
