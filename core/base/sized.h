/* Options that grow: structs of the public headers whose first member, a size_t, is their size in
 * the version that the caller was compiled with. Such a struct ends without padding, so that every
 * member that is added later makes it larger: ADV_ENDS_WITH holds that. */
#ifndef ADV_BASE_SIZED_H
#define ADV_BASE_SIZED_H

#include <advect/status.h>
#include <stddef.h>

/* Copies `from` over `to`, of `to_size` bytes, whose members hold the defaults: members that the
 * caller's version did not have keep them. from NULL: all do. Refused: a size too small to be one,
 * and members set that this version does not know. name: of the struct, for messages. */
enum adv_status adv_copy_sized(void *to, size_t to_size, const void *from, const char *name,
                               struct adv_error *error);

#define ADV_SIZED_MAX_BYTES ((size_t)4096) /* what is larger is no size */

#define ADV_ENDS_WITH(type, member)                                                                \
    _Static_assert(sizeof(type) == offsetof(type, member) + sizeof(((const type *)0)->member),     \
                   "no padding at the end of " #type)

#endif
