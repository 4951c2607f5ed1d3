/* Which files the process can reach (landlock(7), Linux 5.13 and later): what is beneath some paths
 * can be read, and nothing else be opened, made, changed, removed or executed. What is open stays
 * so. Later kernels restrict more, which is asked for where they do: truncation, the control of
 * devices, TCP connections to others, signals to others and their abstract sockets. */
#ifndef ADV_SERVER_LANDLOCK_H
#define ADV_SERVER_LANDLOCK_H

#include <stddef.h>

/* Restricts the calling thread, and all that it starts from here on: for the whole process it must
 * be called before there are others. Paths that do not exist (yet) are passed over and cannot be
 * read later.
 *
 * The version of the kernel's interface; 0: it has none, or does not let us (errno says why), and
 * nothing is restricted. ENOPKG: built with a sanitizer, which writes files. */
int adv_landlock_restrict(const char *const *paths, size_t n_paths);

#endif
